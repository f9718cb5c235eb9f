package chaos

import "time"

// pace checks that any n starts on a host span at least n-1 delays, less the slack and the delay of
// the machine itself.
//
// With b(i) = at(i) - i × delay, this means that no b lies below an earlier one by more than that.
// A late start raises its own b, which the allowance covers. A claim that gives one start to two
// tasks lowers every later b.
func (c *checker) pace() {
	n := map[string]int{}
	top := map[string]time.Time{}
	late := map[string]Visit{}
	for _, v := range c.Visits {
		delay := c.Delay[v.Host]
		if delay == 0 {
			continue
		}
		b := v.At.Add(-time.Duration(n[v.Host]) * delay)
		n[v.Host]++
		most, before := top[v.Host], late[v.Host]
		if most.IsZero() || b.After(most) {
			top[v.Host], late[v.Host] = b, v
			continue
		}
		ahead := most.Sub(b)
		if ahead <= c.Slack {
			continue
		}
		if allowed := c.Slack + c.lateness(before.At, v.At); ahead > allowed {
			c.violates(RulePace, v.Host, "visit %d by %s at %s is %v ahead of the pace that visit %d by %s leaves; %v is allowed",
				v.N, v.Worker, clock(v.At), ahead.Round(time.Millisecond), before.N, before.Worker, allowed.Round(time.Millisecond))
			top[v.Host], late[v.Host] = b, v // once for each breach
		}
	}
}

// around is how far from a start the machine's lateness is looked for.
const around = time.Second

// lateness is how late the machine was around two times.
func (c *checker) lateness(times ...time.Time) (most time.Duration) {
	for _, l := range c.Late {
		for _, t := range times {
			if d := l.At.Sub(t); d > -around && d < around+l.By {
				most = max(most, l.By)
			}
		}
	}
	return most
}

// quiet checks that after a Retry-After, and the grace for requests under way, no worker requests
// the host until it is over, unless a fault prevented the report.
func (c *checker) quiet() {
	for i, v := range c.Visits {
		from, until := v.At.Add(c.Grace), v.At.Add(v.RetryAfter)
		if !from.Before(until) || c.explained(v.Worker, v.At, from, breaking...) {
			continue
		}
		for _, w := range c.Visits[i+1:] {
			if w.At.After(until) {
				break
			}
			if w.Host == v.Host && w.At.After(from) {
				c.violates(RuleQuiet, v.Host, "visit %d by %s, %v after visit %d by %s was told to wait %v",
					w.N, w.Worker, w.At.Sub(v.At).Round(time.Millisecond), v.N, v.Worker, v.RetryAfter)
			}
		}
	}
}
