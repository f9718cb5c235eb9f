// Package metric exports a worker's counters to Prometheus. Every name begins with seine_;
// docs/operations.md lists them. Events arrive through engine.Meter, which [Metrics] fulfills.
// Gauges ask the frontier when they are read (depth.go).
//
// Every label is bounded. A job is one of this worker's; via, state and outcome are fixed words;
// the first thirty reasons of a process keep their names, and the others become "other".
package metric

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seinehq/seine"
)

// Metrics is a process's counters. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	claims, finished, fetches, bytes        *prometheus.CounterVec
	leasesLost, frontierErrors, storeErrors prometheus.Counter
	seconds, taskSeconds                    *prometheus.HistogramVec
}

// New returns the metrics of a program's version. jobs are this worker's jobs. Their counters start
// at zero, so that the first event is visible as an increase.
func New(version string, jobs ...string) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry:       prometheus.NewRegistry(),
		claims:         counters("seine_claims_total", "Tasks claimed by this worker.", "job"),
		finished:       counters("seine_tasks_finished_total", "Tasks that this worker brought to their final state.", "job", "state"),
		fetches:        counters("seine_fetches_total", "Requests of this worker, pages and assets, by status class or fault.", "via", "outcome"),
		bytes:          counters("seine_fetch_bytes_total", "Bytes of bodies, after Content-Encoding is undone.", "via"),
		leasesLost:     counter("seine_leases_lost_total", "Sessions that ended because their lease was lost, or may have been."),
		frontierErrors: counter("seine_frontier_errors_total", "Calls of the frontier that failed."),
		storeErrors:    counter("seine_store_errors_total", "Files that the store did not take."),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "seine_fetch_seconds", Help: "How long a request took.",
			Buckets: []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 80},
		}, []string{"via"}),
		taskSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "seine_task_seconds", Help: "How long an attempt of a task took, from its claim to its commit, by the state that it ended in.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320},
		}, []string{"job", "state"}),
	}
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "seine_build_info", Help: "The program's version; always 1."}, []string{"version"})
	info.WithLabelValues(version).Set(1)
	m.registry.MustRegister(info, m.claims, m.finished, m.fetches, m.bytes, m.leasesLost, m.frontierErrors, m.storeErrors, m.seconds, m.taskSeconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, job := range jobs {
		m.claims.WithLabelValues(job)
		for _, s := range []seine.State{seine.Done, seine.Skipped, seine.Error, seine.Stale} {
			m.finished.WithLabelValues(job, s.String())
		}
	}
	return m
}

// Handler serves the metrics. Exemplars are a part of the OpenMetrics format alone.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, EnableOpenMetrics: true})
}

// Claimed counts claimed tasks.
func (m *Metrics) Claimed(job string, n int) { m.claims.WithLabelValues(job).Add(float64(n)) }

// Finished counts a task that is final.
func (m *Metrics) Finished(job string, s seine.State) {
	m.finished.WithLabelValues(job, s.String()).Inc()
}

// Took measures an attempt of a task. The trace is the exemplar of its bucket.
func (m *Metrics) Took(job string, s seine.State, took time.Duration, trace string) {
	h := m.taskSeconds.WithLabelValues(job, s.String())
	if e, ok := h.(prometheus.ExemplarObserver); ok && trace != "" {
		e.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": trace})
		return
	}
	h.Observe(took.Seconds())
}

// Fetched counts a request.
func (m *Metrics) Fetched(via seine.Via, outcome string, took time.Duration, bytes int) {
	m.fetches.WithLabelValues(string(via), outcome).Inc()
	m.bytes.WithLabelValues(string(via)).Add(float64(bytes))
	m.seconds.WithLabelValues(string(via)).Observe(took.Seconds())
}

// LeaseLost counts a lost session.
func (m *Metrics) LeaseLost() { m.leasesLost.Inc() }

// FrontierError counts a call that failed.
func (m *Metrics) FrontierError() { m.frontierErrors.Inc() }

// StoreError counts a file that was not taken.
func (m *Metrics) StoreError() { m.storeErrors.Inc() }
