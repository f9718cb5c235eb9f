package hosts

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
)

func answer(url string, status int, header ...string) *seine.Page {
	p := &seine.Page{URL: url, Status: status, Header: http.Header{}}
	for i := 0; i+1 < len(header); i += 2 {
		p.Header.Set(header[i], header[i+1])
	}
	return p
}

func unreachableHost(host string) error {
	return fetch.Fault{Reason: "no such host", Host: host, Err: seine.ErrHost}
}

// The host that a request shows something about is the host that the fleet hears about.
func TestReports(t *testing.T) {
	t.Parallel()
	own := Own{Host: host, Lane: 7, Key: host}
	faulty := own
	faulty.Faults = 2
	for _, tt := range []struct {
		name   string
		report Report
		used   bool // assets were requested
		down   bool
		want   Effect
		calls  []string
	}{
		{"an answer", Report{Kind: Page, Own: own, Page: answer("http://"+host+"/", 200)}, false, false, Effect{}, nil},
		{"an answer after faults", Report{Kind: Page, Own: faulty, Page: answer("http://"+host+"/", 404)}, false, false, Effect{}, []string{"host up " + host}},
		{
			"Retry-After", Report{Kind: Page, Own: own, Page: answer("http://"+host+"/", 429, "Retry-After", "60")}, false, false,
			Effect{After: time.Minute}, []string{`backoff [` + host + `] 1m0s "Retry-After" faults 0 slow true`},
		},
		{
			"Retry-After binds the assets of the host", Report{Kind: Page, Own: own, Page: answer("http://"+host+"/", 503, "Retry-After", "60")}, true, false,
			Effect{After: time.Minute}, []string{`backoff [` + host + ` assets/` + host + `] 1m0s "Retry-After" faults 0 slow true`},
		},
		{
			"a quota with nothing left", Report{Kind: Page, Own: own, Page: answer("http://"+host+"/", 200, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "40")}, false, false,
			Effect{After: 40 * time.Second}, []string{`backoff [` + host + `] 40s "rate limit" faults 0 slow false`},
		},
		{"a quota with something left", Report{Kind: Page, Own: own, Page: answer("http://"+host+"/", 200, "X-RateLimit-Remaining", "3", "X-RateLimit-Reset", "40")}, false, false, Effect{}, nil},
		{
			"a challenge", Report{Kind: Page, Own: own, Page: answer("http://"+host+"/", 403), Challenge: "X"}, false, false,
			Effect{After: time.Hour}, []string{`backoff [` + host + `] 1h0m0s "blocked: X" faults 0 slow false`},
		},
		{
			"a refusal without a time", Report{Kind: Page, Own: own, Page: answer("http://"+host+"/", 429)}, false, false,
			Effect{}, []string{`backoff [` + host + `] 0s "HTTP 429" faults 0 slow true`},
		},
		{
			"a date is meant by the host's clock", Report{Kind: Page, Own: own, Page: answer("http://"+host+"/", 503, "Date", "Sun, 01 Mar 2026 11:00:00 GMT", "Retry-After", "Sun, 01 Mar 2026 11:00:30 GMT")},
			false, false, Effect{After: 30 * time.Second}, []string{`backoff [` + host + `] 30s "Retry-After" faults 0 slow true`},
		},
		{
			"the target of a redirect refuses", Report{Kind: Page, Own: own, Page: answer("http://"+other+"/", 429, "Retry-After", "60")}, false, false,
			Effect{After: time.Minute}, []string{`backoff [` + other + `] 1m0s "Retry-After" faults 0 slow true`},
		},
		{
			"the host of an asset refuses", Report{Kind: Asset, Host: other, Page: answer("http://"+other+"/", 429, "Retry-After", "60")}, true, false,
			Effect{After: time.Minute}, []string{`backoff [assets/` + other + `] 1m0s "Retry-After" faults 0 slow true`},
		},
		{
			"the own host is unreachable", Report{Kind: Page, Own: faulty, Err: unreachableHost(host)}, false, false,
			Effect{}, []string{`backoff [` + host + `] 20s "no such host" faults 3 slow false`, "host down " + host + " 24h0m0s no such host"},
		},
		{
			"for too long", Report{Kind: Page, Own: faulty, Err: unreachableHost(host)}, false, true,
			Effect{Down: true}, []string{`backoff [` + host + `] 20s "no such host" faults 3 slow false`, "host down " + host + " 24h0m0s no such host"},
		},
		{
			"the target of a redirect is unreachable", Report{Kind: Page, Own: own, Err: unreachableHost(other)}, false, false,
			Effect{Foreign: other, Rest: 5 * time.Second}, []string{`backoff [` + other + `] 5s "no such host" faults 0 slow false`},
		},
		{
			"the host of an asset is unreachable, though it is the page's", Report{Kind: Asset, Own: own, Err: unreachableHost(host)}, true, false,
			Effect{Foreign: host, Rest: 5 * time.Second}, []string{`backoff [assets/` + host + `] 5s "no such host" faults 0 slow false`},
		},
		{"a fault of an asset without a host", Report{Kind: Asset, Own: own, Err: errors.New("x")}, true, false, Effect{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{down: tt.down}
				g := open(t, f, func(j *seine.Job) { j.Retry.HostDown = 24 * time.Hour })
				if tt.used {
					pass, err := g.Enter(t.Context(), Visit{Kind: Asset, Host: "third.example:80"})
					if err != nil {
						t.Fatal(err)
					}
					pass.Leave(0)
					f.take()
				}
				tt.report.Began = time.Now()
				if diff := cmp.Diff(tt.want, g.Report(t.Context(), tt.report)); diff != "" {
					t.Errorf("effect (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.calls, f.take()); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A foreign host that stays unreachable rests longer each time, and is down after retry.host_down.
// Of several tasks that detect one fault, one counts. An answer ends the count.
func TestAForeignHostGoesDown(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*seine.Job){"fleet": nil, "local": worker} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := open(t, &fake{}, func(j *seine.Job) {
					j.Retry.HostDown = time.Minute
					if change != nil {
						change(j)
					}
				})
				fault := func() Effect {
					return g.Report(t.Context(), Report{Kind: Page, Own: page(0).Own, Err: unreachableHost(other)})
				}
				for i, want := range []time.Duration{5, 10, 15, 15} {
					first, second := fault(), fault()
					if rest := want * time.Second; first.Rest != rest || second.Rest != rest || first.Down {
						t.Errorf("fault %d: %+v, %+v; want a rest of %v", i, first, second, rest)
					}
					time.Sleep(first.Rest)
				}
				time.Sleep(15 * time.Second)
				if got := fault(); !got.Down {
					t.Errorf("after a minute: %+v; want it to be down", got)
				}
				g.Report(t.Context(), Report{Kind: Page, Own: page(0).Own, Page: answer("http://"+other+"/", 200)})
				if got := fault(); got.Down || got.Rest != 5*time.Second {
					t.Errorf("after an answer: %+v; want the first rest", got)
				}
			})
		})
	}
}

// A job without a pace takes no turns, unless a host is unhealthy. Tasks of that host move to a
// lane of its own.
func TestUnhealthyHostsHaveLanes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		g := open(t, f, unpaced)
		lanes := g.(*fleet).cfg.Lanes
		own := OwnOf(frontier.Claimed{Key: "a", Lane: 3, LaneKey: "shard/03"}, "http://own.example/a")
		redirect := func() {
			if _, err := g.Enter(t.Context(), Visit{Kind: Redirect, Host: host, Own: own}); err != nil {
				t.Error(err)
			}
		}
		if own.Host != host || !lanes.Belongs(own) {
			t.Errorf("%+v belongs: %v; want the host and its shard", own, lanes.Belongs(own))
		}
		redirect()
		if calls := f.take(); len(calls) != 0 {
			t.Errorf("a healthy host of a job without a pace: %v", calls)
		}
		g.Report(t.Context(), Report{Kind: Page, Own: own, Err: unreachableHost(host)})
		f.take()
		if lanes.Belongs(own) {
			t.Error("a task of an unhealthy host stays in its shard")
		}
		redirect()
		if err := lanes.Move(t.Context(), []frontier.Claimed{{Key: "a", LaneKey: "shard/03"}}, []Own{own}); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"reserve " + host + " within 1m0s", "move a to " + host}, f.take()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}
