package extract

import (
	"reflect"
	"slices"

	"github.com/expr-lang/expr/types"

	"github.com/seinehq/seine/internal/columns"
)

// recordNames are the names of a record in the expression of a filter, besides its fields.
var recordNames = []string{"key", "kind", "url", "fetched_at", "fields"}

// LineageNames are the names of a record's lineage in the expression of a filter. A field of the
// same name goes before.
var LineageNames = []string{"digest", "permission", "robots", "recording"}

// CompileFilter compiles a condition over records. It knows the fields of the job, and key, kind,
// url, fetched_at (RFC 3339) and the lineage as texts. The object fields holds all fields, also
// those with other names. The compiled function fails with the reason if the condition has no
// answer, such as for a missing field.
func CompileFilter(src string, fields []string) (func(env map[string]any) (bool, error), []Problem) {
	names := types.Map{"fields": types.TypeOf(map[string]any{})}
	for _, name := range append(recordNames[:4:4], LineageNames...) {
		names[name] = types.String
	}
	s := &scope{strict: names, loose: names, lists: map[string]bool{}}
	for _, name := range fields {
		if !slices.Contains(recordNames, name) {
			names[name], s.lists[name] = types.Any, true
		}
	}
	for name := range names {
		s.names = append(s.names, name)
	}
	slices.Sort(s.names)
	e, mistakes := s.compile(src, reflect.Bool)
	var problems []Problem
	for _, m := range mistakes {
		problems = append(problems, Problem{Message: m.message, Near: m.near})
	}
	if e == nil {
		return nil, problems
	}
	return func(env map[string]any) (bool, error) {
		v, err := e.run(env)
		yes, _ := v.(bool)
		return yes, err
	}, nil
}

// Types returns the types of the fields of the job's records as far as the rules tell them, as the
// fields of one object.
func (s *Scraper) Types() *columns.Type {
	out := &columns.Type{Kind: columns.Object}
	for _, p := range s.pages {
		if p.kind == "" {
			continue
		}
		addTypes(out, p.fields)
		for _, e := range p.each {
			addTypes(out, e.fields)
		}
	}
	return out
}

func addTypes(to *columns.Type, fields []*field) {
	for _, f := range fields {
		if !f.drop {
			to.Field(f.name).Merge(f.columnType())
		}
	}
}

// columnType returns the type of a field's values.
func (f *field) columnType() *columns.Type {
	t := &columns.Type{}
	switch {
	case f.nested != nil:
		t.Kind = columns.Object
		addTypes(t, f.nested)
	case f.typ == "int":
		t.Kind = columns.Int
	case f.typ == "float":
		t.Kind = columns.Float
	case f.typ == "decimal":
		t.Kind = columns.Digits
	case f.typ == "price":
		t.Kind = columns.Object
		t.Field(priceAmount).Merge(&columns.Type{Kind: columns.Digits})
		t.Field(priceCurrency).Merge(&columns.Type{Kind: columns.Text})
		t.Field(priceNote).Merge(&columns.Type{Kind: columns.Text})
	case f.typ == "bool":
		t.Kind = columns.Bool
	case f.first == nil && (f.typ == "string" || f.typ == "date" || !f.json || f.match != nil):
		t.Kind = columns.Text
	}
	if f.all {
		return &columns.Type{Kind: columns.List, Elem: t}
	}
	return t
}
