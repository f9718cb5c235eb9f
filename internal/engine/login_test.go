package engine_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
	"github.com/seinehq/seine/internal/wiring"
)

// Three workers log in once. When the session ends, one of them logs in again for all, and no page
// is stored that shows no session.
func TestOneWorkerLogsInForAll(t *testing.T) {
	t.Parallel()
	for _, postgres := range []bool{false, true} {
		for _, redirect := range []bool{false, true} {
			t.Run(fmt.Sprintf("postgres %v redirect %v", postgres, redirect), func(t *testing.T) {
				t.Parallel()
				m := newMember()
				m.endAfter, m.redirect = 30, redirect
				r := newRig(t, m.ServeHTTP)
				if postgres {
					r.f = testkit.Postgres(t)
				}
				var jobs []*engine.Job
				for range 3 {
					jobs = append(jobs, r.register(r.member(func(j *seine.Job) { j.Concurrency = 4 })))
				}
				var keys []string
				for i := range 90 {
					keys = append(keys, fmt.Sprint("p", i))
				}
				r.add(jobs[0], keys...)
				var all sync.WaitGroup
				for i, j := range jobs {
					all.Go(func() {
						e := r.engine(j, func(c *engine.Config) { c.Worker = fmt.Sprint("w", i) })
						if err := e.Run(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				if m.logins != 2 {
					t.Errorf("%d log-ins; want 2\n%s", m.logins, r.log)
				}
				records := r.fields(jobs[0].ID)
				if len(records) != len(keys) {
					t.Errorf("%d records of %d pages; tasks %v", len(records), len(keys), r.reasons(jobs[0].ID))
				}
				for _, f := range records {
					if body := fmt.Sprint(f["body"]); body != "<p id=home>Sign out xxxxx</p>" {
						t.Errorf("a record has %q; want a page of the session without its cookie", body)
						break
					}
				}
				for _, secret := range []string{"session-0123456789", "correct horse", "token-"} {
					if strings.Contains(r.log.String(), secret) {
						t.Errorf("the log has %q:\n%s", secret, r.log)
					}
				}
				s, err := r.f.Session(t.Context(), jobs[0].ID)
				if err != nil || s.LoggedInAt.IsZero() || s.Failures != 0 {
					t.Errorf("session %+v, %v", s, err)
				}
				tasks, _ := r.f.Tasks(t.Context(), jobs[0].ID, frontier.Filter{})
				for _, task := range tasks {
					if task.Attempt > 1 {
						t.Errorf("%s took %d attempts; a log-in costs none", task.Key, task.Attempt)
					}
				}
			})
		}
	}
}

// A wrong password is tried five times with growing pauses. Then tasks end in error.
func TestLogInThatFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*seine.Job)
		robots string
		want   string
		logins int
	}{
		"wrong password": {
			change: func(j *seine.Job) { j.Session.LogIn.Form["password"] = "wrong" },
			want:   "log-in failed: session.login.check is false after the log-in; check the user, the password and the expression",
			logins: 5,
		},
		"no such page": {
			change: func(j *seine.Job) {
				j.Session.LogIn.URL = strings.Replace(j.Session.LogIn.URL, "/login", "/nowhere", 1)
			},
			want: "log-in failed: session.login.url: HTTP 404; give the URL of the page with the form",
		},
		"a page without a form": {
			change: func(j *seine.Job) { j.Session.LogIn.URL = strings.Replace(j.Session.LogIn.URL, "/login", "/home", 1) },
			want:   "log-in failed: session.login.url: the page has no form with an input for a password, or with a field of session.login.form; give the URL of the page with the form, or steps with chrome",
		},
		"robots.txt": {
			robots: "User-agent: *\nDisallow: /login",
			want:   "log-in failed: session.login: disallowed by robots.txt; give another URL, or robots: ignore with a permission",
		},
		"a form on another site": {
			change: func(j *seine.Job) { j.Session.LogIn.URL = strings.Replace(j.Session.LogIn.URL, "/login", "/away", 1) },
			want:   "log-in failed: session.login.url: its form sends to another site, other.example:443; give the URL of the form on that site",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMember()
			r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
				switch q.URL.Path {
				case "/nowhere":
					http.NotFound(w, q)
				case "/away":
					w.Header().Set("Content-Type", "text/html")
					_, _ = fmt.Fprint(w, `<form action="https://other.example/in"><input type=password name=password></form>`)
				default:
					m.ServeHTTP(w, q)
				}
			})
			if tt.robots != "" {
				r.site.Robots(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, tt.robots) })
			}
			j := r.register(r.member(func(j *seine.Job) {
				j.Retry.Backoff = time.Millisecond
				if tt.change != nil {
					tt.change(j)
				}
			}))
			r.add(j, "a")
			r.run(j)
			want := []string{"a error " + tt.want}
			if got := r.reasons(j.ID); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("tasks\n%q; want\n%q", got, want)
			}
			if m.logins != tt.logins {
				t.Errorf("%d forms were sent; want %d", m.logins, tt.logins)
			}
			if n := r.site.Count("/p/a"); n != 0 {
				t.Errorf("%d pages were requested without a session; want none", n)
			}
		})
	}
}

// A page that never shows a session does not cause a log-in for each attempt.
func TestPagesWithoutASessionCauseFewLogIns(t *testing.T) {
	t.Parallel()
	m := newMember()
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if strings.HasPrefix(q.URL.Path, "/p/") {
			_, _ = fmt.Fprint(w, "no session here")
			return
		}
		m.ServeHTTP(w, q)
	})
	j := r.register(r.member(func(j *seine.Job) { j.Retry.Backoff, j.Retry.Error = time.Minute, 1 }))
	var keys []string
	for i := range 20 {
		keys = append(keys, fmt.Sprint("p", i))
	}
	r.add(j, keys...)
	r.run(j)
	if m.logins > 4 {
		t.Errorf("%d log-ins for 20 pages; want at most 4", m.logins)
	}
	for _, line := range r.reasons(j.ID) {
		if !strings.HasSuffix(line, "error not signed in") {
			t.Errorf("task %s", line)
		}
	}
}

// Cookies without a log-in reach the other pages of the job, and another site gets none.
func TestCookiesOfTheJob(t *testing.T) {
	t.Parallel()
	other := testkit.Serve(t, hello)
	away := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: "en", Path: "/"})
		if q.URL.Path == "/p/2" {
			http.Redirect(w, q, away+"/x", http.StatusFound)
		}
	})
	for _, cookies := range []bool{true, false} {
		r.site.Forget()
		other.Forget()
		j := r.register(r.job(func(j *seine.Job) {
			j.Name, j.Session.Cookies, j.Concurrency = fmt.Sprint("j", cookies), cookies, 1
			j.Fetch.AllowPrivate = append(j.Fetch.AllowPrivate, seine.MustParsePrivateNet("::1/128"))
		}))
		for _, key := range []string{"1", "2"} {
			r.add(j, key)
			r.run(j)
		}
		if got := r.site.Header("/p/2").Get("Cookie"); (got == "lang=en") != cookies {
			t.Errorf("cookies %v: the second page got %q", cookies, got)
		}
		if got := other.Header("/x").Get("Cookie"); got != "" || other.Count("/x") != 1 {
			t.Errorf("cookies %v: the other site got %q in %d requests", cookies, got, other.Count("/x"))
		}
		s, err := r.f.Session(t.Context(), j.ID)
		if err != nil || (s.Version == 1) != cookies {
			t.Errorf("cookies %v: session %+v, %v; want it stored once", cookies, s, err)
		}
	}
}

// The pace of a host holds over pages and log-ins together.
func TestLogInKeepsThePace(t *testing.T) {
	t.Parallel()
	// Without the pace, requests follow each other at once. A start that a busy machine makes late
	// shortens the gap behind it.
	const delay = 300 * time.Millisecond
	for _, scope := range []seine.PaceScope{seine.ScopeHost, seine.ScopeWorker} {
		t.Run(string(scope), func(t *testing.T) {
			t.Parallel()
			m := newMember()
			m.endAfter = 1
			pulse := testkit.NewPulse(t)
			r := newRig(t, m.ServeHTTP)
			j := r.register(r.member(func(j *seine.Job) {
				j.Pace = seine.Pace{Delay: seine.Span{Min: delay, Max: delay}, Scope: scope}
			}))
			r.add(j, "a", "b")
			r.run(j)
			if got := r.states(j); got != "a:done b:done" {
				t.Errorf("tasks %s\n%s", got, r.log)
			}
			starts := r.site.Starts("")
			// Only a late first start shortens the whole.
			if n := len(starts) - 1; starts[n].Sub(starts[0]) < time.Duration(n)*delay-delay/2-pulse.Late(starts[0]) {
				t.Errorf("%d requests started within %v; want %v for each but the first", n+1, starts[n].Sub(starts[0]), delay)
			}
			for i := 1; i < len(starts); i++ {
				if gap := starts[i].Sub(starts[i-1]); gap < delay/3-pulse.Late(starts[i-1]) {
					t.Errorf("requests %d and %d started %v apart; want %v", i-1, i, gap, delay)
				}
			}
		})
	}
}

// A browser logs in by steps or takes the cookies of a form that was sent by HTTP. The pages of
// both fetchers share the session.
func TestLogInWithABrowser(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string][]seine.Step{
		"form": nil,
		"steps": {
			{Fill: "[name=user]", Value: "me"}, {Fill: "[name=password]", Value: "correct horse"}, {Click: "#in"},
			{Wait: &seine.Wait{CSS: "#home"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMember()
			m.endAfter, m.redirect = 5, name == "steps"
			r := newRig(t, m.ServeHTTP)
			job := r.member(func(j *seine.Job) {
				j.Fetch.Timeout, j.Concurrency = 20*time.Second, 2
				j.Pages = []seine.PageKind{{Name: "p", Via: []seine.Via{seine.ViaChrome}}, {Name: "q", Via: []seine.Via{seine.ViaHTTP}}}
				if steps != nil {
					j.Session.LogIn.Form, j.Session.LogIn.Steps = nil, steps
				}
			})
			chrome, err := wiring.Browser{}.Open(t.Context(), slog.New(slog.DiscardHandler), job)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = chrome.Close() })
			j, err := wiring.Register(t.Context(), r.f, job, wiring.Options{})
			if err != nil {
				t.Fatal(err)
			}
			done, err := wiring.Equip(j, asset.New(memblob.OpenBucket(nil), asset.Options{}), chrome, "test", nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(done)
			in := discovery.NewAdder(r.f, &j.Job, j.ID)
			for i := range 8 {
				if err := in.Add(t.Context(), frontier.Seed{Key: fmt.Sprint(i), Page: []string{"p", "q"}[i%2]}); err != nil {
					t.Fatal(err)
				}
			}
			if err := in.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.run(j)
			if m.logins != 2 {
				t.Errorf("%d log-ins; want 2\n%s", m.logins, r.log)
			}
			if got := r.fields(j.ID); len(got) != 8 {
				t.Errorf("%d records of 8 pages: %v\n%s", len(got), r.reasons(j.ID), r.log)
			}
		})
	}
}

// A trial logs in too, and stores nothing.
func TestTrialLogsIn(t *testing.T) {
	t.Parallel()
	m := newMember()
	r := newRig(t, m.ServeHTTP)
	j := r.register(r.member(nil))
	out, err := engine.NewTrial(engine.TrialConfig{Job: j, Fleet: r.f}).Try(t.Context(), frontier.New{Key: "a"})
	if err != nil || out.Err != nil || len(out.Records) != 1 || out.Records[0].Fields["body"] != "<p id=home>Sign out xxxxx</p>" {
		t.Errorf("tried %+v", out)
	}
	if !slices.Contains(out.Secrets, "session-0123456789-1") {
		t.Errorf("secrets %q; want the cookie of the session", out.Secrets)
	}
	if s, err := r.f.Session(t.Context(), j.ID); err != nil || s.Version != 0 {
		t.Errorf("session %+v, %v; want none", s, err)
	}
}
