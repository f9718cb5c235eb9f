package cli

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/terminal"
)

// pasts are the spans of --history: the step of the samples, and the step of the lines.
var pasts = map[string]struct{ step, line, back time.Duration }{
	"3h": {time.Minute, 10 * time.Minute, 3 * time.Hour}, "2d": {time.Minute, time.Hour, 48 * time.Hour},
	"30d": {time.Hour, 24 * time.Hour, 30 * 24 * time.Hour}, "1y": {time.Hour, 14 * 24 * time.Hour, 366 * 24 * time.Hour},
}

// pastJSON is the work of a span of time as `status --history -o json` prints it, one a line.
type pastJSON struct {
	Job     string    `json:"job"`
	From    time.Time `json:"from"`
	Done    int64     `json:"done"`
	Skipped int64     `json:"skipped"`
	Stale   int64     `json:"stale"`
	Error   int64     `json:"error"`
	Records int64     `json:"records"`
}

// pastOf sums the work of steps by lines.
func pastOf(job string, rates []frontier.Rate, line time.Duration) (out []pastJSON) {
	for _, r := range rates {
		at := r.At.UTC().Truncate(line)
		if len(out) == 0 || !out[len(out)-1].From.Equal(at) {
			out = append(out, pastJSON{Job: job, From: at})
		}
		p := &out[len(out)-1]
		p.Done, p.Skipped, p.Stale, p.Error, p.Records = p.Done+r.Done, p.Skipped+r.Skipped, p.Stale+r.Stale, p.Error+r.Error, p.Records+r.Records
	}
	return out
}

// past prints the work of a job over time.
func (a *statusCommand) past(ctx context.Context, arg, span string) error {
	by, ok := pasts[span]
	if !ok {
		return usagef("--history %s: give 3h, 2d, 30d or 1y", span)
	}
	f, info, err := a.infoAt(ctx, arg)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	now, err := f.Clock(ctx)
	if err != nil {
		return err
	}
	list, err := f.History(ctx, info.ID, by.step, now.Add(-by.back))
	if err != nil {
		return err
	}
	counts, err := f.Counts(ctx, info.ID)
	if err != nil {
		return err
	}
	lines := pastOf(info.Name, frontier.Rates(append(list, frontier.MomentOf(now, counts, 0)), by.step), by.line)
	if a.json() {
		for _, l := range lines {
			if err := a.printJSON(l); err != nil {
				return err
			}
		}
		return nil
	}
	if len(lines) == 0 {
		a.print("no worker has worked on job %s since %s", terminal.Escape(info.Name), now.Add(-by.back).UTC().Format(time.RFC3339))
		return nil
	}
	t := tabwriter.NewWriter(a.human(), 2, 8, 2, ' ', tabwriter.AlignRight)
	defer func() { _ = t.Flush() }()
	_, _ = fmt.Fprintln(t, "FROM\tDONE\tSKIPPED\tSTALE\tERROR\tRECORDS\tPER SECOND\t")
	for _, l := range lines {
		ended := l.Done + l.Skipped + l.Stale + l.Error
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%.1f\t\n", l.From.Format("2006-01-02 15:04Z"), l.Done, l.Skipped, l.Stale, l.Error, l.Records, float64(ended)/by.line.Seconds())
	}
	return nil
}
