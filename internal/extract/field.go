package extract

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/dates"
	"github.com/seinehq/seine/internal/number"
)

// field is a compiled Field.
type field struct {
	name  string
	from  string // how the trace calls its source: css p.title
	first []*field

	find   source
	json   bool // find gives JSON values
	nested []*field

	attr  string
	match *pattern
	all   bool
	or    any
	typ   string
	num   numeral
	date  *dates.Reader
	price pricing
	trim  bool
	drop  bool

	given bool              // find gives what came with the task, not what the page holds
	late  *seine.AssetField // a stored asset fills the field in
}

// called is how messages call the source of a field.
func (f *field) called() string {
	if f.first != nil {
		return f.first[0].called()
	}
	return f.from
}

// read returns the field's value in a scope, nil when it is missing, and tells
// where it came from.
func (f *field) read(r *reading, scope item) (v any, from string, err error) {
	if err := r.watch.tick(); err != nil {
		return nil, "", err
	}
	from, r.why, r.broken, r.left = f.from, "", false, 0
	if f.first != nil {
		var whys []string
		unreadable := false
		for i, alternative := range f.first {
			v, from, err = alternative.read(r, scope)
			if err != nil {
				return nil, "", err
			}
			whys, unreadable = append(whys, r.why), unreadable || r.broken
			r.why, r.broken = cut(strings.Join(whys, "; "), maxWhy), unreadable
			from = fmt.Sprintf("first[%d]: %s", i, from)
			if list, ok := v.([]any); v != nil && (!ok || len(list) > 0) {
				break
			}
		}
	} else if v, err = f.collect(r, scope); err != nil {
		return nil, "", err
	}
	if list, ok := v.([]any); f.or != nil && (v == nil || ok && len(list) == 0) {
		return f.or, "or", nil
	}
	if list, ok := v.([]any); v == nil || ok && len(list) == 0 {
		from = ""
	}
	return v, from, nil
}

// collect returns the first value that the source gives, or all of them.
func (f *field) collect(r *reading, scope item) (any, error) {
	var one any
	list := []any{}
	var inner error
	found := 0
	err := f.find(r, scope, func(it item) bool {
		found++
		var v any
		if inner = r.watch.tick(); inner != nil {
			return false
		}
		if v, inner = f.value(r, it); inner != nil {
			return false
		}
		if v == nil {
			return true
		}
		if !f.all {
			one = v
			return false
		}
		if len(list) == maxItems {
			inner = fmt.Errorf("more than %d values", maxItems)
			return false
		}
		list = append(list, v)
		return true
	})
	if inner != nil {
		err = inner
	}
	if err != nil {
		return nil, err
	}
	if one == nil && len(list) == 0 {
		if e := r.noDoc; e != nil && found == 0 && !f.json && scope.node == nil {
			r.unread(e)
		}
		if found > 0 {
			r.miss("%s without a value", count(found, "match"))
		} else {
			r.miss("%s", r.unmatched(f.from))
		}
	}
	if f.all {
		r.left = found - len(list)
		return list, nil
	}
	return one, nil
}

// value makes an item a value of the field's type; nil where it is none.
func (f *field) value(r *reading, it item) (any, error) {
	if f.nested != nil {
		return f.object(r, it)
	}
	var v any
	if it.json.Exists() {
		v = f.fromJSON(r, it.json)
	} else {
		text, present := f.text(r, it)
		if !present {
			r.miss("the element has no attribute %s", f.attr)
		}
		v = f.convert(r, text, present)
	}
	n := size(v)
	if n > maxField {
		return nil, fmt.Errorf("longer than %d bytes", maxField)
	}
	return v, r.spend(n)
}

// object reads the nested fields, and returns nil if all of them are missing.
func (f *field) object(r *reading, it item) (any, error) {
	object := make(map[string]any, len(f.nested))
	some := false
	for _, inner := range f.nested {
		v, from, err := inner.read(r, it)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", inner.name, err)
		}
		some = some || from != "" && from != "or"
		object[inner.name] = v
		if err := r.spend(len(inner.name)); err != nil {
			return nil, err
		}
	}
	if !some {
		return nil, nil //nolint:nilnil // a missing value, as in the record
	}
	return object, nil
}

// text returns the text of an item, its white space as the source has it.
func (f *field) text(r *reading, it item) (text string, present bool) {
	switch {
	case it.node != nil && f.attr != "":
		if text, present = attribute(it.node, f.attr); !present {
			return "", false
		}
		if name := strings.ToLower(f.attr); references[name] {
			text = r.reference(name, text)
		}
	case it.node != nil:
		text = r.text(it.node)
	case references[it.attr]:
		text = r.reference(it.attr, it.text)
	default:
		text = it.text
	}
	return text, true
}

// convert narrows and types a text. An attribute without a value is true if the type is bool, as in
// HTML.
func (f *field) convert(r *reading, text string, present bool) any {
	if f.match != nil {
		m, err := f.match.first(r.watch, text)
		if err != nil {
			return nil // the reading ends
		}
		if m == nil {
			r.miss("match does not find %s in %q", f.match, cut(clean(strings.TrimSpace(text)), 60))
			return nil
		}
		if text, present = group(text, m); !present {
			return nil
		}
	}
	if f.trim {
		text = strings.TrimSpace(text)
	}
	if text == "" {
		if f.typ == "bool" && f.attr != "" && present {
			return true
		}
		return nil
	}
	switch f.typ {
	case "int", "float", "decimal":
		v := f.number(text)
		if v == nil {
			r.miss("%q %s", cut(text, 60), f.num.why(text, f.typ))
		}
		return v
	case "bool":
		switch strings.ToLower(text) {
		case "true", "yes", "on", "1":
			return true
		case "false", "no", "off", "0":
			return false
		}
		r.miss("%q is neither true nor false", cut(text, 60))
		return nil
	case "date":
		v, err := f.date.Parse(text)
		if err != nil {
			r.miss("%q %v", cut(text, 60), err)
			return nil
		}
		return v
	case "price":
		v := f.price.read(text)
		if v == nil {
			r.miss("%q %s", cut(text, 60), f.num.why(leastOf.ReplaceAllString(text, ""), "price"))
			return nil
		}
		return v
	}
	return clean(text)
}

// number returns the number that a text is; nil if it is none. A float that a float64 can't hold
// keeps its digits.
func (f *field) number(text string) any {
	canonical, ok := f.num.read(text)
	if !ok {
		return nil
	}
	switch whole, fraction, _ := strings.Cut(canonical, "."); f.typ {
	case "int":
		if strings.Trim(fraction, "0") != "" || fraction != "" && !f.json {
			return nil
		}
		v, _ := number.Parse(whole)
		return v
	case "float":
		x, err := strconv.ParseFloat(canonical, 64)
		exact, _ := number.Parse(canonical)
		if order, ok := number.Compare(x, exact); err == nil && ok && order == 0 {
			return x
		}
		return exact
	}
	v, _ := number.Parse(canonical)
	return v
}

// fromJSON makes a JSON value one of the field's type. Without a type it stays unchanged.
func (f *field) fromJSON(r *reading, v gjson.Result) any {
	if v.Type == gjson.Null {
		return nil
	}
	if f.match == nil && f.typ == "" && v.Type != gjson.String {
		return plain(v)
	}
	if f.typ == "price" && f.match == nil {
		return f.priceFromJSON(r, v)
	}
	if v.Type == gjson.JSON {
		return nil
	}
	if v.Type == gjson.Number {
		switch f.typ {
		case "int", "float", "decimal":
			inner := field{typ: f.typ, json: true, num: numeral{decimal: '.'}}
			if n := inner.number(v.Raw); n != nil && f.match == nil {
				return n
			}
		}
		return f.convert(r, v.Raw, true)
	}
	text := v.Str
	if v.Type != gjson.String {
		text = v.Raw
	}
	return f.convert(r, text, true)
}

// readAll returns the values of fields by name.
func readAll(r *reading, fields []*field, trace *Trace) (map[string]any, error) {
	var scope item
	if slices.ContainsFunc(fields, (*field).wantsDocument) {
		doc, err := r.document()
		if err != nil {
			return nil, err
		}
		scope.node = doc
	}
	values := make(map[string]any, len(fields))
	for _, f := range fields {
		if f.late != nil {
			values[f.name] = nil
			if trace != nil {
				trace.Fields = append(trace.Fields, FieldTrace{Name: f.name, Kept: true, Why: "the asset is not stored yet"})
			}
			continue
		}
		v, from, err := f.read(r, scope)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.name, err)
		}
		values[f.name] = v
		r.noteMissing(f, from)
		if trace != nil {
			trace.Fields = append(trace.Fields, FieldTrace{Name: f.name, Value: v, From: from, Kept: !f.drop, Why: r.whyOf(f, from)})
		}
	}
	return values, nil
}

func (f *field) wantsDocument() bool {
	return !f.json && f.find != nil || slices.ContainsFunc(f.first, (*field).wantsDocument)
}

// kept returns the values that go into the record.
func kept(fields []*field, values map[string]any) map[string]any {
	record := maps.Clone(values)
	for _, f := range fields {
		if f.drop {
			delete(record, f.name)
		}
	}
	return record
}
