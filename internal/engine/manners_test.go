package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/scope"
	"github.com/seinehq/seine/internal/testkit"
)

// reasons returns the states and reasons of all tasks, by key.
func (r *rig) reasons(id frontier.JobID) []string {
	r.Helper()
	ts, err := r.f.Tasks(r.Context(), id, frontier.Filter{})
	if err != nil {
		r.Fatal(err)
	}
	var out []string
	for _, x := range ts {
		key := strings.TrimPrefix(x.Key, r.site.URL)
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", key, x.State, x.Reason)))
	}
	return out
}

// robots.txt holds for pages, redirects and assets. A disallowed page costs no request.
func TestRobotsRules(t *testing.T) {
	t.Parallel()
	for _, postgres := range []bool{false, true} {
		t.Run(fmt.Sprint("postgres ", postgres), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
				switch q.URL.Path {
				case "/p/to-private":
					http.Redirect(w, q, "/private/x", http.StatusFound)
				case "/ok.txt", "/private/a.txt":
					_, _ = fmt.Fprint(w, "file")
				}
			})
			if postgres {
				r.f = testkit.Postgres(t)
			}
			r.site.Robots(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprint(w, "User-agent: seine\nDisallow: /p/no\nDisallow: /private/")
			})
			asset := func(path string) seine.ScraperFunc {
				return func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
					out := seine.Result{Records: []seine.Record{{Fields: map[string]any{"id": task.ID}}}}
					if task.ID == "file" || task.ID == "secret" {
						name := map[string]string{"file": "/ok.txt", "secret": "/private/a.txt"}[task.ID]
						out.Assets = []seine.Asset{{Name: "a", URL: r.site.URL + name, Path: task.ID + path}}
					}
					return out, nil
				}
			}
			j := r.register(r.job(func(j *seine.Job) { j.Scraper, j.Retry.Error = asset(".txt"), 2 }))
			r.add(j, "yes", "no", "no2", "to-private", "file", "secret")
			r.run(j)
			want := []string{
				"file done", "no skipped disallowed by robots.txt", "no2 skipped disallowed by robots.txt",
				"secret error asset a: disallowed by robots.txt", "to-private skipped disallowed by robots.txt", "yes done",
			}
			if diff := cmp.Diff(want, r.reasons(j.ID)); diff != "" {
				t.Errorf("tasks (-want +got):\n%s", diff)
			}
			var paths []string
			for _, q := range r.site.Requests() {
				paths = append(paths, q.Path)
			}
			slices.Sort(paths)
			if diff := cmp.Diff([]string{"/ok.txt", "/p/file", "/p/secret", "/p/to-private", "/p/yes"}, paths); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if n := r.site.RobotsAsked(); n != 1 {
				t.Errorf("robots.txt was requested %d times; want once", n)
			}
		})
	}
}

// Links that robots.txt forbids use up no budget, so that the other links are followed.
func TestDisallowedLinksUseUpNoBudget(t *testing.T) {
	t.Parallel()
	for _, postgres := range []bool{false, true} {
		t.Run(fmt.Sprint("postgres ", postgres), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(http.ResponseWriter, *http.Request) {})
			if postgres {
				r.f = testkit.Postgres(t)
			}
			r.site.Robots(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "User-agent: *\nDisallow: /no/") })
			j := r.register(r.job(func(j *seine.Job) {
				j.Scope.Pages, j.Scope.Pattern, j.Scope.Family = 6, 4, scope.PathPattern
				j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (out seine.Result, err error) {
					for i := range 5 {
						if task.Key == "1" {
							out.Follow = append(out.Follow, seine.Follow{URL: fmt.Sprint(r.site.URL, "/no/", i)}, seine.Follow{URL: fmt.Sprint(r.site.URL, "/yes/", i)})
						}
					}
					return out, nil
				})
			}))
			r.add(j, "1")
			r.run(j)
			st, err := r.f.Status(t.Context(), j.ID)
			if err != nil {
				t.Fatal(err)
			}
			left := []frontier.LeftOut{{Reason: "over the budget " + strings.TrimPrefix(r.site.URL, "http://") + "/yes/{n}", N: 1}}
			if d := cmp.Diff(left, st.LeftOut); d != "" || st.Final[seine.Done] != 5 || st.Final[seine.Skipped] != 5 {
				t.Errorf("%d done, %d skipped; want 5 and 5. Left out (-want +got):\n%s", st.Final[seine.Done], st.Final[seine.Skipped], d)
			}
		})
	}
}

// With robots: ignore nothing is asked, and each record states it.
func TestRobotsIgnored(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(http.ResponseWriter, *http.Request) {})
	r.site.Robots(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "User-agent: *\nDisallow: /") })
	j := r.register(r.job(func(j *seine.Job) { j.Robots, j.Permission = seine.Ignore, "by mail" }))
	r.add(j, "1")
	r.run(j)
	if n := r.site.RobotsAsked(); n != 0 {
		t.Errorf("robots.txt was requested %d times; want 0", n)
	}
	if got := r.fields(j.ID); len(got) != 1 || got[0]["_robots"] != "ignore" {
		t.Errorf("records %v; want one that states that robots.txt was ignored", got)
	}
}

// fields returns the fields of all records.
func (r *rig) fields(id frontier.JobID) (out []map[string]any) {
	r.Helper()
	err := r.f.Records(r.Context(), id, func(rec frontier.Stored) error {
		var fields map[string]any
		if err := json.Unmarshal(rec.Fields, &fields); err != nil {
			return err
		}
		if fields == nil {
			fields = map[string]any{}
		}
		for _, f := range rec.Failed {
			fields["failed "+f.Name] = f.Reason
		}
		for _, a := range rec.Assets {
			fields["asset "+a.Name] = a.Path
		}
		out = append(out, fields)
		return nil
	})
	if err != nil {
		r.Fatal(err)
	}
	return out
}

// A file whose site or page opts out is not stored, and its record names the signal.
func TestConsent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		page, file http.Header
		body       string
		change     func(*seine.Job)
		want       map[string]any
		fetched    bool
	}{
		"no signal": {want: map[string]any{"asset a": "1.txt"}, fetched: true},
		"the page's meta": {
			body: `<meta name=robots content="index, noai">`,
			want: map[string]any{
				"failed a": "opted out: noai (meta robots): index, noai",
				"_consent": []any{
					map[string]any{"opts_out": true, "signal": "noai", "source": "meta robots", "value": "index, noai"},
				},
			},
		},
		"the file's header": {
			file: http.Header{"Tdm-Reservation": {"1"}},
			want: map[string]any{"failed a": "opted out: tdm-reservation (header Tdm-Reservation): 1"}, fetched: true,
		},
		"ignored with a permission": {
			file:   http.Header{"Tdm-Reservation": {"1"}},
			change: func(j *seine.Job) { j.Consent, j.Permission = seine.Ignore, "by mail" },
			want: map[string]any{"asset a": "1.txt", "_consent": []any{
				map[string]any{"opts_out": true, "signal": "tdm-reservation", "source": "asset a: header Tdm-Reservation", "value": "1"},
			}},
			fetched: true,
		},
		"a file that permits the use": {
			page: http.Header{"Tdm-Reservation": {"0"}},
			file: http.Header{"Content-Usage": {"train-ai=y"}},
			want: map[string]any{"asset a": "1.txt", "_consent": []any{
				map[string]any{"opts_out": false, "signal": "tdm-reservation", "source": "header Tdm-Reservation", "value": "0"},
				map[string]any{"opts_out": false, "signal": "train-ai", "source": "asset a: header Content-Usage", "value": "y"},
			}},
			fetched: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
				header, body := tt.page, tt.body
				w.Header().Set("Content-Type", "text/html")
				if q.URL.Path == "/a.txt" {
					header, body = tt.file, "file"
					w.Header().Set("Content-Type", "text/plain")
				}
				for k, v := range header {
					w.Header()[k] = v
				}
				_, _ = fmt.Fprint(w, body)
			})
			j := r.register(r.job(func(j *seine.Job) {
				j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
					return seine.Result{
						Records: []seine.Record{{}}, Assets: []seine.Asset{{Name: "a", URL: r.site.URL + "/a.txt", Path: task.ID + ".txt"}},
					}, nil
				})
				if tt.change != nil {
					tt.change(j)
				}
			}))
			r.add(j, "1")
			r.run(j)
			got := r.fields(j.ID)
			if len(got) != 1 {
				t.Fatalf("%d records, tasks %v; want one", len(got), r.reasons(j.ID))
			}
			if diff := cmp.Diff(tt.want, got[0]); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
			fetched := slices.ContainsFunc(r.site.Requests(), func(q testkit.Request) bool { return q.Path == "/a.txt" })
			if fetched != tt.fetched {
				t.Errorf("the file was requested: %v; want %v", fetched, tt.fetched)
			}
		})
	}
}

// A challenge page blocks its host with the reason, and its task waits.
func TestChallengeBlocksItsHost(t *testing.T) {
	t.Parallel()
	asked := func(page *seine.Page) (bool, error) { return strings.Contains(string(page.Body), "prove"), nil }
	never := func(*seine.Page) (bool, error) { return false, nil }
	for name, tt := range map[string]struct {
		header string
		change func(*seine.Job)
		want   string
	}{
		"a known one": {header: "challenge", want: "blocked: Cloudflare"},
		"of the job":  {change: func(j *seine.Job) { j.Challenge = asked }, want: "blocked: challenge of the job file"},
		"of the page kind": {change: func(j *seine.Job) {
			j.Challenge, j.Pages = never, []seine.PageKind{{Name: "p", Challenge: asked}}
		}, want: "blocked: challenge of the job file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.header != "" {
					w.Header().Set("cf-mitigated", tt.header)
					w.WriteHeader(http.StatusForbidden)
				}
				_, _ = fmt.Fprint(w, "prove that you are human")
			})
			r.blocks(tt.change, tt.want)
		})
	}
}

// blocks runs a job whose only page blocks its host for a reason.
func (r *rig) blocks(change func(*seine.Job), want string) {
	t := r.T
	t.Helper()
	j := r.register(r.job(change))
	r.add(j, "1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	e := r.engine(j, nil)
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	for !strings.Contains(r.log.String(), "blocked: ") {
		select {
		case err := <-done:
			t.Fatalf("the run ended before the host was blocked: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	status, err := r.f.Status(t.Context(), j.ID)
	if err != nil || len(status.Hosts) != 1 || !strings.HasPrefix(status.Hosts[0].Reason, want) || !status.Hosts[0].Blocked {
		t.Errorf("hosts %+v, %v; want one that is blocked with the name of the challenge", status.Hosts, err)
	}
	if n := len(r.site.Requests()); n != 1 {
		t.Errorf("%d requests; want one", n)
	}
}
