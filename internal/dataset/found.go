package dataset

import (
	"context"
	"fmt"
	"slices"

	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// maxFound bounds the number of fields, and the number of assets.
const maxFound = 1000

// Found implements [Rules] for a job made in Go. Its fields and assets are those in the records,
// sorted by name. No asset is required.
type Found struct {
	columns []string
	layout  *extract.Layout
	keeps   bool
}

// Find reads all records of a job. key is the job's store.key. Find keeps at most 1,000 fields and
// 1,000 assets, the first ones in the order of the records.
func Find(ctx context.Context, f frontier.Results, id frontier.JobID, key string) (*Found, error) {
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
	return &Found{columns: sorted(fields), layout: extract.CodeLayout(key, sorted(assets)), keeps: keeps}, nil
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
