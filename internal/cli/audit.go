package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/number"
)

// exitAudit reports faults that remain at the end of an audit.
const exitAudit = 10

// auditCommand is `seine audit`.
type auditCommand struct {
	*app

	opts dataset.AuditOptions
}

func newAudit(a *app) *cobra.Command {
	x := &auditCommand{app: a}
	c := &cobra.Command{
		Use: "audit JOB", Short: "Compare records with files in both directions", Args: cobra.ExactArgs(1),
		Long: `Compares the frontier's records with the files of the store, in both directions.
It finds files that are missing, broken (by size, or with --deep by SHA-256 and by
decoding), incomplete (a front without a back), in two folders, misnamed, orphaned,
or left over by a killed writer. Workers may run meanwhile, because tasks in
progress are no faults. Recordings are checked too, with --deep by reading each.

--fix requeues tasks with missing, broken or incomplete files, which the next run
fetches again, and deletes orphaned and leftover files older than --grace. It never
deletes a file that a record owns, or a file that store.key cannot have made. After
a restore of database and bucket from different times, run audit --fix, then run.

Exit code 10 means that faults remain. A fault of a requeued task remains until the
task is done again.

-o json prints a line per fault, {"kind", "key", "asset", "path", "detail",
"fixed"}, and {"summary": …} as the last line.`,
		Example: `  seine audit cards.yaml
  seine audit cards.yaml --fix --grace 1d`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkGrace(x.opts.Grace); err != nil {
				return err
			}
			return x.run(c.Context(), args[0])
		},
	}
	f := c.Flags()
	f.BoolVar(&x.opts.Fix, "fix", false, "requeue broken tasks, delete ownerless files")
	f.BoolVar(&x.opts.Deep, "deep", false, "read every file: SHA-256, decode images")
	durationVar(f, &x.opts.Grace, "grace", dataset.DefaultGrace, "minimum age of an ownerless file that counts as a fault")
	a.outputs(c, "table", "json")
	return c
}

// maxExamples is how many faults of a kind a table shows.
const maxExamples = 10

func (a *auditCommand) run(ctx context.Context, arg string) error {
	opts := a.opts
	set, done, err := a.dataSet(ctx, arg, wants{frontier: true, store: true})
	if err != nil {
		return err
	}
	defer done()
	shown := map[dataset.Kind][]dataset.Finding{}
	report, err := set.Audit(ctx, opts, func(f dataset.Finding) error {
		if a.json() {
			return a.printJSON(f)
		}
		if len(shown[f.Kind]) < maxExamples {
			shown[f.Kind] = append(shown[f.Kind], f)
		}
		return nil
	})
	if err != nil {
		return datasetError(err)
	}
	if a.json() {
		if err := a.printJSON(map[string]any{"summary": report}); err != nil {
			return err
		}
	} else {
		a.printAudit(set, report, shown)
	}
	again := runAgain(set.Job, arg)
	left := fmt.Sprintf("%s %s left", counted(report.Wrong, "fault"), number.Chosen(report.Wrong, "is", "are"))
	switch {
	case report.Wrong == 0:
		return nil
	case report.Tasks > 0:
		return coded{exitAudit, fmt.Errorf("%s; %s %s sent back: %s does %s again", left, counted(report.Tasks, "task"), number.Were(report.Tasks), again, number.Chosen(report.Tasks, "it", "them"))}
	case opts.Fix:
		return coded{exitAudit, fmt.Errorf("%s: %s", left, byHand(report, arg, again))}
	}
	return coded{exitAudit, fmt.Errorf("%s: %s", counted(report.Wrong, "fault"), remedy(report, arg, again))}
}

// remedy returns the commands that repair the faults.
func remedy(r dataset.AuditReport, arg, again string) string {
	back := r.Found[dataset.Missing] + r.Found[dataset.Broken] + r.Found[dataset.Incompleted]
	free := r.Found[dataset.Orphaned] + r.Found[dataset.Leftover]
	var does []string
	if back > 0 {
		does = append(does, "requeues tasks")
	}
	if free > 0 {
		does = append(does, "deletes what nobody owns")
	}
	if does == nil {
		return byHand(r, arg, again)
	}
	fix := fmt.Sprintf("`seine audit %s --fix` %s", arg, strings.Join(does, " and "))
	if r.Found[dataset.Misnamed]+r.Found[dataset.Doubled] > 0 {
		fix += "; " + byHand(dataset.AuditReport{Found: map[dataset.Kind]int64{
			dataset.Misnamed: r.Found[dataset.Misnamed], dataset.Doubled: r.Found[dataset.Doubled],
		}}, arg, again)
	}
	return fix
}

// byHand returns the steps left to the user, by the kinds that --fix did not repair.
func byHand(r dataset.AuditReport, arg, again string) string {
	var parts []string
	if r.Found[dataset.Misnamed] > 0 {
		parts = append(parts, "a misnamed file may be yours: move or delete it")
	}
	if r.Found[dataset.Doubled] > 0 {
		parts = append(parts, fmt.Sprintf("of an id in two folders see which is right: `seine retry %s KEY` does a task again, and the next audit finds the other file orphaned", arg))
	}
	if r.Found[dataset.Incompleted] > r.Fixed[dataset.Incompleted] {
		parts = append(parts, fmt.Sprintf("`seine clean %s` deletes incomplete files without a record; %s repeats the waiting tasks", arg, again))
	}
	if parts == nil {
		return again + " does their tasks again"
	}
	return strings.Join(parts, "; ")
}

// runAgain returns the command that runs a job again.
func runAgain(job *seine.Job, arg string) string {
	switch {
	case isFile(arg):
		return "`seine run " + arg + "`"
	case len(derived.Source(job)) > 0:
		return "`seine run` with its job file"
	}
	return "its program"
}

func (a *auditCommand) printAudit(set *dataset.Set, r dataset.AuditReport, shown map[dataset.Kind][]dataset.Finding) {
	a.print("job %s: %s, %s; %s of %s", set.Job.Name, counted(r.Files, "file"), size(r.Bytes), counted(r.Assets, "asset"), counted(r.Records, "record"))
	if r.Young > 0 {
		a.print("%s without an owner %s younger than the grace time: not judged", counted(r.Young, "file"), number.Chosen(r.Young, "is", "are"))
	}
	t := a.table()
	_, _ = fmt.Fprintln(t, "KIND\tFOUND\tMENDED")
	for _, k := range dataset.Kinds {
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\n", titles[k], r.Found[k], r.Fixed[k])
	}
	_ = t.Flush()
	for _, k := range dataset.Kinds {
		if len(shown[k]) == 0 {
			continue
		}
		a.print("")
		a.print("%s", titles[k])
		t := a.table()
		for _, f := range shown[k] {
			_, _ = fmt.Fprintf(t, "  %s\t%s\t%s\n", dash(f.Key), dash(f.Path), note(f))
		}
		_ = t.Flush()
		if more := r.Found[k] - int64(len(shown[k])); more > 0 {
			a.print("  and %d more: -o json lists them", more)
		}
	}
}

// titles are the kinds as a table names them.
var titles = map[dataset.Kind]string{
	dataset.Missing: "missing", dataset.Broken: "broken", dataset.Incompleted: "incomplete", dataset.Doubled: "in two folders",
	dataset.Misnamed: "misnamed", dataset.Shared: "shared", dataset.Orphaned: "orphaned", dataset.Leftover: "left over",
}

func note(f dataset.Finding) string {
	if f.Fixed == "" {
		return f.Detail
	}
	return f.Detail + ": " + f.Fixed
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// folderThere reports a missing or unreadable folder.
func folderThere(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", path)
	}
	return nil
}
