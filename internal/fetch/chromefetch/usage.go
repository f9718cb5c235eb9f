package chromefetch

// Usage tells how many processes the browsers have now, those that finish their last pages too, and
// how many bytes they hold, shared pages counted once. Both are 0 where there is
// no /proc. It is a few milliseconds of work.
func (c *Chrome) Usage() (processes int, memory int64) {
	c.mu.Lock()
	var groups []int
	for b := range c.all {
		groups = append(groups, b.process.pid)
	}
	c.mu.Unlock()
	for _, g := range groups {
		n, bytes := groupUse(g)
		processes, memory = processes+n, memory+bytes
	}
	return processes, memory
}

// Err says why the browser does not start; nil when there is one, or the next
// page will start it.
func (c *Chrome) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		return nil
	}
	return c.failed
}
