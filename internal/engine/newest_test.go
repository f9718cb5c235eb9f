package engine_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// With explore.recrawl a job returns to the newest end of its space, at less than a twentieth of
// the requests of the first exploration, and finds each ID that has come to exist. No other page is
// visited again.
func TestTheNewestEndIsExploredAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		const last = 2000
		v := newVisits(t, postgres, func(j *seine.Job) {
			j.Pages = nil
			j.Seeds.IDs = []seine.IDSpace{{From: 1, To: last}}
			j.Explore = seine.Explore{Strategy: seine.StrategyForager, Recrawl: 24 * time.Hour}
		})
		// Every tenth ID is missing, as in a registry with withdrawn numbers.
		upTo := func(newest int) http.HandlerFunc {
			return func(w http.ResponseWriter, q *http.Request) {
				id, err := strconv.Atoi(strings.TrimPrefix(q.URL.Path, "/p/"))
				if err == nil && id > newest || id%10 == 3 {
					http.NotFound(w, q)
					return
				}
				_, _ = fmt.Fprint(w, "card")
			}
		}
		requests := func() (n int) {
			for id := range last + 1 {
				n += v.site.Count(fmt.Sprintf("/p/%d", id))
			}
			return n
		}
		done := func() int {
			v.Helper()
			c, err := v.f.Counts(v.Context(), v.job.ID)
			if err != nil {
				v.Fatal(err)
			}
			return int(c.Final[seine.Done])
		}
		exist := func(newest int) int { return 1 + newest - (newest+7)/10 } // with the page a
		v.visit(0, upTo(1200))
		first := requests()
		if first < last || done() != exist(1200) {
			t.Fatalf("%d requests, %d done; want all of %d asked and %d done", first, done(), last, exist(1200))
		}
		v.visit(time.Hour, upTo(1220))
		if n := requests(); n != first {
			t.Errorf("%d requests before the interval is over", n-first)
		}
		// On a day of errors nothing is learned, and nothing is lost.
		v.visit(24*time.Hour, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		if done() != exist(1200) {
			t.Errorf("%d done after a day of errors; want %d", done(), exist(1200))
		}
		before := requests()
		for day, newest := range []int{1220, 1220, 1221, 1300} {
			was := done()
			v.visit(24*time.Hour, upTo(newest))
			n := requests()
			if again := n - before - (done() - was); done() != exist(newest) || again > first/20 {
				t.Errorf("day %d: %d done, %d requests without a new ID; want %d, and at most %d", day, done(), again, exist(newest), first/20)
			}
			before = n
		}
		if n := v.site.Count("/p/5"); n != 1 {
			t.Errorf("%d requests of a page that was done; want 1", n)
		}
		if list, err := v.f.Tasks(v.Context(), v.job.ID, frontier.Filter{Part: frontier.OpenTasks}); err != nil || len(list) > 0 {
			t.Errorf("%d open tasks, %v", len(list), err)
		}
	})
}

// The ID above the newest one may have been asked when it seemed far from the end, and is not
// visited again then. It is asked once more as soon as a return to the end finds nothing new.
func TestTheIDAboveTheNewestIsNotLost(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		const newest = 20
		v := newVisits(t, postgres, func(j *seine.Job) {
			j.Pages = nil
			j.Seeds.IDs = []seine.IDSpace{{From: 1, To: 200}}
			j.Explore = seine.Explore{Strategy: seine.StrategyForager, Recrawl: 24 * time.Hour}
		})
		v.add(v.job, "21")
		lease, err := v.f.OpenLease(t.Context(), "early", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // 21, and the page of each job of these tests
			got, err := v.f.Claim(t.Context(), lease, frontier.ClaimArgs{Job: v.job.ID, N: 1})
			if err != nil || len(got) != 1 {
				t.Fatalf("claimed %v, %v", got, err)
			}
			if _, err := v.f.Complete(t.Context(), lease, v.job.ID, []frontier.Completion{{Claimed: got[0], State: seine.Skipped, Reason: "HTTP 404"}}); err != nil {
				t.Fatal(err)
			}
			v.mu.Lock()
			v.now = v.now.Add(time.Minute)
			v.mu.Unlock()
		}
		if err := v.f.CloseLease(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		upTo := func(newest int) http.HandlerFunc {
			return func(w http.ResponseWriter, q *http.Request) {
				if id, err := strconv.Atoi(strings.TrimPrefix(q.URL.Path, "/p/")); err != nil || id > newest {
					http.NotFound(w, q)
					return
				}
				_, _ = fmt.Fprint(w, "card")
			}
		}
		v.visit(0, upTo(newest))
		if n := v.site.Count("/p/21"); n != 0 {
			t.Fatalf("%d requests of the ID that was asked before", n)
		}
		v.visit(24*time.Hour, upTo(newest))
		if n := v.site.Count("/p/21"); n != 1 {
			t.Errorf("%d requests of the ID above the newest one; want 1", n)
		}
		v.visit(24*time.Hour, upTo(newest+1))
		if c, err := v.f.Counts(v.Context(), v.job.ID); err != nil || c.Final[seine.Done] != newest+1 {
			t.Errorf("%d done, %v; want %d", c.Final[seine.Done], err, newest+1)
		}
	})
}

// Without explore.recrawl the interval of the page kind counts. Pages that are done are visited
// again, and absent IDs only at the newest end.
func TestAbsentIDsAreNotVisitedAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		v := newVisits(t, postgres, func(j *seine.Job) {
			j.Seeds.IDs = []seine.IDSpace{{From: 1, To: 300}}
			j.Explore = seine.Explore{Strategy: seine.StrategyForager}
		})
		site := func(w http.ResponseWriter, q *http.Request) {
			id, err := strconv.Atoi(strings.TrimPrefix(q.URL.Path, "/p/"))
			if err == nil && id > 200 || id%2 == 1 {
				http.NotFound(w, q)
				return
			}
			_, _ = fmt.Fprint(w, "card")
		}
		v.visit(0, site)
		v.visit(time.Hour, site)
		beyond := 0
		for id := 1; id <= 300; id++ {
			n := v.site.Count(fmt.Sprintf("/p/%d", id))
			switch {
			case id > 200:
				beyond += n - 1
			case id%2 == 0 && n != 2:
				t.Errorf("%d was done and is requested %d times; want 2", id, n)
			case id%2 == 1 && n > 2: // the first IDs were asked before any was known to exist
				t.Errorf("%d is absent and was requested %d times", id, n)
			}
		}
		if beyond == 0 || beyond > 60 {
			t.Errorf("%d requests of absent IDs above the newest one; want some, and at most 60", beyond)
		}
		before := v.site.Count("/p/1") + v.site.Count("/p/101") + v.site.Count("/p/199")
		v.visit(time.Hour, site)
		if n := v.site.Count("/p/1") + v.site.Count("/p/101") + v.site.Count("/p/199") - before; n > 0 {
			t.Errorf("%d requests of absent IDs below the newest one", n)
		}
	})
}
