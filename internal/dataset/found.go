package dataset

import (
	"context"
	"fmt"
	"slices"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/columns"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// maxFound bounds the number of fields, and the number of assets.
const maxFound = 1000

// Found implements [Rules] for a job made in Go. Its fields and assets are those in the records,
// sorted by name. No asset is required.
type Found struct {
	columns []string
	types   *columns.Type
	layout  *extract.Layout
	keeps   bool
}

// Find reads all records of a job. key is the job's store.key. Find keeps at most 1,000 fields and
// 1,000 assets, the first ones in the order of the records.
//
// Declared fields come first, with their types.
func Find(ctx context.Context, f frontier.Results, id frontier.JobID, key string, declared ...seine.Field) (*Found, error) {
	fields, assets, keeps := map[string]bool{}, map[string]bool{}, false
	add := func(to map[string]bool, name string) {
		if len(to) < maxFound {
			to[name] = true
		}
	}
	err := f.Records(ctx, id, func(r frontier.Stored) error {
		values, err := decodeFields(r.Fields)
		if err != nil {
			return fmt.Errorf("record %s: %w", r.Key, err)
		}
		for name := range values {
			add(fields, name)
		}
		for _, a := range r.Assets {
			add(assets, a.Name)
		}
		keeps = keeps || len(r.Failed) > 0
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	out := &Found{columns: sorted(fields), layout: extract.CodeLayout(key, sorted(assets)), keeps: keeps}
	out.declare(declared)
	return out, nil
}

// declare puts declared fields before the ones that were found.
func (f *Found) declare(fields []seine.Field) {
	f.types = &columns.Type{Kind: columns.Object}
	var names []string
	for _, d := range fields {
		names = append(names, d.Name)
		f.types.Field(d.Name).Merge(typeOf(d))
	}
	for _, name := range f.columns {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	f.columns = names
}

var kinds = map[seine.FieldType]columns.Kind{
	seine.TypeString: columns.Text, seine.TypeTime: columns.Text, seine.TypeInt: columns.Int, seine.TypeFloat: columns.Float,
	seine.TypeDecimal: columns.Digits, seine.TypeBool: columns.Bool, seine.TypeObject: columns.JSON, seine.TypeAny: columns.JSON,
}

// typeOf returns the type of the column of a declared field.
func typeOf(f seine.Field) *columns.Type {
	t := &columns.Type{Kind: kinds[f.Type]}
	if len(f.Fields) > 0 {
		t.Kind = columns.Object
		for _, inner := range f.Fields {
			t.Field(inner.Name).Merge(typeOf(inner))
		}
	}
	if f.List {
		return &columns.Type{Kind: columns.List, Elem: t}
	}
	return t
}

// Types returns the types of the declared fields.
func (f *Found) Types() *columns.Type {
	out := &columns.Type{Kind: columns.Object}
	out.Merge(f.types)
	return out
}

// Layout implements [Rules].
func (f *Found) Layout() *extract.Layout { return f.layout }

// KeepsRecords implements [Rules].
func (f *Found) KeepsRecords() bool { return f.keeps }

// Columns implements [Rules].
func (f *Found) Columns() []string { return f.columns }

func sorted(names map[string]bool) []string {
	out := make([]string, 0, len(names))
	for name := range names {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
