package arena

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/chaos"
)

// wrecker does the faults of a plan.
type wrecker struct {
	site        *cardsite.Served
	fleet       *fleet
	server      *server // nil: the frontier is a file
	proxies     []*proxy
	store, base *disk

	wg     sync.WaitGroup
	mu     sync.Mutex
	faults []chaos.Fault
	errs   []error
}

// wreck applies the faults at their times until enough returns true, and returns when all are
// repaired.
func (w *wrecker) wreck(ctx context.Context, plan []chaos.Event, began time.Time, enough func() bool) error {
	for _, e := range plan {
		if !until(ctx, began.Add(e.At)) || enough() {
			break
		}
		switch e.Kind {
		case chaos.StopServer, chaos.CrashServer:
			w.restart(ctx, e) // nothing else meanwhile
		default:
			w.wg.Go(func() { w.do(ctx, e) })
		}
	}
	w.wg.Wait()
	return errors.Join(w.errs...)
}

// until waits for a time and reports whether it came.
func until(ctx context.Context, at time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Until(at)):
		return true
	}
}

func (w *wrecker) done(f chaos.Fault, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f.Until = time.Now()
	w.faults = append(w.faults, f)
	if err != nil {
		w.errs = append(w.errs, fmt.Errorf("%s: %w", f.Kind, err))
	}
}

func (w *wrecker) do(ctx context.Context, e chaos.Event) {
	f := chaos.Fault{Kind: e.Kind, From: time.Now()}
	switch e.Kind {
	case chaos.Storm:
		f.Note = fmt.Sprintf("%s on %s, one in %d, Retry-After %v", e.Trouble, e.Host, e.Every, e.RetryAfter)
		w.site.Storm(cardsite.Storm{Host: e.Host, Trouble: cardsite.Trouble(e.Trouble), RetryAfter: e.RetryAfter, Every: e.Every, Until: f.From.Add(e.For)})
		until(ctx, f.From.Add(e.For))
		w.done(f, nil)
		return
	case chaos.StoreFull:
		w.fill(ctx, w.store, e, f)
		return
	case chaos.BaseFull:
		w.fill(ctx, w.base, e, f)
		return
	default:
	}
	s, there := w.fleet.worker(e.Worker)
	if !there {
		return // it is being replaced
	}
	f.Worker = s.name
	switch e.Kind {
	case chaos.Kill:
		w.fleet.kill(s)
	case chaos.Pause:
		err := s.cmd.Process.Signal(syscall.SIGSTOP)
		until(ctx, f.From.Add(e.For))
		_ = s.cmd.Process.Signal(syscall.SIGCONT) // it may be gone by now
		if err != nil {
			return
		}
	case chaos.Cut:
		w.proxies[e.Worker].cut()
	case chaos.Stall:
		w.proxies[e.Worker].hold(true)
		until(ctx, f.From.Add(e.For))
		w.proxies[e.Worker].hold(false)
		// Another worker may have come to this place meanwhile.
		if now, _ := w.fleet.worker(e.Worker); now != s {
			next := f
			next.Worker = now.name
			w.done(next, nil)
		}
	default:
		return
	}
	w.done(f, nil)
}

func (w *wrecker) fill(ctx context.Context, d *disk, e chaos.Event, f chaos.Fault) {
	err := d.fill(w.fleet.pids())
	until(ctx, f.From.Add(e.For))
	w.done(f, errors.Join(err, d.free(w.fleet.pids())))
}

// restart stops the server and starts it again after a while.
func (w *wrecker) restart(ctx context.Context, e chaos.Event) {
	f := chaos.Fault{Kind: e.Kind, From: time.Now()}
	w.server.stop(e.Kind == chaos.StopServer)
	until(ctx, time.Now().Add(e.For))
	w.done(f, w.server.start(context.WithoutCancel(ctx)))
}
