package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
)

var (
	errUnstorable = errors.New("the database refuses the result")
	errTaken      = errors.New("record key belongs to another page")
	errTwice      = errors.New("the page has two records with one key")
)

// fate is the result of storing an outcome.
type fate struct {
	stored  bool
	refused []string // keys of follow-ups that the job had seen
}

// commit stores a batch of outcomes and reports which were stored.
func (m *committer) commit(ctx context.Context, s *shift, batch []outcome) []bool {
	pageWriter{m}.write(ctx, s, batch)
	finished, drafts, next := m.conclude(ctx, batch)
	fates := make([]fate, len(batch))
	m.complete(ctx, s, batch, drafts, fates)
	m.giveBack(ctx, s, batch, next, fates)
	m.source.Stored(ctx, finished, next, func(i int) (bool, []string) { return fates[i].stored, fates[i].refused })
	stored := make([]bool, len(batch))
	for i, f := range fates {
		stored[i] = f.stored
	}
	return stored
}

// conclude ends attempts: it drafts the records, asks the source what follows, and applies endingOf
// to the faults of both. drafts holds the completions of the final outcomes.
func (m *committer) conclude(ctx context.Context, batch []outcome) (
	finished []discovery.Finished, drafts []frontier.Completion, next []discovery.Next,
) {
	finished, drafts = make([]discovery.Finished, len(batch)), make([]frontier.Completion, len(batch))
	for i := range batch {
		o := &batch[i]
		o.reason = m.redact.Replace(o.reason)
		ok := true
		if o.final() {
			drafts[i], ok = m.draft(o)
		}
		finished[i] = finishedOf(*o)
		finished[i].Skip = finished[i].Skip || !ok
	}
	next = m.source.Follow(ctx, finished)
	for i := range batch {
		o, c := &batch[i], &drafts[i]
		if !o.final() {
			continue
		}
		if err := next[i].Err; err != nil {
			*c = m.unstorable(o, err)
		} else {
			c.Follow, c.LeftOut, c.Explored = next[i].Follow, next[i].LeftOut, next[i].Explored
			c.LeftOut = append(c.LeftOut, o.left...)
			c.Visit = visitOfID(o, next[i], c.Visit, m.job.Explore.Recrawl)
		}
		o.state, o.reason = c.State, c.Reason
	}
	return finished, drafts, next
}

// finishedOf returns discovery's view of an outcome.
func finishedOf(o outcome) discovery.Finished {
	return discovery.Finished{
		Claimed: o.Claimed, Task: o.task, Meta: o.meta, Sites: o.sites, Page: o.page,
		State: o.state, Reason: o.reason, Final: o.final(), Follow: o.follow, LeftOut: o.leftOut, Moved: o.found.moved,
		Skip: o.returned() || o.final() && o.owed != nil || o.lists(), // what follows is stored
	}
}

// unstorable turns an outcome into the error that its result cannot be stored.
func (m *committer) unstorable(o *outcome, err error) frontier.Completion {
	facts := attempt{stage: stageStore, err: err}
	end := endingOf(&m.job.Job, o.Claimed, facts, rand.Float64())
	*o = outcome{work: o.work, facts: facts, ending: end, page: o.page, span: o.span}
	return frontier.Completion{Claimed: o.Claimed, State: o.state, Reason: o.reason, Recording: o.caught.recorded()}
}

// draft returns the completion of a final outcome without what follows from it. If a record cannot
// be encoded, ok is false and the outcome becomes an error.
func (m *committer) draft(o *outcome) (done frontier.Completion, ok bool) {
	m.check(o)
	done = frontier.Completion{Claimed: o.Claimed, State: o.state, Reason: o.reason, Failed: o.failures, Recording: o.caught.recorded()}
	var err error
	if done.Quarantined, err = m.quarantined(o); err != nil {
		return m.unstorable(o, fmt.Errorf("record: %w", err)), false
	}
	for _, rec := range o.records {
		stored, err := m.record(*o, rec)
		if err != nil {
			return m.unstorable(o, fmt.Errorf("record: %w", err)), false
		}
		done.Records = append(done.Records, stored)
	}
	for _, s := range o.assets {
		done.Assets = append(done.Assets, frontier.Asset{Key: cmp.Or(s.Record, o.Key), Stored: s})
	}
	if len(o.failures) > 0 && o.state == seine.Done {
		done.Reason = o.reasonOfFailure()
	}
	if o.later != nil {
		owed, err := owes(*o, done.Records, m.job.Digest, m.redact)
		if err != nil {
			return m.unstorable(o, fmt.Errorf("record: %w", err)), false
		}
		done.Again = againOf(*o.later, o.reasonOfFailure(), owed)
	}
	if k := o.pageKind; k != nil && len(k.Via) > 1 && o.page != nil {
		done.Via = o.page.Via
	}
	visited(o, &done)
	done.Judged, done.Unmatched = judgedBy(o, m.job.Digest), o.found.unmatched
	return done, true
}

// refused turns the results that the database refuses into errors, and returns their completions.
// of holds the index of each result in the batch.
func (m *committer) refused(ctx context.Context, batch []outcome, of []int, done []frontier.Completion,
	out frontier.Outcome) (list []frontier.Completion) {
	for k, at := range of {
		c, o := done[k], &batch[at]
		if err := out.Bad[c.Seq]; err != nil {
			m.log.ErrorContext(ctx, "database refuses the result", "task", c.Key, "err", err)
			list = append(list, m.unstorable(o, errUnstorable))
		}
		if taken, ok := out.Taken[c.Seq]; ok {
			why := takenBy(taken, c.Key)
			m.log.WarnContext(ctx, "record not stored", "reason", why.Error(), "task", c.Key, "key", taken.Key, "owner", taken.Owner)
			list = append(list, m.unstorable(o, why))
		}
	}
	return list
}

// complete stores the final outcomes. If the database refuses a result, the task ends in error.
func (m *committer) complete(ctx context.Context, s *shift, batch []outcome, drafts []frontier.Completion, fates []fate) {
	var (
		done []frontier.Completion
		of   []int
	)
	for i := range batch {
		if !batch[i].final() {
			continue
		}
		c := drafts[i]
		if c.Explored == nil { // otherwise the source learns which keys were known
			c.Follow = m.seen.fresh(c.Follow)
		}
		done, of = append(done, c), append(of, i)
	}
	if len(done) == 0 {
		return
	}
	out, ok := m.persist(ctx, s, func() (frontier.Outcome, error) {
		return m.queue.Complete(ctx, s.lease, m.job.ID, done)
	})
	if refused := m.refused(ctx, batch, of, done, out); len(refused) > 0 {
		again, answered := m.persist(ctx, s, func() (frontier.Outcome, error) {
			return m.queue.Complete(ctx, s.lease, m.job.ID, refused)
		})
		out.Lost = append(out.Lost, again.Lost...)
		for _, c := range refused {
			if !answered {
				out.Lost = append(out.Lost, c.Seq)
			}
		}
	}
	for k, c := range done {
		if ok && !slices.Contains(out.Lost, c.Seq) {
			_, taken := out.Taken[c.Seq]
			unstored := taken || out.Bad[c.Seq] != nil
			if !unstored {
				m.seen.add(c.Follow)
			}
			m.note(ctx, batch[of[k]], c.Again == nil || unstored)
			fates[of[k]] = fate{true, out.Refused}
		}
	}
}

// takenBy returns why a record is not stored.
func takenBy(taken frontier.TakenKey, task string) error {
	if taken.Owner == task {
		return errTwice
	}
	return errTaken
}

// giveBack returns the outcomes that are not final to the queue.
func (m *committer) giveBack(ctx context.Context, s *shift, batch []outcome, next []discovery.Next, fates []fate) {
	var (
		again    []frontier.Failure
		of       []int
		released []frontier.Claimed
	)
	for i, o := range batch {
		switch o.kind {
		case retry, postpone:
			f := failureOf(o.Claimed, o.ending)
			if o.kind == retry {
				f.Explored, f.Follow, f.Mark = next[i].Explored, next[i].Follow, next[i].Mark
			}
			again, of = append(again, f), append(of, i)
		case release:
			released = append(released, o.Claimed)
		case finish:
		}
	}
	if len(again) > 0 {
		out, ok := m.persist(ctx, s, func() (frontier.Outcome, error) {
			return m.queue.Fail(ctx, s.lease, m.job.ID, again)
		})
		for k, c := range again {
			if ok && !slices.Contains(out.Lost, c.Seq) {
				m.note(ctx, batch[of[k]], false)
				fates[of[k]] = fate{true, out.Refused}
			}
		}
	}
	if len(released) > 0 {
		_, _ = m.persist(ctx, s, func() (frontier.Outcome, error) { return m.queue.Release(ctx, s.lease, released) })
	}
}

// filesOf returns the files of a record. A file that names no record belongs to the task's.
func filesOf(all []assetfile.Stored, record, task string) (out []assetfile.Stored) {
	for _, s := range all {
		if cmp.Or(s.Record, task) == cmp.Or(record, task) {
			out = append(out, s)
		}
	}
	return out
}

// unencodable names the first field without a form in JSON, as the beginning of a sentence.
func unencodable(fields map[string]any) string {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if _, err := encode(fields[name]); err != nil {
			return "field " + name + ": "
		}
	}
	return ""
}

// record adds the fields that a scraper left out.
func (m *committer) record(o outcome, rec seine.Record) (frontier.Record, error) {
	fields, err := encode(rec.Fields)
	if err != nil {
		return frontier.Record{}, fmt.Errorf("%s%w", unencodable(rec.Fields), err)
	}
	out := frontier.Record{
		Key: rec.Key, Kind: rec.Kind, URL: rec.URL, Fields: fields, Digest: m.job.Digest, FetchedAt: rec.FetchedAt,
		Missing: missing(rec.Fields), Merge: rec.Merge,
	}
	if o.digest != nil {
		out.Digest = o.digest
	}
	if out.Key == "" {
		out.Key = o.Key
	}
	if out.Kind == "" {
		out.Kind = "record"
	}
	if out.URL == "" {
		out.URL = o.page.URL
	}
	out.URL = m.redact.Replace(out.URL)
	if out.FetchedAt.IsZero() {
		out.FetchedAt = o.page.FetchedAt
	}
	return out, nil
}

// missing names the fields without a value, sorted.
func missing(fields map[string]any) []string {
	var names []string
	for name, v := range fields {
		if list, ok := v.([]any); v == nil || ok && len(list) == 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// note counts and logs a stored outcome.
func (m *committer) note(ctx context.Context, o outcome, final bool) {
	if !o.returned() {
		now := time.Now()
		m.tally.end(now, o, final)
		m.meter.Took(m.job.Name, o.state, now.Sub(o.answered), m.trace.id(o))
		if final {
			m.meter.Finished(m.job.Name, o.state)
		}
	}
	log := m.log.With("task", o.Key, "attempt", o.Attempt)
	if o.page != nil && len(o.page.Notes) > 0 {
		log = log.With("page", strings.Join(o.page.Notes, "; "))
	}
	switch {
	case o.found.unchanged:
		log.InfoContext(ctx, "task done; the page is unchanged")
	case o.state == seine.Done && !final:
		log.InfoContext(ctx, "record stored; assets wait for their next attempt", "records", len(o.records),
			"assets", len(o.assets), "failed", len(o.failures), "reason", o.reasonOfFailure())
	case o.state == seine.Done && len(o.failures) > 0:
		log.WarnContext(ctx, "task done without some assets", "records", len(o.records),
			"assets", len(o.assets), "failed", len(o.failures), "reason", o.reasonOfFailure())
	case o.state == seine.Done:
		log.InfoContext(ctx, "task done", "records", len(o.records), "assets", len(o.assets))
	case o.refused:
		log.InfoContext(ctx, "host refuses the task; it waits", "reason", o.reason,
			"wait", o.delay.Round(time.Second).String())
	case o.kind == postpone:
		log.InfoContext(ctx, "task waits for another host", "reason", o.reason,
			"wait", o.delay.Round(time.Second).String())
	case !final:
		log.InfoContext(ctx, "task waits for its next attempt", "state", o.state.String(), "reason", o.reason)
	case len(o.found.rejected) > 0:
		log.WarnContext(ctx, "records are quarantined", "records", len(o.records), "quarantined", len(o.found.rejected), "reason", o.reason)
	default:
		log.InfoContext(ctx, "task ended", "state", o.state.String(), "reason", o.reason)
	}
}
