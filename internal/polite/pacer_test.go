package polite

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

func span(low, high time.Duration) seine.Span { return seine.Span{Min: low, Max: high} }

func half() float64 { return 0.5 }

func at(d time.Duration) time.Time { return noon.Add(d) }

// next fails unless the host's next start is as wanted.
func next(t *testing.T, p *Pacer, host string, now, want time.Time, wantOK bool) {
	t.Helper()
	if got, ok := p.Next(host, now); !got.Equal(want) || ok != wantOK {
		t.Errorf("Next(%s) at +%v = +%v, %v; want +%v, %v", host, now.Sub(noon), got.Sub(noon), ok, want.Sub(noon), wantOK)
	}
}

func TestPacerDrawsADelayForEachStart(t *testing.T) {
	t.Parallel()
	p := New(seine.Pace{Delay: span(20*time.Second, 30*time.Second), Concurrency: seine.Unlimited})
	next(t, p, "a", noon, noon, true)
	if !p.Start("a", noon, half) {
		t.Fatal("the first start was refused")
	}
	next(t, p, "a", at(time.Second), at(25*time.Second), true)
	if p.Start("a", at(25*time.Second-1), half) {
		t.Error("a start a nanosecond early held")
	}
	next(t, p, "b", at(time.Second), at(time.Second), true)
	// A late start moves the next one on.
	if !p.Start("a", at(40*time.Second), func() float64 { return 0 }) {
		t.Fatal("the second start was refused")
	}
	next(t, p, "a", at(41*time.Second), at(60*time.Second), true)
}

func TestPacerRestsAfterEvery(t *testing.T) {
	t.Parallel()
	p := New(seine.Pace{Delay: span(time.Second, time.Second), Concurrency: -1, Rest: seine.Rest{Every: 3, For: time.Minute}})
	var starts []time.Duration
	now := noon
	for range 7 {
		now, _ = p.Next("a", now)
		if !p.Start("a", now, half) {
			t.Fatalf("refused at the time it named, +%v", now.Sub(noon))
		}
		starts = append(starts, now.Sub(noon)/time.Second)
	}
	if diff := cmp.Diff([]time.Duration{0, 1, 2, 62, 63, 64, 124}, starts); diff != "" {
		t.Errorf("starts in seconds (-want +got):\n%s", diff)
	}
}

func TestPacerHoldsConcurrency(t *testing.T) {
	t.Parallel()
	p := New(seine.Pace{Concurrency: 2})
	for range 2 {
		if !p.Start("a", noon, half) {
			t.Fatal("a start of two was refused")
		}
	}
	next(t, p, "a", noon, noon, false)
	if p.Start("a", noon, half) {
		t.Error("a third start held")
	}
	p.End("a", at(1), OK)
	next(t, p, "a", at(1), at(1), true)
	if one := New(seine.Pace{}); !one.Start("a", noon, half) || one.Start("a", noon, half) {
		t.Error("a concurrency of zero is not 1")
	}
}

func TestPacerCoolsDown(t *testing.T) {
	t.Parallel()
	pace := seine.Pace{Concurrency: -1, Cooldown: seine.Cooldown{After: 3, For: 10 * time.Minute}}
	for _, tt := range []struct {
		name string
		ends []Outcome
		busy bool
	}{
		{"three failures in a row", []Outcome{Failed, Failed, Failed}, true},
		{"two failures", []Outcome{Failed, Failed}, false},
		{"a good one between", []Outcome{Failed, Failed, OK, Failed}, false},
		{"a silent one between says nothing", []Outcome{Failed, Silent, Failed, Silent, Failed}, true},
		{"the count begins again after a cooldown", []Outcome{Failed, Failed, Failed, Failed, Failed}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := New(pace)
			for _, o := range tt.ends {
				p.Start("a", noon, half)
				p.End("a", at(time.Second), o)
			}
			until, why, ok := p.InBackoff("a", at(time.Second))
			if ok != tt.busy {
				t.Fatalf("InBackoff = %v, %q, %v; want %v", until, why, ok, tt.busy)
			}
			if ok && (!until.Equal(at(10*time.Minute+time.Second)) || why != "cooldown") {
				t.Errorf("InBackoff = +%v, %q; want +10m1s, cooldown", until.Sub(noon), why)
			}
		})
	}
}

func TestPacerBackoffIsNeverShortened(t *testing.T) {
	t.Parallel()
	p := New(seine.Pace{})
	p.Backoff("a", at(time.Minute), "retry-after")
	p.Backoff("a", at(time.Second), "host fault")
	next(t, p, "a", noon, at(time.Minute), true)
	if p.Start("a", noon, half) {
		t.Error("a host in backoff was started")
	}
	if _, why, ok := p.InBackoff("a", noon); why != "retry-after" || !ok {
		t.Errorf("InBackoff = %q, %v; want retry-after", why, ok)
	}
	if _, _, ok := p.InBackoff("a", at(time.Minute)); ok {
		t.Error("in backoff at its end")
	}
	next(t, p, "a", at(time.Minute), at(time.Minute), true)
}

func TestPacerBlockedNamesThoseThatMayNotStart(t *testing.T) {
	t.Parallel()
	p := New(seine.Pace{Delay: span(time.Second, time.Second), Concurrency: 1})
	for _, h := range []string{"running", "delayed", "free"} {
		p.Start(h, noon, half)
	}
	p.End("delayed", noon, OK)
	p.End("free", noon, OK)
	p.Backoff("busy", at(time.Hour), "why")
	if diff := cmp.Diff([]string{"busy", "delayed", "free", "running"}, p.Blocked(at(time.Second-1))); diff != "" {
		t.Errorf("Blocked (-want +got):\n%s", diff)
	}
	p.Start("delayed", at(time.Second), half)
	if diff := cmp.Diff([]string{"busy", "delayed", "running"}, p.Blocked(at(time.Second))); diff != "" {
		t.Errorf("Blocked (-want +got):\n%s", diff)
	}
}

func TestPacerForgetsIdleHostsAlone(t *testing.T) {
	t.Parallel()
	p := New(seine.Pace{Delay: span(time.Second, time.Second), Concurrency: 1, Cooldown: seine.Cooldown{After: 2, For: time.Minute}})
	p.Start("running", noon, half)
	p.Backoff("busy", at(24*time.Hour), "why")
	now := noon
	for i := range 50_000 {
		h := fmt.Sprint(i)
		if !p.Start(h, now, half) {
			t.Fatalf("a new host was refused: %s", h)
		}
		p.End(h, now, OK)
		now = now.Add(time.Second)
	}
	// One host per second is kept for a minute, so a Pacer never holds more than sweepAt.
	if n := len(p.hosts); n > sweepAt {
		t.Errorf("%d hosts kept; want at most %d", n, sweepAt)
	}
	if p.Start("running", now, half) || p.Start("busy", now, half) {
		t.Error("a running host or a host in backoff was forgotten")
	}
	// A failure counts for as long as a cooldown lasts, however many hosts pass.
	p.Start("bad", now, half)
	p.End("bad", now, Failed)
	for i := range 3 * sweepAt {
		h := fmt.Sprint("x", i)
		p.Start(h, now.Add(50*time.Second), half)
		p.End(h, now.Add(50*time.Second), OK)
	}
	p.Start("bad", now.Add(50*time.Second), half)
	p.End("bad", now.Add(50*time.Second), Failed)
	if _, _, ok := p.InBackoff("bad", now.Add(51*time.Second)); !ok {
		t.Error("the first failure was forgotten before a cooldown's time")
	}
}

// model records one host from outside: its starts and ends.
type model struct {
	starts  []time.Time
	delays  []time.Duration
	running int
	failed  int
	until   time.Time // end of the backoff
}

// TestPacerLaws drives a Pacer at random and checks each start against the recorded events, not
// against the Pacer's own counts.
func TestPacerLaws(t *testing.T) {
	t.Parallel()
	total := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		pace := seine.Pace{
			Delay:       span(time.Duration(r.IntN(3))*time.Second, time.Duration(3+r.IntN(3))*time.Second),
			Concurrency: 1 + r.IntN(3),
			Rest:        seine.Rest{Every: r.IntN(5), For: time.Duration(r.IntN(20)) * time.Second},
			Cooldown:    seine.Cooldown{After: r.IntN(4), For: time.Duration(r.IntN(60)) * time.Second},
		}
		p := New(pace)
		hosts := map[string]*model{"a": {}, "b": {}}
		now := noon
		for range 400 {
			now = now.Add(time.Duration(r.IntN(2000)) * time.Millisecond)
			name := []string{"a", "b"}[r.IntN(2)]
			m := hosts[name]
			switch r.IntN(8) {
			case 0, 1:
				if m.running > 0 {
					o := []Outcome{Silent, OK, Failed}[r.IntN(3)]
					p.End(name, now, o)
					m.end(now, o, pace)
				}
			case 2:
				until := now.Add(time.Duration(r.IntN(5)) * time.Second)
				if r.IntN(10) == 0 {
					p.Backoff(name, until, "why")
					m.until = latest(m.until, until)
				}
			default:
				draw := r.Float64()
				due, room := p.Next(name, now)
				held := p.Start(name, now, func() float64 { return draw })
				if want := room && !due.After(now); held != want {
					t.Fatalf("seed %d: Start = %v at +%v, Next said +%v, %v", seed, held, now.Sub(noon), due.Sub(noon), room)
				}
				if blocked := slices.Contains(p.Blocked(now), name); !held && !blocked {
					t.Fatalf("seed %d: %s was refused and is not blocked", seed, name)
				}
				if want := m.may(now, pace); held != want {
					t.Fatalf("seed %d %+v: start at +%v held: %v; want %v", seed, pace, now.Sub(noon), held, want)
				}
				if held {
					m.starts = append(m.starts, now)
					m.delays = append(m.delays, pace.Delay.At(draw))
					m.running++
				}
			}
		}
		total += len(hosts["a"].starts)
	}
	if total < 5000 {
		t.Errorf("only %d starts: the test shows little", total)
	}
}

// may reports whether the recorded starts allow one more.
func (m *model) may(now time.Time, pace seine.Pace) bool {
	n := len(m.starts)
	if m.running >= pace.Concurrency || now.Before(m.until) {
		return false
	}
	if n > 0 && now.Sub(m.starts[n-1]) < m.delays[n-1] {
		return false
	}
	r := pace.Rest
	return r.Every == 0 || n == 0 || n%r.Every != 0 || now.Sub(m.starts[n-1]) >= r.For
}

func (m *model) end(now time.Time, o Outcome, pace seine.Pace) {
	m.running--
	switch o {
	case Silent:
	case OK:
		m.failed = 0
	case Failed:
		m.failed++
		if c := pace.Cooldown; c.After > 0 && m.failed == c.After {
			m.failed = 0
			m.until = latest(m.until, now.Add(c.For))
		}
	}
}

func BenchmarkPacer(b *testing.B) {
	p := New(seine.Pace{Concurrency: -1})
	now := noon
	for b.Loop() {
		now = now.Add(time.Millisecond)
		p.Start("a.example:443", now, half)
		p.End("a.example:443", now, OK)
	}
}
