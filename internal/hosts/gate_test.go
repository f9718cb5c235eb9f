package hosts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/polite"
)

// open returns the gate of a job with a delay of one second.
func open(t *testing.T, f *fake, change func(*seine.Job)) Gate {
	t.Helper()
	job := seine.Job{
		Name: "j", Seeds: seine.Seeds{URLs: []string{"http://own.example/"}},
		Pace:    seine.Pace{Delay: seine.Span{Min: time.Second, Max: time.Second}, Concurrency: 2},
		Scraper: seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) { return seine.Result{}, nil }),
	}
	job.Pace.Assets.Concurrency = 2
	if change != nil {
		change(&job)
	}
	normal, err := job.Normal()
	if err != nil {
		t.Fatal(err)
	}
	least := func(host string) time.Duration { return f.least[host] }
	return New(Config{Frontier: f, Job: &normal, ID: 1, Log: slog.New(slog.DiscardHandler), Lanes: NewLanes(f, &normal, 1), Least: least})
}

func worker(j *seine.Job) { j.Pace.Scope = seine.ScopeWorker }

func unpaced(j *seine.Job) {
	j.Pace.Delay, j.Pace.Concurrency = seine.Span{Min: seine.None, Max: seine.None}, seine.Unlimited
}

const (
	host  = "own.example:80"
	other = "other.example:80"
)

// page returns the visit of a claimed page that may start after wait.
func page(wait time.Duration) Visit {
	now := time.Now()
	own := Own{Host: host, Lane: 7, Key: host}
	return Visit{Kind: Page, Host: host, Own: own, Start: Start{
		At: now.Add(wait), Due: now.Add(wait), Held: func(context.Context) error { return nil },
	}}
}

// took returns the time that a call took.
func took(call func()) time.Duration {
	began := time.Now()
	call()
	return time.Since(began)
}

func TestScopeChoosesTheGate(t *testing.T) {
	t.Parallel()
	if g, ok := open(t, &fake{}, nil).(*fleet); !ok {
		t.Errorf("pace.scope host has the gate %T", g)
	}
	if g, ok := open(t, &fake{}, worker).(*local); !ok {
		t.Errorf("pace.scope worker has the gate %T", g)
	}
}

// Every request but a claimed page takes a turn of its own on its lane, and waits for it.
func TestEveryKindTakesATurn(t *testing.T) {
	t.Parallel()
	for kind, lane := range map[Kind]string{
		Redirect: other, Robots: other, Sitemap: other, LogIn: other, Asset: "assets/" + other, AssetRedirect: "assets/" + other,
	} {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{turn: frontier.Turn{Wait: 3 * time.Second, Paced: true}}
				g := open(t, f, nil)
				var pass *Pass
				var err error
				if d := took(func() { pass, err = g.Enter(t.Context(), Visit{Kind: kind, Host: other}) }); d != 3*time.Second || err != nil {
					t.Errorf("Enter took %v, %v; want 3s", d, err)
				}
				pass.Leave(polite.OK)
				if diff := cmp.Diff([]string{"reserve " + lane + " within 1m0s"}, f.take()); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A host that may not be requested soon holds no slot: the task returns to the queue.
func TestABusyHostGivesTheTaskBack(t *testing.T) {
	t.Parallel()
	gone := fmt.Errorf("%w: refused", frontier.ErrUnavailable)
	for _, kind := range []Kind{Redirect, Asset, AssetRedirect} {
		for _, tt := range []struct {
			name string
			f    *fake
			want error
		}{
			{"paused", &fake{turn: frontier.Turn{Paused: true}}, &BusyError{other, pausedFor, true}},
			{"far away", &fake{turn: frontier.Turn{Wait: time.Hour}}, &BusyError{Host: other, After: time.Hour}},
			{"no frontier", &fake{err: gone}, gone},
		} {
			t.Run(fmt.Sprint(kind, " ", tt.name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					_, err := open(t, tt.f, nil).Enter(t.Context(), Visit{Kind: kind, Host: other})
					if fmt.Sprint(err) != fmt.Sprint(tt.want) {
						t.Errorf("Enter = %v; want %v", err, tt.want)
					}
					var busy *BusyError
					if errors.As(tt.want, new(*BusyError)) != errors.As(err, &busy) {
						t.Errorf("Enter = %T; want %T", err, tt.want)
					}
				})
			})
		}
	}
}

// A claimed page starts when its claim said, without a further call.
func TestAPageWaitsForItsStart(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*seine.Job){"fleet": nil, "local": worker} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{}
				g := open(t, f, change)
				v := page(2 * time.Second)
				if d := took(func() {
					if _, err := g.Enter(t.Context(), v); err != nil {
						t.Error(err)
					}
				}); d != 2*time.Second {
					t.Errorf("Enter took %v; want 2s", d)
				}
				if calls := f.take(); len(calls) != 0 {
					t.Errorf("calls: %v", calls)
				}
			})
		})
	}
}

// A start that comes too late would crowd the next one. The page takes another, unless the lease
// was lost or the other start is far away.
func TestALateStartIsReplaced(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		late time.Duration
		turn frontier.Turn
		lost error
		want time.Duration
		err  error
		call int
	}{
		{"late", time.Second, frontier.Turn{Wait: 3 * time.Second}, nil, 3 * time.Second, nil, 1},
		{"nearly on time", 200 * time.Millisecond, frontier.Turn{Wait: 3 * time.Second}, nil, 0, nil, 0},
		{"the lease was lost", time.Second, frontier.Turn{}, frontier.ErrLeaseLost, 0, ErrBlocked, 0},
		{"the next start is far away", time.Second, frontier.Turn{Wait: time.Minute}, nil, 0, ErrBlocked, 1},
		{"the host is paused", time.Second, frontier.Turn{Paused: true}, nil, 0, ErrBlocked, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{turn: tt.turn}
				v := page(-tt.late)
				v.Start.Held = func(context.Context) error { return tt.lost }
				var err error
				if d := took(func() { _, err = open(t, f, nil).Enter(t.Context(), v) }); d != tt.want || !errors.Is(err, tt.err) {
					t.Errorf("Enter took %v, %v; want %v, %v", d, err, tt.want, tt.err)
				}
				if calls := f.take(); len(calls) != tt.call {
					t.Errorf("%d calls: %v; want %d", len(calls), calls, tt.call)
				}
			})
		})
	}
}

// Of two late starts of this process, the second keeps the delay.
func TestLateStartsStayApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := open(t, &fake{}, nil)
		for i, want := range []time.Duration{0, time.Second, time.Second} {
			if d := took(func() {
				if _, err := g.Enter(t.Context(), page(0)); err != nil {
					t.Error(err)
				}
			}); d != want {
				t.Errorf("start %d took %v; want %v", i, d, want)
			}
		}
	})
}

// A page that waits gives up when its host asks for a backoff, and when another worker or an
// operator blocked the lane.
func TestAWaitingPageGivesUp(t *testing.T) {
	t.Parallel()
	refusal := &seine.Page{URL: "http://" + host + "/", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"60"}}}
	for _, tt := range []struct {
		name  string
		event func(f *fake, g Gate, ctx context.Context)
		want  time.Duration
	}{
		{"this worker got the refusal", func(_ *fake, g Gate, ctx context.Context) {
			g.Report(ctx, Report{Kind: Page, Own: page(0).Own, Page: refusal, Began: time.Now()})
		}, time.Second},
		{"the host is unreachable", func(_ *fake, g Gate, ctx context.Context) {
			g.Report(ctx, Report{Kind: Page, Own: page(0).Own, Err: fetch.Fault{Reason: "connection refused", Host: host, Err: seine.ErrHost}})
		}, time.Second},
		{"another worker got it", func(f *fake, g Gate, ctx context.Context) {
			f.state = frontier.LaneState{Lane: 7, Backoff: time.Minute}
			go g.Watch(ctx)
		}, time.Second + watchEvery},
		{"an operator paused it", func(f *fake, g Gate, ctx context.Context) {
			f.state = frontier.LaneState{Lane: 7, Paused: true}
			go g.Watch(ctx)
		}, time.Second + watchEvery},
	} {
		for name, change := range map[string]func(*seine.Job){"fleet": nil, "local": worker} {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := &fake{}
					g := open(t, f, change)
					ctx, stop := context.WithCancel(t.Context())
					defer stop()
					v := page(time.Hour)
					time.AfterFunc(time.Second, func() { tt.event(f, g, ctx) })
					var err error
					if d := took(func() { _, err = g.Enter(ctx, v) }); d != tt.want || !errors.Is(err, ErrBlocked) {
						t.Errorf("Enter took %v, %v; want %v, %v", d, err, tt.want, ErrBlocked)
					}
				})
			})
		}
	}
}

// A page that has its start waits for a slot. Blocked tells if the lane is blocked meanwhile.
func TestAPassIsBlockedUntilItBegins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := open(t, &fake{}, unpaced)
		enter := func() *Pass {
			pass, err := g.Enter(t.Context(), page(0))
			if err != nil {
				t.Fatal(err)
			}
			return pass
		}
		waits, begun := enter(), enter()
		begun.Begin()
		g.Report(t.Context(), Report{Kind: Page, Own: page(0).Own, Err: seine.ErrHost})
		select {
		case <-waits.Blocked():
		default:
			t.Error("a page that waits for its slot is not blocked")
		}
		select {
		case <-begun.Blocked():
			t.Error("a page that has begun is blocked")
		default:
		}
	})
}

// The slots of a host's assets bound the requests that are in flight together.
func TestAssetsShareTheSlotsOfTheirHost(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*seine.Job){"fleet": nil, "local": worker} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := open(t, &fake{}, change)
				enter := func(host string) *Pass {
					pass, err := g.Enter(t.Context(), Visit{Kind: Asset, Host: host})
					if err != nil {
						t.Fatal(err)
					}
					return pass
				}
				first := enter(other)
				enter(other)
				enter(host) // a host of its own
				time.AfterFunc(time.Minute, func() { first.Leave(polite.Silent) })
				if d := took(func() { enter(other) }); d != time.Minute {
					t.Errorf("the third asset waited %v; want a minute", d)
				}
			})
		})
	}
}

// If a host needs no turns, the frontier is asked once per second and after each refusal.
func TestFreeAssetsAskRarely(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		g := open(t, f, func(j *seine.Job) { j.Pace.Assets.Delay = seine.Span{Min: seine.None, Max: seine.None} })
		asks := func() int {
			pass, err := g.Enter(t.Context(), Visit{Kind: Asset, Host: other})
			if err != nil {
				t.Fatal(err)
			}
			pass.Leave(polite.Silent)
			n := 0
			for _, c := range f.take() {
				if c == "reserve assets/"+other+" within 1m0s" {
					n++
				}
			}
			return n
		}
		got := []int{asks(), asks()}
		g.Report(t.Context(), Report{Kind: Asset, Host: other, Page: &seine.Page{URL: "http://" + other + "/", Status: http.StatusServiceUnavailable}})
		got = append(got, asks(), asks())
		time.Sleep(checkEvery)
		got = append(got, asks())
		if want := []int{1, 0, 1, 0, 1}; !slices.Equal(got, want) {
			t.Errorf("calls by asset %v; want %v", got, want)
		}
	})
}

// A Crawl-delay that becomes known after pages were claimed holds for them too. A page that would
// wait for long returns to the queue.
func TestClaimedPagesKeepTheCrawlDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{least: map[string]time.Duration{}}
		g := open(t, f, func(j *seine.Job) { j.Pace.Delay = seine.Span{Min: seine.None, Max: seine.None} })
		claimed := []Visit{page(0), page(0), page(0), page(0)}
		f.least[host] = 7 * time.Second
		for i, v := range claimed[:3] {
			var err error
			if d := took(func() { _, err = g.Enter(t.Context(), v) }); err != nil || d != min(time.Duration(i), 1)*7*time.Second {
				t.Errorf("page %d took %v, %v; want 7s after the one before", i, d, err)
			}
		}
		f.least[host] = time.Minute
		if _, err := g.Enter(t.Context(), claimed[3]); !errors.Is(err, ErrBlocked) {
			t.Errorf("a page that waits for a minute: %v; want %v", err, ErrBlocked)
		}
	})
}
