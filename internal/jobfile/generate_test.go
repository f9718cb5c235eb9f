package jobfile

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the schema and the reference anew")

// The schema and the reference are generated from the structs of shape*.go, so that an editor, a
// reader and the decoder agree.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	docs := comments(t)
	for path, got := range map[string][]byte{
		"schema.gen.json":       schemaJSON(t, docs),
		"../../docs/jobfile.md": reference(docs),
	} {
		if *update {
			if err := os.MkdirAll("../../docs", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is out of date (%v): run go generate ./internal/jobfile", path, err)
		}
	}
}

// comments returns the comment of each field of shape*.go by "struct.Field", and fails for a field
// without one.
func comments(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	for _, name := range []string{"shape.go", "shape_fetch.go", "shape_rules.go", "shape_session.go", "shape_site.go"} {
		commentsOf(t, name, docs)
	}
	return docs
}

func commentsOf(t *testing.T, name string, docs map[string]string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		for _, f := range spec.Type.(*ast.StructType).Fields.List {
			text := strings.Join(strings.Fields(f.Doc.Text()), " ")
			if text == "" {
				t.Errorf("%s.%s has no comment", spec.Name.Name, f.Names[0].Name)
			}
			docs[spec.Name.Name+"."+f.Names[0].Name] = text
		}
		return false
	})
}

// variableSchema accepts a text with a variable in place of another type, because only the
// environment knows its value.
var variableSchema = map[string]any{"type": "string", "pattern": `\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}`}

func orVariable(s map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{s, map[string]any{"$ref": "#/$defs/variable"}}}
}

func schemaJSON(t *testing.T, docs map[string]string) []byte {
	t.Helper()
	g := &generator{docs: docs, defs: map[string]any{"variable": variableSchema}}
	root := g.object(reflect.TypeFor[document]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://github.com/seinehq/seine/jobfile.schema.json"
	root["title"] = "Seine job file"
	root["$defs"] = g.defs
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type generator struct {
	docs map[string]string
	defs map[string]any
}

func (g *generator) object(t reflect.Type) map[string]any {
	properties := map[string]any{}
	var required []string
	for f := range t.Fields() {
		p := g.schema(f.Type, f.Tag)
		p["description"] = g.docs[t.Name()+"."+f.Name]
		if d := f.Tag.Get("default"); d != "" {
			p["description"] = fmt.Sprintf("%s Default: %s.", p["description"], d)
		}
		properties[key(f)] = p
		if f.Tag.Get("required") == "true" {
			required = append(required, key(f))
		}
	}
	s := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		s["required"] = required
	}
	for f := range t.Fields() {
		if f.Tag.Get("required") == unlessBody {
			other := map[reflect.Type]string{reflect.TypeFor[document](): "assets", reflect.TypeFor[asset](): "body"}[t]
			wanted := []any{map[string]any{"required": []string{key(f)}}, map[string]any{"required": []string{other}}}
			if t == reflect.TypeFor[document]() {
				for _, rules := range []string{"pages", "each", "follow"} {
					wanted = append(wanted, map[string]any{"required": []string{rules}})
				}
			}
			s["anyOf"] = wanted
		}
	}
	if t == reflect.TypeFor[verdict]() {
		var one []any
		for _, word := range []string{"skip", "stale", "error", "fail", "done"} {
			one = append(one, map[string]any{"required": []string{word}})
		}
		s["oneOf"] = one
	}
	return s
}

// oneOrMore accepts one value or a list of them.
func oneOrMore(one map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{one, map[string]any{"type": "array", "items": one, "minItems": 1}}}
}

func (g *generator) schema(t reflect.Type, tag reflect.StructTag) map[string]any {
	text := func(pattern string) map[string]any { return map[string]any{"type": "string", "pattern": pattern} }
	if t.Kind() == reflect.Pointer {
		return g.schema(t.Elem(), tag)
	}
	switch t {
	case reflect.TypeFor[duration]():
		return map[string]any{"anyOf": []any{text(durationPattern), map[string]any{"const": 0}, map[string]any{"$ref": "#/$defs/variable"}}}
	case reflect.TypeFor[hours]():
		return map[string]any{"anyOf": []any{text(hoursPattern), map[string]any{"$ref": "#/$defs/variable"}}}
	case reflect.TypeFor[span]():
		return map[string]any{"anyOf": []any{text(spanPattern), map[string]any{"const": 0}, map[string]any{"$ref": "#/$defs/variable"}}}
	case reflect.TypeFor[size]():
		return map[string]any{"anyOf": []any{
			text(sizePattern), map[string]any{"type": "integer", "minimum": 1}, map[string]any{"$ref": "#/$defs/variable"},
		}}
	case reflect.TypeFor[dims]():
		return orVariable(text(dimsPattern))
	case reflect.TypeFor[box]():
		return map[string]any{"type": "array", "items": orVariable(map[string]any{"type": "integer"}), "minItems": 4, "maxItems": 4}
	case reflect.TypeFor[address]():
		return map[string]any{"type": "string"}
	case reflect.TypeFor[recordSchema]():
		return map[string]any{"type": []string{"object", "boolean", "string"}}
	case reflect.TypeFor[bound]():
		return map[string]any{"anyOf": []any{map[string]any{"type": "integer", "minimum": 0}, map[string]any{"type": "string", "minLength": 1}}}
	case reflect.TypeFor[fraction]():
		return orVariable(map[string]any{"type": "number", "minimum": 0, "maximum": 1})
	case reflect.TypeFor[fetchers]():
		return oneOrMore(orVariable(map[string]any{"enum": []string{"http", "chrome"}}))
	case reflect.TypeFor[follows]():
		rule := g.schema(reflect.TypeFor[followKeys](), "")
		return map[string]any{"anyOf": []any{map[string]any{"const": "all"}, rule, map[string]any{"type": "array", "items": rule, "minItems": 1}}}
	case reflect.TypeFor[sitemaps](), reflect.TypeFor[scopeHosts]():
		return oneOrMore(map[string]any{"type": "string"})
	case reflect.TypeFor[expressionText]():
		return map[string]any{"type": []string{"string", "number", "boolean"}}
	case reflect.TypeFor[seedURL]():
		return map[string]any{"anyOf": []any{map[string]any{"type": "string"}, map[string]any{
			"type": "object", "properties": map[string]any{"url": map[string]any{"type": "string"}, "page": map[string]any{"type": "string"}},
			"required": []string{"url"}, "additionalProperties": false,
		}}}
	case reflect.TypeFor[linked]():
		return map[string]any{"anyOf": []any{map[string]any{"type": "string"}, g.schema(reflect.TypeFor[linkedKeys](), "")}}
	case reflect.TypeFor[tableCells]():
		return map[string]any{"anyOf": []any{map[string]any{"type": "string"}, g.schema(reflect.TypeFor[tableKeys](), "")}}
	case reflect.TypeFor[assetURL]():
		return map[string]any{"anyOf": []any{map[string]any{"type": "string"}, g.schema(reflect.TypeFor[field](), "")}}
	case reflect.TypeFor[literal]():
		scalars := []string{"string", "number", "boolean", "null"}
		return map[string]any{"anyOf": []any{
			map[string]any{"type": scalars},
			map[string]any{"type": "array", "items": map[string]any{"type": scalars}},
		}}
	}
	if strings.HasPrefix(t.Name(), "several[") {
		return oneOrMore(g.schema(t.Elem(), tag))
	}
	switch t.Kind() {
	case reflect.Struct:
		if _, known := g.defs[t.Name()]; !known {
			g.defs[t.Name()] = nil // a field holds fields
			g.defs[t.Name()] = g.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case reflect.Slice:
		if strings.HasPrefix(t.Name(), "entries[") {
			value, _ := t.Elem().FieldByName("value")
			s := map[string]any{"type": "object", "minProperties": 1, "additionalProperties": g.schema(value.Type, "")}
			if pattern := tag.Get("keys"); pattern != "" {
				names := map[string]any{"pattern": pattern}
				if taken := tag.Get("taken"); taken != "" {
					names["not"] = map[string]any{"enum": strings.Split(taken, ",")}
				}
				s["propertyNames"] = names
			}
			return s
		}
		return map[string]any{"type": "array", "items": g.schema(t.Elem(), tag)}
	case reflect.String:
		if l := limitsOf(tag); l.enum != nil {
			return orVariable(map[string]any{"enum": l.enum})
		}
		return map[string]any{"type": "string"}
	case reflect.Int, reflect.Int64:
		s := map[string]any{"type": "integer"}
		l := limitsOf(tag)
		if l.min != nil {
			s["minimum"] = *l.min
		}
		if l.max != nil {
			s["maximum"] = *l.max
		}
		return orVariable(s)
	case reflect.Bool:
		return orVariable(map[string]any{"type": "boolean"})
	}
	panic(t.String())
}
