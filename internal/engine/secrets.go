package engine

import (
	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/redact"
)

// withoutSecrets removes the job's secrets from a result, because a page can show its request: from
// records, asset paths, reasons, and the meta of follows. URLs stay, because they are requested.
//
// Each replacer holds some of the secrets. A nil one has none.
func withoutSecrets(in seine.Result, replacers ...*redact.Replacer) seine.Result {
	for _, r := range replacers {
		if r != nil && r.Any() {
			in = without(r, in)
		}
	}
	return in
}

func without(r *redact.Replacer, in seine.Result) seine.Result {
	in.Verdict.Reason, in.Verdict.Rule = r.Replace(in.Verdict.Reason), r.Replace(in.Verdict.Rule)
	records := make([]seine.Record, len(in.Records))
	for i, rec := range in.Records {
		rec.Key = r.Replace(rec.Key)
		rec.Fields = redact.Object(r, rec.Fields)
		records[i] = rec
	}
	assets := make([]seine.Asset, len(in.Assets))
	for i, a := range in.Assets {
		a.Path, a.OriginalPath, a.Record = r.Replace(a.Path), r.Replace(a.OriginalPath), r.Replace(a.Record)
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
