package jobfile

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine"
)

const schemaHead = "job: shop\nseeds: {urls: [https://shop.example/a]}\n"

func TestMistakesInASchema(t *testing.T) {
	t.Parallel()
	const fields = "fields: {title: {css: h1}, note: {css: p, keep: false}}\n"
	for _, tt := range []struct{ name, src, want string }{
		{"a wrong type", fields + "schema:\n  properties:\n    title: {type: text}\n",
			`job.yaml:6:19: schema: the schema is no JSON Schema: "type": has a value that JSON Schema does not know; types are string, number`},
		{"a list in place of a number", fields + "schema: {properties: {title: {maxLength: [1]}}}\n",
			`job.yaml:4:31: schema: the schema is no JSON Schema: "maxLength": got array, want integer`},
		{"false", fields + "schema: false\n", "job.yaml:4:9: schema: the schema rejects every record: describe the fields with properties and required"},
		{"a required field that no rule gives", fields + "schema: {required: [title, price]}\n",
			`job.yaml:4:1: schema rejects every record: it requires the field "price", which no rule gives: add the field, or take it out of required`},
		{"a required field that is not kept", fields + "schema: {required: [note]}\n", `it requires the field "note"`},
		{"a file that does not exist", fields + "schema: none.json\n",
			`job.yaml:4:9: schema: the file "none.json" does not exist: give the path of a JSON Schema, relative to the job file`},
		{"another document", fields + "schema: {$ref: 'https://a.example/x'}\n", "refers to another document: copy the part into $defs of this schema"},
		{"a page kind without records", "pages: {list: {record: none, follow: all, schema: {type: object}}}\n",
			"job.yaml:3:43: pages.list.schema: record: none stores no record: leave out one of them"},
		{"a page kind that lacks the field", "pages: {a: {fields: {t: {css: h1}}}, b: {match: /b/*, fields: {u: {css: h1}}}}\nschema: {required: [t]}\n",
			`schema rejects every record of page kind b: it requires the field "t"`},
		{"a field that is not described", fields + "schema: {additionalProperties: false, properties: {titel: {type: string}}}\n",
			`job.yaml:4:1: schema rejects every record: additionalProperties is false and properties lacks the field "title": describe the field, or leave it out`},
		{"a field of a part that is not described", "each: {css: li, fields: {x: {css: b}}}\nschema: {additionalProperties: false}\n", `properties lacks the field "x"`},
		{"no valid value", fields + "schema: {properties: {title: {enum: []}}}\n", `no value of the field "title" is valid`},
		{"of another type", fields + "schema: {type: array}\n", "the schema rejects every record"},
		{"a page kind that lacks the field and has no schema", "pages: {a: {fields: {t: {css: h1}}, schema: {required: [t]}}, b: {match: /b/*, fields: {u: {css: h1}}}}\nschema: {required: [t]}\n",
			`schema rejects every record of page kind b: it requires the field "t"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := mistakes(t, schemaHead+tt.src); !strings.Contains(got, tt.want) {
				t.Errorf("says %s; want %q in it", got, tt.want)
			}
		})
	}
}

// A schema that holds for no page kind, or that permits the fields, is no mistake.
func TestSchemasThatSeemToReject(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		"fields: {title: {css: h1}, note: {css: p, keep: false}}\nschema: {additionalProperties: false, properties: {title: {}}}\n",
		"fields: {title: {css: h1}}\nschema: {additionalProperties: false, patternProperties: {'^t': {}}}\n",
		"fields: {title: {css: h1}}\nschema: {type: [object, array], anyOf: [false, {required: [title]}], not: {required: [x]}}\n",
		"pages: {a: {fields: {t: {css: h1}}}, b: {match: /b/*, fields: {u: {css: h1}}, schema: {required: [u]}}}\nschema: {required: [t], additionalProperties: false, properties: {t: {}}}\n",
	} {
		if got := mistakes(t, schemaHead+src); got != "" {
			t.Errorf("%s: %s", src, got)
		}
	}
}

// The schema of a page kind replaces the schema at the top, and a number in it keeps its digits.
func TestTheSchemaOfAPageKind(t *testing.T) {
	t.Parallel()
	f, err := Parse("job.yaml", []byte(schemaHead+`
pages:
  a: {fields: {n: {css: h1}}}
  b: {match: /b/*, fields: {n: {css: h1}}, schema: {properties: {n: {maximum: 123456789012345678901234567890}}}}
schema: {properties: {n: {type: string}}}
`), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	check := func(page string, n any) string {
		if v := f.Job.Check(page, seine.Record{Fields: map[string]any{"n": n}}); v != nil {
			return v.Field + " " + v.Rule
		}
		return ""
	}
	for _, c := range []struct {
		page string
		n    any
		want string
	}{
		{"a", "x", ""}, {"a", int64(1), "/n type"}, {"", int64(1), "/n type"}, {"b", "x", ""},
		{"b", json.Number("123456789012345678901234567890"), ""}, {"b", json.Number("123456789012345678901234567891"), "/n maximum"},
	} {
		if got := check(c.page, c.n); got != c.want {
			t.Errorf("page %q, %v: %q; want %q", c.page, c.n, got, c.want)
		}
	}
}

// A decimal of a page meets a schema that asks for a number, and one that asks for a text.
func TestDecimalsMeetASchema(t *testing.T) {
	t.Parallel()
	fields := "fields: {name: {css: h1}, price: {css: .price, type: decimal}}"
	number := "schema: {required: [price], properties: {price: {type: number, minimum: 1}}}"
	text := `schema: {required: [price], properties: {price: {type: string, pattern: '^\d+\.\d\d$'}}}`
	for name, job := range map[string]string{
		"a number": fields + "\n" + number, "a text": fields + "\n" + text,
		"a page kind":            "pages: {a: {" + fields + "}}\n" + text,
		"a schema of a kind":     "pages: {a: {" + fields + ", " + text + "}}",
		"another kind before it": "pages: {b: {fields: {name: {css: h1}}, record: none}, a: {match: /a, " + fields + ", " + text + "}}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := Parse("job.yaml", []byte(schemaHead+job), os.LookupEnv)
			if err != nil {
				t.Fatal(err)
			}
			page := &seine.Page{URL: "https://shop.example/a", Status: 200, Header: map[string][]string{"Content-Type": {"text/html"}}, Body: []byte("<h1>x</h1><p class=price>EUR 4.50</p>")}
			task := seine.Task{Key: page.URL, URL: page.URL}
			if len(f.Job.Pages) > 0 {
				task.Page = "a"
			}
			out, err := f.Job.Scraper.Scrape(t.Context(), task, page)
			if err != nil || len(out.Records) != 1 {
				t.Fatalf("%+v, %v; want a record", out, err)
			}
			if v := f.Job.Check(task.Page, out.Records[0]); v != nil {
				t.Errorf("%v: %+v", out.Records[0].Fields, v)
			}
		})
	}
}

// A schema in a file belongs to the rules: the digest changes with it. A command that runs no page
// does not need the file.
func TestTheSchemaInAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "job.yaml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("job.yaml", schemaHead+"fields: {title: {css: h1}}\nschema: own.schema.json\n")
	write("own.schema.json", `{"properties": {"title": {"type": "string"}}}`)
	first, err := Load(path, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if v := first.Job.Check("", seine.Record{Fields: map[string]any{"title": nil}}); v == nil || v.Field != "/title" {
		t.Errorf("violation %+v", v)
	}
	write("own.schema.json", `{"properties": {"title": {"type": "number"}}}`)
	second, err := Load(path, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first.Job.Digest, second.Job.Digest) {
		t.Error("the digest does not cover the schema's file")
	}
	write("own.schema.json", `{"properties": {"title": {"type": 3}}}`)
	if _, err := Load(path, os.LookupEnv); err == nil || !strings.Contains(err.Error(), `:4:9: schema: the schema in "own.schema.json" is no JSON Schema: "type"`) ||
		!strings.Contains(err.Error(), "(at /properties/title/type)") {
		t.Errorf("error %v", err)
	}
	write("own.schema.json", `{"properties"`)
	if _, err := Load(path, os.LookupEnv); err == nil || !strings.Contains(err.Error(), "is not JSON: ") {
		t.Errorf("error %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "own.schema.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadPart(path, os.LookupEnv, "schema"); err != nil {
		t.Errorf("without the file: %v", err)
	}
}
