package dataset

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

// Count is how many complete tasks there are of each value of a field. Close
// frees what its lists are read from.
type Count struct {
	By string

	// Values are in numeric order, words after numbers.
	Values []ValueCount

	// Total is the number of complete tasks. A task with two values counts under each of them, and
	// once here.
	Total int64

	// IncompleteTotal and DoubleTotal are the lengths of the lists.
	IncompleteTotal, DoubleTotal int64

	// Strangers are files that were not counted; by records there are none.
	Strangers Strangers

	spill *spill
}

// ValueCount is one row of a count. Value is empty where a record has none.
type ValueCount struct {
	Value    string `json:"value"`
	Complete int64  `json:"complete"`
}

// Incomplete is a task without an asset that the job's rules require.
type Incomplete struct {
	Key  string   `json:"key"`
	Have []string `json:"have"`
}

// Double is a task with more than one value.
type Double struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// maxValues bounds the values of a field that is counted by.
const maxValues = 100_000

// Count counts complete tasks by a field. A task is complete if it has every required asset. With a
// frontier they are its done tasks, and values are as in their records; without one they are the
// ids of the store, and values are as in their paths. An empty field is the key template's only
// one.
func (s *Set) Count(ctx context.Context, field string) (*Count, error) {
	field, err := s.by(field)
	if err != nil {
		return nil, err
	}
	sp, err := newSpill(ctx, placedSchema, `create table incomplete (key text, have text)`, `create table double (key text, listed text)`)
	if err != nil {
		return nil, err
	}
	c := &Count{By: field, spill: sp}
	tally := map[string]int64{}
	if s.Frontier == nil {
		err = s.countFiles(ctx, c, tally)
	} else {
		err = s.countRecords(ctx, c, tally)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	for v, n := range tally {
		c.Values = append(c.Values, ValueCount{v, n})
	}
	slices.SortFunc(c.Values, func(a, b ValueCount) int { return compareValues(a.Value, b.Value) })
	return c, nil
}

// Close removes the temporary file.
func (c *Count) Close() error { return c.spill.close() }

// Incomplete calls each for the incomplete tasks, ordered by key.
func (c *Count) Incomplete(ctx context.Context, each func(Incomplete) error) error {
	return c.spill.each(ctx, `select key, have from incomplete order by key`, nil, func(r *sql.Rows) error {
		var i Incomplete
		if err := scanList(r, &i.Key, &i.Have); err != nil {
			return err
		}
		return each(i)
	})
}

// Double calls each for the tasks under more than one value, ordered by key.
func (c *Count) Double(ctx context.Context, each func(Double) error) error {
	return c.spill.each(ctx, `select key, listed from double order by key`, nil, func(r *sql.Rows) error {
		var d Double
		if err := scanList(r, &d.Key, &d.Values); err != nil {
			return err
		}
		return each(d)
	})
}

func scanList(r *sql.Rows, key *string, list *[]string) error {
	var text string
	if err := r.Scan(key, &text); err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), list)
}

// note takes one task in.
func (c *Count) note(ctx context.Context, tally map[string]int64, key string, have, values, complete []string) error {
	for _, v := range complete {
		if tally[v]++; len(tally) > maxValues {
			return fmt.Errorf("%w: %q has more than %d values", ErrField, c.By, maxValues)
		}
	}
	if len(complete) > 0 {
		c.Total++
	} else {
		c.IncompleteTotal++
		if err := c.keep(ctx, `insert into incomplete values (?, ?)`, key, have); err != nil {
			return err
		}
	}
	if len(values) > 1 {
		c.DoubleTotal++
		return c.keep(ctx, `insert into double values (?, ?)`, key, values)
	}
	return nil
}

func (c *Count) keep(ctx context.Context, insert, key string, list []string) error {
	if list == nil {
		list = []string{}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return c.spill.exec(ctx, insert, key, string(text))
}

// countFiles counts by paths.
func (s *Set) countFiles(ctx context.Context, c *Count, tally map[string]int64) error {
	var err error
	if _, c.Strangers, err = s.place(ctx, c.spill, func(p extract.Place) string { return p.Values[c.By] }); err != nil {
		return err
	}
	layout := s.Rules.Layout()
	return c.spill.eachGroup(ctx, func(g group) error {
		var values []string
		for _, f := range g.files {
			values = append(values, f.value)
		}
		return c.note(ctx, tally, g.id, g.have(), distinct(values), distinct(g.complete(layout.RequiredWith(g.have()))))
	})
}

// counted is a task as its records tell it.
type counted struct {
	key    string
	task   string
	kind   string
	have   []string
	values []string
}

// countRecords counts by records. The states of their tasks are looked up in batches, because a
// requeued task is not complete until it is done again.
func (s *Set) countRecords(ctx context.Context, c *Count, tally map[string]int64) error {
	var (
		pending []counted
		n       int64
	)
	layout := s.Rules.Layout()
	flush := func() error {
		keys := make([]string, len(pending))
		for i, t := range pending {
			keys[i] = t.task
		}
		states, err := s.Frontier.Lookup(ctx, s.ID, keys)
		if err != nil {
			return err
		}
		for _, t := range pending {
			if states[t.task] != seine.Done {
				continue
			}
			values := distinct(t.values)
			complete := values
			if lacks(t.have, layout.Required(t.kind, t.have)) != nil {
				complete = nil
			}
			if err := c.note(ctx, tally, t.key, t.have, values, complete); err != nil {
				return err
			}
		}
		pending = pending[:0]
		return nil
	}
	err := s.Frontier.Records(ctx, s.ID, func(r frontier.Stored) error {
		n++
		s.progress("records", n)
		value, err := fieldText(r.Fields, c.By)
		if err != nil {
			return fmt.Errorf("record %s: %w", r.Key, err)
		}
		if last := len(pending) - 1; last >= 0 && pending[last].key == r.Key && pending[last].task == cmp.Or(r.Task, r.Key) {
			pending[last].values = append(pending[last].values, value)
			return nil
		}
		if len(pending) == batch {
			if err := flush(); err != nil {
				return err
			}
		}
		t := counted{key: r.Key, kind: r.Kind, task: cmp.Or(r.Task, r.Key), values: []string{value}}
		for _, a := range r.Assets {
			t.have = append(t.have, a.Name)
		}
		pending = append(pending, t)
		return nil
	})
	if err == nil && len(pending) > 0 {
		err = flush()
	}
	return err
}

// distinct returns values in their order, each once.
func distinct(values []string) []string {
	out := slices.Clone(values)
	slices.SortFunc(out, compareValues)
	return slices.Compact(out)
}

// fieldText returns a field of a record as text, empty if it is missing.
func fieldText(fields json.RawMessage, name string) (string, error) {
	v, err := decodeFields(fields)
	if err != nil {
		return "", err
	}
	return text(v[name]), nil
}

func decodeFields(fields json.RawMessage) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(number.CanonicalJSON(fields)))
	dec.UseNumber()
	var v map[string]any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return v, nil
}

// text prints a value, with lists and objects as JSON.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	b, err := encodeJSON(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// encodeJSON is JSON as people write it: & and < stay.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// compareValues orders numbers by size, before words.
func compareValues(a, b string) int {
	x, isX := asNumber(a)
	y, isY := asNumber(b)
	switch {
	case isX && isY:
		order, _ := number.Compare(x, y)
		return cmp.Or(order, strings.Compare(a, b))
	case isX:
		return -1
	case isY:
		return 1
	}
	return strings.Compare(a, b)
}

// asNumber returns the number that a text writes, also with zeros in front.
func asNumber(s string) (any, bool) {
	if v, ok := number.Parse(s); ok {
		return v, true
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil && !math.IsNaN(x)
}
