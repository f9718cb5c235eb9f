package frontiertest

import (
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// complete returns what Complete returns: the number of kept tasks, the keys of lost ones, and the
// refused follow-ups.
func (m *model) complete(worker string, hs []held, batch []frontier.Completion) (out outcome) {
	ends := map[string]*frontier.Ended{}
	owners, brought := m.owners(keysOfHeld(hs), batch, func(i int) bool {
		t := m.mine(worker, hs[i])
		return t != nil && !m.pending(t.ClaimedAt, batch[i].Paths())
	}, &out)
	for i, h := range hs {
		c, t := batch[i], m.mine(worker, h)
		if t == nil {
			out.Lost = append(out.Lost, h.key)
			continue
		}
		if m.pending(t.ClaimedAt, c.Paths()) {
			out.Lost = append(out.Lost, h.key)
			m.back(t)
			continue
		}
		if _, taken := out.Taken[h.key]; taken {
			continue
		}
		out.Kept++
		e := ends[h.lane]
		if e == nil {
			e = &frontier.Ended{}
			ends[h.lane] = e
		}
		_, known := m.add(c.Follow)
		if c.Explored != nil {
			out.Refused = append(out.Refused, known...)
		}
		m.explored(worker, c.Explored)
		m.keep(t, h, c, owners, brought)
		if a := c.Again; a != nil {
			e.Add(seine.Done, h.alone())
			t.Holder, t.State, t.Reason, t.RunAt, t.Mark = "", a.State, a.Reason, m.now.Add(a.Delay), max(t.Mark, frontier.Known)
			t.RefusedAt, t.Owes = time.Time{}, true
			if a.Free {
				t.Attempt--
			}
			m.owed[h.key] = string(a.Owed)
			continue
		}
		e.Add(c.State, h.alone())
		m.finish(t, c.State, c.Reason, worker)
	}
	m.settle(ends)
	out.OverBudget = m.over
	return out
}

// keep stores the records of a task, its visit and the links that it left out.
func (m *model) keep(t *task, h held, c frontier.Completion, owners map[string]string, brought map[string]bool) {
	for _, x := range c.LeftOut {
		m.leftOut[x.Reason] += x.N
	}
	if c.Unchanged {
		c.Records = nil
	}
	for _, r := range c.Records {
		row, fields := m.records[r.Key], string(r.Fields)
		if row.fields != fields {
			if c.History && row.revision > 0 {
				row.earlier = append(slices.Clone(row.earlier), row)
			}
			row.revision++
		}
		m.records[r.Key] = stored{fields, owners[r.Key], string(r.Digest), row.revision, time.Time{}, row.earlier}
	}
	m.visit(t, h, c, brought)
	if h.owed != nil || len(c.Failed) > 0 {
		m.failed[h.key] = len(c.Failed) > 0
		delete(m.owed, h.key)
	}
}

// visit drops the records that a task no longer brings, and stores its visit.
func (m *model) visit(t *task, h held, c frontier.Completion, brought map[string]bool) {
	replaces := t.Mark != frontier.Unmarked && (c.State == seine.Done || c.Again != nil) && !h.alone() && !c.Unchanged && !c.Gone
	if !c.Replayed.IsZero() {
		replaces = c.State == seine.Done || c.State == seine.Skipped
	}
	for key, row := range m.records {
		switch {
		case row.owner != h.key:
			continue
		case replaces && !brought[key] && !c.History:
			delete(m.records, key)
			continue
		case (replaces && !brought[key] || c.Gone) && row.gone.IsZero():
			row.gone = m.now
		case c.Unchanged && !c.Gone && !h.gone.IsZero() && !row.gone.Before(h.gone):
			row.gone = time.Time{}
		}
		m.records[key] = row
	}
	if c.Visit == nil {
		if h.visited && c.Again == nil && (c.State == seine.Done || c.State == seine.Skipped) {
			delete(m.recrawls, h.key)
		}
		return
	}
	v := m.visits[h.key]
	if v == nil {
		v = &frontier.Visit{Changes: -1}
		if c.Unchanged || c.Gone {
			v.Changes = 0
		}
		m.visits[h.key] = v
	}
	v.ETag, v.Hash, v.Every, v.CheckedAt = c.Visit.ETag, c.Visit.Hash, c.Visit.Every, m.now
	v.Visits++
	if !c.Unchanged && !c.Gone {
		v.Changes++
		v.ChangedAt = m.now
	}
	switch {
	case !c.Gone:
		v.GoneAt = time.Time{}
	case v.GoneAt.IsZero():
		v.GoneAt = m.now
	}
	delete(m.recrawls, h.key)
	if c.Visit.Next > 0 {
		m.recrawls[h.key] = recrawl{m.now.Add(c.Visit.Next), t.Priority}
	}
}

// owners returns the owners of the records of a batch and their keys, and notes the tasks whose
// records belong to others. keys are the tasks, of which those count for which mine is true.
func (m *model) owners(keys []string, batch []frontier.Completion, mine func(i int) bool, out *outcome) (owners map[string]string, brought map[string]bool) {
	owners, brought = map[string]string{}, map[string]bool{}
	for key, row := range m.records {
		owners[key] = row.owner
	}
	for i, task := range keys {
		if !mine(i) {
			continue
		}
		seen, taken := map[string]bool{}, ""
		if batch[i].Unchanged {
			batch[i].Records = nil
		}
		for _, r := range batch[i].Records {
			switch owner, known := owners[r.Key]; {
			case taken != "":
			case seen[r.Key]:
				taken = r.Key + " of " + task
			case known && owner != task && !r.Merge:
				taken = r.Key + " of " + owner
			}
			seen[r.Key] = true
		}
		if taken != "" {
			if out.Taken == nil {
				out.Taken = map[string]string{}
			}
			out.Taken[task] = taken
			continue
		}
		for key := range seen {
			if brought[key] = true; owners[key] == "" {
				owners[key] = task
			}
		}
	}
	return owners, brought
}

func (m *model) fail(worker string, hs []held, batch []frontier.Failure) (out outcome) {
	ends := map[string]*frontier.Ended{}
	for i, h := range hs {
		c, t := batch[i], m.mine(worker, h)
		if t == nil {
			out.Lost = append(out.Lost, h.key)
			continue
		}
		out.Kept++
		e := ends[h.lane]
		if e == nil {
			e = &frontier.Ended{}
			ends[h.lane] = e
		}
		e.Add(c.State, false)
		_, known := m.add(c.Follow)
		if c.Explored != nil {
			out.Refused = append(out.Refused, known...)
		}
		m.explored(worker, c.Explored)
		t.Holder, t.State, t.Reason, t.RunAt, t.Mark = "", c.State, c.Reason, m.now.Add(c.Delay), max(t.Mark, c.Mark)
		if c.Free {
			t.Attempt--
		}
		switch {
		case !c.Refused:
			t.RefusedAt = time.Time{}
		case t.RefusedAt.IsZero():
			t.RefusedAt = m.now
		}
	}
	m.settle(ends)
	out.OverBudget = m.over
	return out
}

func (m *model) release(worker string, hs []held) (out outcome) {
	for _, h := range hs {
		t := m.mine(worker, h)
		if t == nil {
			out.Lost = append(out.Lost, h.key)
			continue
		}
		out.Kept++
		m.back(t)
	}
	return out
}

// back returns a claimed task to the queue at no cost of an attempt.
func (m *model) back(t *task) {
	t.Holder, t.RunAt = "", time.Time{}
	t.Attempt--
	m.lanes[t.Lane] = m.lanes[t.Lane].Free(m.now, 1).Wake(m.now, t.Priority)
}
