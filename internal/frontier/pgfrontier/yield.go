package pgfrontier

import (
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// yield holds the results of tasks in columns.
type yield struct {
	records recordColumns
	assets  assetColumns
	fields  map[fieldStat]int64
	lock    []int32 // lanes
	answers []*frontier.Explored
	seqs    []int64
	states  []int16
	reasons []*string
	alone   []bool
	pages   pageColumn

	again  againColumns
	failed failedColumns
	drop   dropColumns
	visits visitColumns

	quarantine quarantineColumns
	recordings recordingColumns

	// replayed are finished tasks, whose lanes and queue rows stay as they are.
	replayed replayColumns
}

// fieldStat identifies a counter of fields.
type fieldStat struct {
	state        int16
	reason, page string
}

// count queues the counters of the records' fields and of the links that were left out.
func (y *yield) count(b *pgx.Batch, job frontier.JobID) {
	if len(y.fields) == 0 {
		return
	}
	var (
		states         []int16
		reasons, pages []string
		ns             []int64
	)
	for s, n := range y.fields {
		states, reasons, pages, ns = append(states, s.state), append(reasons, s.reason), append(pages, s.page), append(ns, n)
	}
	b.Queue(sqlFields, job, states, reasons, ns, pages)
}

// yieldOf returns the results of tasks. owners is nil if no record is under a key of its own.
func yieldOf(tasks []frontier.Completion, owners *frontier.Owners) *yield {
	y := &yield{fields: map[fieldStat]int64{}, seqs: make([]int64, 0, len(tasks)), states: make([]int16, 0, len(tasks)), reasons: make([]*string, 0, len(tasks))}
	again := owners != nil || slices.ContainsFunc(tasks, frontier.Completion.Replaces)
	y.records.shared = owners != nil
	if owners == nil {
		none := frontier.NewOwners()
		owners = &none
	}
	for _, t := range tasks {
		y.failed.add(t)
		y.visits.add(t)
		y.quarantine.add(t)
		y.recordings.add(t.Recording)
		if y.replayed.add(t) {
			// Its host showed nothing.
		} else if t.Again != nil {
			y.again.add(t)
		} else {
			y.seqs, y.states, y.reasons = append(y.seqs, t.Seq), append(y.states, int16(t.State)), append(y.reasons, reason(t.Reason))
			y.alone = append(y.alone, t.Alone())
			y.pages.add(t.Page)
		}
		if t.Replayed.IsZero() {
			y.lock, y.answers = append(y.lock, int32(t.Lane)), append(y.answers, t.Explored)
		}
		if t.Replaces() {
			y.drop.tasks, y.drop.histories = append(y.drop.tasks, t.Key), append(y.drop.histories, t.History)
		}
		for _, r := range t.Records {
			if again {
				y.records.keep(r, owners.Record(t, r), t.History)
			} else {
				y.records.add(r)
			}
		}
		if t.Gone {
			y.records.leave(t.Key)
		}
		if t.Again == nil { // otherwise its end counts them
			frontier.FieldDeltas(t, func(state int, reason string) { y.fields[fieldStat{int16(state), reason, ""}]++ })
		}
		for _, x := range t.LeftOut {
			y.fields[fieldStat{frontier.StatLeftOut, frontier.CleanReason(x.Reason), frontier.Clean(t.Page)}] += x.N
		}
		for _, a := range t.Assets {
			y.assets.add(a, owners.Asset(t, a))
		}
	}
	return y
}

// queue queues the statements that store the yield and move the tasks to their final state. It
// returns the last one, whose command tag holds the number of ended tasks. w names the lanes that
// the follow-ups wake, and back the tasks to release.
func (y *yield) queue(b *pgx.Batch, now any, job frontier.JobID, l frontier.Lease, w wake, back []int64) *pgx.QueuedQuery {
	y.records.queue(b, now, job)
	y.assets.queue(b, job)
	if d := y.drop; len(d.tasks) > 0 {
		// An asset that failed this time stays as it was.
		// The earlier record of a quarantined one stays too.
		keys, kinds := y.records.all()
		b.Queue(sqlDrop, job, d.tasks, d.histories, append(keys, y.quarantine.keys...), append(kinds, y.quarantine.kinds...),
			append(slices.Clone(y.assets.keys), y.failed.keys...), append(slices.Clone(y.assets.names), y.failed.names...), now)
	}
	y.failed.queue(b, now, job)
	y.visits.queue(b, now, job)
	y.quarantine.queue(b, now, job)
	y.recordings.queue(b, job)
	y.count(b, job)
	b.Queue(sqlLock, sorted(append(y.lock, w.lanes...)))
	w.queue(b, now)
	if len(back) > 0 {
		b.Queue(sqlRelease, now, l.Token, back)
	}
	exploredRows(b, now, job, l, y.answers)
	y.again.queue(b, now, l)
	if len(y.replayed.keys) > 0 {
		return y.replayed.queue(b, now, job)
	}
	if len(y.again.seqs) > 0 {
		return b.Queue(sqlFinishAgain, now, l.Token, y.seqs, y.states, y.reasons, l.Worker, y.alone, y.pages.values(), y.again.lanes, y.again.alone)
	}
	finish := sqlFinishGood
	if slices.ContainsFunc(y.states, func(s int16) bool { return s == int16(seine.Error) || s == int16(seine.Stale) }) {
		finish = sqlFinish
	}
	return b.Queue(finish, now, l.Token, y.seqs, y.states, y.reasons, l.Worker, y.alone, y.pages.values())
}
