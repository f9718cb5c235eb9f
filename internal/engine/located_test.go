package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/internal/frontier"
)

// located runs a job whose page 1 has the given result, and returns the states of its tasks and the
// paths that were requested.
func located(t *testing.T, body string, change func(*seine.Job), of func(page *seine.Page) (seine.Result, error)) (states string, asked []string) {
	t.Helper()
	var r *rig
	r = newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, strings.ReplaceAll(body, "SITE", r.site.URL))
	})
	j := r.register(r.job(func(j *seine.Job) {
		j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
			if task.Key != "1" {
				return seine.Result{}, nil
			}
			return of(page)
		})
		if change != nil {
			change(j)
		}
	}))
	r.add(j, "1")
	r.run(j)
	for path := range r.site.Counts() {
		if path != "/robots.txt" && path != "/p/1" {
			asked = append(asked, path)
		}
	}
	return strings.ReplaceAll(r.states(j), r.site.URL, ""), asked
}

// Relative follows are resolved by the page's base, whether the scraper parsed the page or not.
func TestRelativeFollows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body, url string
		parse     bool
		want      []string
	}{
		"by the page's URL":               {"<p>a", "x?y=1", false, []string{"/p/x"}},
		"by its base":                     {"<BASE href=SITE/b/c>", "x", false, []string{"/b/x"}},
		"by its base in a comment":        {"<!-- <base href=/b/c> -->", "x", false, []string{"/p/x"}},
		"by the base of a parsed page":    {"<base href=/b/c>", " x\n", true, []string{"/b/x"}},
		"an absolute one in another case": {"<base href=/b/c>", "HTTP:/d\\e", false, []string{"/d/e"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			states, asked := located(t, tt.body, nil, func(page *seine.Page) (seine.Result, error) {
				if tt.parse {
					doc, err := html.Parse(page)
					if err != nil {
						return seine.Result{}, err
					}
					doc.Close()
				}
				return seine.Result{Follow: []seine.Follow{{URL: tt.url}}}, nil
			})
			if diff := cmp.Diff(tt.want, asked); diff != "" {
				t.Errorf("%s (-want +got):\n%s", states, diff)
			}
		})
	}
}

// A follow that can't be a task is an error of its page. An optional one is left out.
func TestUnusableFollows(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		body   string
		follow seine.Follow
		change func(*seine.Job)
	}{
		`follow: it has neither a URL nor an ID`:                                                 {follow: seine.Follow{Page: "p"}},
		`follow "2": it has a URL and an ID: give one of them`:                                   {follow: seine.Follow{URL: "/a", ID: "2"}},
		`follow "mailto:a@b.example": no http or https URL`:                                      {follow: seine.Follow{URL: "mailto:a@b.example"}},
		`follow "/a": no http or https URL`:                                                      {body: "<base href=ftp://f.example/>", follow: seine.Follow{URL: "/a"}},
		`follow "http://u:p@a.example/": not a task key`:                                         {follow: seine.Follow{URL: "http://u:p@a.example/"}},
		`follow "http://a.example/": its ID is a URL: give it as URL`:                            {follow: seine.Follow{ID: "http://a.example/"}},
		`follow "a\nb": not a task key: "a\nb" holds a control character`:                        {follow: seine.Follow{ID: "a\nb"}},
		`follow "/a": not a task key: "SITE/a" names the page kind "none", which the job has no`: {follow: seine.Follow{URL: "/a", Page: "none"}, change: func(j *seine.Job) { j.Pages = []seine.PageKind{{Name: "p"}} }},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			other := seine.Follow{URL: "/other"}
			if tt.body != "" {
				other = seine.Follow{ID: "2"}
			}
			result := seine.Result{Follow: []seine.Follow{other, tt.follow}}
			of := func(*seine.Page) (seine.Result, error) { return result, nil }
			states, asked := located(t, tt.body, tt.change, of)
			if states = strings.ReplaceAll(states, `\"`, `"`); !strings.Contains(states, "error") || asked != nil {
				t.Errorf("%s, asked %v; want an error", states, asked)
			}
			if want, _, _ := strings.Cut(why, ": \"SITE"); !strings.Contains(states, "scrape: "+want) {
				t.Errorf("%s; want %s", states, want)
			}
			tt.follow.Optional = true
			result.Follow = []seine.Follow{other, tt.follow}
			if states, asked = located(t, tt.body, tt.change, of); len(asked) != 1 || strings.Contains(states, "error") {
				t.Errorf("optional: %s, asked %v; want the other page", states, asked)
			}
		})
	}
}

// A verdict may be returned as an error. It replaces the verdict of the result and keeps the rest.
func TestVerdictsAsErrors(t *testing.T) {
	t.Parallel()
	states, asked := located(t, "", nil, func(*seine.Page) (seine.Result, error) {
		return seine.Result{Follow: []seine.Follow{{URL: "/a"}}}, fmt.Errorf("wrapped: %w", seine.Skip("sold out"))
	})
	if !strings.HasPrefix(states, "/a:done 1:skipped(sold out)") && states != "1:skipped(sold out) /a:done" || len(asked) != 1 {
		t.Errorf("%s, asked %v", states, asked)
	}
	for want, err := range map[string]error{
		"1:stale(old copy)":           seine.MarkStale("old copy"),
		"1:error(no price yet)":       seine.Retry("no price yet"),
		"1:error(scrape: no price)":   errors.New("no price"),
		"1:error(scrape: not a card)": fmt.Errorf("%w: not a card", seine.ErrFinal),
	} {
		n := 0
		states, _ := located(t, "", func(j *seine.Job) { j.Retry = seine.Retries{Error: 2, Stale: 2, Backoff: time.Millisecond} }, func(*seine.Page) (seine.Result, error) {
			n++
			return seine.Result{}, err
		})
		attempts := 2
		if errors.Is(err, seine.ErrFinal) {
			attempts = 1
		}
		if states != want || n != attempts {
			t.Errorf("%s after %d attempts; want %s after %d", states, n, want, attempts)
		}
	}
}

// RetryAfter keeps its task waiting.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	j := r.register(r.job(func(j *seine.Job) {
		j.Scraper = seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) {
			cancel()
			return seine.Result{}, seine.RetryAfter(time.Hour, "published at noon")
		})
	}))
	r.add(j, "1")
	began := time.Now()
	if err := r.engine(j, nil).Run(ctx); err != nil {
		t.Fatal(err)
	}
	ts, err := r.f.Tasks(t.Context(), j.ID, frontier.Filter{})
	if err != nil || len(ts) != 1 || ts[0].Reason != "published at noon" || ts[0].NextAt.IsZero() || ts[0].NextAt.Before(began.Add(59*time.Minute)) {
		t.Errorf("%+v, %v; want a task that waits for an hour", ts, err)
	}
}

// Relative URLs of assets are resolved as follows are.
func TestRelativeAssets(t *testing.T) {
	t.Parallel()
	states, asked := located(t, "<base href=/b/>", nil, func(*seine.Page) (seine.Result, error) {
		return seine.Result{Records: []seine.Record{{}}, Assets: []seine.Asset{{Name: "a", URL: "x.bin", Path: "a"}}}, nil
	})
	if diff := cmp.Diff([]string{"/b/x.bin"}, asked); diff != "" {
		t.Errorf("%s (-want +got):\n%s", states, diff)
	}
}
