package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/shopsite"
	"github.com/seinehq/seine/internal/testkit"
)

// prices reads the price of a page of the shop by the class of its element.
func prices(class string) seine.Scraper {
	pattern := regexp.MustCompile(`<span class="` + class + `" itemprop="price" content="([0-9.]+)">`)
	return seine.ScraperFunc(func(_ context.Context, _ seine.Task, page *seine.Page) (seine.Result, error) {
		if v, bad := seine.StatusVerdict(page.Status); bad {
			return seine.Result{Verdict: v}, nil
		}
		fields := map[string]any{"price": nil}
		if m := pattern.FindSubmatch(page.Body); m != nil {
			fields["price"] = string(m[1])
		}
		return seine.Result{Records: []seine.Record{{Fields: fields}}}, nil
	})
}

// The shop changes its HTML while three workers run. The fleet detects the change within 50 tasks,
// pauses the job, and holds the records back that lost their price. With other rules, every page
// has its price.
func TestThreeWorkersDetectARedesign(t *testing.T) {
	t.Parallel()
	for _, postgres := range []bool{false, true} {
		name := "SQLite"
		if postgres {
			name = "PostgreSQL"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site, err := shopsite.New(shopsite.Config{Products: 900})
			if err != nil {
				t.Fatal(err)
			}
			var requests atomic.Int64
			const changed = 500
			pages := site.Pages()
			serve := func(w http.ResponseWriter, q *http.Request) {
				if strings.HasPrefix(q.URL.Path, "/p/") && requests.Add(1) == changed+1 {
					site.Redesign()
				}
				pages.ServeHTTP(w, q)
			}
			var r *rig
			if postgres {
				r = newRigOn(t, testkit.Open(t, pgtest.Migrated(t), drivers.Options{}), serve)
			} else {
				r = newRig(t, serve)
			}
			site.PagesURL, site.ImagesURL = r.site.URL, r.site.URL
			change := func(class, digest string) func(*seine.Job) {
				return func(j *seine.Job) {
					j.Seeds = seine.Seeds{}
					seen := map[string]bool{}
					for _, x := range site.Items(0) {
						if !seen[x.Product] {
							seen[x.Product] = true
							j.Seeds.URLs = append(j.Seeds.URLs, r.site.URL+"/p/"+x.Product)
						}
					}
					j.Scraper, j.Digest, j.OnDrift, j.Concurrency = prices(class), []byte(digest), seine.DriftPauses, 3
				}
			}
			j := r.register(r.job(change("price", "\x00\xff\xfeold rules")))
			r.fleet(j, 3, func(s frontier.Status) bool { return s.Paused })
			after := requests.Load() - changed
			s, err := r.f.Status(t.Context(), j.ID)
			if err != nil {
				t.Fatal(err)
			}
			const inFlight = 3 * 3 // requested, and not yet counted when the alarm is raised
			if !s.Paused || after > 50+inFlight || len(s.Drift) != 1 || s.Drift[0].Field != "price" || s.Quarantined == 0 {
				t.Fatalf("paused %v after %d requests, alarms %+v, %d in quarantine\n%s", s.Paused, after, s.Drift, s.Quarantined, r.log)
			}
			r.exported(j, site, false)
			// A run ends here, because it would wait for a person.
			asked := requests.Load()
			if err := r.engine(j, nil).Run(t.Context()); !errors.Is(err, engine.ErrDrift) || requests.Load() != asked {
				t.Errorf("a run: %v after %d requests; want %v and none", err, requests.Load()-asked, engine.ErrDrift)
			}
			// Other rules, a new baseline, and the tasks that were held back.
			j = r.register(r.job(change("amount", "\x00\xff\xfenew rules")))
			stored, err := r.f.Drift(t.Context(), j.ID)
			if err != nil {
				t.Fatal(err)
			}
			w := stored.Watch()
			w.Reset(frontier.DriftDigest(j.Digest), time.Now(), nil)
			text, err := json.Marshal(w)
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := r.f.SetDrift(t.Context(), j.ID, frontier.DriftState{Version: stored.Version + 1, State: text}); err != nil || !ok {
				t.Fatalf("reset: %v, %v", ok, err)
			}
			list, err := r.f.Tasks(t.Context(), j.ID, frontier.Filter{Reason: frontier.HeldBack})
			if err != nil {
				t.Fatal(err)
			}
			var back []frontier.New
			for _, x := range list {
				back = append(back, frontier.New{Key: x.Key, Lane: frontier.LaneKey(&j.Job, x.Key, x.Key), Priority: 1})
			}
			if _, err := r.f.Retry(t.Context(), j.ID, back); err != nil {
				t.Fatal(err)
			}
			if err := r.f.PauseJob(t.Context(), j.ID, false); err != nil {
				t.Fatal(err)
			}
			r.fleet(j, 3, func(s frontier.Status) bool { return s.Open == 0 })
			if s, err = r.f.Status(t.Context(), j.ID); err != nil || s.Quarantined != 0 || len(s.Drift) != 0 || s.Paused {
				t.Errorf("status %+v, %v; want no quarantine and no alarm", s, err)
			}
			r.exported(j, site, true)
		})
	}
}

// fleet runs workers until the job is as a test wants it and no task is in progress.
func (r *rig) fleet(j *engine.Job, workers int, until func(frontier.Status) bool) {
	r.Helper()
	ctx, stop := context.WithTimeout(r.Context(), 2*time.Minute)
	defer stop()
	var wg sync.WaitGroup
	for range workers {
		e := r.engine(j, func(c *engine.Config) { c.UntilDone = false })
		wg.Go(func() {
			if err := e.Run(ctx); err != nil {
				r.Errorf("worker: %v", err)
			}
		})
	}
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		s, err := r.f.Status(ctx, j.ID)
		if ctx.Err() != nil {
			r.Errorf("the fleet did not end: %+v, %v\n%s", s, err, r.log)
			break
		}
		if err == nil && until(s) && s.States[seine.InProgress] == 0 {
			break
		}
	}
	stop()
	wg.Wait()
}

// exported compares the records with the shop: no price is missing, and with all no page.
func (r *rig) exported(j *engine.Job, site *shopsite.Site, all bool) {
	r.Helper()
	first := map[string]string{} // the price that a page shows first
	for _, x := range site.Items(0) {
		at := r.site.URL + "/p/" + x.Product
		if first[at] == "" {
			first[at] = x.Price
		}
	}
	n := 0
	if err := r.f.Records(r.Context(), j.ID, func(s frontier.Stored) error {
		var fields map[string]any
		if err := json.Unmarshal(s.Fields, &fields); err != nil {
			return err
		}
		n++
		if price, _ := fields["price"].(string); price != first[s.Key] {
			r.Errorf("%s has the price %q; want %q", s.Key, price, first[s.Key])
		}
		return nil
	}); err != nil {
		r.Fatal(err)
	}
	if all && n != len(first) {
		r.Errorf("%d records; want %d", n, len(first))
	}
}
