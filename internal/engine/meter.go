package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// Meter counts events. Many goroutines call its methods, which do not block.
type Meter interface {
	// Claimed counts n claimed tasks of a job.
	Claimed(job string, n int)

	// Finished counts a task of a job that reached its final state.
	Finished(job string, state seine.State)

	// Took measures an attempt of a task, from its claim to its commit, by the state that it ended
	// in. trace names its trace, empty without one.
	Took(job string, state seine.State, took time.Duration, trace string)

	// Fetched counts a request. outcome is a status class ("2xx") or a word of [fetch.Reason].
	Fetched(via seine.Via, outcome string, took time.Duration, bytes int)

	// LeaseLost counts a session whose lease is lost, or may be.
	LeaseLost()

	// FrontierError and StoreError count failed calls.
	FrontierError()
	StoreError()
}

type noMeter struct{}

func (noMeter) Claimed(string, int)                             {}
func (noMeter) Finished(string, seine.State)                    {}
func (noMeter) Took(string, seine.State, time.Duration, string) {}
func (noMeter) Fetched(seine.Via, string, time.Duration, int)   {}
func (noMeter) LeaseLost()                                      {}
func (noMeter) FrontierError()                                  {}
func (noMeter) StoreError()                                     {}

// meteredFetcher counts and traces each request of a job's fetcher.
type meteredFetcher struct {
	next  seine.Fetcher
	via   seine.Via // the job's
	meter Meter
	trace *tracer
}

// Fetch gets one page.
func (m *meteredFetcher) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	via := req.Via
	switch {
	case req.Raw:
		via = seine.ViaHTTP
	case via == "":
		via = m.via
	}
	ctx, span := m.trace.fetch(ctx, req, via)
	began := time.Now()
	page, err := m.next.Fetch(ctx, req)
	outcome, size := fetch.Reason(err), 0
	if page != nil {
		size = len(page.Body)
		if err == nil {
			outcome = class(page.Status)
		}
	}
	m.meter.Fetched(via, outcome, time.Since(began), size)
	m.trace.endFetch(span, page, err)
	return page, err
}

// class returns the class of a status.
func class(status int) string {
	if status < 100 || status > 599 {
		return "other"
	}
	return fmt.Sprintf("%dxx", status/100)
}
