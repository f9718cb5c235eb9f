package metric

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seinehq/seine/internal/frontier"
)

// Source is what gauges are read from.
type Source struct {
	// Jobs are this worker's, by name.
	Jobs map[string]frontier.JobID

	// Depth tells what waits in a job.
	Depth func(ctx context.Context, job frontier.JobID) (frontier.Depth, error)

	// Browser tells how many processes the browser has, and their bytes.
	Browser func() (processes int, memory int64)

	// Share is what part of its slots this worker fills.
	Share func() float64

	// Clean leaves secrets out of reasons.
	Clean func(string) string
}

const (
	// keepDepth is the maximum age of the queue's depth, so that frequent scrapes cost the frontier
	// nothing.
	keepDepth = 10 * time.Second

	// depthWithin bounds the reading. A scrape does not wait longer.
	depthWithin = 3 * time.Second

	// maxReasons is how many reasons a process tells by their names.
	maxReasons = 30
	maxReason  = 80 // bytes
)

// Observe adds the gauges of a source.
func (m *Metrics) Observe(s Source) {
	if s.Clean == nil {
		s.Clean = func(s string) string { return s }
	}
	m.registry.MustRegister(&gauges{Source: s, metrics: m, reasons: map[string]bool{}})
}

// gauges reads its source when it is scraped.
type gauges struct {
	Source
	metrics *Metrics

	mu      sync.Mutex
	read    time.Time
	depths  map[string]frontier.Depth
	reasons map[string]bool
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	tasks         = desc("seine_tasks", "Tasks of a job by state, over the whole fleet.", "job", "state")
	reasons       = desc("seine_task_reasons", "Tasks that are final, by state and reason.", "job", "state", "reason")
	queueReady    = desc("seine_queue_ready", "Tasks that wait for nothing but a worker and their host's turn, over the whole fleet; 0 while the job is paused.", "job")
	queueOldest   = desc("seine_queue_oldest_due_seconds", "Age of the oldest task that is due and whose host may be requested now. 0 if there is none.", "job")
	driftAlarms   = desc("seine_drift_alarms", "Alarms of page kinds that lose values or fail more often than before.", "job")
	quarantined   = desc("seine_quarantined_records", "Records that are not part of the data set, because they break the schema or lost a value.", "job")
	workers       = desc("seine_workers", "Workers with a live lease on this frontier.")
	browserCount  = desc("seine_browser_processes", "Processes of this worker's browser.")
	browserMemory = desc("seine_browser_memory_bytes", "Memory of this worker's browser, shared pages counted once.")
	paceUse       = desc("seine_pace_use_ratio", "Hosts with something ready that are asked as often as their pace allows, as a share; none for a job without a pace.", "job")
	concurrency   = desc("seine_concurrency_ratio", "Share of its slots that this worker fills. Below 1 it lacks memory or CPU.")
)

// Describe lists the gauges.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{tasks, reasons, queueReady, queueOldest, driftAlarms, quarantined, workers, browserCount, browserMemory, paceUse, concurrency} {
		to <- d
	}
}

// Collect reads them. Values that the frontier does not return in time are missing.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	g.mu.Lock()
	defer g.mu.Unlock()
	send := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	processes, memory := g.Browser()
	send(browserCount, float64(processes))
	send(browserMemory, float64(memory))
	send(concurrency, g.Share())
	g.refresh()
	seen := false
	for job, d := range g.depths {
		if !seen {
			seen = true
			send(workers, float64(d.Workers))
		}
		for state, n := range d.States {
			send(tasks, float64(n), job, state.String())
		}
		send(queueReady, float64(d.Ready()), job)
		send(driftAlarms, float64(d.Alarms), job)
		send(quarantined, float64(d.Quarantined), job)
		send(queueOldest, d.Oldest.Seconds(), job)
		if d.Lanes > 0 {
			send(paceUse, float64(d.Busy)/float64(d.Lanes), job)
		}
		for key, n := range g.byReason(d.Reasons) {
			send(reasons, float64(n), job, key[0], key[1])
		}
	}
}

// refresh reads the queue's depth if the stored one is too old.
func (g *gauges) refresh() {
	if time.Since(g.read) < keepDepth {
		return
	}
	g.read = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), depthWithin)
	defer cancel()
	depths := map[string]frontier.Depth{}
	for job, id := range g.Jobs {
		d, err := g.Depth(ctx, id)
		if err != nil {
			g.metrics.FrontierError()
			depths = nil
			break
		}
		depths[job] = d
	}
	g.depths = depths
}

// byReason sums up by state and reason.
func (g *gauges) byReason(counts []frontier.ReasonCount) map[[2]string]int64 {
	out := map[[2]string]int64{}
	for _, c := range counts {
		out[[2]string{c.State.String(), g.name(c.Reason)}] += c.Count
	}
	return out
}

// name is a reason as a label.
func (g *gauges) name(reason string) string {
	reason = g.Clean(reason)
	if len(reason) > maxReason {
		return "other"
	}
	if !g.reasons[reason] {
		if len(g.reasons) >= maxReasons {
			return "other"
		}
		g.reasons[reason] = true
	}
	return reason
}
