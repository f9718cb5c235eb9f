package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/assemble"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
)

func (a *app) addCommand() *cobra.Command {
	var accept bool
	c := &cobra.Command{
		Use: "add JOB [KEY…|-]", Short: "Admit tasks from arguments or standard input", Args: cobra.MinimumNArgs(1),
		Long: `Admits tasks: ids, each the {id} of seeds.url whether it is in the job's space or
not, or URLs. From standard input (-), a line is a key or {"key": …, "priority":
0 (first) to 3, else the nearest of these, "meta": {…}}. A key that the job has
seen is passed over, so the same list may be added again.`,
		RunE: func(c *cobra.Command, args []string) error {
			return a.add(c.Context(), args[0], args[1:], accept)
		},
	}
	c.Flags().BoolVar(&accept, "accept-changes", false, "take a changed seeds.url or store.key")
	return c
}

func (a *app) add(ctx context.Context, arg string, keys []string, accept bool) error {
	f, job, err := a.registered(ctx, arg, accept)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	in := engine.NewAdder(f, job)
	in.Log = a.logger(slog.LevelWarn)
	if len(keys) == 0 || len(keys) == 1 && keys[0] == "-" {
		err = a.addStream(ctx, in, a.stdin)
	} else {
		for _, k := range keys {
			if err = in.Add(ctx, frontier.Seed{Key: k}); err != nil {
				break
			}
		}
	}
	if flushed := in.Flush(ctx); err == nil {
		err = flushed
	}
	if a.json() {
		return errors.Join(err, a.printJSON(map[string]int64{"keys": in.Seen, "added": in.Added, "known": in.Known}))
	}
	a.print("%d keys, %d added, %d known already", in.Seen, in.Added, in.Known)
	return err
}

func (a *app) addStream(ctx context.Context, in *engine.Adder, r io.Reader) error {
	last := time.Now()
	return frontier.ReadSeeds(r, "standard input", func(s frontier.Seed) error {
		if time.Since(last) > lineEvery {
			last = time.Now()
			a.say("%d keys, %d added", in.Seen, in.Added)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%w: add the same list again to go on", errStopped)
		}
		return in.Add(ctx, s)
	})
}

// registered opens a job's frontier, brings its schema up to date and registers
// the job.
func (a *app) registered(ctx context.Context, arg string, accept bool) (drivers.Frontier, *engine.Job, error) {
	if !isFile(arg) {
		f, job, info, err := a.jobAt(ctx, arg)
		if err != nil {
			return nil, nil, err
		}
		return f, &engine.Job{Job: *job, ID: info.ID}, nil
	}
	job, _, err := a.load(arg)
	if err != nil {
		return nil, nil, err
	}
	f, err := drivers.Open(ctx, a.frontierOf(job).url, drivers.Options{})
	if err != nil {
		return nil, nil, err
	}
	if _, err = f.Migrate(ctx); err == nil {
		var registered *engine.Job
		if registered, err = assemble.Register(ctx, f, *job, assemble.Options{AcceptChanges: accept}); err == nil {
			return f, registered, nil
		}
	}
	_ = f.Close()
	return nil, nil, err
}
