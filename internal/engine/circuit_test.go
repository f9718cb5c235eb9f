package engine_test

import (
	"errors"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/engine"
)

// shortRuns makes runs of a number of IDs until one fails, at most most of them, and returns the
// number of requests.
func (r *rig) shortRuns(j *engine.Job, tasks int64, most int) (spent int, err error) {
	r.Helper()
	before := r.requests()
	for range most {
		err = r.engine(j, func(c *engine.Config) { c.Limit.Tasks = tasks }).Run(r.Context())
		if !errors.Is(err, engine.ErrLimit) {
			break
		}
	}
	return r.requests() - before, err
}

// The state of the alarm outlives a worker, so runs that are each too short to detect a failed site
// detect it together.
func TestADarkSiteIsNoticedByShortRuns(t *testing.T) {
	t.Parallel()
	var dark atomic.Bool
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if id, _ := strconv.Atoi(path.Base(q.URL.Path)); dark.Load() || id%200 >= 40 {
			http.NotFound(w, q)
		}
	})
	j := r.register(r.job(func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{{From: 60_000, To: 79_999}}
		j.Explore = seine.Explore{Blocks: 64}
		j.Concurrency = 4
	}))
	if _, err := r.shortRuns(j, 2000, 1); !errors.Is(err, engine.ErrLimit) {
		t.Fatal(err)
	}
	dark.Store(true)
	spent, err := r.shortRuns(j, 15, 60)
	t.Logf("%d requests to a dark site: %v", spent, err)
	if !errors.Is(err, discovery.ErrDark) || spent > 600 {
		t.Errorf("after %d requests to a dark site: %v; want %v within some hundred", spent, err, discovery.ErrDark)
	}
	// The space continues after a resume, and stops as soon again if the site still fails, because
	// the failed site's answers do not lower the expectation.
	for range 4 {
		if _, err := r.f.CloseCircuits(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
		again, err := r.shortRuns(j, 15, 60)
		t.Logf("%d requests after `resume`: %v", again, err)
		if !errors.Is(err, discovery.ErrDark) || again > 200 || again < 15 {
			t.Errorf("after `resume` and %d requests: %v; want %v within 200", again, err, discovery.ErrDark)
		}
	}
	// The same holds in a long run, whose model is a tenth of a second old while this site answers
	// a hundred times in that time.
	if _, err := r.f.CloseCircuits(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	if again, err := r.shortRuns(j, 1000, 1); !errors.Is(err, discovery.ErrDark) || again > 400 {
		t.Errorf("after `resume` and %d requests of one run: %v; want %v within 400", again, err, discovery.ErrDark)
	}
	// The site is back.
	dark.Store(false)
	if _, err := r.f.CloseCircuits(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	if spent, err = r.shortRuns(j, 15, 30); !errors.Is(err, engine.ErrLimit) || spent < 450 {
		t.Errorf("the runs after `resume` ended with %v after %d requests", err, spent)
	}
}

// Ids that end in error one after the other stop a space, over several runs too;
// they are no misses.
func TestErrorsStopTheSpace(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		} else if id, _ := strconv.Atoi(path.Base(q.URL.Path)); id%200 >= 40 {
			http.NotFound(w, q)
		}
	})
	j := r.register(r.job(func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{{From: 60_000, To: 79_999}}
		j.Explore = seine.Explore{Blocks: 64}
		j.Concurrency, j.Retry.Error = 4, 2
	}))
	if _, err := r.shortRuns(j, 300, 1); !errors.Is(err, engine.ErrLimit) {
		t.Fatal(err)
	}
	before := r.known(j)
	broken.Store(true)
	spent, err := r.shortRuns(j, 25, 60)
	if !errors.Is(err, discovery.ErrDark) || !strings.Contains(err.Error(), "ids ended in error, and none was answered") || spent > 500 {
		t.Errorf("after %d requests that fail: %v; want %v within some hundred", spent, err, discovery.ErrDark)
	}
	sum := r.known(j)
	if sum.Done-before.Done > 20 || sum.Errors < 100 || sum.Errors > 250 {
		t.Errorf("counted %+v after %+v; errors are no answers", sum, before)
	}
	if n, err := discovery.Recount(t.Context(), r.f, j.ID, j.Job); err != nil || n == 0 {
		t.Fatal(err)
	}
	if again := r.known(j); again.Errors != sum.Errors || again.Done != sum.Done {
		t.Errorf("counted %+v again; want %+v", again, sum)
	}
	// The site is back.
	broken.Store(false)
	if _, err := r.f.CloseCircuits(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.shortRuns(j, 300, 1); !errors.Is(err, engine.ErrLimit) {
		t.Errorf("after `resume`: %v", err)
	}
}

// A site without any hit has no expectation. That is logged, and the space continues.
func TestNothingWantedIsSaid(t *testing.T) {
	t.Parallel()
	r := newRig(t, http.NotFound)
	r.run(r.register(r.job(func(j *seine.Job) {
		j.Seeds.IDs = []seine.IDSpace{{From: 1, To: 99_999}}
		j.Explore.Budget = 1500
		j.Concurrency = 8
	})))
	if n := strings.Count(r.log.String(), "nothing was wanted so far"); n != 1 {
		t.Errorf("it is said %d times; want once:\n%s", n, r.log)
	}
}
