package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// Meter is told what happens, to count it. Its methods are called from many
// goroutines and do not block.
type Meter interface {
	// Claimed: n tasks of a job were claimed.
	Claimed(job string, n int)

	// Finished: a task of a job came to its final state.
	Finished(job string, state seine.State)

	// Fetched: a request ended, with a status class ("2xx") or one of the few
	// words of [fetch.Reason].
	Fetched(via seine.Via, outcome string, took time.Duration, bytes int)

	// LeaseLost: a session ended because its lease is gone, or may be.
	LeaseLost()

	// FrontierError and StoreError: a call failed.
	FrontierError()
	StoreError()
}

type noMeter struct{}

func (noMeter) Claimed(string, int)                           {}
func (noMeter) Finished(string, seine.State)                  {}
func (noMeter) Fetched(seine.Via, string, time.Duration, int) {}
func (noMeter) LeaseLost()                                    {}
func (noMeter) FrontierError()                                {}
func (noMeter) StoreError()                                   {}

// watched is a job's fetcher, each request of which is counted and traced.
type watched struct {
	r    *runner
	next seine.Fetcher
}

// Fetch gets one page.
func (w *watched) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	via := req.Via
	switch {
	case req.Raw:
		via = seine.ViaHTTP
	case via == "":
		via = w.r.job.Job.Fetch.Via
	}
	ctx, span := w.r.fetchSpan(ctx, req, via)
	began := time.Now()
	page, err := w.next.Fetch(ctx, req)
	outcome, size := fetch.Reason(err), 0
	if page != nil {
		size = len(page.Body)
		if err == nil {
			outcome = class(page.Status)
		}
	}
	w.r.e.cfg.Meter.Fetched(via, outcome, time.Since(began), size)
	w.r.endFetch(span, page, err)
	return page, err
}

// class is a status as it is counted.
func class(status int) string {
	if status < 100 || status > 599 {
		return "other"
	}
	return fmt.Sprintf("%dxx", status/100)
}
