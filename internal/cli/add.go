package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/wiring"
)

// addCommand is `seine add`.
type addCommand struct {
	*app

	accept, strict bool
}

func newAdd(a *app) *cobra.Command {
	x := &addCommand{app: a}
	c := &cobra.Command{
		Use: "add JOB [KEY…|-]", Short: "Admit tasks from arguments or standard input", Args: cobra.MinimumNArgs(1),
		Long: `Admits tasks. A key is an ID, which replaces {id} in seeds.url and may lie outside
the job's space, or a URL. A key that the job has seen is skipped, so the same list
may be added again.

Standard input (-) holds one entry per line: a key, a comment that begins with #, or
{"key": …, "priority": 0 (first) to 3, "meta": {…}}. A JSON array of entries, and
CSV or TSV with a header, are read too. There the column key, id or url holds the
key, and the other columns go into meta. Invalid lines are listed and skipped.`,
		Example: `  seine add cards.yaml 70000001 70000002
  seine add cards.yaml - < ids.csv`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0], args[1:]) },
	}
	c.Flags().BoolVar(&x.accept, "accept-changes", false, "accept a changed seeds.url or store.key")
	c.Flags().BoolVar(&x.strict, "strict", false, "stop at the first invalid line")
	return c
}

func (a *addCommand) run(ctx context.Context, arg string, keys []string) error {
	f, job, id, err := a.registered(ctx, arg)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	in := discovery.NewAdder(f, job, id)
	in.Log = a.logger(slog.LevelWarn)
	bad := badLines{strict: a.strict}
	if len(keys) == 0 || len(keys) == 1 && keys[0] == "-" {
		err = a.addStream(ctx, in, a.stdin, bad.add)
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
		return errors.Join(err, bad.err(), a.printJSON(map[string]any{"keys": in.Seen, "added": in.Added, "known": in.Known, "bad": bad.n, "bad_lines": bad.json()}))
	}
	a.print("%s, %d added, %d known already", counted(in.Seen, "key"), in.Added, in.Known)
	return errors.Join(err, bad.print(a.console))
}

func (a *addCommand) addStream(ctx context.Context, in *discovery.Adder, r io.Reader, bad func(*frontier.BadLine) error) error {
	last := time.Now()
	return frontier.ReadSeeds(r, "standard input", in.Columns(), func(s frontier.Seed) error {
		if time.Since(last) > lineEvery {
			last = time.Now()
			a.note("%s, %d added", counted(in.Seen, "key"), in.Added)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%w: add the same list again to continue", errStopped)
		}
		return in.Add(ctx, s)
	}, bad)
}

// maxBadLines is the largest number of bad lines that are listed.
const maxBadLines = 20

// badLines collects the lines of a list that give no task.
type badLines struct {
	strict bool
	n      int64
	first  []*frontier.BadLine
}

func (b *badLines) add(line *frontier.BadLine) error {
	if b.strict {
		return line
	}
	if b.n++; len(b.first) < maxBadLines {
		b.first = append(b.first, line)
	}
	return nil
}

type badLineJSON struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

func (b *badLines) json() []badLineJSON {
	out := []badLineJSON{}
	for _, l := range b.first {
		out = append(out, badLineJSON{l.Line, l.Reason})
	}
	return out
}

// err returns an error that counts the lines; nil if there is none.
func (b *badLines) err() error {
	if b.n == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s left out; --strict stops at the first", frontier.ErrKey, counted(b.n, "line"))
}

// print lists the lines and returns err.
func (b *badLines) print(a *console) error {
	for _, l := range b.first {
		a.say("  %v", l)
	}
	if more := b.n - int64(len(b.first)); more > 0 {
		a.say("  and %d more", more)
	}
	return b.err()
}

// registered opens a job's frontier, migrates its schema and registers the job.
func (a *addCommand) registered(ctx context.Context, arg string) (drivers.Frontier, *seine.Job, frontier.JobID, error) {
	if !isFile(arg) {
		f, job, info, err := a.jobAt(ctx, arg, needs{hosts: true, seeds: true, store: true})
		if err != nil {
			return nil, nil, 0, err
		}
		return f, job, info.ID, nil
	}
	job, err := a.look(arg, needs{hosts: true, seeds: true})
	if err != nil {
		return nil, nil, 0, err
	}
	f, err := drivers.Open(ctx, a.frontierOf(job).url, drivers.Options{})
	if err != nil {
		return nil, nil, 0, err
	}
	if _, err = f.Migrate(ctx); err == nil {
		registered, e := wiring.Register(ctx, f, *job, wiring.Options{AcceptChanges: a.accept})
		if err = e; err == nil {
			return f, &registered.Job, registered.ID, nil
		}
	}
	_ = f.Close()
	return nil, nil, 0, err
}
