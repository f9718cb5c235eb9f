package jobfile

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seinehq/seine/internal/extract"
)

// decoder reads a tree into the structs of shape*.go, by their tags:
//
//	yaml:"key"       the key
//	required:"true"  it must be present; "unless body": except next to or around `body: true`
//	enum:"a,b"       the words that a text may be
//	min:"1" max:"9"  the bounds of a number
//
// A value of another type than these decodes itself.
type decoder struct {
	*report
	keys   map[string]place // where the key of a path stands
	values map[string]place // where its value stands

	written map[string]string // the texts that hold variables, as they are stored and shown
}

// value is a type that decodes itself.
type value interface {
	decode(d *decoder, n *node, path string)
}

// limits are the tags of a struct's field that bound a value.
type limits struct {
	enum     []string
	min, max *int64
}

func limitsOf(tag reflect.StructTag) limits {
	var l limits
	if words := tag.Get("enum"); words != "" {
		l.enum = strings.Split(words, ",")
	}
	bound := func(s string) *int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil
		}
		return &n
	}
	l.min, l.max = bound(tag.Get("min")), bound(tag.Get("max"))
	return l
}

// key returns the YAML key of a struct's field.
func key(f reflect.StructField) string { return f.Tag.Get("yaml") }

// decode reads n into v.
func (d *decoder) decode(v reflect.Value, n *node, path string, l limits) {
	d.values[path] = n.at
	if n.variable && d.written != nil {
		d.written[path] = n.public
	}
	if n.kind != scalar {
		d.values[path] = d.place(path, n.at)
	}
	if n.broken {
		return
	}
	if self, ok := v.Addr().Interface().(value); ok {
		self.decode(d, n, path)
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(v.Elem(), n, path, l)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(v, n, path)
	case reflect.Slice:
		if n.kind != sequence {
			d.wrong(n, path, "a list")
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
		for i, item := range n.items {
			d.decode(v.Index(i), item, fmt.Sprintf("%s[%d]", path, i), l)
		}
	case reflect.String:
		if s, ok := d.text(n, path); ok && d.oneOf(s, n, path, l.enum) {
			v.SetString(s)
		}
	case reflect.Int, reflect.Int64:
		if i, ok := d.integer(n, path, l); ok {
			v.SetInt(i)
		}
	case reflect.Bool:
		if n.kind != scalar || plainKind(n.text) != "bool" || n.quoted && !n.variable {
			d.wrong(n, path, "true or false")
			return
		}
		v.SetBool(strings.EqualFold(n.text, "true"))
	default:
		panic(fmt.Sprintf("jobfile: cannot decode %v", v.Type()))
	}
}

// structure reads a mapping into a struct.
func (d *decoder) structure(v reflect.Value, n *node, path string) {
	if n.kind != mapping {
		d.wrong(n, path, "keys and values")
		return
	}
	t := v.Type()
	var known, meant []string
	for f := range t.Fields() {
		known = append(known, key(f))
	}
	for _, p := range n.pairs {
		at := join(path, p.key)
		d.keys[at] = p.at
		i := slices.Index(known, p.key)
		if i < 0 {
			meant = append(meant, d.unknown(p, path, known))
			continue
		}
		d.decode(v.Field(i), p.value, at, limitsOf(t.Field(i).Tag))
	}
	for f := range t.Fields() {
		if needs(f.Tag.Get("required"), n) && n.get(key(f)) == nil && !slices.Contains(meant, key(f)) {
			d.say(d.place(path, n.at), join(path, key(f)), "missing key %q%s", key(f), within(path))
		}
	}
}

// needs reports whether a mapping needs a key, by the key's tag.
func needs(required string, n *node) bool {
	return required == "true" || required == unlessBody && !storesBody(n) && !hasRules(n)
}

// unlessBody is the tag of keys that a mapping does not need if an asset is the page's body.
const unlessBody = "unless body"

// storesBody reports whether a mapping is an asset with `body: true`, or holds one under assets.
func storesBody(n *node) bool {
	if b := n.get("body"); b != nil && b.kind == scalar && strings.EqualFold(b.text, "true") {
		return true
	}
	if u := n.get("url"); u != nil && u.kind == scalar && strings.TrimSpace(u.text) == "url" {
		return true // the same in other words
	}
	assets := n.get("assets")
	return assets != nil && assets.kind == mapping && slices.ContainsFunc(assets.pairs, func(p pair) bool {
		return p.value.kind == mapping && storesBody(p.value)
	})
}

// hasRules reports whether a mapping has page kinds, several records of a page, or links, and so
// needs no fields.
func hasRules(n *node) bool {
	return n.get("pages") != nil || n.get("each") != nil || n.get("follow") != nil
}

func within(path string) string {
	if path == "" {
		return ""
	}
	return " in " + path
}

// place returns the position to report for a path: its key, if it has one.
func (d *decoder) place(path string, otherwise place) place {
	if at, ok := d.keys[path]; ok {
		return at
	}
	return otherwise
}

// at returns the position of the value at a path, which is a scalar's own position or else its
// key's. If the file lacks the path, at returns the position of the innermost existing parent.
func (d *decoder) at(path string) place {
	for ; path != ""; path = parent(path) {
		if at, ok := d.values[path]; ok {
			return at
		}
	}
	return place{1, 1}
}

// parent cuts the last key or index off a path.
func parent(path string) string {
	return path[:max(strings.LastIndexByte(path, '.'), strings.LastIndexByte(path, '['), 0)]
}

// fieldPath matches the path of a field.
var fieldPath = regexp.MustCompile(`(^|\.)fields\.[A-Za-z0-9_]+$`)

// wrong reports a value of the wrong type.
func (d *decoder) wrong(n *node, path, want string) {
	got := n.what()
	switch {
	case path == "seeds" && n.kind == scalar:
		got += ": give seeds: {urls: [" + shorten(n.text) + "]}"
	case path == "seeds" && n.kind == sequence:
		got += ": give seeds: {urls: […]}"
	case fieldPath.MatchString(path) && n.kind == scalar && n.text != "":
		got += fmt.Sprintf(": give %s: {css: %s}", path[strings.LastIndex(path, ".")+1:], shorten(n.text))
	}
	if n.kind == mapping && want == "a text" {
		got += ": quote a text that holds a colon" // [https://a.example:8080/] is read as one
	}
	d.say(n.at, path, "%s wants %s, got %s", name(path), want, got)
}

// name is how a message calls a path.
func name(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

// what names the kind of a node.
func (n *node) what() string {
	switch n.kind {
	case mapping:
		return "keys and values"
	case sequence:
		return "a list"
	case scalar:
	}
	word := plainKind(n.text)
	switch {
	case n.quoted || n.variable || word == "text":
		return fmt.Sprintf("the text %q", n.shown())
	case word == "null":
		return "no value"
	case word == "bool":
		return n.text + ": quote it if it is text"
	default:
		return "the number " + n.shown() + ": quote it if it is text"
	}
}

// shown returns a scalar for a message, never with the value of a variable.
func (n *node) shown() string {
	if n.variable {
		return shorten(n.written)
	}
	return shorten(n.text)
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

var (
	plainInt    = regexp.MustCompile(`^[-+]?[0-9]+$`)
	plainNumber = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	otherNumber = regexp.MustCompile(`^[-+]?(0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?)$`)
	leadingZero = regexp.MustCompile(`^[-+]?0[0-9]+(\.[0-9]*)?$`)
	noNumber    = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.nan|\.NaN|\.NAN)$`)
)

// plainKind returns the kind of an unquoted scalar: text, number, bool or null, by the YAML 1.2
// core schema (section 10.3.2). Numbers that readers interpret differently count as numbers too, so
// that they can be rejected.
func plainKind(s string) string {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return "null"
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return "bool"
	}
	if plainNumber.MatchString(s) || otherNumber.MatchString(s) || noNumber.MatchString(s) {
		return "number"
	}
	return "text"
}

// unclear reports a number that readers interpret differently, or an invalid one.
func (d *decoder) unclear(n *node, path string) bool {
	if n.quoted || n.kind != scalar {
		return false
	}
	switch {
	case leadingZero.MatchString(n.text):
		d.say(n.at, path, "%s: the number %s has leading zeros, which YAML can read as octal: quote it if it is text, use width to pad IDs", name(path), n.shown())
	case otherNumber.MatchString(n.text):
		d.say(n.at, path, "%s: write the number %s in decimal digits, or quote it if it is text", name(path), n.shown())
	case noNumber.MatchString(n.text):
		d.say(n.at, path, "%s: %s is no number that a job file can have", name(path), n.shown())
	default:
		return false
	}
	return true
}

// text returns a scalar that is a text.
func (d *decoder) text(n *node, path string) (string, bool) {
	switch {
	case n.broken || d.unclear(n, path):
		return "", false
	case n.kind != scalar, !n.quoted && !n.variable && plainKind(n.text) != "text":
		d.wrong(n, path, "a text")
		return "", false
	}
	return n.text, true
}

// oneOf reports an s that is not among words, if there are any.
func (d *decoder) oneOf(s string, n *node, path string, words []string) bool {
	if len(words) == 0 || slices.Contains(words, s) {
		return true
	}
	d.say(n.at, path, "%s is %q; it may be %s%s", name(path), n.shown(), strings.Join(words, ", "),
		didYouMean(extract.Nearest(s, words)))
	return false
}

// integer returns a whole number within its limits.
func (d *decoder) integer(n *node, path string, l limits) (int64, bool) {
	if n.broken || d.unclear(n, path) {
		return 0, false
	}
	if n.kind != scalar || !plainInt.MatchString(n.text) || n.quoted && !n.variable {
		d.wrong(n, path, "a whole number")
		return 0, false
	}
	i, err := strconv.ParseInt(n.text, 10, 64)
	switch {
	case err != nil:
		d.say(n.at, path, "%s: %s does not fit 64 bits", name(path), n.shown())
	case l.min != nil && i < *l.min:
		d.say(n.at, path, "%s is %d; at least %d", name(path), i, *l.min)
	case l.max != nil && i > *l.max:
		d.say(n.at, path, "%s is %d; at most %d", name(path), i, *l.max)
	default:
		return i, true
	}
	return 0, false
}

// entries is a mapping with keys of the user's own, in their order.
type entries[T any] []entry[T]

type entry[T any] struct {
	name  string
	value T
}

func (e *entries[T]) decode(d *decoder, n *node, path string) {
	if n.kind != mapping {
		d.wrong(n, path, "keys and values")
		return
	}
	if len(n.pairs) == 0 {
		d.say(n.at, path, "%s is empty", name(path))
	}
	for _, p := range n.pairs {
		at := join(path, p.key)
		d.keys[at] = p.at
		each := entry[T]{name: p.key}
		d.decode(reflect.ValueOf(&each.value).Elem(), p.value, at, limits{})
		*e = append(*e, each)
	}
}
