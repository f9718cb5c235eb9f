package engine

import (
	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/redact"
)

// withoutSecrets leaves the job's secrets out of a scraper's result, because a page can show what it was asked with: out
// of records, the paths of assets, reasons, and what goes along with pages that are followed. URLs stay: they are asked.
func withoutSecrets(r *redact.Replacer, in seine.Result) seine.Result {
	in.Verdict.Reason, in.Verdict.Rule = r.Replace(in.Verdict.Reason), r.Replace(in.Verdict.Rule)
	records := make([]seine.Record, len(in.Records))
	for i, rec := range in.Records {
		rec.Key = r.Replace(rec.Key)
		rec.Fields = redact.Object(r, rec.Fields)
		records[i] = rec
	}
	assets := make([]seine.Asset, len(in.Assets))
	for i, a := range in.Assets {
		a.Path, a.OriginalPath = r.Replace(a.Path), r.Replace(a.OriginalPath)
		assets[i] = a
	}
	follow := make([]seine.Follow, len(in.Follow))
	for i, f := range in.Follow {
		f.Meta = redact.Object(r, f.Meta)
		follow[i] = f
	}
	in.Records, in.Assets, in.Follow = records, assets, follow
	return in
}
