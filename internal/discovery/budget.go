package discovery

import "time"

// budget is this worker's view of explore.budget. The forager's mutex guards it.
type budget struct {
	former   int64     // answers of spaces that the job no longer has
	formerAt time.Time // when they were counted

	left     int64     // IDs that the budget pays for beside the open ones, as of measured
	measured time.Time // the last measurement
	spare    int64     // of left, what this worker may still admit

	chosen   int64 // IDs that this worker chose
	settled  int64 // of chosen, those admitted or given up
	stepping int64 // steps of the batch that is being committed
}

// The rest of a budget is measured if it is less than a multiple of the tasks that this worker
// holds, which is nearBudget before a choice and nearSteps before local searches continue. Between
// two measurements other workers may admit as many IDs as they hold. Otherwise a measurement may be
// measureEvery old.
const (
	nearBudget = 50
	nearSteps  = 8

	measureEvery = time.Second
)

// formerEvery is the interval in which the answers of former spaces are counted.
const formerEvery = time.Minute

// reserve takes up to want IDs from the spare part.
func (b *budget) reserve(want int) int {
	n := max(0, min(int64(want), b.spare))
	b.spare, b.chosen = b.spare-n, b.chosen+n
	return int(n)
}
