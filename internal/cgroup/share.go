package cgroup

import (
	"runtime"
	"time"
)

// Shares splits a memory limit. heap bounds Go's runtime, and browser is the memory of the
// browser's processes at which a new browser replaces them. The rest is for uncounted memory:
// threads, sockets, file pages, /dev/shm.
func Shares(limit int64, withBrowser bool) (heap, browser int64) {
	if !withBrowser {
		return limit / 10 * 8, 0
	}
	heap = limit / 4
	return heap, limit/100*85 - heap
}

// Usage is how a group stands.
type Usage struct {
	// Memory is the share of its limit in use, 0 to 1, or negative without a limit.
	Memory float64

	// Stalled is the share of the last moment for which something had to wait
	// for a CPU, 0 to 1.
	Stalled float64
}

// The marks of [Next].
const (
	memoryFull  = 0.95 // nothing more is begun while anything runs
	memoryHigh  = 0.90 // half as much; what Shares gives stays below
	memoryLow   = 0.85 // below it goes up again
	stalledHigh = 0.80
	stalledLow  = 0.50
	up          = 1.0 / 16 // a step up: back from none in 16 looks
)

// Share is what part of its slots a worker fills, for each cause.
type Share struct{ Memory, CPU float64 }

// Whole is the share of a worker that is short of nothing.
func Whole() Share { return Share{Memory: 1, CPU: 1} }

// Next returns the share after one more measurement. With scarce memory it halves, near the limit
// it is zero, and with scarce CPU it falls by an eighth. It recovers in small steps, and between
// the thresholds it stays.
func Next(s Share, u Usage) Share {
	switch {
	case u.Memory >= memoryFull:
		s.Memory = 0
	case u.Memory >= memoryHigh:
		s.Memory /= 2
	case u.Memory < memoryLow:
		s.Memory = min(1, s.Memory+up)
	}
	switch {
	case u.Stalled >= stalledHigh:
		s.CPU *= 7.0 / 8
	case u.Stalled < stalledLow:
		s.CPU = min(1, s.CPU+up)
	}
	return s
}

// Slots returns how many of n tasks may run. Scarce memory leaves at least one, and scarce CPU at
// least one per CPU.
func (s Share) Slots(n, cpus int) int {
	byMemory := int(s.Memory * float64(n))
	byCPU := max(int(s.CPU*float64(n)), cpus)
	return max(1, min(n, byMemory, byCPU))
}

// Watch keeps a worker's share. It is for one goroutine.
type Watch struct {
	group   Group
	share   Share
	looked  time.Time
	stalled time.Duration
}

// NewWatch returns the watch of a group, or nil without a limit, because other processes may use
// the rest of the machine.
func NewWatch(g Group) *Watch {
	_, memory := g.MemoryLimit()
	_, cpu := g.CPULimit()
	if !memory && !cpu {
		return nil
	}
	w := &Watch{group: g, share: Whole(), looked: time.Now()}
	w.stalled, _ = g.Stalled()
	return w
}

// Look reads how the group stands now and moves the share.
func (w *Watch) Look(now time.Time) (Share, Usage) {
	u := Usage{Memory: -1}
	if limit, ok := w.group.MemoryLimit(); ok && limit > 0 {
		if used, ok := w.group.MemoryUsed(); ok {
			u.Memory = float64(used) / float64(limit)
		}
	}
	if stalled, ok := w.group.Stalled(); ok {
		if since := now.Sub(w.looked); since > 0 {
			u.Stalled = min(1, float64(stalled-w.stalled)/float64(since))
		}
		w.stalled = stalled
	}
	w.looked = now
	w.share = Next(w.share, u)
	return w.share, u
}

// CPUs is how many the process may use: Go's runtime follows the group.
func CPUs() int { return runtime.GOMAXPROCS(0) }
