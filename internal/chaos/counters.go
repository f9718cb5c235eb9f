package chaos

import (
	"maps"
	"slices"

	"github.com/seinehq/seine"
)

// The states of table stat besides the final ones.
const (
	statTotal   = 0
	statRecords = 10
	statAssets  = 11
)

// counters equal a full count, and nothing is left of the work.
func (c *checker) counters() {
	want := map[int]int64{statTotal: int64(len(c.Tasks)), statRecords: int64(len(c.Records)), statAssets: int64(len(c.History.Assets))}
	for _, t := range c.Tasks {
		if t.State != seine.Pending {
			want[int(t.State)]++
		}
	}
	all := maps.Clone(want)
	maps.Copy(all, c.Counters)
	for _, state := range slices.Sorted(maps.Keys(all)) {
		if c.Counters[state] != want[state] {
			c.violates(RuleCounters, counterName(state), "the counters contain %d and a full count %d", c.Counters[state], want[state])
		}
	}
	leased, ready := map[string]int{}, map[string]bool{}
	for _, q := range c.Queue {
		if q.Leased {
			leased[q.Lane]++
		}
		ready[q.Lane] = ready[q.Lane] || !q.Leased && !q.Waits
	}
	for _, l := range c.Lanes {
		if n := leased[l.Key]; l.Inflight != n || l.Full && n == 0 || l.Parked == ready[l.Key] {
			c.violates(RuleCounters, l.Key, "the lane has %d in flight, full %v, parked %v; %d of its tasks are leased, and some ready %v",
				l.Inflight, l.Full, l.Parked, n, ready[l.Key])
		}
	}
	for _, q := range c.Queue {
		c.violates(RuleLeft, q.Key, "it is still queued after %d attempts, leased %v, waits for its next attempt %v", q.Attempt, q.Leased, q.Waits)
	}
	if c.Leases > 0 {
		c.violates(RuleLeft, "leases", "%d are left", c.Leases)
	}
}

func counterName(state int) string {
	switch state {
	case statTotal:
		return "all tasks"
	case statRecords:
		return "records"
	case statAssets:
		return "assets"
	}
	return seine.State(state).String()
}
