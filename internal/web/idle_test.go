package web_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/web"
)

// asked is a frontier that counts all that a console asks. What it does not have panics.
type asked struct {
	web.Frontier

	jobs, numbers atomic.Int64
}

func (a *asked) Jobs(context.Context) ([]frontier.JobInfo, error) {
	a.jobs.Add(1)
	return []frontier.JobInfo{{ID: 1, Name: "shop"}}, nil
}

func (a *asked) Numbers(context.Context, frontier.JobID) (frontier.Status, error) {
	a.numbers.Add(1)
	return frontier.Status{}, nil
}

// flushed is an answer that may be sent in pieces.
type flushed struct{ *answered }

func (flushed) Flush() {}

// Twenty open pages of a job make at most one query every two seconds. Without an open page there
// is none.
func TestAnIdleConsoleAsksLittle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &asked{}
		s, err := web.New(web.Config{Frontier: f, Report: func(context.Context, frontier.JobInfo, frontier.Status) any { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan *answered, 20)
		for i := range cap(ended) {
			go func() {
				time.Sleep(time.Duration(i) * 90 * time.Millisecond) // people do not open them at once
				w := newAnswer()
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/jobs/shop/events", nil)
				if err == nil {
					s.ServeHTTP(flushed{w}, r)
				}
				ended <- w
			}()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := f.numbers.Load(); n < 20 || n > 31 {
			t.Errorf("in a minute the frontier was asked %d times; want once every two seconds", n)
		}
		stop()
		for range cap(ended) {
			if w := <-ended; w.Len() < 20*len("data: {}") {
				t.Errorf("a page got %q", w.String())
			}
		}
		before := f.numbers.Load() + f.jobs.Load()
		time.Sleep(time.Hour)
		if n := f.numbers.Load() + f.jobs.Load() - before; n > 0 {
			t.Errorf("without a page the frontier was asked %d times", n)
		}
		s.Close()
	})
}
