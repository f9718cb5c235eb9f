package frontiertest

import (
	"maps"
	"slices"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

func (m *model) rescue() (out [3]int) {
	worker := ""
	for w, l := range m.leases {
		if l.ExpiresAt.Before(m.now) && (worker == "" || l.ExpiresAt.Before(m.leases[worker].ExpiresAt)) {
			worker = w
		}
	}
	if worker == "" {
		return out
	}
	out[0] = 1
	delete(m.leases, worker)
	for _, t := range m.sorted(func(t *task) bool { return t.Holder == worker }) {
		l := m.lanes[t.Lane].Free(m.now, 1)
		t.Holder = ""
		if t.Attempt >= m.spec.MaxAttempts {
			out[2]++
			m.finish(t, seine.Error, "worker died", worker)
		} else {
			out[1]++
			t.State, t.Reason = seine.Pending, "worker died"
			if wait := frontier.RescueDelay(t.Attempt, m.draw); wait > 0 {
				t.State, t.RunAt = seine.Error, m.now.Add(wait)
			} else {
				l = l.Wake(m.now, t.Priority)
			}
		}
		m.lanes[t.Lane] = l
	}
	return out
}

func (m *model) promote() (n int) {
	for _, t := range m.sorted(func(t *task) bool { return t.waits() && !t.RunAt.After(m.now) }) {
		t.RunAt = time.Time{}
		m.lanes[t.Lane] = m.lanes[t.Lane].Wake(m.now, t.Priority)
		n++
	}
	for _, key := range slices.Sorted(maps.Keys(m.recrawls)) {
		r := m.recrawls[key]
		if r.at.After(m.now) {
			continue
		}
		t, v := m.tasks[key], m.visits[key]
		if t == nil {
			continue
		}
		if t.Final {
			n += m.retry([]frontier.New{{Key: key, Lane: t.Lane, Priority: r.priority}})
		}
		delete(m.recrawls, key)
		if v != nil && v.Every > 0 {
			m.recrawls[key] = recrawl{m.now.Add(v.Every), r.priority}
		}
	}
	return n
}

func (m *model) retry(tasks []frontier.New) (n int) {
	for _, r := range tasks {
		t := m.tasks[r.Key]
		switch {
		case t == nil:
			continue
		case t.Final:
			m.seq++
			*t = task{
				Key: t.Key, Lane: r.Lane, Page: t.Page, seq: m.seq, Worker: t.Worker, Priority: r.Priority,
				Mark: frontier.MarkOf(t.State), Owes: m.failed[t.Key], More: t.Page != "" || m.visits[t.Key] != nil,
			}
		case t.waits():
			t.RunAt, t.Attempt, t.State, t.RefusedAt = time.Time{}, 0, seine.Pending, time.Time{}
		default:
			continue
		}
		m.lanes[t.Lane] = m.lanes[t.Lane].Wake(m.now, t.Priority)
		n++
	}
	return n
}

func (m *model) hostDown(host string, after time.Duration, reason string) (down bool, ended int) {
	l, ok := m.lanes[host]
	if !ok || !l.Down(m.now, after) {
		return false, 0
	}
	for _, t := range m.sorted(func(t *task) bool { return t.Lane == host && (t.ready() || t.waits()) }) {
		if t.Owes && len(m.owed[t.Key]) > len("{}") {
			continue
		}
		m.finish(t, seine.Error, reason, "")
		ended++
	}
	if len(m.ready(host)) == 0 {
		l.Ready = false
		m.lanes[host] = l
	}
	return true, ended
}

// fresh tells how current the pages are that are visited again.
func (m *model) fresh() (out frontier.FreshStatus) {
	earliest := func(at *time.Time, t time.Time) {
		if at.IsZero() || t.Before(*at) {
			*at = t
		}
	}
	for key := range m.listed {
		if !m.unlisted(key).IsZero() {
			out.Unlisted++
		}
	}
	for key, v := range m.visits {
		if v.Every == 0 || frontier.IsSitemap(key) {
			continue
		}
		out.Tracked++
		if v.CheckedAt.Add(v.Every).After(m.now) {
			out.Fresh++
		}
		if !v.GoneAt.IsZero() {
			out.Gone++
		}
		earliest(&out.Oldest, v.CheckedAt)
	}
	for _, r := range m.recrawls {
		earliest(&out.Next, r.at)
	}
	return out
}
