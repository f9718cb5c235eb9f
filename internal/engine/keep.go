package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/number"
)

// keep stores the assets of a done page. A task is done only when every file that it owes is in the
// store, except files that may fail without their record: see [seine.KeepRecord].
func (r *runner) keep(ctx context.Context, out outcome, assets []seine.Asset, progress func()) outcome {
	c := out.claimed
	for _, a := range assets {
		stored, err := r.keepOne(ctx, c, out.page, a)
		progress()
		if err == nil {
			out.assets = append(out.assets, stored...)
			continue
		}
		failure := r.endingOfAsset(ctx, c, a, err)
		switch {
		case failure.kind == release: // the worker stops, the lease is lost, or the store is full
			return outcome{claimed: c, ending: failure}
		case a.OnFailure == seine.KeepRecord:
			out.unkept(a, failure, r.redact.Replace(asset.ShownURL(a.URL)))
			if !failure.final() && !ofPage(a) {
				out.owed = append(out.owed, a)
			}
		case a.Optional && failure.final() && !errors.Is(err, asset.ErrStore):
			r.log.WarnContext(ctx, "optional asset left out", "task", c.Key, "asset", a.Name, "err", err)
		default:
			return outcome{claimed: c, ending: failure}
		}
	}
	return out
}

// unkept notes an asset that failed without its record.
func (o *outcome) unkept(a seine.Asset, failure ending, url string) {
	reason := strings.TrimPrefix(failure.reason, "asset "+a.Name+": ")
	o.failures = append(o.failures, frontier.FailedAsset{Key: o.claimed.Key, Name: a.Name, URL: url, Reason: reason})
	// An asset that costs an attempt decides how the task waits.
	if !failure.final() && (o.wait == nil || o.wait.kind == postpone) {
		o.wait = &failure
	}
}

// whyUnkept is why a task is done without some asset.
func (o *outcome) whyUnkept() string {
	return "asset " + o.failures[0].Name + ": " + o.failures[0].Reason
}

// ofPage reports whether only the page holds the file, so that it can't be fetched alone.
func ofPage(a seine.Asset) bool { return a.Body || strings.HasPrefix(strings.ToLower(a.URL), "blob:") }

// keepOne stores one asset.
func (r *runner) keepOne(ctx context.Context, c frontier.Claimed, page *seine.Page, a seine.Asset) ([]seine.Stored, error) {
	began := time.Now()
	keeping, span := r.step(ctx, "keep", attribute.String("asset", a.Name))
	stored, err := r.job.Keeper.Keep(keeping, fetch.Allow(assetFetcher{r}, r.sites(c)...), a, asset.Hold{
		Owned: r.owned, Owner: r.ownerFor(c), Again: c.Attempt > 1, Last: c.Attempt >= r.job.Retry.Error, Page: page,
	})
	r.endStep(span, err)
	if errors.Is(err, asset.ErrStore) || errors.Is(err, asset.ErrDiskFull) {
		r.e.cfg.Meter.StoreError()
	}
	if err != nil {
		r.store.noteSince(ctx, began, err)
		return nil, err
	}
	r.store.over(ctx)
	for i := range stored {
		stored[i].URL = r.redact.Replace(stored[i].URL)
	}
	return stored, nil
}

// endingOfAsset ends a task because of an asset that is not in the store. It tells the fleet about the asset's host first.
func (r *runner) endingOfAsset(ctx context.Context, c frontier.Claimed, a seine.Asset, err error) ending {
	facts := interruption(ctx, attempt{stage: stageKeep, err: err, asset: a.Name})
	var busy *hosts.BusyError
	if facts.stopped || errors.As(err, &busy) {
		return r.ends(c, facts)
	}
	r.log.WarnContext(ctx, "asset not kept", "task", c.Key, "asset", a.Name, "attempt", c.Attempt, "err", err)
	if errors.Is(err, seine.ErrHost) && !errors.Is(err, asset.ErrDiskFull) {
		effect := r.gate.Report(ctx, hosts.Report{Kind: hosts.Asset, Err: err})
		facts.foreign, facts.rest, facts.down = effect.Foreign, effect.Rest, effect.Down
	}
	end := r.ends(c, facts)
	if end.fatal != nil {
		r.fatal(fmt.Errorf("store: %w", end.fatal))
	}
	return end
}

// owed is what the frontier keeps of a task whose record is stored and whose assets are not: all
// that a further attempt needs to fetch them without the page. Without Assets the page is fetched
// again.
type owed struct {
	Assets  []seine.Asset  `json:"assets,omitempty"`
	Records []owedRecord   `json:"records,omitempty"`
	Stored  []seine.Stored `json:"stored,omitempty"`
	Digest  []byte         `json:"digest,omitempty"`

	// Lost are the assets that are not tried again.
	Lost []frontier.FailedAsset `json:"lost,omitempty"`
}

// owedRecord is a record as it was stored, to be written again with the properties of the assets.
type owedRecord struct {
	Key         string             `json:"key"`
	Kind        string             `json:"kind"`
	URL         string             `json:"url"`
	Fields      json.RawMessage    `json:"fields"`
	AssetFields []seine.AssetField `json:"asset_fields,omitempty"`
	FetchedAt   time.Time          `json:"fetched_at"`
}

// owes encodes what a task owes. The frontier keeps no secret: if a URL, an upgrade or a field holds
// one, the page is fetched again.
func (r *runner) owes(o outcome, records []frontier.Record) (json.RawMessage, error) {
	out := owed{Assets: o.owed, Stored: o.assets, Digest: r.job.Digest}
	if o.digest != nil {
		out.Digest = o.digest
	}
	for _, f := range o.failures {
		if !slices.ContainsFunc(o.owed, func(a seine.Asset) bool { return a.Name == f.Name }) {
			out.Lost = append(out.Lost, f)
		}
	}
	for i, rec := range records {
		out.Records = append(out.Records, owedRecord{
			Key: rec.Key, Kind: rec.Kind, URL: rec.URL, Fields: rec.Fields, AssetFields: o.records[i].AssetFields, FetchedAt: rec.FetchedAt,
		})
	}
	text, err := encode(out)
	if err == nil && r.redact.Replace(string(text)) != string(text) {
		return json.RawMessage(`{}`), nil
	}
	return text, err
}

// owing decodes what a claimed task owes; ok is false if its page is to be fetched.
func owing(c frontier.Claimed) (in owed, ok bool) {
	if len(c.Owed) == 0 {
		return in, false
	}
	dec := json.NewDecoder(bytes.NewReader(c.Owed))
	dec.UseNumber() // a default of a field keeps its digits
	return in, dec.Decode(&in) == nil && len(in.Assets) > 0
}

// keepOwed fetches the assets that a task owes, and not its page.
func (r *runner) keepOwed(ctx context.Context, c frontier.Claimed, in owed, progress func()) outcome {
	out := outcome{claimed: c, ending: r.ends(c, attempt{verdict: seine.Verdict{State: seine.Done}}), assets: in.Stored, failures: in.Lost, digest: in.Digest}
	for _, rec := range in.Records {
		var fields any
		if err := number.Unmarshal(rec.Fields, &fields); err != nil {
			return outcome{claimed: c, ending: r.ends(c, attempt{stage: stageStore, err: fmt.Errorf("record: %w", err)})}
		}
		values, _ := fields.(map[string]any)
		out.records = append(out.records, seine.Record{
			Key: rec.Key, Kind: rec.Kind, URL: rec.URL, Fields: values, AssetFields: rec.AssetFields, FetchedAt: rec.FetchedAt,
		})
	}
	return r.keep(ctx, out, in.Assets, progress)
}
