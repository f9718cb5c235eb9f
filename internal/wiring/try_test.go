package wiring

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// fleet assigns one turn to every request and records the lanes.
type fleet struct {
	turn    frontier.Turn
	now     time.Time
	tunings frontier.Tunings
	lanes   []string
}

func (s *fleet) Reserve(_ context.Context, _ frontier.JobID, lane string, _ float64, _ time.Duration) (frontier.Turn, error) {
	s.lanes = append(s.lanes, lane)
	return s.turn, nil
}

func (s *fleet) Clock(context.Context) (time.Time, error) { return s.now, nil }

func (s *fleet) Tunings(context.Context, frontier.JobID) (frontier.Tunings, error) {
	return s.tunings, nil
}

// trial is a page that redirects and has two assets, of which the first is missing.
func trial(t *testing.T) (TrialConfig, frontier.New, *testkit.Site) {
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
	return TrialConfig{Job: &job, Version: "test"}, n, site
}

// A trial takes its turns as a worker does, tries every asset, and stores nothing.
func TestTryTakesTurns(t *testing.T) {
	t.Parallel()
	of, n, site := trial(t)
	host := strings.TrimPrefix(site.URL, "http://")
	s := &fleet{}
	of.Fleet = s
	got, err := Try(t.Context(), of, n)
	if err != nil || got.Err != nil {
		t.Fatal(err, got.Err)
	}
	if diff := cmp.Diff([]string{host, host, host, "assets/" + host}, s.lanes); diff != "" {
		t.Errorf("lanes of the page, robots.txt, the redirect and the assets (-want +got):\n%s", diff)
	}
	if got.Page == nil || !strings.HasSuffix(got.Page.URL, "/to/1") || got.Records[0].Fields["color"] != "red" {
		t.Errorf("page %+v, records %+v", got.Page, got.Records)
	}
	if len(got.Assets) != 2 || got.Assets[0].Reason != "asset a: HTTP 404" || got.Assets[1].Err != nil || got.Assets[1].Stored[0].Bytes != 2 {
		t.Errorf("assets %+v; want the first to fail and the second", got.Assets)
	}
}

// A trial requests no page of a host that is paused or busy.
func TestTryHeedsABusyHost(t *testing.T) {
	t.Parallel()
	for _, turn := range []frontier.Turn{{Paused: true}, {Wait: time.Hour}} {
		of, n, site := trial(t)
		of.Fleet = &fleet{turn: turn}
		_, err := Try(t.Context(), of, n)
		var busy *BusyError
		if !errors.As(err, &busy) || busy.Paused != turn.Paused || len(site.Paths()) > 0 || site.RobotsAsked() > 0 {
			t.Errorf("%+v: error %v, requests %q", turn, err, site.Paths())
		}
	}
}

// A trial reports the hours of the job in place of waiting for them.
func TestTryHeedsTheHours(t *testing.T) {
	t.Parallel()
	of, n, site := trial(t)
	of.Job.Pace.Hours = seine.Hours{From: 2 * time.Hour, To: 4 * time.Hour}
	of.Fleet = &fleet{now: time.Date(2026, 1, 2, 5, 0, 0, 0, time.UTC)}
	_, err := Try(t.Context(), of, n)
	if want := "pace.hours: no request before 2026-01-03T02:00:00Z: try again then"; err == nil || err.Error() != want {
		t.Errorf("error %v; want %q", err, want)
	}
	if len(site.Paths()) > 0 || site.RobotsAsked() > 0 {
		t.Errorf("requests %q outside the hours", site.Paths())
	}
	of.Fleet = &fleet{now: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)}
	if _, err := Try(t.Context(), of, n); err != nil {
		t.Errorf("within the hours: %v", err)
	}
}

// apart fails unless a trial's requests start at least as far apart as they should.
func apart(t *testing.T, of TrialConfig, tasks []frontier.New, site *testkit.Site, least time.Duration, paths ...string) {
	t.Helper()
	trial, done, err := NewTrial(of)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	for _, n := range tasks {
		if got, err := trial.Try(t.Context(), n); err != nil || got.Err != nil {
			t.Fatal(err, got.Err)
		}
	}
	var starts []time.Time
	for _, path := range paths {
		starts = append(starts, site.Starts(path)...)
	}
	slices.SortFunc(starts, time.Time.Compare)
	if len(starts) < 2 {
		t.Fatalf("%d requests: %q", len(starts), site.Paths())
	}
	for i := range starts[1:] {
		if gap := starts[i+1].Sub(starts[i]); gap < least*9/10 { // a request is seen a little later than it starts
			t.Errorf("request %d after %v; want at least %v", i+1, gap, least)
		}
	}
}

// Without a fleet, the trial itself keeps the pace of each request to a host, in both scopes.
func TestTryPacesItself(t *testing.T) {
	t.Parallel()
	for _, scope := range []seine.PaceScope{seine.ScopeHost, seine.ScopeWorker} {
		t.Run(string(scope), func(t *testing.T) {
			t.Parallel()
			of, n, site := trial(t)
			of.Job.Pace.Scope = scope
			of.Job.Pace.Delay, of.Job.Pace.Assets.Delay = seine.Every(200*time.Millisecond), seine.Every(200*time.Millisecond)
			apart(t, of, []frontier.New{n, n}, site, 200*time.Millisecond, "/p/1", "/to/1")
			apart(t, of, []frontier.New{n}, site, 200*time.Millisecond, "/missing.png", "/b")
		})
	}
}

// A trial keeps the Crawl-delay of a host, and a delay that a person changed.
func TestTryKeepsLongerDelays(t *testing.T) {
	t.Parallel()
	t.Run("Crawl-delay", func(t *testing.T) {
		t.Parallel()
		of, n, site := trial(t)
		site.Robots(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, "User-agent: *\nCrawl-delay: 0.3\n")
		})
		of.Job.Pace.Delay = seine.Every(time.Millisecond)
		apart(t, of, []frontier.New{n}, site, 300*time.Millisecond, "/p/1", "/to/1")
		of.Fleet = &fleet{}
		site.Forget()
		apart(t, of, []frontier.New{n, n}, site, 300*time.Millisecond, "/p/1")
	})
	t.Run("tuned", func(t *testing.T) {
		t.Parallel()
		of, n, site := trial(t)
		longer := seine.Every(300 * time.Millisecond)
		of.Job.Pace.Delay = seine.Every(time.Millisecond)
		of.Fleet = &fleet{tunings: frontier.Tunings{{Host: strings.TrimPrefix(site.URL, "http://"), Delay: &longer}}}
		apart(t, of, []frontier.New{n, n}, site, 300*time.Millisecond, "/p/1")
	})
}

// A result that a run cannot store ends in error in a trial too.
func TestTryEndsAsARun(t *testing.T) {
	t.Parallel()
	rec := func(key string, v any) seine.Record { return seine.Record{Key: key, Fields: map[string]any{"a": v}} }
	for name, tt := range map[string]struct {
		records  []seine.Record
		neighbor seine.NeighborFunc
		want     string
	}{
		"not a number":   {records: []seine.Record{rec("", math.NaN())}, want: "record: field a: json: unsupported value: NaN"},
		"two of one key": {records: []seine.Record{rec("x", 1), rec("x", 2)}, want: `scrape: the page has two records "x" of the kind record: give each a Key of its own`},
		"a neighbor that fails": {
			neighbor: func(seine.Task, *seine.Page, int) string { panic("no") }, want: "the neighbor function panics: no",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			of, n, _ := trial(t)
			of.Job.Scraper = seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) {
				return seine.Result{Records: tt.records}, nil
			})
			if tt.neighbor != nil {
				of.Job.Explore = seine.Explore{Strategy: seine.StrategyChain, Neighbor: tt.neighbor}
			}
			of.Job.Pace.Delay = seine.NoDelay
			got, err := Try(t.Context(), of, n)
			if err != nil || got.Err == nil || got.Reason != tt.want {
				t.Errorf("Try = %+v, %v; want the reason %q", got, err, tt.want)
			}
		})
	}
}
