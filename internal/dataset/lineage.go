package dataset

import (
	"bytes"
	"encoding/hex"
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/columns"
	"github.com/seinehq/seine/internal/frontier"
)

// lineage tells which rules made a record, and what allows its use.
type lineage struct {
	// Digest is the digest of the rules, in hexadecimal digits.
	Digest     string `json:"digest"`
	Permission string `json:"permission,omitempty"`

	// Robots is "obey", or what the record states about robots.txt.
	Robots string `json:"robots"`

	// Consent lists the signals of the page and its site.
	Consent []signal `json:"consent,omitempty"`

	// Recording is the SHA-256 of the recorded response, in hexadecimal digits.
	Recording string `json:"recording,omitempty"`
}

// signal is what a site states about the use of a page.
type signal struct {
	Signal  string `json:"signal"`
	Value   string `json:"value"`
	Source  string `json:"source"`
	OptsOut bool   `json:"opts_out"`
}

// lineageColumns are the columns of a lineage in a CSV.
var lineageColumns = []string{"digest", "permission", "robots", "consent", "recording"}

// lineageOf returns the lineage of a stored record. fields are its fields as an export shows them.
func lineageOf(job *seine.Job, r frontier.Stored, fields []byte) lineage {
	out := lineage{
		Digest: hex.EncodeToString(r.Digest), Permission: job.Permission, Robots: string(seine.ObeyRules), Recording: hex.EncodeToString(r.Recording),
	}
	if v := fieldOf(fields, frontier.RobotsField); v.Type == gjson.String {
		out.Robots = v.Str
	}
	if v := fieldOf(fields, frontier.ConsentField); v.IsArray() && json.Unmarshal([]byte(v.Raw), &out.Consent) != nil {
		out.Consent = nil // a field of the job's own rules
	}
	return out
}

// fieldOf returns a field of a record. Most records do not have it, and are not read for it.
func fieldOf(fields []byte, name string) gjson.Result {
	if !bytes.Contains(fields, []byte(name)) {
		return gjson.Result{}
	}
	return gjson.GetBytes(fields, name)
}

// states reports whether the lineage holds the value of a field.
func (l lineage) states(field string) bool {
	switch field {
	case frontier.RobotsField:
		return l.Robots != string(seine.ObeyRules)
	case frontier.ConsentField:
		return len(l.Consent) > 0
	}
	return false
}

// lineageCells returns the lineage as cells of a CSV, in the order of lineageColumns.
func (s *Set) lineageCells(l lineage) ([]string, error) {
	consent := ""
	if len(l.Consent) > 0 {
		text, err := encodeJSON(l.Consent)
		if err != nil {
			return nil, err
		}
		consent = string(text)
	}
	return []string{l.Digest, s.fieldCell(l.Permission), s.fieldCell(l.Robots), consent, l.Recording}, nil
}

// consentType has the columns of the signals.
var consentType = func() *columns.Type {
	item := &columns.Type{Kind: columns.Object}
	for _, name := range []string{"signal", "value", "source"} {
		item.Field(name).Kind = columns.Text
	}
	item.Field("opts_out").Kind = columns.Bool
	return &columns.Type{Kind: columns.List, Elem: item}
}()

func consentOf(r *record) gjson.Result {
	if len(r.Consent) == 0 {
		return gjson.Result{}
	}
	return jsonOf(r.Consent)
}
