package chromefetch

// Usage returns the number of the browsers' processes, including retired browsers, and their bytes
// with shared pages counted once. Both are 0 where there is no /proc. It is a few milliseconds of
// work.
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

// Err returns why the browser does not start. It returns nil if a browser runs, or if the next page
// will start it.
func (c *Chrome) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		return nil
	}
	return c.failed
}
