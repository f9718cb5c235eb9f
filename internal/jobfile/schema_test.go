package jobfile

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// compileSchema returns the schema at a JSON pointer.
func compileSchema(t *testing.T, pointer string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("job.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("job.json#" + pointer)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// accepts reports whether a schema accepts a YAML text.
func accepts(t *testing.T, s *jsonschema.Schema, src string) error {
	t.Helper()
	var value any
	if err := yaml.Load([]byte(src), &value); err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	j, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(j))
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	return s.Validate(v)
}

func TestSchemaTakesWhatTheParserTakes(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t, "")
	src, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]string{"the example": string(src), "every key": everything, "the least": head + body} {
		if err := accepts(t, schema, src); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, line := range []string{
		"fetchh: {via: http}", "fetch: [a]", "verdict: skip", "contact: 12", "concurrency: many", "concurrency: 1.5",
		"max_failures: -1", "retry: {error: 1001}", "fetch: {timeout: 20}", "fetch: {timeout: 20 sec}", "pace: {delay: -1s}",
		"fetch: {max_body: 8 megs}", "fetch: {via: crome}", "verdict: [{why: because}]", "explore: {budget: -1}", "explore: {max: 65}",
		"verdict: [{skip: a, done: b}]", "assets: {front: {optional: true}}", "pace: {rest: {every: 5}}",
		"assets: {a: {url: a, image: {crop: {of: 100, box: [1, 2, 3, 4]}}}}", "fields: {status: {css: p}}", "fields: {a: {csss: p}}",
		"fields: {a: {css: p, all: 1}}", "fields: {a: {css: p, fields: {b: {cs: p}}}}", "fields: {}",
	} {
		key, _, _ := strings.Cut(line, ":")
		if err := accepts(t, schema, head+strings.Replace(body, key+":", "unused:", 1)+line+"\n"); err == nil {
			t.Errorf("the schema takes %q", line)
		}
	}
}

// Each example of the reference is taken by the decoder and by the schema.
func TestExamplesOfTheReferenceAreRight(t *testing.T) {
	t.Parallel()
	for _, shape := range []any{
		seeds{}, idSpace{}, fetch{}, wait{}, pace{}, rest{}, cooldown{}, assetPace{}, field{}, verdict{}, asset{},
		upgrade{}, image{}, crop{}, store{}, explore{}, links{}, limit{}, retry{}, document{},
	} {
		typ := reflect.TypeOf(shape)
		for f := range typ.Fields() {
			example := f.Tag.Get("example")
			if example == "" {
				if of := f.Type; of.Kind() != reflect.Struct && of.Kind() != reflect.Pointer {
					t.Errorf("%s.%s has no example", typ.Name(), f.Name)
				}
				continue
			}
			src := "x: " + quote(example, f.Type)
			r := &report{file: "example"}
			root := parseTree([]byte(src), r)
			if root == nil {
				t.Errorf("%s: %v", src, r.err())
				continue
			}
			(&resolver{report: r, getenv: noEnv}).resolve(root, "")
			d := &decoder{report: r, keys: map[string]place{}, values: map[string]place{}}
			d.decode(reflect.New(typ).Elem().FieldByIndex(f.Index), root.get("x"), key(f), limitsOf(f.Tag))
			if err := r.err(); err != nil {
				t.Errorf("%s.%s: %v", typ.Name(), f.Name, err)
			}
			pointer := "/$defs/" + typ.Name() + "/properties/" + key(f)
			if typ == reflect.TypeFor[document]() {
				pointer = "/properties/" + key(f)
			}
			if err := accepts(t, compileSchema(t, pointer), quote(example, f.Type)); err != nil {
				t.Errorf("%s.%s: %v", typ.Name(), f.Name, err)
			}
		}
	}
}

func TestTheReferenceOpensWithAJobThatIsRight(t *testing.T) {
	t.Parallel()
	_, rest, _ := strings.Cut(preface, "```yaml\n")
	src, _, _ := strings.Cut(rest, "```")
	if got := mistakes(t, src); got != "" {
		t.Error(got)
	}
}
