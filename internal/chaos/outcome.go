package chaos

import (
	"strings"

	"github.com/seinehq/seine"
)

// final checks that every ID has one task in its true state and was requested.
func (c *checker) final() {
	given := 0
	for _, t := range c.Truth {
		got := c.tasks[t.Key]
		if len(got) == 0 && c.orphaned(t) {
			continue
		}
		if len(got) != 1 {
			c.violates(RuleFinal, t.Key, "it has %d tasks; want 1", len(got))
			continue
		}
		if gave := c.gaveUp(t, got[0]); gave {
			given++
		} else if got[0].State != t.State || got[0].Reason != t.Reason {
			c.violates(RuleFinal, t.Key, "it is %s (%s) after %d attempts; want %s (%s)", got[0].State, got[0].Reason, got[0].Attempt, t.State, t.Reason)
		}
		if len(c.pages[t.Key]) == 0 && !t.Forbidden {
			c.violates(RuleVisit, t.Key, "it is %s and was never requested", got[0].State)
		}
	}
	if most := 2 + len(c.Truth)/100; given > most {
		c.violates(RuleFinal, "all", "%d ids used their attempts up; troubles were planned for %d at most", given, most)
	}
	for key := range c.tasks {
		if _, ok := c.truth[key]; !ok {
			c.violates(RuleFinal, key, "nobody asked for this id")
		}
	}
}

// orphaned reports whether the page with the link to an ID used its attempts up, so that nobody
// read the link.
func (c *checker) orphaned(t Truth) bool {
	parent, ok := c.truth[t.Parent]
	tasks := c.tasks[t.Parent]
	return ok && len(tasks) == 1 && c.gaveUp(parent, tasks[0])
}

// gaveUp reports whether a task ended because all its attempts met trouble, which is a correct end.
// The last visit must have met some.
func (c *checker) gaveUp(truth Truth, t Task) bool {
	most := map[seine.State]int{seine.Error: c.Retries.Error, seine.Stale: c.Retries.Stale}[t.State]
	pages := c.pages[t.Key]
	if most == 0 || t.Attempt < most || len(pages) == 0 || t.State == truth.State {
		return false
	}
	last := pages[len(pages)-1]
	return last.Trouble != "" || c.troubled(t.Key, last.At, last.At.Add(c.Life))
}

// recordsOf checks that a task is done if and only if there is one record, with the true fields,
// from a fetch by the worker that ended the task.
func (c *checker) recordsOf() {
	for _, t := range c.Truth {
		if got := c.tasks[t.Key]; len(got) == 1 {
			c.recordOf(t, got[0], c.records[t.Key])
		}
	}
	for key, got := range c.records {
		if _, ok := c.truth[key]; !ok {
			c.violates(RuleRecord, key, "%d records of an ID that was never requested", len(got))
		}
	}
}

func (c *checker) recordOf(t Truth, task Task, records []Record) {
	there := len(records) > 0
	switch {
	case task.State == seine.Done && !there:
		c.violates(RuleRecord, t.Key, "it is done and has no record")
		return
	case task.State != seine.Done && there:
		c.violates(RuleRecord, t.Key, "it is %s and has a record", task.State)
		return
	case !there:
		return
	case len(records) != 1:
		c.violates(RuleRecord, t.Key, "it has %d records; want 1", len(records))
	}
	r := records[0]
	for name, want := range t.Fields {
		if got := r.Fields[name]; got != want {
			c.violates(RuleRecord, t.Key, "%s is %q; want %q", name, got, want)
		}
	}
	v, ok := c.visits[r.Visit]
	switch {
	case !ok || !v.Page || v.Key != t.Key:
		c.violates(RuleFence, t.Key, "its record is of visit %d, which is none of this id", r.Visit)
	case v.Worker != task.Worker:
		c.violates(RuleFence, t.Key, "%s ended the task and its record is of a fetch by %s", task.Worker, v.Worker)
	}
}

// assets checks that each done ID has its files in the database and in the store, with the right
// bytes.
func (c *checker) assets() {
	rows := map[string]map[string]Asset{}
	for _, a := range c.History.Assets {
		if rows[a.Key] == nil {
			rows[a.Key] = map[string]Asset{}
		}
		if _, double := rows[a.Key][a.Name]; double {
			c.violates(RuleAsset, a.Key, "two rows of %s", a.Name)
		}
		rows[a.Key][a.Name] = a
	}
	files := map[string]File{}
	for _, f := range c.Files {
		files[f.Path] = f
	}
	for _, t := range c.Truth {
		own := rows[t.Key]
		if tasks := c.tasks[t.Key]; t.State != seine.Done || len(tasks) == 1 && c.gaveUp(t, tasks[0]) {
			if len(own) > 0 {
				c.violates(RuleAsset, t.Key, "it is to be %s and has %d assets", t.State, len(own))
			}
			continue
		}
		if len(own) != len(t.Assets) {
			c.violates(RuleAsset, t.Key, "it has %d assets; want %d", len(own), len(t.Assets))
		}
		for _, want := range t.Assets {
			row, there := own[want.Name]
			if there && row.File != want {
				c.violates(RuleAsset, t.Key, "the row of %s is %+v; want %+v", want.Name, row.File, want)
			}
			file, there := files[want.Path]
			switch {
			case !there:
				c.violates(RuleAsset, t.Key, "%s is not in the store", want.Path)
			case file.SHA256 != want.SHA256:
				c.violates(RuleAsset, t.Key, "%s has other bytes: %d of them; want %d", want.Path, file.Bytes, want.Bytes)
			}
		}
	}
}

// owners checks that every file is an asset's, except for partial files of a killed writer or a
// full disk, whose names are the path, a stamp in hexadecimal digits, and tmp.
func (c *checker) owners() {
	owned := map[string]bool{}
	for _, a := range c.History.Assets {
		owned[a.Path] = true
	}
	could := false
	for _, f := range c.Faults {
		could = could || f.Kind == Kill || f.Kind == StoreFull
	}
	for _, f := range c.Files {
		if owned[f.Path] {
			continue
		}
		if of, ok := leftover(f.Path); !ok || !owned[of] || !could {
			c.violates(RuleOwner, f.Path, "no record owns it, and it is not a partial file of a killed writer")
		}
	}
}

func leftover(path string) (of string, ok bool) {
	name, ok := strings.CutSuffix(path, ".tmp")
	dot := strings.LastIndexByte(name, '.')
	if !ok || dot < 0 || dot == len(name)-1 || strings.Trim(name[dot+1:], "0123456789abcdef") != "" {
		return "", false
	}
	return name[:dot], true
}
