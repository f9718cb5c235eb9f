// Package drift detects that the pages of a site changed: a field loses its values, or pages that
// were read now fail. It is pure.
//
// A [Watch] looks at counters that grow. It divides the tasks of a page kind into windows of
// [WindowTasks] tasks. The baseline is the sum of the last windows, and the recent tasks are not
// part of it. Each look compares every end of the recent tasks with the baseline.
//
// The test is Chernoff's bound for a binomial count: with a share p of misses in the baseline, a
// share x > p among n tasks has at most the probability exp(-n·KL(x‖p)). An alarm needs a bound of
// at most [FalseAlarm], and a loss of at least [LeastLoss]. Two corrections keep clusters from
// raising alarms. p is an upper bound of what the baseline allows, and n is divided by the variance
// of the shares of earlier blocks over the variance of independent tasks.
//
// For independent tasks the rate of false alarms is below FalseAlarm times the number of ends of a
// look, which is below one in a hundred million looks of a field. A field with values on at least
// half of the pages that loses all of them is reported within 50 tasks.
package drift

import (
	"maps"
	"math"
	"slices"
	"time"
)

const (
	// WindowTasks is the number of tasks of a window.
	WindowTasks = 500

	// FalseAlarm bounds the probability that an unchanged site gives the recent tasks.
	FalseAlarm = 1e-9

	// LeastLoss is the smallest loss of a share that is an alarm.
	LeastLoss = 0.2

	// recent is the number of latest tasks that are not part of the baseline, fewest the number of
	// tasks that a test needs, and known the number that the baseline needs.
	recent = 60
	fewest = 8
	known  = 300

	// keptWindows, keptFields and keptPages bound the state. block is the number of tasks of a
	// block, and chunk the number of tasks of the smallest part of the recent tasks.
	keptWindows = 20
	keptFields  = 200
	keptPages   = 100
	block       = 25
	chunk       = 4
)

// Counts are sums over tasks of one page kind.
type Counts struct {
	// Done, Failed and Skipped count the pages that the site served, by their verdict. Failed are
	// errors, stale pages and pages with records in quarantine.
	Done    int64 `json:"done,omitempty"`
	Failed  int64 `json:"failed,omitempty"`
	Skipped int64 `json:"skipped,omitempty"`

	// Records counts the records, Missing those without a value, by field.
	Records int64            `json:"records,omitempty"`
	Missing map[string]int64 `json:"missing,omitempty"`
}

// Tasks counts the pages.
func (c Counts) Tasks() int64 { return c.Done + c.Failed + c.Skipped }

// plus returns c + sign × d.
func (c Counts) plus(d Counts, sign int64) Counts {
	out := Counts{
		c.Done + sign*d.Done, c.Failed + sign*d.Failed, c.Skipped + sign*d.Skipped, c.Records + sign*d.Records, maps.Clone(c.Missing),
	}
	for name, n := range d.Missing {
		if out.Missing == nil {
			out.Missing = map[string]int64{}
		}
		if out.Missing[name] += sign * n; out.Missing[name] == 0 {
			delete(out.Missing, name)
		}
	}
	return out
}

// negative reports whether a counter went back.
func (c Counts) negative() bool {
	for _, n := range c.Missing {
		if n < 0 {
			return true
		}
	}
	return min(c.Done, c.Failed, c.Skipped, c.Records) < 0
}

// verdict is the name of the test of pages that fail. No field has it.
const verdict = ""

// misses returns the number of tasks that tell about a field, and the share of misses. The records
// of one page are one task, because they lose a value together.
func (c Counts) misses(field string) (n, share float64) {
	read := float64(c.Done + c.Failed)
	switch {
	case field == verdict && read > 0:
		return read, float64(c.Failed) / read
	case field != verdict && c.Records > 0 && read > 0:
		return min(read, float64(c.Records)), float64(c.Missing[field]) / float64(c.Records)
	}
	return 0, 0
}

// Alarm is a loss.
type Alarm struct {
	// Page is the page kind. Field is empty if pages fail that were read before.
	Page  string `json:"page"`
	Field string `json:"field"`

	// Before and Now are the shares of records with a value, or of pages that were read.
	Before float64 `json:"before"`
	Now    float64 `json:"now"`

	// Since is the earliest time of the change, and At the time of the alarm.
	Since time.Time `json:"since"`
	At    time.Time `json:"at"`

	// Held means that the records since the change are held back.
	Held bool `json:"held,omitempty"`

	// Digest identifies the rules of the records that lost the value.
	Digest string `json:"digest,omitempty"`
}

// part is a part of the recent tasks. Its tasks ended after From.
type part struct {
	From time.Time `json:"from"`
	Counts
}

// spread sums the shares of misses of blocks.
type spread struct {
	N     float64 `json:"n"` // blocks
	Tasks float64 `json:"t"`
	Sum   float64 `json:"s"`
	Sum2  float64 `json:"q"`
}

// page is the state of a page kind.
type page struct {
	Seen    Counts            `json:"seen"` // the counters of the last look
	Window  Counts            `json:"window"`
	Windows []Counts          `json:"windows,omitempty"` // the latest last
	Recent  []part            `json:"recent,omitempty"`
	Block   Counts            `json:"block"`
	Spread  map[string]spread `json:"spread,omitempty"`
}

// Watch is the state of a job. Its JSON is stored. The zero value knows nothing.
type Watch struct {
	// Digest identifies the rules. Other rules start again.
	Digest string           `json:"digest"`
	At     time.Time        `json:"at"` // of the last look
	Pages  map[string]*page `json:"pages,omitempty"`
	Alarms []Alarm          `json:"alarms,omitempty"`
}

// Reset forgets the baselines and the alarms. The counts until now are not judged.
func (w *Watch) Reset(digest string, now time.Time, counters map[string]Counts) {
	*w = Watch{Digest: digest, At: now, Pages: map[string]*page{}}
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		if len(w.Pages) < keptPages {
			w.Pages[name] = &page{Seen: counters[name]}
		}
	}
}

// Look compares the counters with the last look and returns the alarms that are raised and over.
func (w *Watch) Look(digest string, now time.Time, counters map[string]Counts) (raised, over []Alarm) {
	if w.Pages == nil {
		w.Digest, w.At, w.Pages = digest, now, map[string]*page{}
	}
	if w.Digest != digest {
		alarms := w.Alarms
		w.Reset(digest, now, counters)
		w.Alarms = alarms // until a person resumes the job
		return nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		p := w.Pages[name]
		if p == nil {
			if len(w.Pages) >= keptPages {
				continue
			}
			p = &page{}
			w.Pages[name] = p
		}
		up, down := w.look(name, p, now, counters[name])
		raised, over = append(raised, up...), append(over, down...)
	}
	w.At = now
	return raised, over
}

func (w *Watch) look(name string, p *page, now time.Time, counters Counts) (raised, over []Alarm) {
	grown := counters.plus(p.Seen, -1)
	if grown.negative() { // somebody changed the counters
		*p = page{Seen: counters}
		return nil, nil
	}
	if p.Seen = counters; grown.Tasks()+grown.Records == 0 {
		return nil, nil
	}
	if last := len(p.Recent) - 1; last >= 0 && p.Recent[last].Tasks() < chunk {
		p.Recent[last].Counts = p.Recent[last].plus(grown, 1)
	} else {
		p.Recent = append(p.Recent, part{w.At, grown})
	}
	fields := p.fields()
	for _, field := range fields {
		i := slices.IndexFunc(w.Alarms, func(a Alarm) bool { return a.Page == name && a.Field == field })
		if i < 0 {
			if a, ok := p.test(field); ok {
				a.Page, a.At, a.Digest = name, now, w.Digest
				w.Alarms, raised = append(w.Alarms, a), append(raised, a)
			}
			continue
		}
		if p.recovered(field, w.Alarms[i]) {
			over = append(over, w.Alarms[i])
			w.Alarms = slices.Delete(w.Alarms, i, i+1)
		}
	}
	p.age(slices.ContainsFunc(w.Alarms, func(a Alarm) bool { return a.Page == name }))
	return raised, over
}

// fields lists the fields that ever lacked a value, after the verdict. The others are complete.
func (p *page) fields() []string {
	names := map[string]bool{}
	for field := range p.Seen.Missing {
		names[field] = true
	}
	list := slices.Sorted(maps.Keys(names))
	return append([]string{verdict}, list[:min(len(list), keptFields)]...)
}

// age moves tasks that are no longer recent into the baseline, or drops them during an alarm.
func (p *page) age(alarm bool) {
	total := int64(0)
	for _, r := range p.Recent {
		total += r.Tasks()
	}
	for len(p.Recent) > 1 && total-p.Recent[0].Tasks() >= recent {
		old := p.Recent[0].Counts
		total -= old.Tasks()
		p.Recent = slices.Delete(p.Recent, 0, 1)
		if alarm {
			continue
		}
		p.Window, p.Block = p.Window.plus(old, 1), p.Block.plus(old, 1)
		if p.Block.Done+p.Block.Failed >= block {
			p.closeBlock()
		}
		if p.Window.Tasks() >= WindowTasks {
			p.Windows = append(p.Windows, p.Window)
			p.Windows, p.Window = slices.Delete(p.Windows, 0, max(0, len(p.Windows)-keptWindows)), Counts{}
		}
	}
}

// closeBlock adds the shares of a block to the spreads.
func (p *page) closeBlock() {
	if p.Spread == nil {
		p.Spread = map[string]spread{}
	}
	for _, field := range p.fields() {
		if n, share := p.Block.misses(field); n > 0 {
			s := p.Spread[field]
			p.Spread[field] = spread{s.N + 1, s.Tasks + n, s.Sum + share, s.Sum2 + share*share}
		}
	}
	p.Block = Counts{}
}

// inflation is an upper bound of the variance of the shares of blocks over the variance of
// independent tasks.
func (s spread) inflation() float64 {
	if s.N < 4 {
		return 1
	}
	p := s.Sum / s.N
	independent := p * (1 - p) / (s.Tasks / s.N)
	if independent <= 0 {
		return 1
	}
	measured := (s.Sum2 - s.Sum*p) / (s.N - 1) / independent
	return max(1, 1+(measured-1)*(1+3/math.Sqrt(s.N))) // few blocks measure it badly
}

// baseline returns the sum of the windows.
func (p *page) baseline() Counts {
	sum := p.Window
	for _, w := range p.Windows {
		sum = sum.plus(w, 1)
	}
	return sum
}

// test compares each end of the recent tasks with the baseline.
func (p *page) test(field string) (out Alarm, drifts bool) {
	n0, before := p.baseline().misses(field)
	if n0 < known {
		return out, false
	}
	inflation := p.Spread[field].inflation()
	bound := before + 2*math.Sqrt(inflation*before*(1-before)/n0) + 3*inflation/n0
	best, tail := 0.0, Counts{}
	for i := len(p.Recent) - 1; i >= 0; i-- {
		tail = tail.plus(p.Recent[i].Counts, 1)
		n, share := tail.misses(field)
		if n < fewest || share-before < LeastLoss || bound >= share {
			continue
		}
		evidence := n / inflation * divergence(share, bound)
		if evidence < -math.Log(FalseAlarm) || evidence <= best {
			continue
		}
		best, drifts = evidence, true
		first := i
		for first > 0 && p.Recent[first-1].missed(field) { // the change may lie within this part
			first--
		}
		out = Alarm{Field: field, Before: 1 - before, Now: 1 - share, Since: p.Recent[first].From}
	}
	return out, drifts
}

// missed reports whether a part has a miss.
func (r part) missed(field string) bool {
	_, share := r.misses(field)
	return share > 0
}

// recovered reports whether the latest tasks are as before an alarm.
func (p *page) recovered(field string, a Alarm) bool {
	tail := Counts{}
	for _, r := range slices.Backward(p.Recent) {
		if r.From.Before(a.At) {
			return false
		}
		tail = tail.plus(r.Counts, 1)
		if n, share := tail.misses(field); n >= 50 && share <= 1-a.Before+LeastLoss/2 {
			return true
		}
	}
	return false
}

// divergence is the Kullback-Leibler divergence of two binomial distributions, x above p.
func divergence(x, p float64) float64 {
	p = min(max(p, 1e-12), 1-1e-12)
	d := x * math.Log(x/p)
	if x < 1 {
		d += (1 - x) * math.Log((1-x)/(1-p))
	}
	return d
}
