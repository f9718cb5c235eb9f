package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	four = netip.MustParseAddr("192.0.2.4")
	six  = netip.MustParseAddr("2001:db8::6")
)

// The clock of a bubble of synctest is the only clock of these tests. No real time passes.
//
// A name is asked for once a minute, and a name that does not exist every ten seconds. A name
// server that does not answer is asked again.
func TestNamesAreRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		n := newNames(func(_ context.Context, name string) ([]netip.Addr, error) {
			asked[name]++
			switch name {
			case "gone":
				return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
			case "slow":
				return nil, &net.DNSError{Err: "i/o timeout", Name: name, IsTimeout: true}
			}
			return []netip.Addr{four}, nil
		})
		ask := func(name string, wants bool) {
			t.Helper()
			if got, err := n.of(t.Context(), name); wants != (err == nil) || wants && !slices.Equal(got, []netip.Addr{four}) {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
		for _, tt := range []struct {
			at               time.Duration
			here, gone, slow int
		}{{0, 1, 1, 1}, {9 * time.Second, 1, 1, 2}, {11 * time.Second, 1, 2, 3}, {59 * time.Second, 1, 3, 4}, {61 * time.Second, 2, 3, 5}} {
			time.Sleep(tt.at - time.Since(started(t)))
			ask("here", true)
			ask("gone", false)
			ask("slow", false)
			if asked["here"] != tt.here || asked["gone"] != tt.gone || asked["slow"] != tt.slow {
				t.Errorf("after %v: asked %v; want %+v", tt.at, asked, tt)
			}
		}
		if got, err := n.of(t.Context(), "::ffff:192.0.2.4"); err != nil || got[0] != four || asked["::ffff:192.0.2.4"] > 0 {
			t.Errorf("an address: %v, %v", got, err)
		}
	})
}

// started is when the time of a synctest bubble begins.
func started(*testing.T) time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// Many hosts do not flood the name server, and equal questions at once are one.
func TestQuestionsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most, all atomic.Int64
		n := newNames(func(context.Context, string) ([]netip.Addr, error) {
			all.Add(1)
			for v := now.Add(1); ; {
				if m := most.Load(); v <= m || most.CompareAndSwap(m, v) {
					break
				}
			}
			time.Sleep(10 * time.Millisecond)
			now.Add(-1)
			return []netip.Addr{four}, nil
		})
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				if _, err := n.of(t.Context(), string(rune('a'+i%500))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if most.Load() != maxLookups || all.Load() != 500 {
			t.Errorf("%d questions, %d at once; want 500, %d", all.Load(), most.Load(), maxLookups)
		}
	})
}

// A caller that gives up does not end the question of others.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNames(func(ctx context.Context, _ string) ([]netip.Addr, error) {
			select {
			case <-time.After(time.Second):
				return []netip.Addr{six}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		other := make(chan error)
		go func() {
			time.Sleep(10 * time.Millisecond)
			_, err := n.of(t.Context(), "a")
			other <- err
		}()
		if _, err := n.of(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v; want the deadline", err)
		}
		if err := <-other; err != nil {
			t.Errorf("the other caller: %v", err)
		}
	})
}

func TestDialAny(t *testing.T) {
	t.Parallel()
	other := netip.MustParseAddr("192.0.2.5")
	refused := errors.New("refused")
	for _, tt := range []struct {
		name      string
		addresses []netip.Addr
		answers   map[netip.Addr]time.Duration // absent: refused at once; -1: never
		want      netip.Addr
		within    time.Duration
	}{
		{"one", []netip.Addr{four}, map[netip.Addr]time.Duration{four: 0}, four, 0},
		{"the first refuses", []netip.Addr{four, other}, map[netip.Addr]time.Duration{other: 0}, other, 0},
		{"the first is silent", []netip.Addr{four, other}, map[netip.Addr]time.Duration{four: -1, other: 0}, other, dialTimeout / 2},
		{"the other family after a failure", []netip.Addr{six, four}, map[netip.Addr]time.Duration{four: 0}, four, 0},
		{"the other family after a while", []netip.Addr{six, four}, map[netip.Addr]time.Duration{six: -1, four: 0}, four, fallback},
		{"the slower family of two", []netip.Addr{six, four}, map[netip.Addr]time.Duration{six: time.Second, four: time.Minute}, six, time.Second},
		{"none", []netip.Addr{six, four}, nil, netip.Addr{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), dialTimeout)
				defer cancel()
				began := time.Now()
				conn, err := dialAny(ctx, tt.addresses, func(ctx context.Context, a netip.Addr) (net.Conn, error) {
					d, ok := tt.answers[a]
					if !ok {
						return nil, refused
					}
					if d < 0 {
						d = time.Hour
					}
					select {
					case <-time.After(d):
						return addressed{addr: a}, nil
					case <-ctx.Done():
						return nil, ctx.Err()
					}
				})
				if !tt.want.IsValid() {
					if !errors.Is(err, refused) {
						t.Errorf("%v; want %v", err, refused)
					}
					return
				}
				if err != nil || conn.(addressed).addr != tt.want || time.Since(began) != tt.within { //nolint:forcetypeassert // ours
					t.Errorf("%v, %v after %v; want %v after %v", conn, err, time.Since(began), tt.want, tt.within)
				}
				synctest.Wait()
			})
		})
	}
}

// addressed is a connection to an address.
type addressed struct {
	net.Conn

	addr netip.Addr
}

func (addressed) Close() error { return nil }
