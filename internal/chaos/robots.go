package chaos

import "time"

// robots checks the use of robots.txt on each host that has some.
func (c *checker) robots() {
	type answer struct {
		Visit
		known bool
	}
	last := map[string]answer{} // by host
	for _, v := range c.Visits {
		before, asked := last[v.Host]
		switch {
		case v.Robots && asked && !c.mayAskAgain(before.Visit, v):
			c.violates(RuleRobots, v.Host, "%s requested robots.txt at %s, %v after %s, and no fault explains it",
				v.Worker, clock(v.At), v.At.Sub(before.At).Round(time.Millisecond), before.Worker)
		case v.Page && asked && !before.known:
			c.violates(RuleRobots, v.Key, "visit %d by %s, and robots.txt had not been read", v.N, v.Worker)
		}
		if v.Robots {
			last[v.Host] = answer{v, before.known || v.Trouble == ""}
		}
	}
	for _, t := range c.Truth {
		if n := len(c.pages[t.Key]); t.Forbidden && n > 0 {
			c.violates(RuleRobots, t.Key, "it was requested %d times, and robots.txt forbids it", n)
		}
	}
}

// mayAskAgain reports whether a second request for robots.txt is due, or a fault kept the first
// answer from the frontier.
func (c *checker) mayAskAgain(before, again Visit) bool {
	if before.Trouble != "" && again.At.Sub(before.At) >= c.RobotsRetry {
		return true
	}
	until := again.At
	if most := before.At.Add(c.Life); most.Before(until) {
		until = most
	}
	return c.explained(before.Worker, before.At, until, Kill, Pause, StopServer, CrashServer, Cut, Stall, BaseFull, Busy)
}
