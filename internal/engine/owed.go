package engine

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/redact"
)

// owed is what the frontier stores for a task whose record is stored and whose assets are missing:
// everything that a further attempt needs to fetch them without the page. Without Assets the page
// is fetched again.
type owed struct {
	Assets  []seine.Asset      `json:"assets,omitempty"`
	Records []owedRecord       `json:"records,omitempty"`
	Stored  []assetfile.Stored `json:"stored,omitempty"`
	Digest  []byte             `json:"digest,omitempty"`

	// Lost are the assets that are not retried.
	Lost []frontier.FailedAsset `json:"lost,omitempty"`
}

// owedRecord is a stored record, to be written again with the properties of the assets.
type owedRecord struct {
	Key         string             `json:"key"`
	Kind        string             `json:"kind"`
	URL         string             `json:"url"`
	Fields      json.RawMessage    `json:"fields"`
	AssetFields []seine.AssetField `json:"asset_fields,omitempty"`
	FetchedAt   time.Time          `json:"fetched_at"`
}

// owes encodes the debt of a task. The frontier stores no secret: if a URL, an upgrade or a field
// holds a secret, the page is fetched again.
func owes(o outcome, records []frontier.Record, digest []byte, secrets *redact.Replacer) (json.RawMessage, error) {
	out := owed{Assets: o.pending, Stored: o.assets, Digest: digest}
	if o.digest != nil {
		out.Digest = o.digest
	}
	for _, f := range o.failures {
		if !slices.ContainsFunc(o.pending, func(a seine.Asset) bool { return a.Name == f.Name && cmp.Or(a.Record, o.Key) == f.Key }) {
			out.Lost = append(out.Lost, f)
		}
	}
	for i, rec := range records {
		out.Records = append(out.Records, owedRecord{
			Key: rec.Key, Kind: rec.Kind, URL: rec.URL, Fields: rec.Fields,
			AssetFields: o.records[i].AssetFields, FetchedAt: rec.FetchedAt,
		})
	}
	text, err := encode(out)
	if err == nil && secrets.Replace(string(text)) != string(text) {
		return json.RawMessage(`{}`), nil
	}
	return text, err
}

// owing decodes the debt of a claimed task. ok is false if its page is to be fetched.
func owing(c frontier.Claimed) (in owed, ok bool) {
	if len(c.Owed) == 0 {
		return in, false
	}
	dec := json.NewDecoder(bytes.NewReader(c.Owed))
	dec.UseNumber() // a default of a field keeps its digits
	return in, dec.Decode(&in) == nil && len(in.Assets) > 0
}

// encode writes JSON without HTML escapes, because the text is stored and not embedded in a page.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
