package engine_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// A redirect is one more request and waits for a start like any other, in the frontier's pace and
// in the worker's.
func TestRedirectsArePaced(t *testing.T) {
	t.Parallel()
	const delay = 120 * time.Millisecond
	for _, scope := range []seine.PaceScope{seine.ScopeHost, seine.ScopeWorker} {
		t.Run(string(scope), func(t *testing.T) {
			t.Parallel()
			pulse := testkit.NewPulse(t)
			r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
				if id, found := strings.CutPrefix(q.URL.Path, "/p/"); found {
					http.Redirect(w, q, "/to/"+id, http.StatusFound)
					return
				}
				hello(w, q)
			})
			j := r.register(r.job(func(j *seine.Job) {
				j.Pace = seine.Pace{Delay: seine.Span{Min: delay, Max: delay}, Scope: scope, Concurrency: 1}
			}))
			r.add(j, "a", "b", "c")
			r.run(j)
			at := r.site.Starts("")
			if len(at) != 6 {
				t.Fatalf("%d requests; want 6", len(at))
			}
			// A late first start shortens the whole.
			if span := at[5].Sub(at[0]); span < 5*delay-delay/2-pulse.Late(at[0]) {
				t.Errorf("6 requests in %v; want at least %v", span, 5*delay)
			}
		})
	}
}

// A job's secrets never reach the database.
func TestSecretsAreNotStored(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(func(j *seine.Job) {
		j.Seeds.URL += "?token=open%20sesame"
		j.Secrets = []string{"open sesame"}
	}))
	r.add(j, "a")
	r.run(j)
	if r.site.Count("/p/a") != 1 {
		t.Fatal("the page was not asked for")
	}
	// Another secret is the same job.
	r.register(r.job(func(j *seine.Job) {
		j.Seeds.URL += "?token=another%20one"
		j.Secrets = []string{"another one"}
	}))
	if err := r.f.Records(t.Context(), j.ID, func(s frontier.Stored) error {
		if strings.Contains(s.URL, "sesame") || !strings.HasSuffix(s.URL, "/p/a?token=xxxxx") {
			t.Errorf("the record's URL is %s", s.URL)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// A range that was narrowed is not gone through beyond its end.
func TestNarrowedRange(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	ids := func(to int64) *seine.Job {
		j := r.job(func(j *seine.Job) {
			j.Seeds.IDs = []seine.IDSpace{{From: 1, To: to}}
			j.Explore.Strategy = seine.StrategyOff
		})
		return &j
	}
	r.run(r.register(*ids(1200)))
	wide := len(r.site.Counts())
	r.register(*ids(3000))
	r.run(r.register(*ids(1300)))
	if wide != 1200 || len(r.site.Counts()) != 1300 {
		t.Errorf("%d, then %d pages were requested; want 1200 and 1300", wide, len(r.site.Counts()))
	}
}
