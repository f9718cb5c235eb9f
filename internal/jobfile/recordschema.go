package jobfile

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/number"
)

// recordSchema is a JSON Schema, or the path of a file with one.
type recordSchema struct {
	value any
	file  string
}

func (v *recordSchema) decode(d *decoder, n *node, path string) {
	if n.kind == scalar && (n.quoted || n.variable || plainKind(n.text) == "text") {
		v.file, _ = d.text(n, path)
		return
	}
	v.value = d.plainJSON(n, path)
}

// plainJSON returns a part of the file as JSON has it, with the digits of its numbers.
func (d *decoder) plainJSON(n *node, path string) any {
	if d.values[path] = n.at; n.kind != scalar {
		d.values[path] = d.place(path, n.at)
	}
	switch n.kind {
	case mapping:
		object := make(map[string]any, len(n.pairs))
		for _, p := range n.pairs {
			at := join(path, p.key)
			d.keys[at] = p.at
			object[p.key] = d.plainJSON(p.value, at)
		}
		return object
	case sequence:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = d.plainJSON(item, index(path, i))
		}
		return list
	case scalar:
	}
	if n.quoted || n.variable || d.unclear(n, path) {
		return n.text
	}
	switch plainKind(n.text) {
	case "null":
		return nil
	case "bool":
		return strings.EqualFold(n.text, "true")
	case "number":
		if text, ok := number.Canonical(strings.TrimPrefix(n.text, "+")); ok {
			return json.Number(text)
		}
	}
	return n.text
}

// schemas compiles the schemas of the job's records. It returns the check of the records, nil
// without a schema, and the digest of the schemas that stand in files.
func (a *assembly) schemas(rules []extract.Rules) (check func(page string, r seine.Record) *seine.Violation, sum []byte) {
	hash := sha256.New()
	compile := func(path string, s *recordSchema, kinds ...extract.Rules) *extract.RecordSchema {
		if s == nil {
			return nil
		}
		value := s.value
		if s.file != "" {
			text, err := a.readSchema(s.file)
			if text == nil && err == nil {
				return nil // not needed
			}
			if err == nil {
				_, _ = fmt.Fprintf(hash, "%s %d ", path, len(text))
				_, _ = hash.Write(text)
				sum = hash.Sum(nil)
				value, err = extract.ParseSchema(text)
			}
			if err != nil {
				a.check(path, true, "%s: the file %q %v: give the path of a JSON Schema, relative to the job file", path, a.show(s.file), err)
				return nil
			}
		}
		schema, err := extract.CompileSchema(value)
		if wrong, ok := errors.AsType[*extract.SchemaError](err); ok {
			if at := schemaPath(path, wrong.Path); s.file == "" {
				a.say(a.at(at), at, "%s: the schema %v", path, wrong)
			} else {
				a.say(a.at(path), path, "%s: the schema in %q %v%s", path, a.show(s.file), wrong, inSchema(wrong.Path))
			}
			return nil
		}
		a.known(path, schema, kinds)
		a.refused(path, schema, kinds)
		return schema
	}
	shared := slices.Clone(rules) // of the page kinds without a schema of their own
	for i, e := range slices.Backward(a.doc.Pages) {
		if e.value.Schema != nil {
			shared = slices.Delete(shared, i, i+1)
		}
	}
	top := compile("schema", a.doc.Schema, shared...)
	kinds := map[string]*extract.RecordSchema{}
	for i, e := range a.doc.Pages {
		if e.value.Schema == nil {
			continue
		}
		own := "pages." + e.name + ".schema"
		kinds[e.name] = compile(own, e.value.Schema, rules[i])
		a.check(own, e.value.Record == "none", "%s: record: none stores no record: leave out one of them", own)
	}
	if top == nil && len(kinds) == 0 {
		return nil, sum
	}
	decimals := map[string]extract.Decimals{}
	for _, r := range rules {
		decimals[r.Name] = extract.DecimalsOf(r)
	}
	if len(rules) == 1 { // its tasks need no page kind
		decimals[""] = decimals[rules[0].Name]
	}
	return func(page string, r seine.Record) *seine.Violation {
		schema := top
		if own, ok := kinds[page]; ok {
			schema = own
		}
		if schema == nil {
			return nil
		}
		return schema.Check(r.Fields, decimals[page])
	}, sum
}

// known reports required fields that no rule gives, because such a schema rejects every record.
func (a *assembly) known(path string, schema *extract.RecordSchema, kinds []extract.Rules) {
	for _, name := range schema.Required() {
		gives := func(f extract.Field) bool { return f.Name == name && !f.Drop }
		lacks := func(r extract.Rules) bool {
			return !r.NoRecord && !slices.ContainsFunc(r.Fields, gives) && !slices.ContainsFunc(r.Each, func(e extract.Each) bool {
				return slices.ContainsFunc(e.Fields, gives)
			})
		}
		if i := slices.IndexFunc(kinds, lacks); i >= 0 {
			of := ""
			if kinds[i].Name != "" {
				of = " of page kind " + kinds[i].Name
			}
			a.check(path, true, "%s rejects every record%s: it requires the field %q, which no rule gives: add the field, or take it out of required", path, of, a.show(name))
			return
		}
	}
}

// refused reports fields that a rule gives and the schema rejects with every value: each record has
// the field, as null if the page has no value.
func (a *assembly) refused(path string, schema *extract.RecordSchema, kinds []extract.Rules) {
	for _, r := range kinds {
		fields := slices.Clone(r.Fields)
		for _, e := range r.Each {
			fields = append(fields, e.Fields...)
		}
		for _, f := range fields {
			refuses, undescribed := schema.Refuses(f.Name)
			if r.NoRecord || f.Drop || !refuses {
				continue
			}
			why := "no value of the field %q is valid: correct its part of the schema"
			if undescribed {
				why = "additionalProperties is false and properties lacks the field %q: describe the field, or leave it out"
			}
			a.check(path, true, "%s rejects every record: "+why, path, a.show(f.Name))
			return
		}
	}
}

// schemaPath returns the path of a part of a schema in the job file.
func schemaPath(path string, parts []string) string {
	for _, p := range parts {
		if i, err := strconv.Atoi(p); err == nil {
			path = index(path, i)
			continue
		}
		path = join(path, p)
	}
	return path
}

// inSchema names a part of a schema.
func inSchema(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return " (at /" + strings.Join(parts, "/") + ")"
}

// readSchema reads the file of a schema. It returns nil if the caller does not need it.
func (a *assembly) readSchema(path string) ([]byte, error) {
	if slices.Contains(a.unneeded, "schema") {
		return nil, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(a.file), path)
	}
	f, err := os.Open(path) //nolint:gosec // the path is the user's own
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("does not exist")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot be read (%w)", err)
	}
	defer func() { _ = f.Close() }()
	text, err := readBounded(f)
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot be read (%w)", err)
	case len(text) > maxBytes:
		return nil, fmt.Errorf("has more than %d bytes", maxBytes)
	}
	return append([]byte{}, text...), nil
}
