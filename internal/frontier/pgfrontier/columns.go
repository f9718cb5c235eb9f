package pgfrontier

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

// recordColumns are the records of tasks.
type recordColumns struct {
	keys, kinds, fields, urls []string
	digests                   [][]byte
	at                        []time.Time

	// tasks, histories and index are for sqlKeep. index is nil for sqlRecords.
	tasks     []*string
	histories []bool
	index     map[frontier.RecordID]int

	// shared means that other tasks may write the records.
	shared bool

	// fresh means that probably none of the records is stored.
	fresh bool

	// gone are the tasks whose records are gone after these writes.
	gone []string

	// later holds the further writes of these records, so that each change counts, and the writes
	// after gone.
	later *recordColumns
}

// all returns the keys and kinds of all writes.
func (k *recordColumns) all() (keys, kinds []string) {
	for ; k != nil; k = k.later {
		keys, kinds = append(keys, k.keys...), append(kinds, k.kinds...)
	}
	return keys, kinds
}

// sorted returns the keys and kinds in the order in which every transaction locks them.
func (k *recordColumns) sorted() (keys, kinds []string) {
	all := map[frontier.RecordID]bool{}
	for ; k != nil; k = k.later {
		for id := range k.index {
			all[id] = true
		}
	}
	ids := slices.SortedFunc(maps.Keys(all), func(a, b frontier.RecordID) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Kind, b.Kind))
	})
	for _, id := range ids {
		keys, kinds = append(keys, id.Key), append(kinds, id.Kind)
	}
	return keys, kinds
}

func (k *recordColumns) add(r frontier.Record) {
	k.keys, k.kinds = append(k.keys, frontier.Clean(r.Key)), append(k.kinds, frontier.Clean(r.Kind))
	k.fields, k.urls = append(k.fields, string(frontier.CleanJSON(r.Fields))), append(k.urls, frontier.Clean(r.URL))
	k.digests, k.at = append(k.digests, append([]byte{}, r.Digest...)), append(k.at, r.FetchedAt)
}

// keep adds a record for sqlKeep, which writes a record once.
func (k *recordColumns) keep(r frontier.Record, task string, history bool) {
	id := frontier.RecordID{Key: frontier.Clean(r.Key), Kind: frontier.Clean(r.Kind)}
	if _, ok := k.index[id]; ok || k.left() {
		if k.later == nil {
			k.later = &recordColumns{}
		}
		k.later.keep(r, task, history)
		return
	}
	if k.index == nil {
		k.index = map[frontier.RecordID]int{}
	}
	k.index[id] = len(k.keys)
	k.add(r)
	k.tasks, k.histories = append(k.tasks, frontier.OwnerOf(task, id.Key)), append(k.histories, history)
}

// leave marks the records of a task as gone after the writes so far.
func (k *recordColumns) leave(task string) {
	for k.later != nil {
		k = k.later
	}
	k.gone = append(k.gone, task)
}

// left reports whether a task left after a write.
func (k *recordColumns) left() bool {
	return len(k.gone) > 0 || k.later != nil && k.later.left()
}

func (k *recordColumns) queue(b *pgx.Batch, now any, job frontier.JobID) {
	if k.shared {
		if keys, kinds := k.sorted(); len(keys) > 0 {
			b.Queue(sqlHold, job, keys, kinds)
		}
	}
	for ; k != nil; k = k.later {
		switch {
		case len(k.keys) == 0:
		case k.index != nil:
			b.Queue(sqlKeep, job, k.keys, k.kinds, k.fields, k.urls, k.digests, k.at, k.tasks, k.histories)
		default:
			write := sqlRecords
			if k.fresh {
				write = sqlNewRecords
			}
			b.Queue(write, job, k.keys, k.kinds, k.fields, k.urls, k.digests, k.at)
		}
		if len(k.gone) > 0 {
			b.Queue(sqlGone, job, k.gone, now)
		}
	}
}

// dropColumns are the tasks whose records replace earlier ones.
type dropColumns struct {
	tasks     []string
	histories []bool
}

type assetColumns struct {
	keys, names, paths, urls []string
	bytes                    []int64
	sums                     [][]byte
	widths, heights          []*int
	originalBytes            []*int64
	originalSums             [][]byte
	tasks                    []*string
	hashes, renderers        [][]byte
}

func (k *assetColumns) add(a frontier.Asset, task string) {
	k.tasks = append(k.tasks, frontier.OwnerOf(task, frontier.Clean(a.Key)))
	k.keys, k.names = append(k.keys, frontier.Clean(a.Key)), append(k.names, frontier.Clean(a.Name))
	k.paths, k.urls = append(k.paths, frontier.Clean(a.Path)), append(k.urls, frontier.Clean(a.URL))
	k.bytes, k.sums = append(k.bytes, a.Bytes), append(k.sums, append([]byte{}, a.SHA256...))
	k.widths, k.heights = append(k.widths, orNull(a.Width)), append(k.heights, orNull(a.Height))
	k.originalBytes, k.originalSums = append(k.originalBytes, orNull(a.OriginalBytes)), append(k.originalSums, a.OriginalSHA256)
	k.hashes, k.renderers = append(k.hashes, a.PHash), append(k.renderers, a.RenderedBy)
}

func (k *assetColumns) queue(b *pgx.Batch, job frontier.JobID) {
	if len(k.keys) > 0 {
		b.Queue(sqlAssets, job, k.keys, k.names, k.paths, k.bytes, k.sums, k.widths, k.heights, k.urls, k.originalBytes, k.originalSums, k.tasks, k.hashes, k.renderers)
	}
}

// renderColumns are the changed files of finished tasks.
type renderColumns struct {
	keys                []string
	at                  []time.Time
	tasks, paths        []string
	assets              assetColumns
	records, kinds, all []string
}

func (k *renderColumns) add(r frontier.Rendered) {
	k.keys, k.at = append(k.keys, r.Task), append(k.at, r.At)
	for _, path := range r.Paths() {
		k.tasks, k.paths = append(k.tasks, r.Task), append(k.paths, path)
	}
	for _, a := range r.Assets {
		k.assets.add(a, r.Task)
	}
	for _, x := range r.Fields {
		k.records, k.kinds, k.all = append(k.records, x.Key), append(k.kinds, x.Kind), append(k.all, string(frontier.CleanJSON(x.Fields)))
	}
}

func (k *renderColumns) queue(b *pgx.Batch, now any, job frontier.JobID) {
	b.Queue(sqlRenderedTasks, now, job, k.keys)
	k.assets.queue(b, job)
	if len(k.records) > 0 {
		b.Queue(sqlRenderedFields, job, k.records, k.kinds, k.all)
	}
}

// againColumns are tasks that wait for assets.
type againColumns struct {
	seqs    []int64
	states  []int16
	reasons []*string
	delays  []float64
	free    []int16
	owed    []string
	lanes   []int32
	alone   []bool
}

func (k *againColumns) add(t frontier.Completion) {
	a, free := t.Again, int16(0)
	if a.Free {
		free = 1
	}
	k.seqs, k.states, k.reasons = append(k.seqs, t.Seq), append(k.states, int16(a.State)), append(k.reasons, reason(a.Reason))
	k.delays, k.free = append(k.delays, a.Delay.Seconds()), append(k.free, free)
	k.owed, k.alone = append(k.owed, string(frontier.CleanJSON(a.Owed))), append(k.alone, t.Alone())
	k.lanes = append(k.lanes, int32(t.Lane))
}

func (k *againColumns) queue(b *pgx.Batch, now any, l frontier.Lease) {
	if len(k.seqs) > 0 {
		b.Queue(sqlAgain, now, l.Token, k.seqs, k.states, k.reasons, k.delays, k.free, k.owed)
	}
}

// failedColumns are the failed assets of tasks.
type failedColumns struct {
	forget                     []string
	keys, names, urls, reasons []string
	tasks                      []*string
}

func (k *failedColumns) add(t frontier.Completion) {
	if t.Owed == nil && len(t.Failed) == 0 {
		return
	}
	k.forget = append(k.forget, t.Key)
	for _, a := range t.Failed {
		k.keys, k.names = append(k.keys, frontier.Clean(a.Key)), append(k.names, frontier.Clean(a.Name))
		k.urls, k.reasons = append(k.urls, frontier.Clean(a.URL)), append(k.reasons, frontier.CleanReason(a.Reason))
		k.tasks = append(k.tasks, frontier.OwnerOf(t.Key, frontier.Clean(a.Key)))
	}
}

func (k *failedColumns) queue(b *pgx.Batch, now any, job frontier.JobID) {
	if len(k.forget) > 0 {
		b.Queue(sqlForgetFailures, job, k.forget)
	}
	if len(k.keys) > 0 {
		b.Queue(sqlFailures, job, k.keys, k.names, k.urls, k.reasons, now, k.tasks)
	}
}

// pageColumn are the page kinds of tasks.
type pageColumn struct {
	all  []string
	some bool
}

func (k *pageColumn) add(page string) {
	k.all, k.some = append(k.all, frontier.Clean(page)), k.some || page != ""
}

// values returns nil if no task has a page kind, so that such tasks cost nothing.
func (k *pageColumn) values() []string {
	if !k.some {
		return nil
	}
	return k.all
}
