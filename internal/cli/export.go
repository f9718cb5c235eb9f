package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/wiring"
)

// exportCommand is `seine export`.
type exportCommand struct {
	*app

	format string
	raw    bool // without the guard of formulas

	versions string // latest or all
}

func newExport(a *app) *cobra.Command {
	x := &exportCommand{app: a}
	c := &cobra.Command{
		Use: "export JOB -o FILE|URL|-", Short: "Write the records as JSONL or CSV to a file, a bucket or standard output", Args: cobra.ExactArgs(1),
		Long: `Writes every record, ordered by key, as of one moment. The name gives the format
(.jsonl, .ndjson, .csv; .gz compresses), or --format does. A file or an object is
replaced as a whole at the end, or not at all; - is standard output.

A line of JSONL is {"job", "key", "kind", "url", "fields": {}, "assets": {"front":
{"path", "bytes", "sha256", "width", "height", "url"}}, "fetched_at"}. A CSV has
the columns job, key, kind, url, fetched_at, fields.NAME, assets.NAME.path and so
on, by the job file; lists are JSON. If a spreadsheet would read the text of a field
as a formula (it begins with = + - @ and is not a number), an apostrophe precedes
it. --no-formula-guard writes such texts unchanged.

A record that is gone, because its page answers 404 or no longer holds it, has
"gone_at", the time at which that was found. --versions all writes every version of
each record, with "version" from 1. A CSV of a job with recrawl has a column gone_at.
Files belong to the latest version.

NAME.about.json next to the export holds the job, its permission, the digests of the
rules that made the records, and their number. For standard output, a pipe or a
device, the permission goes to standard error.`,
		Example: `  seine export cards.yaml -o cards.jsonl
  seine export cards.yaml -o gs://bucket/sets/cards.csv.gz`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
	c.Flags().StringVarP(&a.output, "output", "o", "", "a file, gs://BUCKET/KEY, s3://BUCKET/KEY, file:PATH, or - for standard output")
	c.Flags().BoolVar(&x.raw, "no-formula-guard", false, "write texts into a CSV unchanged, even if a spreadsheet reads them as formulas")
	c.Flags().StringVar(&x.format, "format", "", "jsonl or csv (default: from the name)")
	c.Flags().StringVar(&x.versions, "versions", "latest", "latest, or all: every version of the records of pages that are visited again")
	c.PersistentPreRunE = func(*cobra.Command, []string) error {
		if a.output == "" {
			return usagef("export: give a destination: -o FILE, -o gs://BUCKET/KEY, or -o - for standard output")
		}
		return nil
	}
	return c
}

// formatOf chooses the format and whether to compress.
func formatOf(name, given string) (format dataset.Format, gz bool, err error) {
	name = strings.ToLower(name)
	plain, gz := strings.CutSuffix(name, ".gz")
	switch {
	case given == string(dataset.JSONL), given == string(dataset.CSV):
		return dataset.Format(given), gz, nil
	case given != "":
		return "", gz, usagef("--format %s: jsonl or csv", given)
	case strings.HasSuffix(plain, ".jsonl"), strings.HasSuffix(plain, ".ndjson"):
		return dataset.JSONL, gz, nil
	case strings.HasSuffix(plain, ".csv"):
		return dataset.CSV, gz, nil
	case name == "-":
		return dataset.JSONL, gz, nil
	}
	return "", gz, usagef("-o %s: its name has no known format: end it in .jsonl or .csv, or add --format", name)
}

// exportPlace is the destination of an export, with one target per name.
type exportPlace struct {
	name   string // without what a URL asks for
	stream bool   // nothing can stand beside it
	open   func(ctx context.Context, suffix string) (*dataset.Target, error)
	done   func()
}

// exportTo opens the place that -o names.
func (a *exportCommand) exportTo(ctx context.Context, to string) (exportPlace, error) {
	scheme, _, isURL := strings.Cut(to, ":")
	switch {
	case to == "-", to == "/dev/stdout": // opened anew it would be written from its beginning
		return exportPlace{name: "-", stream: true, done: func() {}, open: func(context.Context, string) (*dataset.Target, error) {
			return dataset.ToWriter(a.stdout), nil
		}}, nil
	case scheme == "file":
		file, err := wiring.Folder(to)
		if err != nil {
			return exportPlace{}, usagef("-o %s: %w", to, err)
		}
		to = file
	case isURL && len(scheme) > 1: // one letter: a drive
		return a.exportToBucket(ctx, to)
	}
	return exportPlace{name: to, stream: dataset.IsStream(to), done: func() {}, open: func(_ context.Context, suffix string) (*dataset.Target, error) {
		return dataset.ToFile(to + suffix)
	}}, nil
}

func (a *exportCommand) exportToBucket(ctx context.Context, to string) (exportPlace, error) {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" {
		return exportPlace{}, usagef("-o %s: give gs://BUCKET/KEY", to)
	}
	key := strings.TrimPrefix(u.Path, "/")
	if key == "" || strings.HasSuffix(key, "/") {
		return exportPlace{}, usagef("-o %s: names no object: gs://BUCKET/sets/cards.jsonl", to)
	}
	u.Path = ""
	bucket, err := a.openStore(ctx, place{u.String(), "-o"})
	if err != nil {
		return exportPlace{}, err
	}
	return exportPlace{name: path.Base(key), done: func() { _ = bucket.Close() }, open: func(ctx context.Context, suffix string) (*dataset.Target, error) {
		return dataset.ToBucket(ctx, bucket, key+suffix)
	}}, nil
}

func (a *exportCommand) run(ctx context.Context, arg string) error {
	to, format, raw := a.output, a.format, a.raw
	if a.versions != "latest" && a.versions != "all" {
		return usagef("--versions %s: latest or all", a.versions)
	}
	set, done, err := a.dataSet(ctx, arg, wants{frontier: true})
	if err != nil {
		return err
	}
	defer done()
	set.KeepFormulas, set.AllVersions = raw, a.versions == "all"
	at, err := a.exportTo(ctx, to)
	if err != nil {
		return err
	}
	defer at.done()
	f, gz, err := formatOf(at.name, format)
	if err != nil {
		return err
	}
	about, err := exportOne(ctx, set, at, f, gz)
	if err != nil {
		return datasetError(err)
	}
	if len(about.LeftOut) > 0 {
		a.say("seine: warning: some records have fields without a column in the job file, left out: %s (JSONL holds them)", strings.Join(about.LeftOut, ", "))
	}
	if at.stream {
		a.say("seine: %s of job %s%s", counted(about.Records, "record"), about.Job, permitted(about))
		return nil
	}
	if err := writeAbout(ctx, at, about); err != nil {
		return datasetError(err)
	}
	a.say("seine: %s of job %s in %s%s", counted(about.Records, "record"), about.Job, to, permitted(about))
	return nil
}

func permitted(about dataset.About) string {
	if about.Permission == "" {
		return ""
	}
	return "; permission: " + about.Permission
}

func exportOne(ctx context.Context, set *dataset.Set, at exportPlace, format dataset.Format, gz bool) (dataset.About, error) {
	target, err := at.open(ctx, "")
	if err != nil {
		return dataset.About{}, err
	}
	defer target.Abort()
	if gz {
		target = dataset.Gzip(target)
	}
	about, err := set.Export(ctx, target, format)
	if err != nil {
		return about, err
	}
	return about, target.Commit()
}

// aboutSuffix ends the name of the file about an export.
const aboutSuffix = ".about.json"

func writeAbout(ctx context.Context, at exportPlace, about dataset.About) error {
	text, err := json.MarshalIndent(about, "", "  ")
	if err != nil {
		return err
	}
	target, err := at.open(ctx, aboutSuffix)
	if err != nil {
		return err
	}
	defer target.Abort()
	if _, err := target.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("about the export: %w", err)
	}
	return target.Commit()
}
