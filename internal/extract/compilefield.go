package extract

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seinehq/seine/internal/xpath"
)

// where is the kind of input that the fields of a block are read from.
type where int

const (
	pageScope where = iota
	elementScope
	jsonScope
)

var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// fields compiles a block. A field that fails keeps its name, so that the expressions that use it
// get no further mistake.
func (c *compiler) fields(path string, list []Field, in where, depth int) []*field {
	if depth > maxNested {
		c.say(path, "fields stand more than %d blocks deep", maxNested)
		return nil
	}
	var compiled []*field
	seen := map[string]bool{}
	for _, f := range list {
		at := path + "." + f.Name
		switch {
		case len(f.Name) > 63 || !fieldName.MatchString(f.Name):
			c.say(at, "%q is not a name: letters, digits and '_', not a digit first, at most 63", f.Name)
		case reserved[f.Name] && in == pageScope:
			c.say(at, "the name %s is reserved for the task in expressions and keys", f.Name)
		case slices.Contains(keywords, f.Name):
			c.say(at, "%s is a word of expressions, not a name", f.Name)
		case seen[f.Name]:
			c.say(at, "field %s is defined twice", f.Name)
		}
		seen[f.Name] = true
		if f.Drop && in != pageScope {
			c.say(at+".keep", "only a whole field can be left out")
		}
		compiled = append(compiled, c.field(at, f, in, depth, ""))
	}
	return compiled
}

// fieldTypes lists the types of fields.
var fieldTypes = []string{"string", "int", "float", "decimal", "bool", "date", "price"}

// localTypes are the types whose texts depend on a language.
var localTypes = []string{"int", "float", "decimal", "date", "price"}

// field compiles one field. typ is the type that an alternative inherits.
func (c *compiler) field(path string, f Field, in where, depth int, typ string) *field {
	before := len(c.problems)
	defer func() { c.broken = c.broken || len(c.problems) > before }()
	out := &field{
		name: f.Name, attr: f.Attr, all: f.All, or: f.Or, typ: f.Type, trim: !f.NoTrim, drop: f.Drop,
	}
	if out.typ == "" {
		out.typ = typ
	}
	if f.Type != "" && !slices.Contains(fieldTypes, f.Type) {
		c.sayNear(path+".type", f.Type, fieldTypes, "unknown type %q: string, int, float, decimal, bool, date or price", f.Type)
	}
	c.reader(path, f, out)
	if n, whole := f.Or.(int64); whole && out.typ == "float" {
		out.or = float64(n)
	}
	if _, list := f.Or.([]any); f.Or != nil && list != (f.All || len(f.First) > 0 && f.First[0].All) {
		if list {
			c.say(path+".or", "a list cannot replace a missing single value: give the field all: true")
		} else {
			c.say(path+".or", "the field is a list, so its default must be a list")
		}
	}
	if f.First != nil {
		c.alternatives(path, f, out, in, depth)
		return out
	}
	c.source(path, f, out, in)
	if f.Asset != "" && len(sources(f)) == 1 {
		c.assetField(path, f, out, in, depth)
		return out
	}
	if f.Match != "" {
		out.match = c.pattern(path+".match", f.Match)
	}
	if f.Fields != nil {
		c.block(path, f, out, depth)
	} else if f.Attr != "" && f.CSS == "" && f.XPath == "" && in != elementScope {
		c.say(path+".attr", "an attribute needs css or xpath")
	} else if f.Attr != "" && (f.Text != "" || f.Regex != "" || f.Meta != "" || f.JSON != "" || f.JSONLD != "" || f.Structured != "" || f.Table != "" || f.Column != "") {
		c.say(path+".attr", "an attribute needs css or xpath")
	}
	return out
}

// alternatives compiles the fields of first.
func (c *compiler) alternatives(path string, f Field, out *field, in where, depth int) {
	if depth > maxNested {
		c.say(path, "fields stand more than %d blocks deep", maxNested)
		return
	}
	if n := len(sources(f)); n > 0 || f.Attr != "" || f.Match != "" || f.All || f.Fields != nil || f.NoTrim {
		c.say(path+".first", "next to first only or, type and keep may stand: move the rest into the alternatives")
	}
	if len(f.First) == 0 {
		c.say(path+".first", "has no alternatives")
		return
	}
	for i, alternative := range f.First {
		at := fmt.Sprintf("%s.first[%d]", path, i)
		if alternative.Drop || alternative.Or != nil {
			c.say(at, "or and keep go next to first")
		}
		if alternative.All != f.First[0].All {
			c.say(at, "all alternatives must be lists (all: true), or none")
		}
		out.first = append(out.first, c.field(at, inherit(f, alternative), in, depth+1, out.typ))
	}
}

// inherit gives an alternative the language and the formats of its field.
func inherit(f, alternative Field) Field {
	if alternative.Locale == "" && alternative.Decimal == "" {
		alternative.Locale, alternative.Decimal = f.Locale, f.Decimal
	}
	if alternative.Format == "" {
		alternative.Format = f.Format
	}
	if alternative.Currency == "" {
		alternative.Currency = f.Currency
	}
	return alternative
}

// named is a source that a field has.
type named struct{ key, src string }

// sources lists the sources that a field gives. A new one is a field of [Field], a word here and a
// case of compiler.source with its function in source.go or linked.go. The job file's side is a key
// in jobfile/shape_rules.go and its meaning in jobfile/rules.go.
func sources(f Field) []named {
	var has []named
	for _, s := range []named{
		{"css", f.CSS}, {"xpath", f.XPath}, {"text", f.Text}, {"regex", f.Regex},
		{"meta", f.Meta}, {"json", f.JSON}, {"jsonld", f.JSONLD}, {"table", f.Table}, {"column", f.Column}, {"asset", f.Asset},
	} {
		if s.src != "" {
			has = append(has, s)
		}
	}
	if f.JSONLD == "" && f.JSONLDType != "" {
		has = append(has, named{"jsonld", "@this"})
	}
	if f.Structured != "" {
		has = append(has, named{f.Structured, cmp.Or(f.Path, "@this")})
	}
	return has
}

// source compiles where a field's values come from.
func (c *compiler) source(path string, f Field, out *field, in where) {
	has := sources(f)
	switch {
	case len(has) == 0 && in == elementScope:
		out.find, out.from = elementSource, "."
		return
	case len(has) == 0:
		c.say(path, "gives no place to look: give css, xpath, text, regex, meta, json, jsonld, microdata, opengraph, table, article, pdf, feed, column, asset or first")
		return
	case len(has) > 1:
		c.say(path, "looks in two places, %s and %s: give only one of them, or first", has[0].key, has[1].key)
		return
	}
	key, src := has[0].key, has[0].src
	at := path + "." + key
	out.from = key + " " + src
	if key == "asset" {
		return // see assetField
	}
	if key == "column" && in != pageScope {
		c.say(at, "a column belongs to the task, not to an element: give it a field of its own")
		return
	}
	_, isStructured := structuredSources[key]
	if (in == jsonScope) != (key == "json") && in != pageScope || in == elementScope && (key == "jsonld" || isStructured) {
		c.say(at, "can't look inside the element that the outer field selects")
		return
	}
	if !c.short(at, src) {
		return
	}
	if isStructured {
		c.structured(at, f, out, key, src)
		return
	}
	var err error
	switch key {
	case "table":
		out.find, err = tableSource(src, cmp.Or(f.TableIn, defaultTables))
		if err != nil {
			c.say(at+".css", "bad selector %q: %v", f.TableIn, err)
		}
	case "css", "text":
		out.find, err = selectorSource(src)
		if err != nil {
			c.say(at, "bad selector %q: %v", src, err)
		}
	case "xpath":
		var expression *xpath.Expr
		out.find, expression, err = xpathSource(src)
		if err != nil {
			c.say(at, "bad xpath %q: %v", src, err)
		} else if (f.Attr != "" || f.Fields != nil) && !expression.SelectsNodes() {
			// Only elements have attributes and elements in them.
			c.say(at, "%q selects no elements", src)
		}
	case "regex":
		if pattern := c.pattern(at, src); pattern != nil {
			out.find = regexSource(pattern)
		}
	case "meta":
		out.find = metaSource(src)
	case "column":
		out.find, out.json, out.given = columnSource(src), true, true
	case "json", "jsonld":
		out.json = true
		if err := checkJSONPath(src); err != nil {
			c.say(at, "bad path %q: %v", src, err)
		}
		exact := exactPath(src)
		out.find = jsonSource(exact)
		if key == "jsonld" {
			out.find = jsonldSource(f.JSONLDType, exact)
			if f.JSONLDType != "" {
				out.from = "jsonld " + f.JSONLDType + " " + src
			}
		}
	}
}

// structured compiles a source of things.
func (c *compiler) structured(at string, f Field, out *field, key, path string) {
	of := structuredSources[key]
	out.json = true
	if err := checkJSONPath(path); err != nil {
		c.say(at, "bad path %q: %v", path, err)
	}
	if f.StructuredType != "" && !of.typed {
		c.say(at, "the things of %s have no type", key)
	}
	if name, ok := of.checkPath(path); !ok {
		c.sayNear(at, name, of.names, "%s has no %s; it has %s", key, name, strings.Join(of.names, ", "))
	}
	out.find = structuredSource(key, f.StructuredType, exactPath(path))
	if f.StructuredType != "" {
		out.from = key + " " + f.StructuredType + " " + path
	}
}

// checkJSONPath returns the mistake in a path, because gjson itself accepts any text.
func checkJSONPath(path string) error {
	var open []rune
	quoted, escaped := false, false
	pairs := map[rune]rune{')': '(', ']': '[', '}': '{'}
	for _, r := range path {
		switch {
		case r < ' ' || r == 0x7f:
			return fmt.Errorf("it has a control character")
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '(' || r == '[' || r == '{':
			open = append(open, r)
		case pairs[r] != 0:
			if len(open) == 0 || open[len(open)-1] != pairs[r] {
				return fmt.Errorf("%q closes nothing", r)
			}
			open = open[:len(open)-1]
		}
	}
	switch {
	case quoted:
		return fmt.Errorf("a quotation mark is not closed")
	case len(open) > 0:
		return fmt.Errorf("%q is not closed", open[len(open)-1])
	case strings.HasPrefix(path, "$"):
		return fmt.Errorf("write it without $: store.book.0.title")
	case strings.Contains(path, "..") && !strings.HasPrefix(path, "..") || strings.HasSuffix(path, "."):
		return fmt.Errorf("a name between dots is empty")
	}
	for _, found := range filterNumber.FindAllStringSubmatch(quotedText.ReplaceAllString(path, "q"), -1) {
		if digits := strings.TrimLeft(strings.ReplaceAll(found[1], ".", ""), "0"); len(digits) > exactDigits {
			return fmt.Errorf("the filter compares only %d digits of %s: give quotation marks if the values are texts, else each with where", exactDigits, found[1])
		}
	}
	return nil
}

// exactDigits is the number of digits that the comparisons in a path, of 64 bits, hold.
const exactDigits = 15

var (
	quotedText   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	filterNumber = regexp.MustCompile(`[=<>]\s*[+-]?(\d[\d.]*)`)
)

var longText = regexp.MustCompile(`([^!<>=%])={1,2}\s*"([-+]?[\d.]{16,})"`)

// exactPath makes filters find a text of many digits only as a text. As an equal number, gjson
// would also take its neighbors for it. A pattern never matches a number, and digits are no
// pattern.
func exactPath(path string) string { return longText.ReplaceAllString(path, `$1%"$2"`) }

// block compiles the nested fields.
func (c *compiler) block(path string, f Field, out *field, depth int) {
	if len(f.Fields) == 0 {
		c.say(path+".fields", "is empty")
		return
	}
	for _, used := range []struct {
		key string
		set bool
	}{
		{"text", f.Text != ""},
		{"regex", f.Regex != ""},
		{"meta", f.Meta != ""},
		{"attr", f.Attr != ""},
		{"match", f.Match != ""},
		{"type", f.Type != ""},
	} {
		if used.set {
			c.say(path+"."+used.key, "does not go with fields: it gives no element to look in")
		}
	}
	in := elementScope
	if out.json {
		in = jsonScope
	}
	out.nested = c.fields(path+".fields", f.Fields, in, depth+1)
	if out.nested == nil {
		out.nested = []*field{}
	}
}
