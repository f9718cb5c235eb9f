package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

// errNoRequest means that a replay would have to request a file.
var errNoRequest = fmt.Errorf("%w: a replay makes no request", seine.ErrRefused)

// notFetched is the reason of a file that a replay did not find in the store, if its record is
// stored without it.
const notFetched = "not fetched by reprocess"

// keep finds the files of a page in the store. A file that the task stored from the same URL at the
// same path stays. Another one is made of the page or of a stored original. lacks names the
// others.
func (x *replayer) keep(ctx context.Context, o *outcome, assets []seine.Asset, old []frontier.Stored) (lacks []string, err error) {
	for _, a := range assets {
		if err := refusal(&x.job.Job, o.page, nil, a); err != nil {
			failure := endingOf(&x.job.Job, frontier.Claimed{Attempt: math.MaxInt32}, attempt{stage: stageKeep, err: err, asset: a.Name}, 0)
			o.unkept(a, failure, x.secrets.Replace(asset.ShownURL(a.URL)))
			continue
		}
		key := cmp.Or(a.Record, o.Key)
		if files := x.stored(a, key, old); files != nil && !ofPage(a) {
			o.assets = append(o.assets, files...)
			keepSizes(o.records, o.Key, a, old)
			continue
		}
		files, err := x.make(ctx, o, a, old)
		switch {
		case err == nil:
			for i := range files {
				files[i].URL, files[i].Record = x.secrets.Replace(files[i].URL), a.Record
			}
			o.assets = append(o.assets, files...)
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, asset.ErrStore), errors.Is(err, asset.ErrDiskFull):
			return nil, err
		case a.OnFailure == seine.KeepRecord:
			o.failures = append(o.failures, failedBefore(a, key, x.secrets.Replace(asset.ShownURL(a.URL)), old))
		case a.Optional:
		default:
			lacks = append(lacks, a.Name)
		}
	}
	return lacks, nil
}

// failedBefore returns the failure of an asset at the last attempt, if it had one.
func failedBefore(a seine.Asset, key, url string, old []frontier.Stored) frontier.FailedAsset {
	for _, s := range old {
		for _, f := range s.Failed {
			if f.Name == a.Name && f.Key == key {
				return f
			}
		}
	}
	return frontier.FailedAsset{Key: key, Name: a.Name, URL: url, Reason: notFetched}
}

// stored returns the files of an asset if the task stored it from the same URL, at the path that
// the rules give it. Otherwise it returns nil.
func (x *replayer) stored(a seine.Asset, key string, old []frontier.Stored) []assetfile.Stored {
	file := func(name, at string) *assetfile.Stored {
		for _, s := range old {
			for _, f := range s.Assets {
				if f.Name == name && f.Key == key && x.fromURL(a, f.URL) && f.Path == pathWith(at, f.Path) {
					out := f.Stored
					out.Record = a.Record
					return &out
				}
			}
		}
		return nil
	}
	main := file(a.Name, a.Path)
	if main == nil || a.Image == nil || a.Image.Keep != seine.KeepOriginal {
		if main == nil {
			return nil
		}
		return []assetfile.Stored{*main}
	}
	original := file(a.Name+assetfile.OriginalSuffix, a.OriginalPath)
	if original == nil {
		return nil
	}
	return []assetfile.Stored{*main, *original}
}

// fromURL reports whether a file was fetched from the URL of an asset, or from its better one.
func (x *replayer) fromURL(a seine.Asset, url string) bool {
	for _, at := range urlsOf(a) {
		if url == x.secrets.Replace(asset.ShownURL(at)) {
			return true
		}
	}
	return false
}

func urlsOf(a seine.Asset) []string {
	urls := []string{a.URL}
	if u := a.Upgrade; u != nil && u.From != "" {
		urls = append(urls, strings.Replace(a.URL, u.From, u.To, 1))
	}
	return urls
}

// pathWith puts the extension of a stored file into a path.
func pathWith(at, stored string) string {
	return strings.ReplaceAll(at, "{ext}", strings.TrimPrefix(path.Ext(stored), "."))
}

// make makes the files of an asset of the page itself, of its data: URL, or of a stored original.
func (x *replayer) make(ctx context.Context, o *outcome, a seine.Asset, old []frontier.Stored) ([]assetfile.Stored, error) {
	from := originals{x, a, old}
	if x.Dry {
		return asset.New(nil, asset.Options{}).Preview(ctx, from, o.page, a)
	}
	return x.job.Keeper.Keep(ctx, from, a, asset.Hold{
		Page: o.page, Last: true, Owner: func(ctx context.Context, path string, sha256 []byte) (string, error) {
			return x.Frontier.Owner(ctx, x.job.ID, cmp.Or(a.Record, o.Key), path, sha256)
		},
	})
}

// originals is a fetcher of files that are in the store as they came.
type originals struct {
	x   *replayer
	a   seine.Asset
	old []frontier.Stored
}

// Fetch reads a stored file that was fetched from the URL of the request. It makes no request.
func (f originals) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	shown := f.x.secrets.Replace(asset.ShownURL(req.URL))
	for _, s := range f.old {
		for _, file := range s.Assets {
			if file.URL != shown || !slices.Equal(file.SHA256, file.OriginalSHA256) {
				continue
			}
			body, err := f.x.Files(ctx, file.Path)
			if err != nil {
				return nil, fmt.Errorf("%w: read %s: %w", asset.ErrStore, file.Path, err)
			}
			return &seine.Page{URL: req.URL, Status: 200, Body: body}, nil
		}
	}
	return nil, errNoRequest
}

// keepSizes keeps the size of an original in its record: no row of an asset has it.
func keepSizes(records []seine.Record, task string, a seine.Asset, old []frontier.Stored) {
	for i, rec := range records {
		for k, f := range rec.AssetFields {
			if f.Asset != a.Name || f.Property != "original_width" && f.Property != "original_height" {
				continue
			}
			if v := fieldOf(old, cmp.Or(rec.Key, task), rec.Kind, f.Field); v != nil {
				records[i].AssetFields = slices.Clone(records[i].AssetFields)
				records[i].AssetFields[k].Or = v
			}
		}
	}
}

// fieldOf returns the value of a field of a stored record.
func fieldOf(old []frontier.Stored, key, kind, field string) any {
	for _, s := range old {
		if s.Key != key || s.Kind != cmp.Or(kind, "record") {
			continue
		}
		var fields any
		if number.Unmarshal(s.Fields, &fields) == nil {
			values, _ := fields.(map[string]any)
			return values[field]
		}
	}
	return nil
}

// carried adds to records the signals of robots.txt and of the responses with files, as they were
// when the page was fetched.
func carried(records []seine.Record, old []frontier.Stored, task string) []seine.Record {
	for i, rec := range records {
		list, _ := fieldOf(old, cmp.Or(rec.Key, task), rec.Kind, frontier.ConsentField).([]any)
		var of []any
		for _, s := range list {
			signal, _ := s.(map[string]any)
			if source, _ := signal["source"].(string); strings.HasPrefix(source, ofAsset) || strings.Contains(source, "robots.txt") {
				of = append(of, s)
			}
		}
		if of == nil {
			continue
		}
		own, _ := rec.Fields[frontier.ConsentField].([]any)
		fields := map[string]any{}
		for k, v := range rec.Fields {
			fields[k] = v
		}
		fields[frontier.ConsentField] = append(slices.Clip(own), of...)
		records[i].Fields = fields
	}
	return records
}
