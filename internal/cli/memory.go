package cli

import (
	"runtime/debug"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/cgroup"
	"github.com/seinehq/seine/internal/derived"
)

// followMemory keeps Go's runtime within the container's limit, with room for a browser if a job
// needs one, and returns the browser's limit in bytes, or 0 without a limit. GOMEMLIMIT, when it is
// set, goes before.
func (a *workCommand) followMemory(jobs []*seine.Job) (browser int64) {
	limit, limited := a.group().MemoryLimit()
	if !limited {
		return 0
	}
	chrome := false
	for _, j := range jobs {
		chrome = chrome || derived.Renders(j)
	}
	heap, browser := cgroup.Shares(limit, chrome)
	if a.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heap)
	}
	return browser
}
