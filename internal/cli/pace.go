package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/jobfile"
)

// paceCommand is `seine pace`.
type paceCommand struct {
	*app

	host, delay, limit string
	concurrency        int
	reset              bool
}

func newPace(a *app) *cobra.Command {
	x := &paceCommand{app: a}
	c := &cobra.Command{
		Use: "pace JOB", Short: "Show or change the pace and the limit of a running job", Args: cobra.ExactArgs(1),
		Long: `Without flags, shows the changes. They hold for all workers at once, before
the job file, and stay when workers start again. --reset removes them. Requests that
have begun continue. Workers learn of a limit within two seconds.

A job without a pace has no delay between the starts on its hosts, so give it a pace by
--host, or in the job file.`,
		Example: `  seine pace cards.yaml --delay 5s
  seine pace cards.yaml --host cards.example:443 --delay 1s-3s --concurrency 2
  seine pace cards.yaml --limit records=1000
  seine pace cards.yaml --reset`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
	f := c.Flags()
	f.StringVar(&x.host, "host", "", "only this host, as HOST:PORT")
	f.StringVar(&x.delay, "delay", "", "time between two starts on a host, or the least and the most: 2s or 1s-3s")
	f.IntVar(&x.concurrency, "concurrency", 0, "pages of a host at once")
	f.StringVar(&x.limit, "limit", "", "stop after this many tasks, or assets=N, records=N, over all runs; none: no limit")
	f.BoolVar(&x.reset, "reset", false, "return to the pace and the limit of the job file")
	return c
}

// errDelay reports a delay that cannot be read.
var errDelay = usagef("the delay is no time: give 2s or 1s-3s")

// parseDelay reads a delay, or the least and the most.
func parseDelay(s string) (*seine.Span, error) {
	least, most, found := strings.Cut(s, "-")
	low, err := jobfile.ParseDuration(strings.TrimSpace(least))
	if err != nil {
		return nil, errDelay
	}
	high := low
	if found {
		if high, err = jobfile.ParseDuration(strings.TrimSpace(most)); err != nil {
			return nil, errDelay
		}
	}
	return &seine.Span{Min: low, Max: high}, nil
}

// tuningOf reads a change of a pace. An empty text changes nothing.
func tuningOf(host, delay, limit string, concurrency int) (t frontier.Tuning, err error) {
	t = frontier.Tuning{Host: host, Concurrency: concurrency}
	if delay != "" {
		if t.Delay, err = parseDelay(delay); err != nil {
			return t, err
		}
	}
	switch limit {
	case "":
	case "none":
		t.Limit = &seine.Limit{}
	default:
		l, err := parseLimit(limit)
		if err != nil {
			return t, err
		}
		if l.Yield > 0 {
			return t, usagef("--limit: the yield is the job file's: give tasks, records or assets")
		}
		t.Limit = &l
	}
	if err := t.Check(); err != nil {
		return t, usagef("%w", err)
	}
	return t, nil
}

// tune changes the pace of a job over earlier changes.
func tune(ctx context.Context, f frontier.Steering, id frontier.JobID, pace seine.Pace, t frontier.Tuning) error {
	switch {
	case pace.Scope == seine.ScopeWorker && (t.Delay != nil || t.Concurrency > 0):
		return usagef("each worker has a pace of its own (pace.scope: worker): change the job file, and start the workers again")
	case t.Host == "" && derived.Unpaced(pace) && (t.Delay != nil || t.Concurrency > 0):
		return usagef("the job has no pace, so its hosts are not told apart: give a pace in the job file, or name a host")
	}
	was, err := f.Tunings(ctx, id)
	if err != nil {
		return err
	}
	old := was.Of(t.Host)
	if t.Delay == nil {
		t.Delay = old.Delay
	}
	if t.Concurrency == 0 {
		t.Concurrency = old.Concurrency
	}
	if t.Limit == nil {
		t.Limit = old.Limit
	}
	return f.Tune(ctx, id, t.Host, t)
}

func (a *paceCommand) run(ctx context.Context, arg string) error {
	t, err := tuningOf(a.host, a.delay, a.limit, a.concurrency)
	if err != nil {
		return err
	}
	if a.reset && !t.Empty() {
		return usagef("--reset does not go with a pace")
	}
	f, job, info, err := a.jobAt(ctx, arg, needs{hosts: true})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if a.reset {
		if err = f.Tune(ctx, info.ID, a.host, frontier.Tuning{}); err == nil {
			err = a.logChange(ctx, f, info.ID, "pace%s --reset", hostFlag(a.host))
		}
	} else if !t.Empty() {
		if err = tune(ctx, f, info.ID, job.Pace, t); err == nil {
			err = a.logChange(ctx, f, info.ID, "pace%s%s", hostFlag(a.host), describeTuning(t))
		}
	}
	if err != nil {
		return err
	}
	return a.show(ctx, f, info, job)
}

// tuningJSON is a changed pace as `pace -o json` prints it.
type tuningJSON struct {
	Host        string           `json:"host"`
	DelayMinS   *float64         `json:"delay_min_s"`
	DelayMaxS   *float64         `json:"delay_max_s"`
	Concurrency int              `json:"concurrency,omitempty"`
	Limit       map[string]int64 `json:"limit,omitempty"`
}

func (a *paceCommand) show(ctx context.Context, f frontier.Steering, info frontier.JobInfo, job *seine.Job) error {
	tuned, err := f.Tunings(ctx, info.ID)
	if err != nil {
		return err
	}
	if a.json() {
		out := []tuningJSON{}
		for _, t := range tuned {
			j := tuningJSON{Host: t.Host, Concurrency: t.Concurrency}
			if t.Delay != nil {
				low, high := t.Delay.Min.Seconds(), t.Delay.Max.Seconds()
				j.DelayMinS, j.DelayMaxS = &low, &high
			}
			if l := t.Limit; l != nil {
				j.Limit = map[string]int64{"tasks": l.Tasks, "records": l.Records, "assets": l.Assets}
			}
			out = append(out, j)
		}
		return a.printJSON(out)
	}
	if len(tuned) == 0 {
		a.print("job %s has the pace of its job file: delay %s, concurrency %d", info.Name, spanText(job.Pace.Delay), job.Pace.Concurrency)
	}
	for _, t := range tuned {
		on := "job " + info.Name
		if t.Host != "" {
			on = "host " + t.Host
		}
		a.print("%s:%s", on, describeTuning(t))
	}
	return nil
}

func spanText(s seine.Span) string {
	low, high := max(0, s.Min), max(0, s.Max)
	if low == high {
		return low.String()
	}
	return low.String() + "-" + high.String()
}

// describeTuning writes a change as the flags of `seine pace`.
func describeTuning(t frontier.Tuning) string {
	out := ""
	if t.Delay != nil {
		out += " --delay " + spanText(*t.Delay)
	}
	if t.Concurrency > 0 {
		out += fmt.Sprintf(" --concurrency %d", t.Concurrency)
	}
	if l := t.Limit; l != nil {
		var parts []string
		for _, p := range []struct {
			name string
			n    int64
		}{{"tasks", l.Tasks}, {"records", l.Records}, {"assets", l.Assets}} {
			if p.n > 0 {
				parts = append(parts, fmt.Sprintf("%s=%d", p.name, p.n))
			}
		}
		out += " --limit " + orNone(strings.Join(parts, ","))
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func hostFlag(host string) string {
	if host == "" {
		return ""
	}
	return " --host " + host
}
