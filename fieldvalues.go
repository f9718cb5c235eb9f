package seine

import (
	"encoding"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"time"
)

// object returns the fields of a struct as JSON values.
func (s shape) object(v reflect.Value) map[string]any {
	out := make(map[string]any, len(s))
	for _, m := range s {
		field, err := v.FieldByIndexErr(m.index)
		if err != nil { // inside of an embedded pointer that is nil
			out[m.Name] = nil
			continue
		}
		out[m.Name] = m.value(field)
	}
	return out
}

// value returns a field as a JSON value, or nil if it is missing.
func (m *member) value(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			if m.List {
				return []any{}
			}
			return nil
		}
		v = v.Elem()
	}
	if !m.List {
		return m.scalar(v)
	}
	list := make([]any, v.Len())
	one := *m
	one.List = false
	for i := range list {
		list[i] = one.value(v.Index(i))
	}
	return list
}

func (m *member) scalar(v reflect.Value) any {
	if t, ok := v.Interface().(time.Time); ok {
		if t.IsZero() {
			return nil
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	switch m.Type {
	case TypeObject:
		return m.inner.object(v)
	case TypeAny:
		return decoded(v.Interface())
	case TypeDecimal:
		if v.String() == "" {
			return nil
		}
		return json.Number(v.String())
	case TypeString:
		text := textOf(v)
		if text == "" {
			return nil
		}
		return text
	default:
	}
	switch {
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		if n := v.Uint(); n > math.MaxInt64 {
			return json.Number(strconv.FormatUint(n, 10))
		}
		return int64(v.Uint())
	case v.CanFloat():
		if f := v.Float(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return narrow(v)
		}
		return nil
	}
	return v.Bool()
}

// narrow returns a float with the digits of its own size, because 0.1 as a float32 is another
// number as a float64.
func narrow(v reflect.Value) float64 {
	if v.Kind() != reflect.Float32 {
		return v.Float()
	}
	f, _ := strconv.ParseFloat(strconv.FormatFloat(v.Float(), 'g', -1, 32), 64)
	return f
}

// textOf returns a text, or the text form of a value.
func textOf(v reflect.Value) string {
	if v.Kind() == reflect.String && !v.Type().Implements(textType) {
		return v.String()
	}
	of, ok := v.Interface().(encoding.TextMarshaler)
	if !ok {
		copied := reflect.New(v.Type())
		copied.Elem().Set(v)
		if of, ok = copied.Interface().(encoding.TextMarshaler); !ok {
			return v.String()
		}
	}
	text, err := of.MarshalText()
	if err != nil {
		return ""
	}
	return string(text)
}

// decoded returns any value as a JSON value, or nil if JSON has none for it.
func decoded(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(text, &out) != nil {
		return nil
	}
	return out
}

// schemaOf returns a JSON Schema (draft 2020-12) of records with fields. A missing value is
// null.
func schemaOf(fields []Field) json.RawMessage {
	schema := objectSchema(fields)
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	text, err := json.Marshal(schema)
	if err != nil {
		panic(err) // maps of texts
	}
	return text
}

func objectSchema(fields []Field) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range fields {
		properties[f.Name] = f.schema()
		if f.Required {
			required = append(required, f.Name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func (f Field) schema() map[string]any {
	one := map[string]any{}
	switch f.Type {
	case TypeString, TypeTime:
		one["type"] = "string"
		if f.Type == TypeTime {
			one["format"] = "date-time"
		}
	case TypeInt:
		one["type"] = "integer"
	case TypeFloat, TypeDecimal:
		one["type"] = "number"
	case TypeBool:
		one["type"] = "boolean"
	case TypeObject:
		if one["type"] = "object"; len(f.Fields) > 0 {
			one = objectSchema(f.Fields)
		}
	case TypeAny:
	}
	if f.List {
		return map[string]any{"type": "array", "items": orNull(one)}
	}
	if f.Required {
		return one
	}
	return orNull(one)
}

// orNull permits a missing value.
func orNull(schema map[string]any) map[string]any {
	if t, ok := schema["type"].(string); ok {
		schema["type"] = []string{t, "null"}
	}
	return schema
}
