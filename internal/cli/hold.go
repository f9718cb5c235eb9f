package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/worker"
)

func (a *app) pauseCommand() *cobra.Command {
	return a.holdCommand("pause", "Stop claims of a job or a host, for the whole fleet", `Nothing more of the job or the host is claimed by any worker until it is resumed.
What is in progress goes on; "seine drain" waits for it.`, func(ctx context.Context, f drivers.Frontier, h held) error {
		return a.hold(ctx, f, h, true)
	})
}

func (a *app) resumeCommand() *cobra.Command {
	return a.holdCommand("resume", "Resume a paused job or host, or a stopped ID space", `A job is claimed from again. ID spaces that were stopped, because their answers
were not what they had been, are explored again: see to what the site gives
first, and send back what it gave meanwhile with "seine retry".`, func(ctx context.Context, f drivers.Frontier, h held) error {
		return a.hold(ctx, f, h, false)
	})
}

func (a *app) drainCommand() *cobra.Command {
	var timeout time.Duration
	c := a.holdCommand("drain", "Pause a job or a host and wait until nothing of it is in progress", `Pauses, and returns when the last task in progress has ended or was given back: the
moment to change a job's rules, or to back database and store up together. What a
dead worker holds is taken back when its lease expires. It stays paused until
"seine resume", also when you stop waiting.`, func(ctx context.Context, f drivers.Frontier, h held) error {
		if timeout < 0 {
			return usagef("--timeout %s: give a time of at least 0s; 0s waits without a limit", timeout)
		}
		if h.host != "" {
			if job, err := a.stored(h.job, needs{hosts: true}); err != nil {
				return err
			} else if job.Pace.Unpaced() {
				return usagef("job %s has no pace, so all its hosts share one lane: drain the job, or pause the host", h.job.Name)
			}
		}
		if err := a.hold(ctx, f, h, true); err != nil {
			return err
		}
		return a.drain(ctx, f, h, timeout)
	})
	durationVar(c.Flags(), &timeout, "timeout", 0, "the longest wait (default: no limit)")
	return c
}

// held is a job, or one host of it.
type held struct {
	job  frontier.JobInfo
	host string
}

// String names it.
func (h held) String() string {
	if h.host == "" {
		return "job " + h.job.Name
	}
	return "host " + h.host + " of job " + h.job.Name
}

func (a *app) holdCommand(name, short, long string, do func(context.Context, drivers.Frontier, held) error) *cobra.Command {
	var host string
	c := &cobra.Command{
		Use: name + " JOB", Short: short, Long: long, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, info, err := a.infoAt(c.Context(), args[0])
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }()
			return do(c.Context(), f, held{info, host})
		},
	}
	c.Flags().StringVar(&host, "host", "", "only this host, as HOST:PORT")
	return c
}

// holder pauses and resumes jobs, hosts and spaces.
type holder interface {
	frontier.Hosts
	frontier.Spaces
}

func (a *app) hold(ctx context.Context, f holder, h held, paused bool) error {
	if h.host == "" {
		if err := f.PauseJob(ctx, h.job.ID, paused); err != nil {
			return err
		}
	} else if found, err := f.PauseHost(ctx, h.job.ID, h.host, paused); err != nil {
		return err
	} else if !found {
		return usagef("job %s has no task on host %s: give HOST:PORT, as `seine status` prints it", h.job.Name, h.host)
	}
	done := "resumed"
	if paused {
		done = "paused"
	}
	a.print("%s %s", done, h)
	if paused || h.host != "" {
		return nil
	}
	n, err := f.CloseCircuits(ctx, h.job.ID)
	if n > 0 {
		a.print("%s that %s stopped %s explored again", counted(n, "ID space"), number.Were(n), number.Chosen(n, "is", "are"))
	}
	return err
}

// A claim that read the job as running, but has not yet locked a lane, is found by a second check.
const (
	drainLook  = 200 * time.Millisecond
	drainLooks = 2
	drainSay   = 10 * time.Second
)

// drainer counts the tasks in progress and rescues the tasks of dead workers.
type drainer interface {
	frontier.Reader
	frontier.Maintainer
}

// drain waits until no task is in progress.
func (a *app) drain(ctx context.Context, f drainer, h held, timeout time.Duration) error {
	began := time.Now()
	var said time.Time
	for quiet := 0; ; {
		// A dead worker's tasks would otherwise be waited for until some other worker takes them
		// back. A worker that could not send heartbeats while the database was down is not dead. It
		// has the length of a lease to send one.
		if drivers.Near(f) || time.Since(began) > worker.DefaultLease {
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
			a.say("seine: %s in progress", counted(n, "task"))
		}
		select {
		case <-ctx.Done():
			return coded{exitStopped, errors.New("stopped waiting; it stays paused until `seine resume`")}
		case <-time.After(drainLook):
		}
	}
}
