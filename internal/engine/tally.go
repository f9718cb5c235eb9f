package engine

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/seinehq/seine"
)

// keptRecent is the number of records that a process shows to people.
const keptRecent = 3

// Recent is a record that this process stored lately. Nobody changes its fields.
type Recent struct {
	At     time.Time
	Key    string
	Fields map[string]any
}

// tally counts the work of this process for one job.
type tally struct {
	mu      sync.Mutex
	began   time.Time
	ends    map[seine.State]int64 // attempts by the state that they ended in
	final   map[seine.State]int64
	records int64
	assets  int64
	most    amounts // of one task
	recent  []Recent

	// second[i] is the number of tasks that ended in the second at[i].
	second [60]int64
	at     [60]int64
}

func newTally() *tally {
	return &tally{began: time.Now(), ends: map[seine.State]int64{}, final: map[seine.State]int64{}}
}

// end counts an attempt that ended.
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
		for _, r := range o.records[max(0, len(o.records)-keptRecent):] {
			t.recent = append(t.recent, Recent{At: now, Key: cmp.Or(r.Key, o.Key), Fields: r.Fields})
		}
		t.recent = slices.Clone(t.recent[max(0, len(t.recent)-keptRecent):])
	}
	s := now.Unix()
	i := s % 60
	if t.at[i] != s {
		t.at[i], t.second[i] = s, 0
	}
	t.second[i]++
}

// sum returns the amounts of all final tasks, and the largest amounts of one task.
func (t *tally) sum() (all, most amounts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all = amounts{assets: t.assets, records: t.records}
	for _, n := range t.final {
		all.tasks += n
	}
	return all, t.most
}

// rate returns the number of tasks per second over the last minute.
func (t *tally) rate(now time.Time) float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rateAt(now)
}

func (t *tally) rateAt(now time.Time) float64 {
	var n int64
	for i, s := range t.at {
		if s > now.Unix()-60 {
			n += t.second[i]
		}
	}
	return float64(n) / max(min(now.Sub(t.began), time.Minute), time.Second).Seconds()
}

// last returns the last records, the latest first.
func (t *tally) last() []Recent {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := slices.Clone(t.recent)
	slices.Reverse(out)
	return out
}

func (t *tally) progress(now time.Time) Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Progress{Ends: maps.Clone(t.ends), Final: maps.Clone(t.final), Records: t.records, Assets: t.assets,
		Rate: t.rateAt(now)}
}
