package extract

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
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
	match *regexp.Regexp
	all   bool
	or    any
	typ   string
	trim  bool
	drop  bool
}

// read returns the field's value in a scope, nil when it is missing, and tells
// where it came from.
func (f *field) read(r *reading, scope item) (v any, from string, err error) {
	from = f.from
	if f.first != nil {
		for i, alternative := range f.first {
			v, from, err = alternative.read(r, scope)
			if err != nil {
				return nil, "", err
			}
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
	err := f.find(r, scope, func(it item) bool {
		var v any
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
	if f.all {
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
		v = f.fromJSON(it.json)
	} else {
		v = f.convert(f.text(r, it))
	}
	n := size(v)
	if n > maxField {
		return nil, fmt.Errorf("longer than %d bytes", maxField)
	}
	return v, r.spend(n)
}

// object reads the nested fields; nil when none of them is there.
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

// convert narrows and types a text. An attribute without a value is true where
// the type is bool: that is how HTML writes it.
func (f *field) convert(text string, present bool) any {
	if f.match != nil {
		m := f.match.FindStringSubmatchIndex(text)
		if m == nil {
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
	case "int":
		if n, err := strconv.ParseInt(plainNumber(text), 10, 64); err == nil {
			return n
		}
		return nil
	case "float":
		if n := plainNumber(text); decimal.MatchString(n) {
			if x, err := strconv.ParseFloat(n, 64); err == nil && !math.IsInf(x, 0) {
				return x
			}
		}
		return nil
	case "bool":
		switch strings.ToLower(text) {
		case "true", "yes", "on", "1":
			return true
		case "false", "no", "off", "0":
			return false
		}
		return nil
	}
	return clean(text)
}

var (
	decimal = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$`)
	grouped = regexp.MustCompile(`^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$`)
)

// plainNumber takes out the commas between thousands.
func plainNumber(s string) string {
	s = strings.TrimSpace(s)
	if grouped.MatchString(s) {
		s = strings.ReplaceAll(s, ",", "")
	}
	return s
}

// fromJSON makes a JSON value one of the field's type. Without a type it stays
// what it is.
func (f *field) fromJSON(v gjson.Result) any {
	if v.Type == gjson.Null {
		return nil
	}
	if f.match == nil && f.typ == "" && v.Type != gjson.String {
		return plain(v)
	}
	if v.Type == gjson.JSON {
		return nil
	}
	text := v.Str
	if v.Type != gjson.String {
		text = v.Raw
	}
	if x, ok := plain(v).(float64); ok && f.typ == "int" && x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		text = strconv.FormatInt(int64(x), 10)
	}
	return f.convert(text, true)
}

// plain returns a JSON value as a record holds it; a whole number that fits is
// an int64.
func plain(v gjson.Result) any {
	switch v.Type {
	case gjson.True, gjson.False:
		return v.Bool()
	case gjson.Number:
		if n, err := strconv.ParseInt(v.Raw, 10, 64); err == nil {
			return n
		}
		if math.IsInf(v.Num, 0) {
			return clean(v.Raw)
		}
		return v.Num
	case gjson.String:
		return clean(v.Str)
	case gjson.JSON:
		if v.IsArray() {
			list := []any{}
			for _, each := range v.Array() {
				list = append(list, plain(each))
			}
			return list
		}
		object := map[string]any{}
		for key, each := range v.Map() {
			object[clean(key)] = plain(each)
		}
		return object
	default:
		return nil
	}
}

// size returns about the bytes that a value takes.
func size(v any) int {
	switch v := v.(type) {
	case nil:
		return 0
	case string:
		return len(v)
	case []any:
		n := 8
		for _, each := range v {
			n += size(each)
		}
		return n
	case map[string]any:
		n := 8
		for key, each := range v {
			n += len(key) + size(each)
		}
		return n
	default:
		return 8
	}
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
		v, from, err := f.read(r, scope)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.name, err)
		}
		values[f.name] = v
		if trace != nil {
			trace.Fields = append(trace.Fields, FieldTrace{Name: f.name, Value: v, From: from, Kept: !f.drop})
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
