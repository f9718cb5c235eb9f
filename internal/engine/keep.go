package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/consent"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/polite"
	"github.com/seinehq/seine/internal/weburl"
)

// keep stores the assets of a done page. A task is done only when every file that it owes is in the
// store, except files that may fail without their record: see [seine.KeepRecord].
func (x *executor) keep(ctx context.Context, s *shift, out outcome, assets []seine.Asset, progress func()) outcome {
	var ended *outcome // of a trial, which tries the other assets all the same
	for _, a := range assets {
		var signals []consent.Signal
		stored, err := []assetfile.Stored(nil), refusal(&x.job.Job, out.page, x.book.Usages(out.task.URL), a)
		if err == nil {
			stored, err = x.keepOne(ctx, s, out, a, &signals)
		}
		progress()
		facts := attempt{stage: stageKeep, err: err, asset: a.Name}
		var failure ending
		if err != nil {
			facts = x.complete(ctx, out.work, facts)
			failure = endingOf(&x.job.Job, out.Claimed, facts, rand.Float64())
		}
		if x.observe != nil {
			x.observe(triedAsset(a, stored, facts, failure))
		}
		if err == nil {
			out.assets = append(out.assets, stored...)
			out.records = statedBy(out.records, out.Key, a, signals)
			continue
		}
		switch effectOf(a, failure, err) {
		case endTask:
			if x.observe == nil {
				return outcome{work: out.work, ending: failure, facts: facts}
			}
			if ended == nil {
				ended = &outcome{ending: failure, facts: facts}
			}
		case keepRecord:
			out.unkept(a, failure, x.redact.Replace(asset.ShownURL(a.URL)))
		case leaveOut:
			x.log.WarnContext(ctx, "optional asset left out", "task", out.Key, "asset", a.Name, "err", err)
		}
	}
	if ended != nil {
		out.ending, out.facts = ended.ending, ended.facts
		return out
	}
	out.ending = endingOf(&x.job.Job, out.Claimed, out.facts, 0) // with the assets that it owes
	return out
}

// unkept records an asset that failed without its record.
func (o *outcome) unkept(a seine.Asset, failure ending, url string) {
	reason := strings.TrimPrefix(failure.reason, "asset "+a.Name+": ")
	o.failures = append(o.failures, frontier.FailedAsset{Key: cmp.Or(a.Record, o.Key), Name: a.Name, URL: url, Reason: reason})
	if failure.final() {
		return
	}
	if !ofPage(a) {
		o.facts.later, o.pending = laterOf(o.facts.later, failure), append(o.pending, a)
	}
}

// ofPage reports whether only the page holds the file, so that it cannot be fetched alone.
func ofPage(a seine.Asset) bool { return a.Body || strings.HasPrefix(strings.ToLower(a.URL), "blob:") }

// keepOne stores one asset. signals receives the signals of its response.
func (x *executor) keepOne(ctx context.Context, s *shift, out outcome, a seine.Asset, signals *[]consent.Signal) ([]assetfile.Stored, error) {
	began := time.Now()
	keeping, span := x.trace.step(ctx, "keep", attribute.String("asset", a.Name))
	stored, err := x.job.Keeper.Keep(keeping, fetch.Allow(assetFetcher{x, out.page, signals}, out.sites...), a, asset.Hold{
		Owned: s.held, Again: out.Attempt > 1, Last: out.Attempt >= x.job.Retry.Error, Page: out.page,
		Owner: func(ctx context.Context, path string, sha256 []byte) (string, error) {
			return x.reader.Owner(ctx, x.job.ID, cmp.Or(a.Record, out.Key), path, sha256)
		},
	})
	x.trace.end(span, err)
	if errors.Is(err, asset.ErrStore) || errors.Is(err, asset.ErrDiskFull) {
		x.meter.StoreError()
	}
	if err != nil {
		x.store.NoteSince(ctx, began, err)
		return nil, err
	}
	x.store.Over(ctx)
	for i := range stored {
		stored[i].URL, stored[i].Record = x.redact.Replace(stored[i].URL), a.Record
	}
	return stored, nil
}

// assetFetcher fetches assets through the job's client, at the pace of their hosts.
type assetFetcher struct {
	x  *executor
	of *seine.Page // that names the assets, nil if it is not fetched again

	signals *[]consent.Signal // of the last response
}

// Fetch waits for a start on the asset's host and fetches the asset.
func (f assetFetcher) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	at, err := weburl.Canonical(req.URL)
	if err != nil {
		return nil, err
	}
	if err := f.x.book.AllowedBehind(ctx, at); err != nil {
		return nil, err
	}
	host := weburl.Host(at)
	pass, err := f.x.gate.Enter(ctx, hosts.Visit{Kind: hosts.Asset, Host: host})
	if err != nil {
		return nil, err
	}
	defer pass.Leave(polite.Silent)
	began := time.Now()
	req.OnRedirect = f.x.onRedirect(hosts.AssetRedirect, hosts.Own{})
	page, err := f.x.fetcher.Fetch(ctx, req)
	if err == nil {
		f.x.gate.Report(ctx, hosts.Report{Kind: hosts.Asset, Host: host, Page: page, Began: began})
		*f.signals, err = refused(&f.x.job.Job, f.of, page, f.x.book.Usages(at))
	}
	return page, err
}

// keepOwed fetches the assets that a task owes, without its page.
func (x *executor) keepOwed(ctx context.Context, s *shift, out outcome, progress func()) outcome {
	in := out.owed
	for _, rec := range in.Records {
		var fields any
		if err := number.Unmarshal(rec.Fields, &fields); err != nil {
			return x.end(ctx, out, attempt{stage: stageStore, err: fmt.Errorf("record: %w", err)})
		}
		values, _ := fields.(map[string]any)
		out.records = append(out.records, seine.Record{
			Key: rec.Key, Kind: rec.Kind, URL: rec.URL, Fields: values, AssetFields: rec.AssetFields, FetchedAt: rec.FetchedAt,
		})
	}
	out = x.end(ctx, out, attempt{verdict: seine.Verdict{State: seine.Done}})
	out.assets, out.failures, out.digest = in.Stored, in.Lost, in.Digest
	return x.keep(ctx, s, out, in.Assets, progress)
}
