package seine

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// FieldType is the type of a field of records.
type FieldType string

// The types of fields. A decimal is a number with all its digits, a time is a text of RFC 3339. An
// object has fields of its own, and any is each JSON value.
const (
	TypeString  FieldType = "string"
	TypeInt     FieldType = "int"
	TypeFloat   FieldType = "float"
	TypeDecimal FieldType = "decimal"
	TypeBool    FieldType = "bool"
	TypeTime    FieldType = "time"
	TypeObject  FieldType = "object"
	TypeAny     FieldType = "any"
)

// Field declares a field of records: see [Job.Fields]. [FieldsOf] makes fields of a struct.
type Field struct {
	// Name is letters, digits and '_', not a digit first, at most 63.
	Name string

	// Type is the type of a value. Required.
	Type FieldType

	// List makes the value a list of values of the type.
	List bool `json:",omitempty"`

	// Required rejects a record without a value of the field. By default it may be missing.
	Required bool `json:",omitempty"`

	// Fields are the fields of an object. An object without fields holds any names.
	Fields []Field `json:",omitempty"`
}

// FieldsOf returns the fields of a struct, for [Job.Fields]. Each exported field of the struct is a
// field of records. The tag seine, or else json, gives its name and options:
//
//	type Card struct {
//		ID    string    `seine:"id,key"`         // also the key of the record
//		Name  string    `seine:"name,required"`  // a record without it is quarantined
//		Price *float64  `seine:"price"`          // nil is a missing value
//		Sold  time.Time `seine:"sold"`
//		Tags  []string                           // without a tag: tags
//		Note  string    `seine:"-"`              // no field
//	}
//
// Integers are int, floats float, [encoding/json.Number] is decimal, a struct is an object, and a
// slice is a list. A map and an interface hold any value. A type with a text form
// ([encoding.TextMarshaler]) is a string. An embedded struct gives its fields.
//
// FieldsOf panics if T is no struct, or has a field of another type, two fields of one name, two
// with the option key, an option of the tag seine other than key and required, or itself inside.
func FieldsOf[T any]() []Field { return shapeOf(reflect.TypeFor[T]()).declared() }

// RecordOf returns a record with the fields of a struct or of a pointer to one, by the rules of
// [FieldsOf]. The field with the option key gives Record.Key.
//
// An empty text, a nil pointer, the zero time, NaN and the infinities are missing values, and a nil
// slice is an empty list. RecordOf panics as FieldsOf does.
func RecordOf(v any) Record {
	value := reflect.ValueOf(v)
	for value.Kind() == reflect.Pointer && !value.IsNil() {
		value = value.Elem()
	}
	shape := shapeOf(value.Type())
	out := Record{Fields: shape.object(value)}
	for _, m := range shape {
		if m.key {
			if key := out.Fields[m.Name]; key != nil {
				out.Key = fmt.Sprint(key)
			}
		}
	}
	return out
}

// SchemaOf returns a JSON Schema (draft 2020-12) of the records of a struct, by the rules of
// [FieldsOf].
func SchemaOf[T any]() json.RawMessage { return schemaOf(FieldsOf[T]()) }

// shape is the fields of a struct.
type shape []member

// member is a field of a struct.
type member struct {
	Field
	index []int
	key   bool
	inner shape
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	numberType = reflect.TypeFor[json.Number]()
	textType   = reflect.TypeFor[encoding.TextMarshaler]()
)

// shapeOf returns the shape of a struct.
func shapeOf(t reflect.Type) shape { return shapeIn(t, nil) }

func shapeIn(t reflect.Type, around []reflect.Type) shape {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("seine: %s is no struct", t))
	}
	if slices.Contains(around, t) {
		panic(fmt.Sprintf("seine: %s holds itself", t))
	}
	around = append(around, t)
	var out shape
	for _, f := range reflect.VisibleFields(t) {
		name, options, ok := tagOf(f)
		if tag := f.Tag.Get("seine"); f.PkgPath != "" && !f.Anonymous && tag != "" && tag != "-" {
			panic(fmt.Sprintf("seine: field %s of %s has a tag but is not exported: begin its name with a capital letter", f.Name, t))
		}
		if !ok || f.PkgPath != "" || hiddenIn(t, f.Index) {
			continue
		}
		m := member{Field: Field{Name: name}, index: f.Index}
		for _, o := range options {
			m.key, m.Required = m.key || o == "key", m.Required || o == "required"
			if _, own := f.Tag.Lookup("seine"); own && o != "" && o != "key" && o != "required" {
				panic(fmt.Sprintf("seine: field %s of %s has the option %q in its tag: known are key and required", f.Name, t, o))
			}
		}
		if m.key && slices.ContainsFunc(out, func(o member) bool { return o.key }) {
			panic(fmt.Sprintf("seine: %s has two fields with the option key: a record has one key", t))
		}
		if !m.typed(f.Type, around) {
			panic(fmt.Sprintf("seine: field %s of %s has the type %s, which no record holds", f.Name, t, f.Type))
		}
		if slices.ContainsFunc(out, func(o member) bool { return o.Name == name }) {
			panic(fmt.Sprintf("seine: %s has two fields with the name %s", t, name))
		}
		out = append(out, m)
	}
	return out
}

// hiddenIn reports whether a field is inside of an embedded struct that has a name of its own or is
// left out.
func hiddenIn(t reflect.Type, index []int) bool {
	for i := 1; i < len(index); i++ {
		if _, _, ok := tagOf(t.FieldByIndex(index[:i])); ok || t.FieldByIndex(index[:i]).Tag.Get("seine") == "-" {
			return true
		}
	}
	return false
}

// tagOf returns the name and options of a struct's field. ok is false for a field that is left out,
// and for an embedded struct whose fields count instead.
func tagOf(f reflect.StructField) (name string, options []string, ok bool) {
	tag, found := f.Tag.Lookup("seine")
	if !found {
		tag = f.Tag.Get("json")
	}
	name, rest, _ := strings.Cut(tag, ",")
	embedded := f.Anonymous && f.Type.Kind() == reflect.Struct && f.Type != timeType
	if tag == "-" || embedded && name == "" {
		return "", nil, false
	}
	if name == "" {
		name = strings.ToLower(f.Name[:1]) + f.Name[1:]
	}
	return name, strings.Split(rest, ","), true
}

// typed finds the type of a member. It returns false for a type that no record holds.
func (m *member) typed(t reflect.Type, around []reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == timeType:
		m.Type = TypeTime
	case t == numberType:
		m.Type = TypeDecimal
	case t.Implements(textType), reflect.PointerTo(t).Implements(textType):
		m.Type = TypeString
	case (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && !m.List && t.Elem().Kind() != reflect.Uint8:
		m.List = true
		return m.typed(t.Elem(), around)
	default:
		m.Type = plainTypes[t.Kind()]
		if t.Kind() == reflect.Struct {
			m.Type, m.inner = TypeObject, shapeIn(t, around)
			m.Fields = m.inner.declared()
		}
		if t.Kind() == reflect.Map && t.Key().Kind() != reflect.String {
			return false
		}
	}
	return m.Type != ""
}

var plainTypes = map[reflect.Kind]FieldType{
	reflect.String: TypeString, reflect.Bool: TypeBool, reflect.Float32: TypeFloat, reflect.Float64: TypeFloat,
	reflect.Int: TypeInt, reflect.Int8: TypeInt, reflect.Int16: TypeInt, reflect.Int32: TypeInt, reflect.Int64: TypeInt,
	reflect.Uint: TypeInt, reflect.Uint8: TypeInt, reflect.Uint16: TypeInt, reflect.Uint32: TypeInt, reflect.Uint64: TypeInt,
	reflect.Map: TypeAny, reflect.Interface: TypeAny,
}

func (s shape) declared() []Field {
	out := make([]Field, len(s))
	for i, m := range s {
		out[i] = m.Field
	}
	return out
}
