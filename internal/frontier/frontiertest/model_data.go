package frontiertest

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/frontier"
)

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// lacks reports whether a record has no value in a field.
func (s stored) lacks(field string) bool {
	var fields map[string]any
	if json.Unmarshal([]byte(s.fields), &fields) != nil {
		return true
	}
	switch v := fields[field].(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	}
	return false
}

func (m *model) holdBack(h frontier.HoldBack) (n int) {
	ended := map[*task]bool{}
	// An earlier version that takes the place of a record is not looked at.
	for _, key := range slices.Collect(maps.Keys(m.records)) {
		row := m.records[key]
		t := m.tasks[row.owner]
		if t == nil || !t.Final || t.State != seine.Done || t.Page != h.Page || t.FinishedAt.Before(h.Since) || !row.lacks(h.Field) ||
			h.Keys != nil && !slices.Contains(h.Keys, t.Key) || h.Digest != nil && string(h.Digest) != row.digest {
			continue
		}
		n++
		ended[t] = true
		delete(m.records, key)
		if k := len(row.earlier); k > 0 {
			was := row.earlier[k-1]
			was.earlier = row.earlier[:k-1]
			m.records[key] = was
		}
	}
	for t := range ended {
		t.State, t.Reason = seine.Error, h.Reason
		delete(m.visits, t.Key)
	}
	return n
}

func (m *model) forget(keys []string) (out frontier.Forgotten) {
	for _, key := range keys {
		t := m.tasks[key]
		if t.Holder != "" {
			out.Busy = append(out.Busy, key)
			continue
		}
		out.Tasks++
		m.leave(t)
		t.Attempt = t.Ended
		m.finish(t, seine.Skipped, frontier.WhyForgotten, "")
		for id, row := range m.records {
			if row.owner == key {
				out.Records++
				out.Versions += int64(len(row.earlier))
				delete(m.records, id)
			}
		}
		delete(m.visits, key)
		delete(m.recrawls, key)
		delete(m.listed, key)
		delete(m.owed, key)
		delete(m.failed, key)
	}
	return out
}

// leave takes a task out of the queue.
func (m *model) leave(t *task) {
	if t.Final {
		return
	}
	if t.Final = true; len(m.ready(t.Lane)) == 0 {
		m.lanes[t.Lane] = m.lanes[t.Lane].Left(0, false)
	}
}

// replay returns what Replay returns.
func (m *model) replay(batch []frontier.Completion) (out outcome) {
	return m.found(batch, func(c frontier.Completion) bool {
		t := m.tasks[c.Key]
		return t.Final && t.FinishedAt.Equal(c.Replayed)
	}, func(frontier.Completion) {})
}

// adopt returns what Adopt returns.
func (m *model) adopt(batch []frontier.Adoption, ends []frontier.Completion) (out outcome) {
	tasks := map[string]frontier.New{}
	for i, a := range batch {
		tasks[a.Task.Key] = a.Task
		ends[i].Replayed = m.now
	}
	return m.found(ends, func(c frontier.Completion) bool {
		t := m.tasks[c.Key]
		return t == nil || !t.Final && t.Holder == ""
	}, func(c frontier.Completion) {
		t := m.tasks[c.Key]
		if t == nil {
			t = &task{Key: c.Key, Lane: tasks[c.Key].Lane, Page: c.Page, Final: true}
			m.tasks[c.Key] = t
		}
		m.leave(t)
		t.Attempt, t.Worker = 0, ""
	})
}

// found ends tasks without a lease. ours reports whether a task may end, and end ends it.
func (m *model) found(batch []frontier.Completion, ours func(frontier.Completion) bool, end func(frontier.Completion)) (out outcome) {
	keys, mine := make([]string, len(batch)), make([]bool, len(batch))
	for i, c := range batch {
		keys[i], mine[i] = c.Key, ours(c) && !m.pending(time.Time{}, c.Paths())
		if !mine[i] {
			out.Lost = append(out.Lost, c.Key)
		}
	}
	owners, brought := m.owners(keys, batch, func(i int) bool { return mine[i] }, &out)
	for i, c := range batch {
		if _, taken := out.Taken[c.Key]; taken || !mine[i] {
			continue
		}
		out.Kept++
		end(c)
		m.add(c.Follow)
		t, h := m.tasks[c.Key], held{key: c.Key}
		if c.Owed != nil {
			owed := string(c.Owed)
			h.owed = &owed
		}
		m.keep(t, h, c, owners, brought)
		m.finish(t, c.State, c.Reason, "")
	}
	out.OverBudget = m.over
	return out
}

// pending reports whether a sweep deletes one of the files, or deleted it since a claim.
func (m *model) pending(claimed time.Time, paths []string) bool {
	return slices.ContainsFunc(m.doomed, func(d doomed) bool {
		return slices.Contains(paths, d.path) && !d.until.Before(claimed)
	})
}

// spare forgets the files that no leased task may have found in place.
func (m *model) spare() {
	least := m.now
	for _, t := range m.tasks {
		if t.Holder != "" && t.ClaimedAt.Before(least) {
			least = t.ClaimedAt
		}
	}
	m.doomed = slices.DeleteFunc(m.doomed, func(d doomed) bool { return d.until.Before(least) })
}

func (m *model) endSweep(n int) {
	for i, d := range m.doomed {
		if d.sweep == n && d.until.After(m.now) {
			m.doomed[i].until = m.now
		}
	}
	m.spare()
}

// unlisted returns the time since when no sitemap lists a page, zero if one does.
func (m *model) unlisted(key string) (at time.Time) {
	for _, l := range m.listed[key] {
		if l.leftAt.IsZero() {
			return time.Time{}
		}
		if l.leftAt.After(at) {
			at = l.leftAt
		}
	}
	return at
}

func (m *model) enlist(list string, at time.Time, pages []frontier.Listed) {
	for _, p := range pages {
		was, seen := m.listed[p.Key][list]
		now := listing{readAt: at, lastMod: p.LastMod}
		if p.LastMod.IsZero() {
			now.lastMod = was.lastMod
		}
		if m.listed[p.Key] == nil {
			m.listed[p.Key] = map[string]listing{}
		}
		m.listed[p.Key][list] = now
		v, r := m.visits[p.Key], m.recrawls[p.Key]
		if seen && !was.leftAt.IsZero() && frontier.IsSitemap(p.Key) {
			m.recrawls[p.Key] = recrawl{at, r.priority}
			m.unread(p.Key)
		}
		if p.Least > 0 && v != nil && !r.at.IsZero() && !was.lastMod.IsZero() && p.LastMod.After(was.lastMod) {
			soon := at
			if least := v.CheckedAt.Add(p.Least); least.After(soon) {
				soon = least
			}
			if soon.Before(r.at) {
				m.recrawls[p.Key] = recrawl{soon, r.priority}
			}
		}
	}
}

// unread makes the next visit of a sitemap read it as if for the first time.
func (m *model) unread(key string) {
	if v := m.visits[key]; v != nil {
		v.ETag, v.Hash = "", nil
	}
}

func (m *model) unlist(list string, at time.Time) (n int) {
	for lists := []string{list}; len(lists) > 0; lists = lists[1:] {
		for _, key := range sortedKeys(m.listed) {
			l, ok := m.listed[key][lists[0]]
			if !ok || !l.leftAt.IsZero() || lists[0] == list && !l.readAt.Before(at) {
				continue
			}
			l.leftAt = at
			m.listed[key][lists[0]] = l
			switch {
			case m.unlisted(key).IsZero():
			case !frontier.IsSitemap(key):
				n++
			default:
				delete(m.recrawls, key)
				m.unread(key)
				if key != list {
					lists = append(lists, key)
				}
			}
		}
	}
	return n
}

// judged lists the tasks whose answers count: the finished ones, and the requeued ones that were
// counted before.
func (m *model) judged() (out []judged) {
	for _, t := range m.sorted(func(t *task) bool { return t.Final || t.Mark >= frontier.Counted }) {
		j := judged{t.Key, t.State, t.Final, t.Attempt, t.Reason, t.Mark}
		if t.Final {
			j.Mark = frontier.Unmarked
		}
		out = append(out, j)
	}
	return out
}

// recount computes the sums anew. The doubt and the stale answers stay.
func (m *model) recount(tasks []judged, rule func(judged) *frontier.Explored) {
	for block, s := range m.blocks {
		m.blocks[block] = explore.Sums{Doubt: s.Doubt, Expected: s.Expected, Stale: s.Stale, StaleDoubt: s.StaleDoubt}
	}
	for _, j := range tasks {
		if x := rule(j); x != nil {
			m.blocks[x.Block] = m.blocks[x.Block].Add(x.Sums)
		}
	}
}
