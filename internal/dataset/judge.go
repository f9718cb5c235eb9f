package dataset

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// readRecords checks that each record has every required asset, at the path that its fields give.
func (a *auditor) readRecords(ctx context.Context) error {
	var found []Finding
	err := a.Frontier.Records(ctx, a.ID, func(r frontier.Stored) error {
		a.report.Records++
		a.progress("records", a.report.Records)
		faults, err := a.faultsOf(r)
		if err != nil {
			return err
		}
		found = append(found, faults...)
		if len(found) < batch {
			return nil
		}
		err = a.settle(ctx, found)
		found = found[:0]
		return err
	})
	if err != nil {
		return err
	}
	return a.settle(ctx, found)
}

func (a *auditor) faultsOf(r frontier.Stored) ([]Finding, error) {
	fields, err := decodeFields(r.Fields)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", r.Key, err)
	}
	value := func(name string) (string, bool) {
		v, known := fields[name]
		return extract.Printed(v), known && v != nil
	}
	var (
		found []Finding
		have  []string
	)
	for _, x := range r.Assets {
		have = append(have, x.Name)
		if !a.layout.Fits(x.Path, r.Key, x.Name, value) {
			found = append(found, Finding{Kind: Misnamed, Key: r.Key, task: r.Task, Asset: x.Name, Path: x.Path, Detail: "not the path that the record's fields make"})
		}
	}
	if lack := lacks(have, a.layout.Required(r.Kind, have)); lack != nil {
		found = append(found, Finding{Kind: Incompleted, Key: r.Key, task: r.Task, Detail: incomplete(have, lack)})
	}
	return found, nil
}

func incomplete(have, lack []string) string {
	if len(have) == 0 {
		return "lacks " + strings.Join(lack, ", ")
	}
	return "has " + strings.Join(have, ", ") + "; lacks " + strings.Join(lack, ", ")
}

// groups checks the remaining files of each ID in the store.
func (a *auditor) groups(ctx context.Context) error {
	if err := a.spill.exec(ctx, `delete from placed where path in (select path from gone)`); err != nil {
		return err
	}
	var found []Finding
	err := a.spill.eachGroup(ctx, func(g group) error {
		if g.young(a.before) {
			return nil // its task may be in progress
		}
		if lack := lacks(g.have(), a.layout.RequiredWith(g.have())); lack != nil {
			if told, err := a.spill.has(ctx, `select 1 from told where id = ?`, g.id); err != nil {
				return err
			} else if !told {
				found = append(found, Finding{Kind: Incompleted, Key: g.id, Detail: incomplete(g.have(), lack)})
			}
		}
		if folders := g.folders(); len(folders) > 1 {
			found = append(found, Finding{Kind: Doubled, Key: g.id, Detail: "in " + strings.Join(folders, ", ")})
		}
		if len(found) < batch {
			return nil
		}
		err := a.settle(ctx, found)
		found = found[:0]
		return err
	})
	if err != nil {
		return err
	}
	return a.settle(ctx, found)
}

// young reports whether an ownerless file of the ID is too young to be judged.
func (g group) young(before time.Time) bool {
	for _, f := range g.files {
		if !f.owned && f.written.After(before) {
			return true
		}
	}
	return false
}
