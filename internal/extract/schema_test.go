package extract

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

func compileSchema(t *testing.T, text string) *RecordSchema {
	t.Helper()
	v, err := ParseSchema([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := CompileSchema(v)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASchemaChecksRecords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, schema string
		fields       map[string]any
		want         *seine.Violation
	}{
		{"nothing is broken", `{"required": ["a"], "properties": {"a": {"type": "string"}}}`, map[string]any{"a": "x"}, nil},
		{"a field without a value is null", `{"properties": {"a": {"type": "string"}}}`, map[string]any{"a": nil},
			&seine.Violation{Field: "/a", Rule: "type", Reason: "got null, want string"}},
		{"a missing field", `{"required": ["a"]}`, nil, &seine.Violation{Rule: "required", Reason: "missing property 'a'"}},
		{"the first field decides", `{"properties": {"b": {"type": "string"}, "a": {"minLength": 3}}}`, map[string]any{"a": "x", "b": 1},
			&seine.Violation{Field: "/a", Rule: "minLength", Reason: "minLength: got 1, want 3"}},
		{"an element of a list", `{"properties": {"a": {"items": {"properties": {"u/~": {"const": 1}}}}}}`, map[string]any{"a": []any{map[string]any{"u/~": "x"}}},
			&seine.Violation{Field: "/a/0/u~1~0", Rule: "const", Reason: "value must be 1"}},
		{"no alternative", `{"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}`, map[string]any{},
			&seine.Violation{Rule: "anyOf", Reason: "'anyOf' failed"}},
		{"30 digits are exact", `{"properties": {"a": {"maximum": 123456789012345678901234567890}}}`,
			map[string]any{"a": json.Number("123456789012345678901234567891")},
			&seine.Violation{Field: "/a", Rule: "maximum", Reason: "got 123456789012345678901234567891, want at most 123456789012345678901234567890"}},
		{"30 digits at the bound", `{"properties": {"a": {"type": "integer", "maximum": 123456789012345678901234567890}}}`,
			map[string]any{"a": json.Number("123456789012345678901234567890")}, nil},
		{"decimals are exact", `{"properties": {"a": {"multipleOf": 0.1}}}`, map[string]any{"a": json.Number("0.30000000000000000001")},
			&seine.Violation{Field: "/a", Rule: "multipleOf", Reason: "got 0.30000000000000000001, want a multiple of 0.1"}},
		{"formats count", `{"properties": {"a": {"format": "date"}}}`, map[string]any{"a": "2026-02-30"},
			&seine.Violation{Field: "/a", Rule: "format"}},
		{"a number beyond all bounds", `{"properties": {"a": {"maximum": 3}}}`, map[string]any{"a": json.Number("1e99999999")},
			&seine.Violation{Rule: "number", Reason: "a number is too large to be checked"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := compileSchema(t, c.schema).Check(c.fields, nil)
			if c.want != nil && got != nil && c.want.Reason == "" {
				c.want.Reason = got.Reason // the library's words for a format
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("violation (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMistakeInASchema(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, schema, want string
		path               []string
	}{
		{"a type that is none", `{"properties": {"a": {"type": "text"}}}`, `is no JSON Schema: "type": `, []string{"properties", "a", "type"}},
		{"a rule of the wrong type", `{"required": "a"}`, `is no JSON Schema: "required": got string, want array`, []string{"required"}},
		{"a pattern that is none", `{"properties": {"a": {"pattern": "("}}}`, `is no JSON Schema: "pattern": `, []string{"properties", "a", "pattern"}},
		{"another document", `{"$ref": "https://a.example/schema.json"}`, "refers to another document: copy the part into $defs of this schema", nil},
		{"a file", `{"$ref": "file:///etc/passwd"}`, "refers to another document", nil},
		{"false", `false`, "rejects every record: ", nil},
		{"not everything", `{"not": {}}`, "rejects every record: ", nil},
		{"a list type", `{"type": ["array", "null"]}`, "rejects every record: ", nil},
		{"a text", `{"const": "x"}`, "rejects every record: ", nil},
		{"no value", `{"enum": []}`, "rejects every record: ", nil},
		{"a part that rejects", `{"allOf": [{"type": "object"}, {"allOf": [false]}]}`, "rejects every record: ", nil},
		{"no alternative", `{"anyOf": [{"type": "string"}, {"oneOf": [false, {"not": true}]}]}`, "rejects every record: ", nil},
		{"a required field without a value", `{"required": ["a"], "properties": {"a": false}}`, "rejects every record: ", nil},
		{"a list", `[]`, "is no JSON Schema: ", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v, err := ParseSchema([]byte(c.schema))
			if err != nil {
				t.Fatal(err)
			}
			_, err = CompileSchema(v)
			got, ok := errors.AsType[*SchemaError](err)
			if !ok || !strings.HasPrefix(got.Message, c.want) || !slices.Equal(got.Path, c.path) {
				t.Errorf("%v: got %v; want %q at %q", c.schema, err, c.want, c.path)
			}
		})
	}
}

// A decimal meets a schema as a number or as the text of its digits, wherever it is. Other numbers
// are no texts.
func TestADecimalIsANumberOrAText(t *testing.T) {
	t.Parallel()
	price := func(schema string) string { return `{"properties": {"price": ` + schema + `}}` }
	one := func(v any) map[string]any { return map[string]any{"price": v} }
	for _, c := range []struct {
		name, schema string
		fields       map[string]any
		want         string // the pointer and the rule, if one is broken
	}{
		{"a number", price(`{"type": "number", "minimum": 1}`), one(json.Number("1.50")), ""},
		{"a text", price(`{"type": "string", "pattern": "^1\\.50$"}`), one(json.Number("1.50")), ""},
		{"a whole number", price(`{"type": "string", "pattern": "^3$"}`), one(int64(3)), ""},
		{"a float", price(`{"const": "0.25"}`), one(0.25), ""},
		{"a text or null", price(`{"type": ["string", "null"]}`), one(json.Number("1.50")), ""},
		{"no value", price(`{"type": ["string", "null"]}`), one(nil), ""},
		{"one of some texts", price(`{"enum": ["1.50", "2.50"]}`), one(json.Number("1.50")), ""},
		{"an alternative", price(`{"anyOf": [{"type": "null"}, {"type": "string"}]}`), one(json.Number("1.50")), ""},
		{"a text that does not match", price(`{"type": "string", "pattern": "^9"}`), one(json.Number("1.50")), "/price pattern"},
		{"a number that is too small", price(`{"type": "number", "minimum": 2}`), one(json.Number("1.50")), "/price minimum"},
		{"another type", price(`{"type": "boolean"}`), one(json.Number("1.50")), "/price type"},
		{"a field that is no decimal", `{"properties": {"pages": {"type": "string"}}}`, map[string]any{"pages": int64(3)}, "/pages type"},
		{"a list", `{"properties": {"all": {"items": {"type": "string"}}}}`, map[string]any{"all": []any{json.Number("1.50"), int64(2), nil}}, "/all/2 type"},
		{"an object in a list", `{"properties": {"rows": {"items": {"properties": {"cost": {"type": "string"}, "n": {"type": "number"}}}}}}`,
			map[string]any{"rows": []any{map[string]any{"cost": json.Number("1.50"), "n": json.Number("1.50")}}}, ""},
		{"the amount of a price", `{"properties": {"offer": {"properties": {"amount": {"type": "string"}}}}}`, map[string]any{"offer": map[string]any{"amount": json.Number("1.50")}}, ""},
		{"of an each", `{"properties": {"own": {"type": "string"}}}`, map[string]any{"own": json.Number("1.50")}, ""},
		{"an alternative source", `{"properties": {"first": {"type": "string"}}}`, map[string]any{"first": json.Number("1.50")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			decimals := DecimalsOf(Rules{
				Fields: []Field{
					{Name: "price", Type: "decimal"}, {Name: "pages", Type: "int"}, {Name: "all", Type: "decimal", All: true}, {Name: "offer", Type: "price"},
					{Name: "rows", Fields: []Field{{Name: "cost", Type: "decimal"}, {Name: "n", Type: "float"}}},
					{Name: "first", First: []Field{{CSS: "b"}, {CSS: "p", Type: "decimal"}}},
				},
				Each: []Each{{Fields: []Field{{Name: "own", Type: "decimal"}}}},
			})
			before := fmt.Sprintf("%#v", c.fields)
			got := ""
			if v := compileSchema(t, c.schema).Check(c.fields, decimals); v != nil {
				got = v.Field + " " + v.Rule
			}
			if got != c.want {
				t.Errorf("violation %q; want %q", got, c.want)
			}
			if after := fmt.Sprintf("%#v", c.fields); after != before {
				t.Errorf("the record became %s; it was %s", after, before)
			}
		})
	}
}
