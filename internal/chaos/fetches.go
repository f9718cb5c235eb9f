package chaos

import "time"

// fetches checks repeated requests. A page may be requested again only if a trouble, or a fault
// between its fetch and its commit, explains it. Each of its files is requested at most once per
// request of its page.
func (c *checker) fetches() {
	for _, t := range c.Truth {
		pages := c.pages[t.Key]
		for i := 1; i < len(pages); i++ {
			before, again := pages[i-1], pages[i]
			if before.Trouble == "" && !c.troubled(t.Key, before.At, again.At) && !c.broke(before, again) {
				c.violates(RuleTwice, t.Key, "visit %d by %s at %s, %v after visit %d by %s, which was answered, and no fault in between",
					again.N, again.Worker, clock(again.At), again.At.Sub(before.At).Round(time.Millisecond), before.N, before.Worker)
			}
		}
		images := map[string]int{}
		for _, v := range c.images[t.Key] {
			images[v.Path]++
		}
		for path, n := range images {
			if n > len(pages) {
				c.violates(RuleTwice, t.Key, "%s was requested %d times, and its page %d times", path, n, len(pages))
			}
		}
	}
}

// troubled reports whether a file of the id met trouble between two visits.
func (c *checker) troubled(key string, from, until time.Time) bool {
	for _, v := range c.images[key] {
		if v.Trouble != "" && v.At.After(from) && v.At.Before(until) {
			return true
		}
	}
	return false
}

// broke reports whether a fault can have kept the result of a visit from its
// commit.
func (c *checker) broke(before, again Visit) bool {
	until := again.At
	if most := before.At.Add(c.Life); most.Before(until) {
		until = most
	}
	return c.explained(before.Worker, before.At, until, breaking...)
}

// acks checks that each result that a worker reported as stored is stored, and that no other worker
// stored it too. An answer that is lost on its way makes no ack, so there may be fewer than ends.
func (c *checker) acks() {
	said := map[string]Ack{}
	for _, a := range c.Acks {
		if before, twice := said[a.Key]; twice {
			c.violates(RuleAck, a.Key, "%s reported at %s that it had ended, and %s at %s", before.Worker, clock(before.At), a.Worker, clock(a.At))
			continue
		}
		said[a.Key] = a
		if tasks := c.tasks[a.Key]; len(tasks) == 1 && tasks[0].Worker != a.Worker {
			c.violates(RuleAck, a.Key, "%s reported that it had ended, but the database has %q", a.Worker, tasks[0].Worker)
		}
		for _, v := range c.pages[a.Key] {
			// A worker that paused between its last check of the lease and its fetch could not
			// know.
			if v.At.After(a.At) && !c.explained(v.Worker, v.At, v.At, Pause, Busy) {
				c.violates(RuleAck, a.Key, "%s reported at %s that it had ended, and %s requested it at %s", a.Worker, clock(a.At), v.Worker, clock(v.At))
			}
		}
	}
}

func clock(t time.Time) string { return t.Format("15:04:05.000") }
