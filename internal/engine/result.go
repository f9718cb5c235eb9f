package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/frontier"
)

// commitOf turns an outcome into what the frontier is told: a completion, or a
// failure that is tried again.
func (r *runner) commitOf(ctx context.Context, o outcome, around neighborhood) (done *frontier.Completion, again *frontier.Failure) {
	c := o.claimed
	if !o.final() {
		again = &frontier.Failure{Claimed: c, State: o.state, Reason: o.reason, Delay: o.delay}
		again.Explored, again.Follow, again.Mark = r.explored(ctx, c, o, around, false)
		return nil, again
	}
	done = &frontier.Completion{Claimed: c, State: o.state, Reason: o.reason}
	unstorable := func(err error) (*frontier.Completion, *frontier.Failure) {
		bad := r.ends(c, attempt{stage: stageStore, err: err})
		return &frontier.Completion{Claimed: c, State: bad.state, Reason: bad.reason}, nil
	}
	var err error
	for _, rec := range o.records {
		stored, err := r.record(c, o, rec)
		if err != nil {
			return unstorable(fmt.Errorf("record: %w", err))
		}
		done.Records = append(done.Records, stored)
	}
	done.Failed = o.failures
	for _, s := range o.assets {
		done.Assets = append(done.Assets, frontier.Asset{Key: c.Key, Stored: s})
	}
	if len(o.failures) > 0 {
		done.Reason = o.whyUnkept()
	}
	if len(o.owed) > 0 {
		if done.Again, err = r.again(o, done.Records); err != nil {
			return unstorable(fmt.Errorf("record: %w", err))
		}
	}
	if _, followed := owing(c); followed {
		return done, nil // an attempt before this one has brought what follows
	}
	if done.Follow, err = r.follows(ctx, c, o); err != nil {
		return unstorable(err)
	}
	seen, next, _ := r.explored(ctx, c, o, around, true)
	done.Explored, done.Follow = seen, append(done.Follow, next...)
	return done, nil
}

// again says how a task waits whose records are stored and whose assets are not.
func (r *runner) again(o outcome, records []frontier.Record) (*frontier.Again, error) {
	owed, err := r.owes(o, records)
	if err != nil {
		return nil, err
	}
	out := &frontier.Again{State: seine.Error, Reason: o.whyUnkept(), Owed: owed}
	out.Delay = o.wait.delay
	if o.wait.kind == postpone {
		out.State, out.Free = seine.Pending, true
	}
	return out, nil
}

// record fills in what a scraper left out, and what stored assets give.
func (r *runner) record(c frontier.Claimed, o outcome, rec seine.Record) (frontier.Record, error) {
	if len(rec.AssetFields) > 0 {
		rec.Fields = maps.Clone(rec.Fields)
		if rec.Fields == nil {
			rec.Fields = map[string]any{}
		}
		asset.Fill(rec.Fields, rec.AssetFields, o.assets)
	}
	fields, err := encode(rec.Fields)
	if err != nil {
		return frontier.Record{}, err
	}
	out := frontier.Record{Key: rec.Key, Kind: rec.Kind, URL: rec.URL, Fields: fields, Digest: r.job.Digest, FetchedAt: rec.FetchedAt, Missing: missing(rec.Fields)}
	if o.digest != nil {
		out.Digest = o.digest
	}
	if out.Key == "" {
		out.Key = c.Key
	}
	if out.Kind == "" {
		out.Kind = "record"
	}
	if out.URL == "" {
		out.URL = o.page.URL
	}
	out.URL = r.redact.Replace(out.URL)
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
