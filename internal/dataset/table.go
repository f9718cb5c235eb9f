package dataset

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/columns"
)

// table describes the columns of an export with types.
type table struct {
	fields        *columns.Type // the fields of records
	assets, lists []string      // names of files, and of lists of files
	failures      bool
	versions      bool
	goes          bool // records can be gone
}

// newTable returns the table of a set as far as its rules tell it.
func (s *Set) newTable() table {
	layout := s.Rules.Layout()
	t := table{
		assets: layout.Assets(), lists: layout.Lists(), failures: s.Rules.KeepsRecords(), versions: s.AllVersions, goes: s.goes(),
		fields: &columns.Type{Kind: columns.Object},
	}
	if rules, ok := s.Rules.(interface{ Types() *columns.Type }); ok {
		t.fields = rules.Types()
	}
	for _, name := range s.Rules.Columns() {
		t.fields.Field(name)
	}
	return t
}

// goes reports whether the records of the set can be gone.
func (s *Set) goes() bool {
	return s.AllVersions || slices.ContainsFunc(s.Job.Pages, func(k seine.PageKind) bool { return k.Recrawl.Set() })
}

// add widens the table to hold a record.
func (t *table) add(r record) {
	t.fields.Add(gjson.ParseBytes(r.raw))
	for name := range r.Assets {
		if !t.hasFile(r, name) {
			t.assets = append(t.assets, name)
		}
	}
	t.failures = t.failures || len(r.Failures) > 0
}

// hasFile reports whether the table has a column for a file of a record.
func (t *table) hasFile(r record, name string) bool {
	if slices.Contains(t.assets, name) {
		return true
	}
	list, _, ok := r.layout.NumberOf(name)
	return ok && slices.Contains(t.lists, list)
}

// holds reports whether the table has the columns of a record, except for the fields.
func (t *table) holds(r record) bool {
	for name := range r.Assets {
		if !t.hasFile(r, name) {
			return false
		}
	}
	return t.failures || len(r.Failures) == 0
}

// clone returns a copy that can be widened.
func (t table) clone() table {
	fields := &columns.Type{Kind: columns.Object}
	fields.Merge(t.fields)
	t.fields, t.assets = fields, slices.Clone(t.assets)
	return t
}

// The columns of a file.
var fileType = func() *columns.Type {
	t := &columns.Type{Kind: columns.Object}
	for _, name := range []string{"path", "sha256", "url", "phash", "duplicate_of"} {
		t.Field(name).Kind = columns.Text
	}
	for _, name := range []string{"bytes", "width", "height"} {
		t.Field(name).Kind = columns.Int
	}
	return t
}()

// root returns the columns of a record, in the order of a line of JSONL.
func (t table) root() *column {
	root := &column{kind: columns.Object}
	add := func(name string, typ *columns.Type, of func(*record) gjson.Result) *column {
		c := columnOf(name, typ)
		c.of = of
		root.fields = append(root.fields, c)
		return c
	}
	text := func(name string, of func(*record) string) {
		add(name, &columns.Type{Kind: columns.Text}, func(r *record) gjson.Result { return gjson.Result{Type: gjson.String, Str: of(r)} })
	}
	optional := func(name string, of func(*record) string) {
		add(name, &columns.Type{Kind: columns.Text}, func(r *record) gjson.Result {
			if text := of(r); text != "" {
				return gjson.Result{Type: gjson.String, Str: text}
			}
			return gjson.Result{}
		})
	}
	moment := func(name string, of func(*record) *time.Time) {
		c := add(name, &columns.Type{Kind: columns.Int}, func(r *record) gjson.Result {
			at := of(r)
			if at == nil {
				return gjson.Result{}
			}
			return gjson.Result{Type: gjson.Number, Raw: strconv.FormatInt(at.UnixMicro(), 10)}
		})
		c.moment = true
	}
	text("job", func(r *record) string { return r.Job })
	text("key", func(r *record) string { return r.Key })
	text("kind", func(r *record) string { return r.Kind })
	text("url", func(r *record) string { return r.URL })
	if len(t.fields.Fields) > 0 {
		add("fields", t.fields, func(r *record) gjson.Result { return gjson.ParseBytes(r.raw) })
	}
	if len(t.assets)+len(t.lists) > 0 {
		add("assets", t.files(), t.filesOf)
	}
	moment("fetched_at", func(r *record) *time.Time { return &r.FetchedAt })
	if t.failures {
		item := &columns.Type{Kind: columns.Object}
		for _, name := range []string{"asset", "url", "reason"} {
			item.Field(name).Kind = columns.Text
		}
		add("failures", &columns.Type{Kind: columns.List, Elem: item}, failuresOf)
	}
	if t.versions {
		add("version", &columns.Type{Kind: columns.Int}, func(r *record) gjson.Result {
			return gjson.Result{Type: gjson.Number, Raw: strconv.Itoa(r.Version)}
		})
	}
	if t.goes {
		moment("gone_at", func(r *record) *time.Time { return r.GoneAt })
	}
	text("digest", func(r *record) string { return r.Digest })
	optional("permission", func(r *record) string { return r.Permission })
	text("robots", func(r *record) string { return r.Robots })
	add("consent", consentType, consentOf)
	optional("recording", func(r *record) string { return r.Recording })
	return root
}

// files returns the type of the assets of a record.
func (t table) files() *columns.Type {
	out := &columns.Type{Kind: columns.Object}
	for _, name := range t.assets {
		out.Field(name).Merge(fileType)
	}
	item := &columns.Type{Kind: columns.Object}
	item.Merge(fileType)
	item.Field("name").Kind = columns.Text
	for _, name := range t.lists {
		out.Field(name).Merge(&columns.Type{Kind: columns.List, Elem: item})
	}
	return out
}

// filesOf returns the assets of a record. The files of a list are a list.
func (t table) filesOf(r *record) gjson.Result {
	out := map[string]any{}
	for name, a := range r.Assets {
		if slices.Contains(t.assets, name) {
			out[name] = a
		}
	}
	for list, files := range filesOf(r.layout, *r) {
		out[list] = files
	}
	return jsonOf(out)
}

func failuresOf(r *record) gjson.Result {
	type item struct {
		Asset  string `json:"asset"`
		URL    string `json:"url"`
		Reason string `json:"reason"`
	}
	var out []item
	for name, f := range r.Failures {
		out = append(out, item{name, f.URL, f.Reason})
	}
	slices.SortFunc(out, func(a, b item) int { return compareValues(a.Asset, b.Asset) })
	return jsonOf(out)
}

// jsonOf returns a value of ours as JSON.
func jsonOf(v any) gjson.Result {
	text, err := json.Marshal(v)
	if err != nil { // our own types can be encoded
		return gjson.Result{}
	}
	return gjson.ParseBytes(text)
}

// shown lists the columns of the fields with their types, for the about file.
func (t table) shown() map[string]string {
	out := map[string]string{}
	for _, f := range t.fields.Fields {
		out[f.Name] = f.Type.String()
	}
	return out
}
