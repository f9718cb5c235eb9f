package engine

import (
	"sync"
	"time"

	"github.com/seinehq/seine"
)

// tally counts what this process did for one job.
type tally struct {
	mu      sync.Mutex
	began   time.Time
	ends    map[seine.State]int64 // attempts by what they ended in
	final   map[seine.State]int64
	records int64
	assets  int64
	most    amounts // of one task

	// second[i] is the number of tasks that ended in the second at[i].
	second [60]int64
	at     [60]int64
}

func newTally() *tally {
	return &tally{began: time.Now(), ends: map[seine.State]int64{}, final: map[seine.State]int64{}}
}

func (t *tally) end(now time.Time, o outcome, final bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ends[o.state]++
	if final {
		t.final[o.state]++
		t.records += int64(len(o.records))
		t.assets += int64(len(o.assets))
		t.most.records = max(t.most.records, int64(len(o.records)))
		t.most.assets = max(t.most.assets, int64(len(o.assets)))
	}
	s := now.Unix()
	i := s % 60
	if t.at[i] != s {
		t.at[i], t.second[i] = s, 0
	}
	t.second[i]++
}

// sum is what the final tasks came to, and the most that one of them did.
func (t *tally) sum() (all, most amounts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all = amounts{assets: t.assets, records: t.records}
	for _, n := range t.final {
		all.tasks += n
	}
	return all, t.most
}

// rate is the number of tasks that ended in a second, over the last minute.
func (t *tally) rate(now time.Time) float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var n int64
	for i, s := range t.at {
		if s > now.Unix()-60 {
			n += t.second[i]
		}
	}
	span := min(now.Sub(t.began), time.Minute)
	if span < time.Second {
		span = time.Second
	}
	return float64(n) / span.Seconds()
}

// Progress is what this process did for one job so far.
type Progress struct {
	Job string

	// Ends counts attempts by what they ended in; Final the tasks among them
	// that are final.
	Ends, Final     map[seine.State]int64
	Records, Assets int64

	// Rate is tasks a second over the last minute.
	Rate float64
}

// Progress tells what this process did so far, job by job.
func (e *Engine) Progress() []Progress {
	var out []Progress
	for _, r := range e.jobs {
		rate := r.tally.rate(time.Now())
		r.tally.mu.Lock()
		p := Progress{Job: r.job.Name, Ends: map[seine.State]int64{}, Final: map[seine.State]int64{}, Records: r.tally.records, Assets: r.tally.assets, Rate: rate}
		for s, n := range r.tally.ends {
			p.Ends[s] = n
		}
		for s, n := range r.tally.final {
			p.Final[s] = n
		}
		r.tally.mu.Unlock()
		out = append(out, p)
	}
	return out
}
