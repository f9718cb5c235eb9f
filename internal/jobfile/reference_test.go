package jobfile

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
)

const preface = `# The job file

A job file is YAML. It states what to scrape, how much, and at which pace. Everything has a default
but ` + "`" + `job` + "`" + `, ` + "`" + `seeds` + "`" + ` and ` + "`" + `fields` + "`" + `. Jobs with page kinds (` + "`" + `pages` + "`" + `), records from parts of a page
(` + "`" + `each` + "`" + `), links (` + "`" + `follow` + "`" + `) or pages stored as files (` + "`" + `body: true` + "`" + `) need no fields.
This page is made from the source of internal/jobfile; ` + "`" + `seine schema` + "`" + ` prints the same as a JSON
Schema, for editors, and ` + "`" + `seine validate` + "`" + ` checks a file.

` + "`" + `` + "`" + `` + "`" + `yaml
job: shop
contact: data@example.org
seeds:
  urls: [https://shop.example/a, https://shop.example/b]
fields:
  title: {css: h1}
  price: {css: .price, match: '[\d.]+', type: float}
  photo: {css: img.main, attr: src}
verdict:
  - {skip: price == nil, why: not for sale}
assets:
  photo: {url: photo}
` + "`" + `` + "`" + `` + "`" + `

**Examples.** Each example below is valid in a job file with ` + "`" + `job` + "`" + `, ` + "`" + `seeds` + "`" + ` and ` + "`" + `fields` + "`" + `. A key
of the example replaces the key of the same name.

**Three small languages.** ` + "`" + `seeds.url` + "`" + ` and ` + "`" + `store.key` + "`" + ` are templates: ` + "`" + `{name}` + "`" + ` stands for a
value. Verdicts and ` + "`" + `assets.*.url` + "`" + ` are
[expressions](https://expr-lang.org/docs/language-definition) over the fields and ` + "`" + `id` + "`" + `, ` + "`" + `url` + "`" + `,
` + "`" + `status` + "`" + `, ` + "`" + `key` + "`" + ` and ` + "`" + `meta` + "`" + ` (what was given with the task). ` + "`" + `upgrade.from` + "`" + ` and ` + "`" + `to` + "`" + ` are literal
text.

**Missing values.** A field that was not found is its ` + "`" + `or` + "`" + `, else nil in expressions and null in
the record; a list is empty. Where a verdict, an asset or the key needs a value that is not
there, the task ends in error and says which.

**Variables.** ` + "`" + `${NAME}` + "`" + ` and ` + "`" + `${NAME:-default}` + "`" + ` in any value stand for the environment's;
` + "`" + `$${` + "`" + ` is a dollar sign and a brace. They are resolved when the file is loaded and left out of
what commands print. The frontier keeps the file, the permission, verdicts and their reasons
as written. In a URL that is a task's key, ` + "`" + `${NAME}` + "`" + ` stands for a secret. If a page repeats a
secret, records, paths and exports hold ` + "`" + `xxxxx` + "`" + `. A secret is the value of a variable in
` + "`" + `fetch.headers` + "`" + `, in the ` + "`" + `headers` + "`" + ` of a link, in ` + "`" + `session.login` + "`" + ` or in ` + "`" + `frontier` + "`" + `, and in each
key that takes a URL or the body of a link: a password, a parameter whose name is like ` + "`" + `token` + "`" + `
or ` + "`" + `key` + "`" + `, and any value of 16 or more bytes. Other values are settings, such as a host or a
folder of ` + "`" + `store.key` + "`" + `, and a shorter value in another parameter is one too. Between braces,
quote variables: ` + "`" + `{url: "${STORE}"}` + "`" + `.

**Units.** Durations are ` + "`" + `500ms` + "`" + `, ` + "`" + `20s` + "`" + `, ` + "`" + `1m30s` + "`" + `, ` + "`" + `12h` + "`" + `, ` + "`" + `2d` + "`" + `; sizes ` + "`" + `500kB` + "`" + `, ` + "`" + `8MiB` + "`" + ` or bytes. A
number with leading zeros is refused, because YAML can read it as octal.
`

// reference returns docs/jobfile.md.
func reference(docs map[string]string) []byte {
	p := &page{docs: docs, seen: map[reflect.Type]string{}}
	p.b.WriteString(preface)
	p.keys(reflect.TypeFor[document](), nil)
	return p.b.Bytes()
}

type page struct {
	b    bytes.Buffer
	docs map[string]string
	seen map[reflect.Type]string
}

// step is a part of a path: a key, or the placeholder of a name or a number.
type step struct {
	shown, example string

	owner reflect.Type        // the struct of the key, nil for a name or a number
	field reflect.StructField // the key
}

func (p *page) keys(t reflect.Type, path []step) {
	for f := range t.Fields() {
		at := append(path[:len(path):len(path)], step{shown: "." + key(f), example: key(f), owner: t, field: f})
		level := "###"
		if len(path) == 0 {
			level = "##"
		}
		fmt.Fprintf(&p.b, "\n%s %s\n\n%s", level, shown(at), kindOf(f.Type, f.Tag))
		switch f.Tag.Get("required") {
		case "true":
			p.b.WriteString(", required")
		case unlessBody:
			p.b.WriteString(", required without `body: true`")
		}
		if d := f.Tag.Get("default"); d != "" {
			fmt.Fprintf(&p.b, ", default %s", strings.ReplaceAll(d, "null", "`null`"))
		}
		fmt.Fprintf(&p.b, "\n\n%s\n", wrap(p.docs[t.Name()+"."+f.Name]))
		if example := f.Tag.Get("example"); example != "" {
			fmt.Fprintf(&p.b, "\n```yaml\n%s\n```\n", nest(at, quote(example, f.Type)))
		}
		p.inner(f.Type, at)
	}
}

// inner writes the keys inside a key, once for a recursive kind.
func (p *page) inner(t reflect.Type, path []step) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[follows]() {
		t = reflect.TypeFor[[]followKeys]()
	}
	switch {
	case t.Kind() == reflect.Slice && strings.HasPrefix(t.Name(), "entries["):
		value, _ := t.Elem().FieldByName("value")
		p.inner(value.Type, append(path[:len(path):len(path)], step{shown: ".NAME", example: "name"}))
	case strings.HasPrefix(t.Name(), "several["):
		p.inner(t.Elem(), path)
	case t.Kind() == reflect.Slice:
		p.inner(t.Elem(), append(path[:len(path):len(path)], step{shown: "[]", example: "[]"}))
	case isKeys(t):
		if before, ok := p.seen[t]; ok {
			fmt.Fprintf(&p.b, "\nThe keys are the same as in `%s`.\n", before)
			return
		}
		p.seen[t] = shown(path)
		p.keys(t, path)
	}
}

// isKeys reports whether a type is a struct of keys, not a value.
func isKeys(t reflect.Type) bool {
	_, self := reflect.New(t).Interface().(value)
	return t.Kind() == reflect.Struct && !self
}

func shown(path []step) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteString(s.shown)
	}
	return strings.TrimPrefix(b.String(), ".")
}

func kindOf(t reflect.Type, tag reflect.StructTag) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[duration]():
		return "Duration"
	case reflect.TypeFor[hours]():
		return "Hours of the day"
	case reflect.TypeFor[span]():
		return "Duration, or two: least..most"
	case reflect.TypeFor[size]():
		return "Size"
	case reflect.TypeFor[dims]():
		return "Width and height"
	case reflect.TypeFor[box]():
		return "List of four whole numbers"
	case reflect.TypeFor[address]():
		return "Address or prefix"
	case reflect.TypeFor[bound]():
		return "Whole number, letters or date"
	case reflect.TypeFor[fraction]():
		return "Number, 0 to 1"
	case reflect.TypeFor[several[idSpace]](), reflect.TypeFor[several[eachKeys]]():
		return "Keys, or a list of them"
	case reflect.TypeFor[several[string]]():
		return "Text, or a list of them"
	case reflect.TypeFor[fetchers]():
		return "`http` or `chrome`, or a list of both"
	case reflect.TypeFor[follows]():
		return "`all`, or a list of keys"
	case reflect.TypeFor[sitemaps]():
		return "`auto`, or a list of texts"
	case reflect.TypeFor[scopeHosts]():
		return "`domain`, or a list of texts"
	case reflect.TypeFor[expressionText]():
		return "Expression"
	case reflect.TypeFor[seedURL]():
		return "Text, or `url` and `page`"
	case reflect.TypeFor[linked]():
		return "Path, or `type` and `path`"
	case reflect.TypeFor[tableCells]():
		return "Header, or `css` and `header`"
	case reflect.TypeFor[assetURL]():
		return "Expression, or the keys of a field"
	case reflect.TypeFor[literal]():
		return "Text, number, true, false, or a list of them"
	}
	switch t.Kind() {
	case reflect.Slice:
		if strings.HasPrefix(t.Name(), "entries[") {
			value, _ := t.Elem().FieldByName("value")
			return "Names, each with " + lower(kindOf(value.Type, ""))
		}
		return "List of " + lower(kindOf(t.Elem(), tag))
	case reflect.Struct:
		return "Keys"
	case reflect.Bool:
		return "True or false"
	case reflect.String:
		if l := limitsOf(tag); l.enum != nil {
			return "`" + strings.Join(l.enum, "`, `") + "`"
		}
		return "Text"
	default:
		s := "Whole number"
		if l := limitsOf(tag); l.min != nil && l.max != nil {
			s += fmt.Sprintf(", %d to %d", *l.min, *l.max)
		} else if l.min != nil {
			s += fmt.Sprintf(", at least %d", *l.min)
		}
		return s
	}
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// wrap breaks a text into lines of at most 96 letters.
func wrap(s string) string {
	var b strings.Builder
	n := 0
	for _, w := range strings.Fields(s) {
		if n > 0 && n+1+len(w) > 96 {
			b.WriteByte('\n')
			n = 0
		} else if n > 0 {
			b.WriteByte(' ')
			n++
		}
		b.WriteString(w)
		n += len(w)
	}
	return b.String()
}
