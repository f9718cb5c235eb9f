package cli

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

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

// holdCommand is what pause, resume and drain share: a job, and possibly one of its hosts.
type holdCommand struct {
	*app

	name string // of the command, for the log of changes
	host string
}

// command returns a command that calls do with the job and host.
func (a *holdCommand) command(c cobra.Command, do func(context.Context, pauser, held) error) *cobra.Command {
	a.name, c.Use, c.Args = c.Use, c.Use+" JOB", cobra.ExactArgs(1)
	c.RunE = func(c *cobra.Command, args []string) error {
		f, info, err := a.infoAt(c.Context(), args[0])
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		return do(c.Context(), f, held{info, a.host})
	}
	c.Flags().StringVar(&a.host, "host", "", "only this host, as HOST:PORT")
	return &c
}

// pauser is the part of a frontier that pause, resume and drain use.
type pauser interface {
	holder
	drainer
}

// holder pauses and resumes jobs, hosts and spaces.
type holder interface {
	frontier.Hosts
	frontier.Spaces
	frontier.Drifts
	frontier.Steering
	Clock(ctx context.Context) (time.Time, error)
}

// ended counts what a resumption ended.
type ended struct{ alarms, circuits int }

// errNoHost reports a host without tasks.
var errNoHost = errors.New("no task is on this host")

// hold pauses or resumes a job or a host. A resumed job explores its spaces again, and its alarms
// about changed pages end.
func hold(ctx context.Context, f holder, h held, paused bool) (done ended, err error) {
	if h.host != "" {
		found, err := f.PauseHost(ctx, h.job.ID, h.host, paused)
		if err == nil && !found {
			err = errNoHost
		}
		return done, err
	}
	if !paused {
		if done.alarms, err = endAlarms(ctx, f, h.job); err != nil {
			return done, err
		}
	}
	if err := f.PauseJob(ctx, h.job.ID, paused); err != nil || paused {
		return done, err
	}
	done.circuits, err = f.CloseCircuits(ctx, h.job.ID)
	return done, err
}

func (a *holdCommand) hold(ctx context.Context, f holder, h held, paused bool) error {
	done, err := hold(ctx, f, h, paused)
	if err == nil {
		err = a.logChange(ctx, f, h.job.ID, "%s%s", a.name, hostFlag(h.host))
	}
	if errors.Is(err, errNoHost) {
		return usagef("job %s has no task on host %s: give HOST:PORT, as `seine status` prints it", h.job.Name, h.host)
	}
	if done.alarms > 0 {
		a.print("%s of changed pages ended; requeue their tasks by `seine retry %s --reason 'held back'`", counted(done.alarms, "alarm"), h.job.Name)
	}
	if err != nil {
		return err
	}
	what := "resumed"
	if paused {
		what = "paused"
	}
	a.print("%s %s", what, h)
	if n := done.circuits; n > 0 {
		a.print("%s that %s stopped %s explored again", counted(n, "ID space"), number.Were(n), number.Chosen(n, "is", "are"))
	}
	return nil
}

// endAlarms ends the alarms of page kinds that changed. The baselines start again. Records that
// lost a value since are held back first. It returns the number of alarms.
func endAlarms(ctx context.Context, f holder, job frontier.JobInfo) (int, error) {
	for {
		stored, err := f.Drift(ctx, job.ID)
		if err != nil {
			return 0, err
		}
		w := stored.Watch()
		if len(w.Alarms) == 0 {
			return 0, nil
		}
		for _, alarm := range w.Alarms {
			if h, ok := frontier.HoldBackOf(alarm, nil); ok && alarm.Held {
				if _, err := f.HoldBack(ctx, job.ID, h); err != nil {
					return 0, err
				}
			}
		}
		now, err := f.Clock(ctx)
		if err != nil {
			return 0, err
		}
		counters, err := f.FieldCounts(ctx, job.ID)
		if err != nil {
			return 0, err
		}
		n := len(w.Alarms)
		w.Reset(frontier.DriftDigest(job.Digest), now, frontier.DriftCounts(job.Digest, counters))
		text, err := json.Marshal(w)
		if err != nil {
			return 0, err
		}
		if ok, err := f.SetDrift(ctx, job.ID, frontier.DriftState{Version: stored.Version + 1, State: text}); err != nil {
			return 0, err
		} else if ok {
			return n, nil
		}
	}
}
