package wiring

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// turns assigns one turn to every request and records the lanes.
type turns struct {
	turn  frontier.Turn
	lanes []string
}

func (s *turns) Reserve(_ context.Context, _ frontier.JobID, lane string, _ float64, _ time.Duration) (frontier.Turn, error) {
	s.lanes = append(s.lanes, lane)
	return s.turn, nil
}

// trial is a page that redirects and has two assets, of which the first is missing.
func trial(t *testing.T) (Trial, string) {
	t.Helper()
	site := testkit.Serve(t, func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/p/1":
			http.Redirect(w, q, "/to/1", http.StatusFound)
		case "/missing.png":
			http.NotFound(w, q)
		default:
			_, _ = fmt.Fprint(w, q.URL.Path)
		}
	})
	job := seine.Job{
		Name: "j", Seeds: seine.Seeds{URL: site.URL + "/p/{id}"},
		Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
		Scraper: seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
			return seine.Result{
				Records: []seine.Record{{Fields: map[string]any{"color": task.Meta["color"]}}},
				Assets:  []seine.Asset{{Name: "a", URL: site.URL + "/missing.png", Path: "a"}, {Name: "b", URL: site.URL + "/b", Path: "b"}},
			}, nil
		}),
	}
	n, err := frontier.Admit(&job, frontier.Seed{Key: "1", Meta: map[string]any{"color": "red"}})
	if err != nil {
		t.Fatal(err)
	}
	return Trial{Job: &job, New: n, Version: "test"}, strings.TrimPrefix(site.URL, "http://")
}

// A trial takes its turns as a worker does, tries every asset, and stores nothing.
func TestTryTakesTurns(t *testing.T) {
	t.Parallel()
	of, host := trial(t)
	s := &turns{}
	of.Turns = s
	got, err := Try(t.Context(), of)
	if err != nil || got.Err != nil {
		t.Fatal(err, got.Err)
	}
	if diff := cmp.Diff([]string{host, host, "assets/" + host}, s.lanes); diff != "" {
		t.Errorf("lanes of robots.txt, the redirect and the assets (-want +got):\n%s", diff)
	}
	if got.Page == nil || !strings.HasSuffix(got.Page.URL, "/to/1") || got.Records[0].Fields["color"] != "red" {
		t.Errorf("page %+v, records %+v", got.Page, got.Records)
	}
	if len(got.Assets) != 2 || got.Assets[0].Reason != "asset a: HTTP 404" || got.Assets[1].Err != nil || got.Assets[1].Stored[0].Bytes != 2 {
		t.Errorf("assets %+v; want the first to fail and the second", got.Assets)
	}
}

// A trial does not follow a redirect to a host that is paused.
func TestTryHeedsAPausedHost(t *testing.T) {
	t.Parallel()
	of, host := trial(t)
	of.Turns = &turns{turn: frontier.Turn{Paused: true}}
	got, err := Try(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	if got.Page != nil || got.Err == nil || got.Reason != "waits for "+host {
		t.Errorf("Try = %+v; want a wait for %s", got, host)
	}
}
