package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/drift"
	"github.com/seinehq/seine/internal/frontier"
)

// drifts compares the page kinds of a job with their earlier windows. The windows are the fleet's:
// each worker reads the fleet's counters, and the frontier stores one state. The committer's
// goroutine runs it.
type drifts struct {
	job   *Job
	log   *slog.Logger
	store driftStore

	ended int       // tasks since the last look at the counters
	keys  []string  // of the tasks since the last look at the state, at most mostKeys
	next  time.Time // no look at the counters before
}

// driftStore is the part of the frontier that drifts need.
type driftStore interface {
	frontier.Drifts
	Clock(ctx context.Context) (time.Time, error)
	PauseJob(ctx context.Context, job frontier.JobID, paused bool) error
}

const (
	// lookAfter is the number of tasks of this worker after which it looks, and lookWithin the time
	// after which it looks for fewer tasks. A job that pauses looks after each commit. Else looks
	// take at most a share of 1/lookShare of the time.
	lookAfter  = 5
	lookWithin = time.Second
	lookShare  = 20

	mostKeys = 10_000
)

// note looks after a commit. An error is not the tasks': a later look repeats it.
func (d *drifts) note(ctx context.Context, batch []outcome, stored []bool) {
	for i, o := range batch {
		if stored[i] && o.final() {
			d.keys, d.ended = append(d.keys, o.Key), d.ended+1
		}
	}
	d.keys = d.keys[max(0, len(d.keys)-mostKeys):]
	now := time.Now()
	due := (d.ended >= lookAfter || d.job.OnDrift == seine.DriftPauses || now.Sub(d.next) > lookWithin) && !now.Before(d.next)
	if d.ended == 0 || !due && d.job.OnDrift != seine.DriftPauses {
		return
	}
	switch err := d.look(ctx, d.keys, due); {
	case err == nil:
		d.keys = nil
	case ctx.Err() == nil:
		d.log.WarnContext(ctx, "drift is not known", "err", err)
	}
	if due {
		d.ended, d.next = 0, time.Now()
		if d.job.OnDrift != seine.DriftPauses { // otherwise the tasks wait for the look
			d.next = d.next.Add(lookShare * time.Since(now))
		}
	}
}

// look reads the state, and with count the counters, and reacts to alarms. keys are the tasks that
// this worker ended since its last look.
func (d *drifts) look(ctx context.Context, keys []string, count bool) error {
	stored, err := d.store.Drift(ctx, d.job.ID)
	if err != nil {
		return err
	}
	w := stored.Watch()
	known := len(w.Alarms)
	if count {
		now, err := d.store.Clock(ctx)
		if err != nil {
			return err
		}
		counters, err := d.store.FieldCounts(ctx, d.job.ID)
		if err != nil {
			return err
		}
		raised, over := w.Look(frontier.DriftDigest(d.job.Digest), now, frontier.DriftCounts(d.job.Digest, counters))
		ok, err := d.save(ctx, &stored, w)
		if err != nil {
			return err
		}
		if known = len(w.Alarms) - len(raised); !ok { // another worker looked, and may have raised an alarm
			return d.look(ctx, keys, false)
		}
		for _, a := range raised {
			d.log.WarnContext(ctx, "the site changed", "page", a.Page, "field", nameOfLoss(a), "before", share(a.Before), "now", share(a.Now), "since", a.Since)
		}
		for _, a := range over {
			d.log.WarnContext(ctx, "the site is as before", "page", a.Page, "field", nameOfLoss(a))
		}
	}
	if d.job.OnDrift != seine.DriftPauses || len(w.Alarms) == 0 {
		return nil
	}
	return d.hold(ctx, stored, w, known, keys)
}

// save stores a state as the next version.
func (d *drifts) save(ctx context.Context, stored *frontier.DriftState, w drift.Watch) (bool, error) {
	text, err := json.Marshal(w)
	if err != nil {
		return false, err
	}
	stored.Version, stored.State = stored.Version+1, text
	return d.store.SetDrift(ctx, d.job.ID, *stored)
}

// hold pauses the job and holds the records back that lost a value. Of the first known alarms that
// are held, only the tasks that ended since can have such records.
func (d *drifts) hold(ctx context.Context, stored frontier.DriftState, w drift.Watch, known int, keys []string) error {
	fresh := false
	for i, a := range w.Alarms {
		only := keys
		if i >= known || !a.Held {
			only, fresh = nil, true
			w.Alarms[i].Held = true
		}
		if only == nil {
			if err := d.store.PauseJob(ctx, d.job.ID, true); err != nil {
				return err
			}
		}
		n := 0
		if h, ok := frontier.HoldBackOf(a, only); ok {
			var err error
			if n, err = d.store.HoldBack(ctx, d.job.ID, h); err != nil {
				return err
			}
		}
		if n > 0 || only == nil {
			d.log.WarnContext(ctx, "the job is paused; records without the value are held back", "page", a.Page, "field", nameOfLoss(a), "records", n)
		}
	}
	if !fresh {
		return nil
	}
	_, err := d.save(ctx, &stored, w) // without it another worker holds them back once more
	return err
}

func nameOfLoss(a drift.Alarm) string {
	if a.Field == "" {
		return "(page)"
	}
	return a.Field
}

func share(of float64) string { return fmt.Sprintf("%.0f %%", 100*of) }

// judgedBy returns the rules that judged a page that the site served, or nil. Pages that a host
// refuses, and tasks that end for another reason than their page, say nothing about the rules.
func judgedBy(o *outcome, rules []byte) []byte {
	switch {
	case o.page == nil, o.page.Status >= 400, o.lists(), o.found.unchanged, o.found.moved:
		return nil
	case o.facts.stage != stageJudged && o.facts.stage != stageScrape && o.facts.stage != stageCheck:
		return nil
	case o.digest != nil:
		return o.digest
	}
	return append([]byte{}, rules...)
}
