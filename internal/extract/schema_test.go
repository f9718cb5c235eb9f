package extract

import (
	"encoding/json"
	"errors"
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
			got := compileSchema(t, c.schema).Check(c.fields)
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
