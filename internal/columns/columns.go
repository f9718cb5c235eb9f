// Package columns finds types of columns that hold JSON values exactly.
//
// A [Type] starts empty or with the type that a job's rules declare, and each [Type.Add] widens it.
// The result does not depend on the order of the values. A number that neither an int64 nor a
// float64 holds with all its digits makes its column a text. Values that no common type holds are
// kept as JSON texts. The package is pure.
package columns

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/seinehq/seine/internal/number"
)

// Kind is the kind of a type.
type Kind uint8

const (
	// Unknown has no value but null.
	Unknown Kind = iota
	Bool
	// Int is an int64.
	Int
	// Float is a float64 whose shortest text is the number.
	Float
	// Digits is a number as a text with all digits.
	Digits
	// Text is a text, or scalars of several kinds as texts.
	Text
	List
	Object
	// JSON is any value as a JSON text.
	JSON
)

var kindNames = [...]string{"unknown", "bool", "int", "float", "decimal", "text", "list", "object", "json"}

// String returns the name of a kind as the about file of an export shows it.
func (k Kind) String() string { return kindNames[k] }

const (
	// maxFields is the most fields of an object of its own type. An object with more is a map,
	// whose keys are values.
	maxFields = 200

	// maxDepth is the most levels of lists and objects.
	maxDepth = 16

	// maxExact is the largest integer up to which a float64 holds every integer.
	maxExact = 1 << 53
)

// Type is the type of a column.
type Type struct {
	Kind Kind

	// Elem is the type of the elements of a list.
	Elem *Type

	// Fields are the fields of an object, sorted by name.
	Fields []Field

	big bool // an Int beyond maxExact
}

// Field is a field of an object.
type Field struct {
	Name string
	Type *Type
}

// String returns the type in a short form: list(int), object(name text).
func (t *Type) String() string {
	switch {
	case t == nil:
		return Unknown.String()
	case t.Kind == List:
		return "list(" + t.Elem.String() + ")"
	case t.Kind == Object:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = f.Name + " " + f.Type.String()
		}
		return "object(" + strings.Join(parts, ", ") + ")"
	}
	return t.Kind.String()
}

// Field returns the type of a field, which is added if the object has none of that name.
func (t *Type) Field(name string) *Type {
	i, ok := slices.BinarySearchFunc(t.Fields, name, func(f Field, name string) int { return strings.Compare(f.Name, name) })
	if !ok {
		t.Fields = slices.Insert(t.Fields, i, Field{name, &Type{}})
	}
	return t.Fields[i].Type
}

// Add widens the type to hold a JSON value too.
func (t *Type) Add(v gjson.Result) { t.add(v, 0) }

func (t *Type) add(v gjson.Result, depth int) {
	if t.Kind == JSON || v.Type == gjson.Null {
		return
	}
	kind, big := kindOf(v)
	if depth >= maxDepth && (kind == List || kind == Object) {
		kind = JSON
	}
	if !t.widen(kind, big) {
		return
	}
	switch t.Kind {
	case List:
		if t.Elem == nil {
			t.Elem = &Type{}
		}
		v.ForEach(func(_, item gjson.Result) bool {
			t.Elem.add(item, depth+1)
			return true
		})
	case Object:
		v.ForEach(func(name, item gjson.Result) bool {
			if name.Str == "" {
				t.become(JSON)
				return false
			}
			t.Field(name.Str).add(item, depth+1)
			if len(t.Fields) > maxFields && depth > 0 { // the record itself has its fields
				t.become(JSON)
			}
			return t.Kind == Object
		})
	case Unknown, Bool, Int, Float, Digits, Text, JSON:
	}
}

// Merge widens the type to hold the values of another one too.
func (t *Type) Merge(o *Type) {
	if o == nil || o.Kind == Unknown || t.Kind == JSON || !t.widen(o.Kind, o.big) {
		return
	}
	if o.Elem != nil {
		if t.Elem == nil {
			t.Elem = &Type{}
		}
		t.Elem.Merge(o.Elem)
	}
	for _, f := range o.Fields {
		t.Field(f.Name).Merge(f.Type)
	}
}

// widen joins the kind of a value. nested reports whether its elements have types too.
func (t *Type) widen(kind Kind, big bool) (nested bool) {
	from := t.Kind
	switch {
	case from == Unknown, from == kind && kind != Int:
		t.Kind, t.big = kind, big
	case kind == JSON, from == List, from == Object, kind == List, kind == Object:
		t.become(JSON)
	case numeric(from) && numeric(kind):
		t.Kind = numbers(from, t.big, kind, big)
		t.big = t.big || big
	default:
		t.Kind = Text
	}
	return t.Kind == List || t.Kind == Object
}

func (t *Type) become(kind Kind) { *t = Type{Kind: kind} }

func numeric(k Kind) bool { return k == Int || k == Float || k == Digits }

// numbers joins two kinds of numbers.
func numbers(a Kind, bigA bool, b Kind, bigB bool) Kind {
	switch {
	case a == b:
		return a
	case a == Digits, b == Digits, a == Int && bigA, b == Int && bigB:
		return Digits
	}
	return Float
}

// kindOf returns the kind of a value that is not null. big reports an Int beyond maxExact.
func kindOf(v gjson.Result) (kind Kind, big bool) {
	switch v.Type {
	case gjson.True, gjson.False:
		return Bool, false
	case gjson.String:
		return Text, false
	case gjson.Number:
		return numberKind(v.Raw)
	case gjson.JSON:
		if v.IsArray() {
			return List, false
		}
	case gjson.Null:
	}
	return Object, false
}

// numberKind returns the kind of a number. Zeros behind the point are no part of its value.
func numberKind(raw string) (kind Kind, big bool) {
	if i, err := strconv.ParseInt(raw, 10, 64); err == nil {
		return Int, i > maxExact || i < -maxExact
	}
	if _, ok := Exact(raw); ok {
		return Float, false
	}
	return Digits, false
}

// plain is the most bytes of a number without an exponent that a float64 holds in any case: it has
// 15 digits, a sign and a point.
const plain = 15

// Exact returns a JSON number as a float64. ok is false if its shortest text is another number.
func Exact(raw string) (f float64, ok bool) {
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return 0, false
	}
	if len(raw) <= plain && strings.IndexByte(raw, 'e') < 0 && strings.IndexByte(raw, 'E') < 0 {
		return f, true
	}
	order, ok := number.Compare(f, json.Number(raw))
	return f, ok && order == 0
}
