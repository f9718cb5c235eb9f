package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/terminal"
	"github.com/seinehq/seine/internal/web"
)

// topCommand is `seine top`.
type topCommand struct {
	*app

	once bool
}

func newTop(a *app) *cobra.Command {
	x := &topCommand{app: a}
	c := &cobra.Command{
		Use: "top", Short: "Show all jobs, workers and hosts of a frontier, live", Args: cobra.NoArgs,
		Long: `Shows each job with its states and rate, the workers, and the hosts that have tasks
or wait, at most 20 of a job. On a terminal the tables are current every two seconds,
until Ctrl-C. In a pipe, with --once and with -o json they are printed once.`,
		Example: `  seine top
  seine top --once | grep waits`,
		RunE: func(c *cobra.Command, _ []string) error { return x.run(c.Context()) },
	}
	c.Flags().BoolVar(&x.once, "once", false, "print the tables once")
	return c
}

// topJSON is what `top -o json` prints.
type topJSON struct {
	Jobs    []statusJSON `json:"jobs"`
	Workers []web.Worker `json:"workers"`
}

func (a *topCommand) run(ctx context.Context) error {
	f, err := a.open(ctx, a.frontierOf(nil))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if a.once || a.json() || !a.redraws {
		return a.show(ctx, f)
	}
	return a.watching(ctx, watchEvery, func() error { return a.show(ctx, f) })
}

// jobStatus is a job with its status.
type jobStatus struct {
	frontier.JobInfo
	frontier.Status
	known aboutJob
}

// topFrontier is the part of a frontier that tells of jobs and workers.
type topFrontier interface {
	frontier.Reader
	frontier.Steering
}

func (a *topCommand) show(ctx context.Context, f topFrontier) error {
	infos, err := f.Jobs(ctx)
	if err != nil {
		return err
	}
	workers, err := f.Workers(ctx)
	if err != nil {
		return err
	}
	now, err := f.Clock(ctx)
	if err != nil {
		return err
	}
	jobs := make([]jobStatus, 0, len(infos))
	for _, info := range infos {
		s, err := f.Status(ctx, info.ID)
		if errors.Is(err, frontier.ErrNoJob) {
			continue // deleted meanwhile
		}
		if err != nil {
			return err
		}
		job, _ := a.stored(info, needs{}) // nil if it is not known here
		jobs = append(jobs, jobStatus{info, s, about(job)})
	}
	if a.json() {
		out := topJSON{Jobs: []statusJSON{}, Workers: web.WorkersOf(workers)}
		for _, j := range jobs {
			out.Jobs = append(out.Jobs, statusOf(j.Name, j.Status, j.known))
		}
		return a.printJSON(out)
	}
	rate := 0.0
	for _, j := range jobs {
		rate += j.Rate
	}
	a.print("%s: %s, %s, %.1f tasks/s", a.frontierOf(nil), counted(len(jobs), "job"), counted(len(workers), "worker"), rate)
	a.printJobs(jobs)
	if len(workers) > 0 {
		a.print("")
	}
	a.printWorkers(workers)
	a.printLanes(jobs, now)
	return nil
}

func (c *console) printJobs(jobs []jobStatus) {
	if len(jobs) == 0 {
		return
	}
	c.print("")
	t := c.table()
	_, _ = fmt.Fprintln(t, "JOB\tSTATE\tDONE\tSKIPPED\tSTALE\tERROR\tLEFT\tRECORDS\tFILES\tPER SECOND\tTO GO")
	for _, j := range jobs {
		left := ""
		if eta, ok := timeLeft(j.Status, j.known.explores); ok && j.Open+j.Unseen > 0 {
			left = brief(eta)
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f\t%s\n", terminal.Escape(j.Name), j.Phase(), j.States[seine.Done], j.States[seine.Skipped], j.States[seine.Stale],
			j.States[seine.Error], j.Open+j.Unseen, j.Records, j.Assets, j.Rate, left)
	}
	_ = t.Flush()
}

// printLanes prints the hosts of jobs with their next requests.
func (c *console) printLanes(jobs []jobStatus, now time.Time) {
	t, head := c.table(), false
	for _, j := range jobs {
		for _, h := range j.Hosts {
			if !head {
				head = true
				c.print("")
				_, _ = fmt.Fprintln(t, "HOST\tJOB\tSTATE")
			}
			_, _ = fmt.Fprintf(t, "%s\t%s\t%s\n", terminal.Escape(hostName(h.Host)), terminal.Escape(j.Name), terminal.Escape(hostState(h, now)))
		}
	}
	_ = t.Flush()
}
