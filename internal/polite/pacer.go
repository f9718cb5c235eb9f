package polite

import (
	"slices"
	"time"

	"github.com/seinehq/seine"
)

// Outcome is how a fetch ended, for the cooldown of its host.
type Outcome int8

// A fetch succeeded, failed, or is no evidence about its host because it was released before the
// answer.
const (
	Silent Outcome = iota
	OK
	Failed
)

// slowMemory is how long a host that was slowed is remembered when nothing is
// asked of it.
const slowMemory = 10 * time.Minute

// sweepAt is the number of hosts from which a Pacer removes idle hosts. A host takes about 200
// bytes.
const sweepAt = 1024

// Pacer keeps the pace of one process per host. It serves `pace.scope: worker`, where each worker
// has an address of its own. Time never goes backwards for a Pacer. A now before a recorded start
// counts as not yet due.
//
// A host's life in it:
//
//	free ──Start──► held by the delay, by a rest, or by its running fetches
//	  ▲                 │ End (Failed, at the cooldown limit)    Backoff
//	  └──── due ◄───────┴──────────────► backoff ◄───────────────┘
//
// It is not safe for concurrent use.
type Pacer struct {
	// Least returns the shortest delay that a host accepts, such as its Crawl-delay, or zero. It
	// may be nil.
	Least func(name string) time.Duration

	pace  seine.Pace
	hosts map[string]*host
	sweep int       // number of hosts at which to look for idle ones
	now   time.Time // the latest one seen
}

// host is the state of one host. The zero value may be requested at once.
type host struct {
	next    time.Time // earliest next start by delay and rest
	touched time.Time // last start, end or backoff
	starts  int       // since the last rest
	running int
	failed  int       // in a row
	until   time.Time // end of the backoff
	why     string

	slow          float64 // what the delay is multiplied by; less than 1 is 1
	slowed, eased time.Time
}

// New returns a Pacer of a pace with its defaults applied ([seine.Job.Normal]). A zero delay, rest
// or cooldown means none. A concurrency of zero is 1, and a negative one has no bound. New ignores
// Scope and Assets.
func New(pace seine.Pace) *Pacer {
	if pace.Concurrency == 0 {
		pace.Concurrency = 1
	}
	return &Pacer{pace: pace, hosts: make(map[string]*host), sweep: sweepAt}
}

// Next returns the time at which the next fetch of a host may start. A later event can postpone it.
// ok is false if the host has reached its concurrency. The time then holds once a fetch ends.
func (p *Pacer) Next(name string, now time.Time) (at time.Time, ok bool) {
	h := p.hosts[name]
	if h == nil {
		return now, true
	}
	return latest(now, h.next, h.until), !p.full(h)
}

// Start records a start at now and returns true, or returns false and records nothing if the host
// is not due. The check and the record are one step, so that two starts cannot both find the host
// free. A late start postpones the next one. draw returns a number in [0, 1), which determines the
// delay to the next start. Call [Pacer.End] once after each successful Start.
func (p *Pacer) Start(name string, now time.Time, draw func() float64) bool {
	if at, ok := p.Next(name, now); !ok || at.After(now) {
		return false
	}
	h := p.host(name, now)
	h.running++
	p.begin(name, h, now, draw)
	return true
}

// Restart records a further start of a running fetch, for example of a redirect on its host, and
// returns true. It returns false and records nothing if the host is not due. The fetch keeps its
// slot, so Restart needs no further [Pacer.End].
func (p *Pacer) Restart(name string, now time.Time, draw func() float64) bool {
	if at, _ := p.Next(name, now); at.After(now) {
		return false
	}
	p.begin(name, p.host(name, now), now, draw)
	return true
}

// begin moves a host's next start on.
func (p *Pacer) begin(name string, h *host, now time.Time, draw func() float64) {
	h.starts++
	delay := p.pace.Delay
	if p.Least != nil {
		least := p.Least(name)
		delay.Min, delay.Max = max(delay.Min, least), max(delay.Max, least)
	}
	delay, _ = Slowed(delay, 0, h.slow)
	h.next = now.Add(delay.At(draw()))
	if r := p.pace.Rest; r.Every > 0 && h.starts >= r.Every {
		h.starts = 0
		h.next = latest(h.next, now.Add(r.For))
	}
	h.touched = latest(h.touched, now)
}

// End notes that a fetch of a host ended. If the failures in a row reach the limit of the pace's
// cooldown, the host backs off and the count restarts at zero.
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
			h.backOff(now.Add(c.For), "cooldown")
		}
	}
}

// Backoff keeps a host from being requested before until, with the reason why, such as Retry-After
// or a host fault. It never shortens a backoff.
func (p *Pacer) Backoff(name string, until time.Time, why string) {
	p.host(name, p.now).backOff(until, why)
}

// Refused records that a host refused a request that started at then. The host backs off for after
// and slows down. Among several concurrent requests only one refusal counts.
func (p *Pacer) Refused(name string, now, then time.Time, after time.Duration) {
	h := p.host(name, now)
	if after > 0 {
		h.backOff(now.Add(after), "Retry-After")
	}
	if then.Before(h.slowed) {
		return
	}
	h.slow = Slower(h.slow)
	h.slowed, h.eased = now, now
	h.touched = latest(h.touched, now)
}

// InBackoff returns the end of a host's backoff and its reason. ok is false without a backoff.
func (p *Pacer) InBackoff(name string, now time.Time) (until time.Time, why string, ok bool) {
	h := p.hosts[name]
	if h == nil || !h.until.After(now) {
		return time.Time{}, "", false
	}
	return h.until, h.why, true
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
		// Doubling the limit makes a sweep cost a constant per new host.
		p.sweep = max(sweepAt, 2*len(p.hosts))
	}
	h := &host{}
	p.hosts[name] = h
	return h
}

// forget drops the hosts that are idle and due. The counts of starts and failures are dropped too,
// because the host was idle for its whole rest and cooldown.
func (p *Pacer) forget(now time.Time) {
	alone := max(p.pace.Rest.For, p.pace.Cooldown.For)
	for name, h := range p.hosts {
		alone := alone
		if h.slow > 1 {
			alone = max(alone, slowMemory)
		}
		if h.running == 0 && !latest(h.next, h.until, h.touched.Add(alone)).After(now) {
			delete(p.hosts, name)
		}
	}
}

func (h *host) backOff(until time.Time, why string) {
	if until.After(h.until) {
		h.until, h.why = until, why
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
