package extract

import (
	"maps"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
	failure "github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/seinehq/seine/internal/number"
)

// Decimals are the places of the decimal fields of records: JSON pointers without the indexes of
// lists. A decimal meets a schema as a number or as the text of its digits.
type Decimals map[string]bool

// DecimalsOf returns the places of the decimal fields in the records of a page kind.
func DecimalsOf(r Rules) Decimals {
	out := Decimals{}
	out.add("", r.Fields)
	for _, e := range r.Each {
		out.add("", e.Fields)
	}
	return out
}

func (d Decimals) add(under string, fields []Field) {
	for _, f := range fields {
		at := under + pointer([]string{f.Name})
		for _, source := range append([]Field{f}, f.First...) {
			switch source.Type {
			case "decimal":
				d[at] = true
			case "price":
				d[at+"/"+priceAmount] = true
			}
			d.add(at, source.Fields)
		}
	}
}

// asTexts returns fields with texts in place of the decimals that broke a rule for texts. ok is
// false if there are none. The given fields stay as they are.
func (d Decimals) asTexts(fields map[string]any, failed *jsonschema.ValidationError) (out map[string]any, ok bool) {
	out = fields
	for _, e := range leaves(failed) {
		if !wantsText(e.ErrorKind) || !d[withoutIndexes(e.InstanceLocation)] {
			continue
		}
		if v, changed := textAt(out, e.InstanceLocation); changed {
			out, ok = v.(map[string]any), true
		}
	}
	return out, ok
}

// leaves returns the innermost failures, also those of alternatives.
func leaves(e *jsonschema.ValidationError) (out []*jsonschema.ValidationError) {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	for _, c := range e.Causes {
		out = append(out, leaves(c)...)
	}
	return out
}

// wantsText reports whether a failed rule permits texts.
func wantsText(failed jsonschema.ErrorKind) bool {
	isText := func(v any) bool { _, ok := v.(string); return ok }
	switch k := failed.(type) {
	case *failure.Type:
		return slices.Contains(k.Want, "string")
	case *failure.Const:
		return isText(k.Want)
	case *failure.Enum:
		return slices.ContainsFunc(k.Want, isText)
	}
	return false
}

// withoutIndexes returns the pointer of a place without the indexes of lists. No field has the name
// of an index.
func withoutIndexes(place []string) string {
	return pointer(slices.DeleteFunc(slices.Clone(place), func(p string) bool {
		_, err := strconv.Atoi(p)
		return err == nil
	}))
}

// textAt returns a copy of a value in which the number at a place is its text. changed is false if
// there is no number.
func textAt(v any, place []string) (out any, changed bool) {
	if len(place) == 0 {
		if !number.Is(v) {
			return v, false
		}
		return number.Text(v)
	}
	switch in := v.(type) {
	case map[string]any:
		if inner, changed := textAt(in[place[0]], place[1:]); changed {
			in = maps.Clone(in)
			in[place[0]] = inner
			return in, true
		}
	case []any:
		i, err := strconv.Atoi(place[0])
		if err != nil || i < 0 || i >= len(in) {
			return v, false
		}
		if inner, changed := textAt(in[i], place[1:]); changed {
			in = slices.Clone(in)
			in[i] = inner
			return in, true
		}
	}
	return v, false
}
