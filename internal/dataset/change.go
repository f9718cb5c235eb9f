package dataset

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

// maxChangeExamples is the number of examples of each change.
const maxChangeExamples = 20

// Changes sums up what changed rules make of recorded pages.
type Changes struct {
	// States counts the tasks whose state or reason changes.
	States []*StateChange `json:"states"`

	// Fields counts the records in which a field changes, also to a record that is new or goes.
	Fields []*FieldChange `json:"fields"`

	// Added and Removed count whole records.
	Added   int64 `json:"records_added"`
	Removed int64 `json:"records_removed"`
}

// StateChange is a change of state.
type StateChange struct {
	From     string   `json:"from"`
	To       string   `json:"to"`
	Reason   string   `json:"reason"`
	N        int64    `json:"n"`
	Examples []string `json:"examples"` // keys
}

// FieldChange is a change of a field.
type FieldChange struct {
	Kind     string         `json:"kind"`
	Field    string         `json:"field"`
	N        int64          `json:"n"`
	Examples []FieldExample `json:"examples"`
}

// FieldExample is a record with a changed field. A value that is absent is nil.
type FieldExample struct {
	Key string          `json:"key"`
	Old json.RawMessage `json:"old"`
	New json.RawMessage `json:"new"`
}

// State adds the states of a task.
func (c *Changes) State(key, from, to, fromReason, reason string) {
	if from == to && fromReason == reason {
		return
	}
	i := slices.IndexFunc(c.States, func(s *StateChange) bool { return s.From == from && s.To == to && s.Reason == reason })
	if i < 0 {
		i, c.States = len(c.States), append(c.States, &StateChange{From: from, To: to, Reason: reason, Examples: []string{}})
	}
	s := c.States[i]
	if s.N++; len(s.Examples) < maxChangeExamples {
		s.Examples = append(s.Examples, key)
	}
}

// Records adds the records of a task before and after.
func (c *Changes) Records(old []frontier.Stored, now []frontier.Record) (changed bool, err error) {
	type id struct{ key, kind string }
	was := map[id]json.RawMessage{}
	for _, r := range old {
		was[id{r.Key, r.Kind}] = r.Fields
	}
	for _, r := range now {
		before, ok := was[id{r.Key, r.Kind}]
		delete(was, id{r.Key, r.Kind})
		if !ok {
			c.Added++
			changed = true
			continue
		}
		some, err := c.fields(r.Key, r.Kind, before, frontier.CleanJSON(r.Fields))
		if err != nil {
			return false, err
		}
		changed = changed || some
	}
	c.Removed += int64(len(was))
	return changed || len(was) > 0, nil
}

// fields compares the fields of a record.
func (c *Changes) fields(key, kind string, old, now json.RawMessage) (changed bool, err error) {
	var before, after map[string]json.RawMessage
	if err := json.Unmarshal(old, &before); err != nil {
		return false, err
	}
	if err := json.Unmarshal(now, &after); err != nil {
		return false, err
	}
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := canonicalValue(before[name]), canonicalValue(after[name])
		if bytes.Equal(a, b) {
			continue
		}
		changed = true
		i := slices.IndexFunc(c.Fields, func(f *FieldChange) bool { return f.Kind == kind && f.Field == name })
		if i < 0 {
			i, c.Fields = len(c.Fields), append(c.Fields, &FieldChange{Kind: kind, Field: name, Examples: []FieldExample{}})
		}
		f := c.Fields[i]
		if f.N++; len(f.Examples) < maxChangeExamples {
			f.Examples = append(f.Examples, FieldExample{Key: key, Old: a, New: b})
		}
	}
	return changed, nil
}

// canonicalValue returns a value as the frontiers give it back, so that spaces, the order of keys
// and the spelling of a number are no change.
func canonicalValue(v json.RawMessage) json.RawMessage {
	if v == nil {
		return nil
	}
	var value any
	if number.Unmarshal(v, &value) == nil {
		if text, err := number.Marshal(value); err == nil {
			return text
		}
	}
	return number.CanonicalJSON(v)
}

// Sort orders the changes by their numbers, the largest first.
func (c *Changes) Sort() {
	slices.SortStableFunc(c.States, func(a, b *StateChange) int {
		return cmp.Or(-cmp.Compare(a.N, b.N), cmp.Compare(a.From+a.To+a.Reason, b.From+b.To+b.Reason))
	})
	slices.SortStableFunc(c.Fields, func(a, b *FieldChange) int {
		return cmp.Or(-cmp.Compare(a.N, b.N), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Field, b.Field))
	})
}
