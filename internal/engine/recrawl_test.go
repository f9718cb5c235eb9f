package engine_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/testkit"
)

// visits is a job of one page on a site whose answer a test sets, with a clock that a test moves.
type visits struct {
	*rig
	job *engine.Job

	mu     sync.Mutex
	now    time.Time
	answer http.HandlerFunc
}

func newVisits(t *testing.T, postgres bool, change func(j *seine.Job)) *visits {
	t.Helper()
	// A lane of PostgreSQL begins at the server's time, whatever the frontier's clock.
	v := &visits{now: time.Now().UTC().Truncate(time.Second).Add(time.Hour)}
	clock := func() time.Time {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.now
	}
	site := func(w http.ResponseWriter, q *http.Request) {
		v.mu.Lock()
		answer := v.answer
		v.mu.Unlock()
		answer(w, q)
	}
	if postgres {
		v.rig = newRigOn(t, testkit.Open(t, pgtest.Migrated(t), drivers.Options{Now: clock}), site)
	} else {
		v.rig = newRigAt(t, clock, site)
	}
	v.job = v.register(v.rig.job(func(j *seine.Job) {
		j.Pages = []seine.PageKind{{Name: "item", Recrawl: seine.Recrawl{Every: time.Hour, History: true}}}
		j.Retry.Error, j.Retry.Stale = 1, 1
		if change != nil {
			change(j)
		}
	}))
	v.add(v.job, "a")
	return v
}

// visit moves the clock, lets the site answer and runs the job until it ends.
func (v *visits) visit(later time.Duration, answer http.HandlerFunc) {
	v.Helper()
	v.mu.Lock()
	v.now, v.answer = v.now.Add(later), answer
	v.mu.Unlock()
	v.run(v.job)
}

// stored lists the versions of all records, the state of the task, and the next visit.
func (v *visits) stored() string {
	v.Helper()
	var out []string
	if err := v.f.Versions(v.Context(), v.job.ID, func(r frontier.Stored) error {
		var fields map[string]any // PostgreSQL has an order of its own
		if err := json.Unmarshal(r.Fields, &fields); err != nil {
			return err
		}
		text, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		line := fmt.Sprintf("v%d %s", r.Version, text)
		if !r.GoneAt.IsZero() {
			line += " gone"
		}
		if r.Superseded {
			line += " superseded"
		}
		for _, a := range r.Assets {
			line += " +" + a.Name
		}
		out = append(out, line)
		return nil
	}); err != nil {
		v.Fatal(err)
	}
	next := "never"
	at, ok, err := v.f.NextRecrawl(v.Context(), v.job.ID)
	if err != nil {
		v.Fatal(err)
	}
	if ok {
		v.mu.Lock()
		next = at.Sub(v.now).String()
		v.mu.Unlock()
	}
	return fmt.Sprintf("%s; %s; next %s", v.states(v.job), strings.Join(out, ", "), next)
}

func (v *visits) wants(what, want string) {
	v.Helper()
	if got := v.stored(); got != want {
		v.Errorf("%s:\n%s; want\n%s\n%s", what, got, want, v.log)
	}
}

// page answers with a body and validators, and with 304 to a request that has one of them.
func page(body, etag, modified string) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		if etag != "" {
			w.Header().Set("ETag", etag)
		}
		if modified != "" {
			w.Header().Set("Last-Modified", modified)
		}
		if h := q.Header; etag != "" && h.Get("If-None-Match") == etag || modified != "" && h.Get("If-Modified-Since") == modified {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = fmt.Fprint(w, body)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// The life of a page that is visited each hour: unchanged by status and by content, changed, gone,
// there again, in error.
func TestAPageIsVisitedAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newVisits(t, postgres, nil)
		const modified = "Sun, 01 Mar 2026 10:00:00 GMT"
		one, two := `{"body":"one","id":"a"}`, `{"body":"two","id":"a"}`
		v.visit(0, page("one", `"1"`, modified))
		v.wants("first", "a:done; v1 "+one+"; next 1h0m0s")
		if h := v.site.Header("/p/a"); h.Get("If-None-Match") != "" {
			t.Errorf("the first visit has a condition: %v", h)
		}

		// A run in between does nothing, and ends.
		v.visit(30*time.Minute, status(500))
		v.wants("in between", "a:done; v1 "+one+"; next 30m0s")
		if n := v.site.Count("/p/a"); n != 1 {
			t.Errorf("%d requests; want 1: no visit is due", n)
		}

		v.visit(30*time.Minute, page("not read", `"1"`, modified))
		v.wants("304", "a:done; v1 "+one+"; next 1h0m0s")
		if h := v.site.Header("/p/a"); h.Get("If-None-Match") != `"1"` || h.Get("If-Modified-Since") != modified {
			t.Errorf("conditions %q, %q; want those of the first visit", h.Get("If-None-Match"), h.Get("If-Modified-Since"))
		}
		// A 304 may leave the validators out, and they are sent again.
		v.visit(time.Hour, status(304))
		v.visit(time.Hour, page("one", "", ""))
		if h := v.site.Header("/p/a"); h.Get("If-None-Match") != `"1"` {
			t.Errorf("condition %q after a 304 without an ETag", h.Get("If-None-Match"))
		}
		v.wants("equal content", "a:done; v1 "+one+"; next 1h0m0s")

		v.visit(time.Hour, page("two", `"2"`, ""))
		if h := v.site.Header("/p/a"); h.Get("If-None-Match") != "" || h.Get("If-Modified-Since") != "" {
			t.Errorf("conditions %v after a page without validators", h)
		}
		v.wants("changed", "a:done; v1 "+one+" superseded, v2 "+two+"; next 1h0m0s")

		v.visit(time.Hour, status(500))
		v.wants("in error", "a:error(HTTP 500); v1 "+one+" superseded, v2 "+two+"; next 1h0m0s")
		v.visit(time.Hour, page("not read", `"2"`, ""))
		v.wants("304 after an error", "a:done; v1 "+one+" superseded, v2 "+two+"; next 1h0m0s")

		v.visit(time.Hour, status(404))
		v.wants("gone", "a:skipped(HTTP 404); v1 "+one+" superseded, v2 "+two+" gone; next 1h0m0s")
		v.visit(time.Hour, status(451))
		v.wants("skipped while gone", "a:skipped(HTTP 451); v1 "+one+" superseded, v2 "+two+" gone; next 1h0m0s")
		v.visit(time.Hour, page("two", `"2"`, ""))
		if h := v.site.Header("/p/a"); h.Get("If-None-Match") != "" {
			t.Errorf("condition %q for a page that was gone", h.Get("If-None-Match"))
		}
		v.wants("there again", "a:done; v1 "+one+" superseded, v2 "+two+"; next 1h0m0s")
		v.visit(time.Hour, status(410))
		v.visit(time.Hour, page("three", "", ""))
		v.wants("gone, and there with other content", "a:done; v1 "+one+" superseded, v2 "+two+` gone superseded, v3 {"body":"three","id":"a"}; next 1h0m0s`)

		st, err := v.f.Status(t.Context(), v.job.ID)
		if err != nil {
			t.Fatal(err)
		}
		if f := st.Fresh; f.Tracked != 1 || f.Fresh != 1 || f.Gone != 0 {
			t.Errorf("fresh %+v", f)
		}
	})
}

// The interval follows the changes of the page.
func TestTheIntervalFollowsTheChanges(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newVisits(t, postgres, func(j *seine.Job) {
			j.Pages[0].Recrawl = seine.Recrawl{Min: time.Hour, Max: 16 * time.Hour}
		})
		for i, step := range []struct {
			body, want string
		}{
			{"one", "4h0m0s"},
			{"one", "8h0m0s"},
			{"one", "16h0m0s"},
			{"one", "16h0m0s"},
			{"two", "8h0m0s"},
			{"three", "4h0m0s"},
			{"four", "2h0m0s"},
			{"five", "1h0m0s"},
			{"six", "1h0m0s"},
		} {
			v.visit(16*time.Hour, page(step.body, "", ""))
			if got := v.stored(); !strings.HasSuffix(got, "; next "+step.want) {
				t.Errorf("visit %d: %s; want the next in %s", i+1, got, step.want)
			}
		}
		// Without history, the one row is replaced.
		v.wants("at the end", `a:done; v6 {"body":"six","id":"a"}; next 1h0m0s`)
	})
}

// Assets stay as they are until the page changes.
func TestAnUnchangedPageKeepsItsAssets(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newVisits(t, postgres, func(j *seine.Job) {
			j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
				return seine.Result{
					Records: []seine.Record{{Fields: map[string]any{"body": string(page.Body)}}},
					Assets:  []seine.Asset{{Name: "file", URL: strings.Replace(page.URL, "/p/", "/file/", 1), Path: "a.bin"}},
				}, nil
			})
		})
		answer := func(body string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, body) }
		}
		v.visit(0, answer("one"))
		v.visit(time.Hour, answer("one"))
		if n := v.site.Count("/file/a"); n != 1 {
			t.Errorf("the file of an unchanged page was fetched %d times; want 1", n)
		}
		v.wants("unchanged", `a:done; v1 {"body":"one"} +file; next 1h0m0s`)
		v.visit(time.Hour, answer("two"))
		if n := v.site.Count("/file/a"); n != 2 {
			t.Errorf("the file of a changed page was fetched %d times; want 2", n)
		}
		v.wants("changed", `a:done; v1 {"body":"one"} superseded, v2 {"body":"two"} +file; next 1h0m0s`)
	})
}

// A page that was never done has no record to keep: its errors end it, and a 404 is visited again.
func TestTheFirstVisitFails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newVisits(t, postgres, nil)
		v.visit(0, status(404))
		v.wants("404", "a:skipped(HTTP 404); ; next 1h0m0s")
		v.visit(time.Hour, status(404))
		st, err := v.f.Status(t.Context(), v.job.ID)
		if err != nil || st.Fresh.Gone != 0 {
			t.Errorf("fresh %+v, %v; a page that never was is not gone", st.Fresh, err)
		}
		v.visit(time.Hour, page("one", "", ""))
		v.wants("there", `a:done; v1 {"body":"one","id":"a"}; next 1h0m0s`)
	})
}

// After a change of the rules, a visit has no condition and stores what the rules extract.
func TestChangedRulesVisitWithoutCondition(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newVisits(t, postgres, nil)
		v.visit(0, page("one", `"1"`, ""))
		v.job = v.register(v.rig.job(func(j *seine.Job) {
			j.Pages = []seine.PageKind{{Name: "item", Recrawl: seine.Recrawl{Every: 2 * time.Hour}}}
			j.Digest = []byte("other rules")
			j.Scraper = seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) {
				return seine.Result{Records: []seine.Record{{Fields: map[string]any{"new": true}}}}, nil
			})
		}))
		v.visit(time.Hour, page("one", `"1"`, ""))
		v.wants("other rules", `a:done; v2 {"new":true}; next 2h0m0s`)
		v.visit(2*time.Hour, page("one", `"1"`, ""))
		if got := v.site.Header("/p/a").Get("If-None-Match"); got != `"1"` {
			t.Errorf("condition %q at the visit after; want the ETag", got)
		}
	})
}

// A browser renders the page in any case, so its request has no condition.
func TestABrowserVisitsWithoutCondition(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newVisits(t, postgres, func(j *seine.Job) { j.Pages[0].Via = []seine.Via{seine.ViaChrome} })
		var (
			mu   sync.Mutex
			seen []http.Header
		)
		v.job.Fetch = fetch.New(v.job.Job, "test", map[seine.Via]seine.Fetcher{
			seine.ViaHTTP: fetcher(func(_ context.Context, req seine.Request) (*seine.Page, error) { // robots.txt
				return &seine.Page{URL: req.URL, Status: 404, Header: http.Header{}}, nil
			}),
			seine.ViaChrome: fetcher(func(_ context.Context, req seine.Request) (*seine.Page, error) {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, req.Header)
				return &seine.Page{URL: req.URL, Status: 200, Header: http.Header{"Etag": {`"1"`}}, Body: []byte("one"), Via: seine.ViaChrome, FetchedAt: time.Unix(int64(len(seen)), 0)}, nil
			}),
		})
		v.visit(0, nil)
		v.visit(time.Hour, nil)
		v.wants("twice", `a:done; v1 {"body":"one","id":"a"}; next 1h0m0s`)
		if len(seen) != 2 || cmp.Or(seen[1].Get("If-None-Match"), seen[1].Get("If-Modified-Since")) != "" {
			t.Errorf("requests %v; want two without a condition", seen)
		}
	})
}

// A worker that works until it is stopped visits each page when it is due.
func TestAWorkerVisitsWhatIsDue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newVisits(t, postgres, nil)
		v.answer = page("one", "", "")
		ctx, stop := context.WithTimeout(t.Context(), patience)
		defer stop()
		end := make(chan error, 1)
		go func() {
			end <- v.engine(v.job, func(c *engine.Config) { c.UntilDone, c.Lease = false, 24*time.Hour }).Run(ctx)
		}()
		for n := 1; n <= 3; n++ {
			for stored := false; !stored && ctx.Err() == nil; {
				asked := v.site.Count("/p/a") == n // before the look at what is open
				st, err := v.f.Status(ctx, v.job.ID)
				stored = err == nil && st.Open == 0 && asked
			}
			v.mu.Lock()
			v.now = v.now.Add(time.Hour)
			v.mu.Unlock()
		}
		if ctx.Err() != nil {
			t.Errorf("%d visits within a minute; want 3\n%s", v.site.Count("/p/a"), v.log)
		}
		stop()
		if err := <-end; err != nil {
			t.Error(err)
		}
	})
}
