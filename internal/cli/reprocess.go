package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/wiring"
)

// reprocessCommand is `seine reprocess`.
type reprocessCommand struct {
	*app

	filter filterFlags
	page   string
	diff   bool
	all    bool
	fetch  bool
	accept bool
}

func newReprocess(a *app) *cobra.Command {
	x := &reprocessCommand{app: a}
	c := &cobra.Command{
		Use: "reprocess JOB [KEY…]", Short: "Apply changed rules to recorded pages; no request", Args: cobra.MinimumNArgs(1),
		Long: `Judges the recorded pages of finished tasks again, with the rules of the job file as
it is now, and stores the results: states, records, links. It makes no request. Pages
that the same rules judged are left out, so a command that was stopped goes on where
it was. Workers may run meanwhile.

--diff shows what would change, with at most 20 examples of each change, and stores
nothing.

A file of an asset stays if it was fetched from the same URL. If the rules ask for a
file that is not stored, the task stays as it is and is listed. --fetch requeues these
tasks, and a run fetches them.

A damaged recording is listed, and the others go on. The exit code is 1 then.

-o json prints a line for each task with a problem, {"key", "outcome", "problem"}, and
{"summary": …} as the last line.`,
		Example: `  seine reprocess shop.yaml --diff
  seine reprocess shop.yaml --state error`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	}
	x.filter.register(c)
	f := c.Flags()
	f.StringVar(&x.page, "page", "", "only tasks of this page kind")
	f.BoolVar(&x.diff, "diff", false, "show what would change; store nothing")
	f.BoolVar(&x.all, "all", false, "also pages that the same rules judged")
	f.BoolVar(&x.accept, "accept-changes", false, "take a changed seeds.url or store.key")
	f.BoolVar(&x.fetch, "fetch", false, "requeue tasks that need a file that is not stored")
	return c
}

// reprocessJSON is the summary of `reprocess -o json`, which is a contract.
type reprocessJSON struct {
	Tasks      int64 `json:"tasks"`
	Judged     int64 `json:"judged"`
	Changed    int64 `json:"changed"`
	Same       int64 `json:"same_rules"`
	Open       int64 `json:"open"`
	Unrecorded int64 `json:"unrecorded"`
	Lacking    int64 `json:"lacking"`
	Requeued   int64 `json:"requeued"`
	Meanwhile  int64 `json:"meanwhile"`
	Damaged    int64 `json:"damaged"`
	Refused    int64 `json:"refused"`
	dataset.Changes
}

func (a *reprocessCommand) run(ctx context.Context, args []string) error {
	if a.diff && a.fetch {
		return usagef("reprocess: --diff stores nothing, so it does not go with --fetch")
	}
	filter, err := a.filter.filter()
	if err != nil {
		return err
	}
	filter.Keys, filter.Page = args[1:], a.page
	f, job, info, err := a.jobAt(ctx, args[0], needs{hosts: true, store: true, seeds: true})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if len(derived.Source(job)) == 0 {
		return usagef("job %s has no job file: its rules are code of its program", job.Name)
	}
	set := &dataset.Set{Job: job}
	if err := a.openSet(ctx, set); err != nil {
		return err
	}
	defer func() { _ = set.Store.Close() }()
	out := &reprocessJSON{Changes: dataset.Changes{States: []*dataset.StateChange{}, Fields: []*dataset.FieldChange{}}}
	err = wiring.Reprocess(ctx, wiring.Replay{
		Frontier: f, Job: job, ID: info.ID, Bucket: set.Store.Bucket, At: a.storeOf(job).url,
		Filter: filter, All: a.all, Dry: a.diff, Fetch: a.fetch, AcceptChanges: a.accept,
	}, func(r wiring.Replayed) error { return a.add(out, job.Name, r) })
	switch {
	case errors.Is(err, asset.ErrStore):
		return coded{exitStore, err}
	case err != nil && ctx.Err() != nil:
		return errStopped
	case err != nil:
		return err
	}
	out.Sort()
	if a.json() {
		err = a.printJSON(map[string]any{"summary": out})
	} else {
		a.show(out)
	}
	if n := out.Damaged + out.Refused; err == nil && n > 0 {
		err = fmt.Errorf("%s could not be reprocessed; the others are", counted(n, "page"))
	}
	return err
}

// add adds a task to the summary and tells its problem.
func (a *reprocessCommand) add(out *reprocessJSON, job string, r wiring.Replayed) error {
	out.Tasks++
	problem := ""
	switch r.Outcome {
	case wiring.ReplaySame:
		out.Same++
	case wiring.ReplayOpen:
		out.Open++
	case wiring.ReplayUnrecorded:
		out.Unrecorded++
	case wiring.ReplayMeanwhile:
		out.Meanwhile++
		problem = "another process wrote the task meanwhile; run the same command again"
	case wiring.ReplayDamaged:
		out.Damaged++
		problem = fmt.Sprintf("%v; `seine retry %s %s` fetches the page again", r.Err, job, r.Key)
	case wiring.ReplayRefused:
		out.Refused++
		problem = fmt.Sprintf("the frontier refuses the result: %v", r.Err)
	case wiring.ReplayLacking:
		out.Lacking++
		problem = "needs a file that is not stored: " + strings.Join(r.Lacks, ", ") + "; --fetch requeues the task"
	case wiring.ReplayRequeued:
		out.Requeued++
	}
	if problem != "" {
		if a.json() {
			if err := a.printJSON(map[string]string{"key": r.Key, "outcome": r.Outcome, "problem": problem}); err != nil {
				return err
			}
		} else {
			a.print("%s: %s", r.Key, problem)
		}
	}
	if r.Outcome != wiring.ReplayJudged {
		return nil
	}
	out.Judged++
	out.State(r.Key, r.Was.String(), r.Now.String(), r.WasReason, r.NowReason)
	now := r.New
	if kept := r.Now.String() == "error" || r.Now.String() == "stale"; kept {
		now = unchanged(r.Old, r.New) // its earlier records stay
	}
	changed, err := out.Records(r.Old, now)
	if changed || r.Was != r.Now || r.WasReason != r.NowReason {
		out.Changed++
	}
	return err
}

// unchanged returns the records of a page that is not done: the old ones, and what replaces them.
func unchanged(old []frontier.Stored, now []frontier.Record) []frontier.Record {
	out := append([]frontier.Record{}, now...)
	for _, r := range old {
		there := false
		for _, n := range now {
			there = there || n.Key == r.Key && n.Kind == r.Kind
		}
		if !there {
			out = append(out, r.Record)
		}
	}
	return out
}

// show prints the summary for people.
func (a *reprocessCommand) show(out *reprocessJSON) {
	for _, s := range out.States {
		why := ""
		if s.Reason != "" {
			why = " (" + s.Reason + ")"
		}
		a.print("state  %s → %s%s: %s", s.From, s.To, why, counted(s.N, "task"))
		a.print("       %s", strings.Join(s.Examples, " "))
	}
	for _, f := range out.Fields {
		a.print("field  %s.%s: %s", f.Kind, f.Field, counted(f.N, "record"))
		for _, x := range f.Examples {
			a.print("       %s  %s → %s", x.Key, shown(x.Old), shown(x.New))
		}
	}
	if out.Added+out.Removed > 0 {
		a.print("records  %d new, %d gone", out.Added, out.Removed)
	}
	what := "reprocessed"
	if a.diff {
		what = "would be reprocessed"
	}
	a.print("%s %s, %d changed", counted(out.Judged, "page"), what, out.Changed)
	for _, x := range []struct {
		n    int64
		what string
	}{
		{out.Same, "left out: the same rules judged them (--all takes them too)"},
		{out.Unrecorded, "without a recording"}, {out.Open, "not finished"}, {out.Requeued, "requeued for files"},
		{out.Lacking, "unchanged: they need files (--fetch)"}, {out.Damaged, "damaged"},
	} {
		if x.n > 0 {
			a.print("%s %s", counted(x.n, "task"), x.what)
		}
	}
}

// shown returns a value for people.
func shown(v []byte) string {
	if v == nil {
		return "absent"
	}
	if text := []rune(string(v)); len(text) > maxShown {
		return string(text[:maxShown]) + "…"
	}
	return string(v)
}
