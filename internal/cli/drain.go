package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/runner"
)

// A claim that read the job as running, but has not yet locked a lane, is found by a second check.
const (
	drainLook  = 200 * time.Millisecond
	drainLooks = 2
	drainSay   = 10 * time.Second
)

// drainCommand is `seine drain`.
type drainCommand struct {
	holdCommand

	timeout time.Duration
}

func newDrain(a *app) *cobra.Command {
	x := &drainCommand{holdCommand: holdCommand{app: a}}
	c := x.command(cobra.Command{
		Use: "drain", Short: "Pause a job or a host and wait until no task is in progress",
		Long: `Pauses, and returns when the last task in progress has ended or was released. Then
you can change a job's rules, or back up database and store together. Tasks of a dead
worker are rescued when its lease expires. The job stays paused until "seine resume",
even if the wait is interrupted.`,
		Example: `  seine drain cards.yaml --timeout 5m`,
	}, x.run)
	durationVar(c.Flags(), &x.timeout, "timeout", 0, "the longest wait (default: no limit)")
	return c
}

func (a *drainCommand) run(ctx context.Context, f pauser, h held) error {
	if a.timeout < 0 {
		return usagef("--timeout %s: give a time of at least 0s; 0s waits without a limit", a.timeout)
	}
	if h.host != "" {
		if job, err := a.stored(h.job, needs{hosts: true}); err != nil {
			return err
		} else if derived.Unpaced(job.Pace) {
			return usagef("job %s has no pace, so all its hosts share one lane: drain the job, or pause the host", h.job.Name)
		}
	}
	if err := a.hold(ctx, f, h, true); err != nil {
		return err
	}
	return a.drain(ctx, f, h, a.timeout)
}

// drainer counts the tasks in progress and rescues the tasks of dead workers.
type drainer interface {
	frontier.Reader
	frontier.Maintainer
}

// drain waits until no task is in progress.
func (a *drainCommand) drain(ctx context.Context, f drainer, h held, timeout time.Duration) error {
	began := time.Now()
	var said time.Time
	for quiet := 0; ; {
		// A dead worker's tasks would otherwise be waited for until some other worker takes them
		// back. A worker that could not send heartbeats while the database was down is not dead. It
		// has the length of a lease to send one.
		if drivers.Near(f) || time.Since(began) > runner.DefaultLease {
			if _, _, _, err := f.Rescue(ctx); err != nil {
				return err
			}
		}
		n, err := f.InProgress(ctx, h.job.ID, h.host)
		if err != nil {
			return err
		}
		if n > 0 {
			quiet = 0
		} else if quiet++; quiet == drainLooks {
			a.print("drained %s", h)
			return nil
		}
		if n > 0 && timeout > 0 && time.Since(began) > timeout {
			return fmt.Errorf("%s of %s %s still in progress after %s; it stays paused: run `seine drain` again to wait longer", counted(n, "task"), h, number.Chosen(n, "is", "are"), timeout)
		}
		if n > 0 && time.Since(said) > drainSay {
			said = time.Now()
			a.note("seine: %s in progress", counted(n, "task"))
		}
		select {
		case <-ctx.Done():
			return coded{exitStopped, errors.New("stopped waiting; it stays paused until `seine resume`")}
		case <-time.After(drainLook):
		}
	}
}
