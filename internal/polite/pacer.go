package polite

import (
	"slices"
	"time"

	"github.com/seinehq/seine"
)

// Outcome is how a fetch ended, for the cooldown of its host.
type Outcome int8

// A fetch went well, went wrong, or says nothing about its host: it was given
// back before it was answered.
const (
	Silent Outcome = iota
	OK
	Failed
)

// slowMemory is how long a host that was slowed is remembered when nothing is
// asked of it.
const slowMemory = 10 * time.Minute

// sweepAt is the number of hosts from which on a Pacer looks for some that it
// can forget. A host takes about 200 bytes.
const sweepAt = 1024

// Pacer keeps the pace of one process: the starts that it makes itself, by
// host. It serves `pace.scope: worker`, where each worker has an address of its
// own. Times never go backwards for it: a now before a start already noted
// counts as not yet due.
//
// A host's life in it:
//
//	free ──Start──► held by the delay, by a rest, or by its running fetches
//	  ▲                 │ End (Failed so many times in a row)   Quiet
//	  └──── due ◄───────┴──────────────► quiet ◄──────────────────┘
//
// It is not safe for concurrent use.
type Pacer struct {
	pace  seine.Pace
	hosts map[string]*host
	sweep int       // number of hosts at which to look for idle ones
	now   time.Time // the latest one seen
}

// host is what is known of one host. The zero value is free.
type host struct {
	next    time.Time // earliest next start by delay and rest
	touched time.Time // last start, end or quiet
	starts  int       // since the last rest
	running int
	failed  int // in a row
	quiet   time.Time
	why     string

	slow          float64 // what the delay is multiplied by; less than 1 is 1
	slowed, eased time.Time
}

// New returns a Pacer of a pace whose defaults are put in ([seine.Job.Normal]):
// a zero delay, rest or cooldown is none. A concurrency of zero is 1, a
// negative one has no bound. Its Scope and Assets are not looked at.
func New(pace seine.Pace) *Pacer {
	if pace.Concurrency == 0 {
		pace.Concurrency = 1
	}
	return &Pacer{pace: pace, hosts: make(map[string]*host), sweep: sweepAt}
}

// Next says when the next fetch of a host may start: now, or a later time that
// is right as long as nothing else happens. ok is false when the host has as
// many fetches running as it may: the time then holds once one of them ends.
func (p *Pacer) Next(name string, now time.Time) (at time.Time, ok bool) {
	h := p.hosts[name]
	if h == nil {
		return now, true
	}
	return latest(now, h.next, h.quiet), !p.full(h)
}

// Start notes a start at now and says so, or says that the host may not be
// asked yet and notes nothing. Noting and asking are one, so that two starts
// can't both find the host free, and a late start moves the next one on. draw
// returns a number in [0, 1), from which the delay to the next start is drawn.
// Each Start that held is followed by one [Pacer.End].
func (p *Pacer) Start(name string, now time.Time, draw func() float64) bool {
	if at, ok := p.Next(name, now); !ok || at.After(now) {
		return false
	}
	h := p.host(name, now)
	h.running++
	h.starts++
	delay, _ := Slowed(p.pace.Delay, 0, h.slow)
	h.next = now.Add(delay.At(draw()))
	if r := p.pace.Rest; r.Every > 0 && h.starts >= r.Every {
		h.starts = 0
		h.next = latest(h.next, now.Add(r.For))
	}
	h.touched = latest(h.touched, now)
	return true
}

// End notes that a fetch of a host ended. So many failures in a row as the
// pace's cooldown names make the host quiet; they then count from zero.
func (p *Pacer) End(name string, now time.Time, o Outcome) {
	h := p.host(name, now)
	h.running = max(h.running-1, 0)
	h.touched = latest(h.touched, now)
	switch o {
	case Silent:
	case OK:
		h.failed = 0
		h.slow, h.eased = Ease(h.slow, 1, now.Sub(h.eased)), now
	case Failed:
		h.failed++
		if c := p.pace.Cooldown; c.After > 0 && h.failed >= c.After {
			h.failed = 0
			h.hush(now.Add(c.For), "cooldown")
		}
	}
}

// Quiet keeps a host from being asked before until, and says why: Retry-After,
// a host fault. It never shortens a quiet time.
func (p *Pacer) Quiet(name string, until time.Time, why string) {
	p.host(name, p.now).hush(until, why)
}

// Refused notes that a host answered a request of then by a refusal: it is
// left alone for after, and slowed down. Of several requests that were under way
// together one counts.
func (p *Pacer) Refused(name string, now, then time.Time, after time.Duration) {
	h := p.host(name, now)
	if after > 0 {
		h.hush(now.Add(after), "Retry-After")
	}
	if then.Before(h.slowed) {
		return
	}
	h.slow = Slower(h.slow)
	h.slowed, h.eased = now, now
	h.touched = latest(h.touched, now)
}

// Quieted tells until when a host is quiet, and why; ok is false when it isn't.
func (p *Pacer) Quieted(name string, now time.Time) (until time.Time, why string, ok bool) {
	h := p.hosts[name]
	if h == nil || !h.quiet.After(now) {
		return time.Time{}, "", false
	}
	return h.quiet, h.why, true
}

// Blocked returns the hosts that may not start a fetch now, sorted.
func (p *Pacer) Blocked(now time.Time) []string {
	var names []string
	for name := range p.hosts {
		if at, ok := p.Next(name, now); !ok || at.After(now) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (p *Pacer) full(h *host) bool {
	_, most := Slowed(p.pace.Delay, p.pace.Concurrency, h.slow)
	return most > 0 && h.running >= most
}

// host returns the host's entry, a new one after having forgotten idle ones
// when there are many.
func (p *Pacer) host(name string, now time.Time) *host {
	p.now = latest(p.now, now)
	if h := p.hosts[name]; h != nil {
		return h
	}
	if len(p.hosts) >= p.sweep {
		p.forget(p.now)
		// Twice of what is left: a sweep then costs a constant for each new host.
		p.sweep = max(sweepAt, 2*len(p.hosts))
	}
	h := &host{}
	p.hosts[name] = h
	return h
}

// forget drops the hosts that are idle and due. The counts of starts and
// failures go with a host: it has had its rest and its cooldown, being left
// alone for as long as either lasts.
func (p *Pacer) forget(now time.Time) {
	alone := max(p.pace.Rest.For, p.pace.Cooldown.For)
	for name, h := range p.hosts {
		alone := alone
		if h.slow > 1 {
			alone = max(alone, slowMemory)
		}
		if h.running == 0 && !latest(h.next, h.quiet, h.touched.Add(alone)).After(now) {
			delete(p.hosts, name)
		}
	}
}

func (h *host) hush(until time.Time, why string) {
	if until.After(h.quiet) {
		h.quiet, h.why = until, why
	}
}

func latest(t time.Time, more ...time.Time) time.Time {
	for _, m := range more {
		if m.After(t) {
			t = m
		}
	}
	return t
}
