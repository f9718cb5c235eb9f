package engine

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

// rejected is a record that fails the job's check.
type rejected struct {
	seine.Record
	seine.Violation
}

// sift separates the records of a page that fail the job's check from the others. The check sees
// the fields of the rules alone. late selects the records that stored assets complete.
func sift(job *seine.Job, page string, records []seine.Record, late bool) (pass []seine.Record, fail []rejected) {
	if job.Check == nil {
		return records, nil
	}
	for _, r := range records {
		own := r
		if own.Fields[frontier.ConsentField] != nil || own.Fields[frontier.RobotsField] != nil {
			own.Fields = maps.Clone(r.Fields)
			delete(own.Fields, frontier.ConsentField)
			delete(own.Fields, frontier.RobotsField)
		}
		if late == (len(r.AssetFields) > 0) {
			if v := job.Check(page, own); v != nil {
				fail = append(fail, rejected{r, *v})
				continue
			}
		}
		pass = append(pass, r)
	}
	return pass, fail
}

// withoutFilesOf leaves out what belongs to rejected records. record returns the key of the record,
// empty for the task's.
func withoutFilesOf[T any](fail []rejected, task string, list []T, record func(T) string) []T {
	if len(fail) == 0 {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(v T) bool {
		return slices.ContainsFunc(fail, func(r rejected) bool { return cmp.Or(r.Key, task) == cmp.Or(record(v), task) })
	})
}

// check completes the records of a done task with the properties of its assets, and applies the
// job's check to these records. If a record of the page fails the check, the task ends in error and
// keeps the other records: see [frontier.Quarantined].
func (m *committer) check(o *outcome) {
	if o.state != seine.Done || o.found.unchanged {
		return
	}
	for i, rec := range o.records {
		if len(rec.AssetFields) == 0 {
			continue
		}
		if rec.Fields = maps.Clone(rec.Fields); rec.Fields == nil {
			rec.Fields = map[string]any{}
		}
		asset.Fill(rec.Fields, rec.AssetFields, filesOf(o.assets, rec.Key, o.Key))
		o.records[i] = rec
	}
	pass, fail := sift(&m.job.Job, o.task.Page, o.records, true)
	if len(fail) > 0 {
		o.records, o.found.rejected = pass, append(o.found.rejected, fail...)
		o.assets = withoutFilesOf(fail, o.Key, o.assets, func(s assetfile.Stored) string { return s.Record })
		o.failures = withoutFilesOf(fail, o.Key, o.failures, func(f frontier.FailedAsset) string { return f.Key })
	}
	if len(o.found.rejected) > 0 {
		o.pending = nil
		o.facts = attempt{stage: stageCheck, err: checkError{o.found.rejected[0].Violation}}
		o.ending = endingOf(&m.job.Job, o.Claimed, o.facts, 0)
	}
}

// indexes are the indexes of lists in a JSON pointer.
var indexes = regexp.MustCompile(`/[0-9]+(/|$)`)

// checkError means that a record of the page fails the job's check.
type checkError struct{ seine.Violation }

// Error names the field and the rule, without values and indexes, because reasons are counted.
func (e checkError) Error() string {
	where := "the record"
	if e.Field != "" {
		where = indexes.ReplaceAllString(e.Field, "/*$1")
	}
	return frontier.FailsCheck + ": " + where + ": " + e.Rule
}

// quarantined returns the rows of the records that fail the check.
func (m *committer) quarantined(o *outcome) (out []frontier.Quarantined, err error) {
	for _, r := range o.found.rejected {
		rec, err := m.record(*o, r.Record)
		if err != nil {
			return nil, err
		}
		out = append(out, frontier.Quarantined{
			Record: rec, Page: o.Page, Field: m.redact.Replace(r.Field), Reason: m.redact.Replace(r.Violation.Reason),
		})
	}
	return out, nil
}
