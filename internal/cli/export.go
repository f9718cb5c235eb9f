package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	guard  bool

	versions string // latest or all
	where    string
	split    string
	shard    string // the size of a shard
	warc     bool
	unique   bool // without marked duplicates
}

func newExport(a *app) *cobra.Command {
	x := &exportCommand{app: a}
	c := &cobra.Command{
		Use: "export JOB -o FILE|URL|-", Short: "Write the records as JSONL, CSV, Parquet or WebDataset to files or a bucket", Args: cobra.ExactArgs(1),
		Long: `Writes every record, ordered by key, as of one moment. The name gives the format
(.jsonl, .ndjson, .csv, .parquet; .gz compresses the first three), or --format does.
A file or an object is replaced as a whole at the end, or not at all; - is standard
output.

A line of JSONL is {"job", "key", "kind", "url", "fields": {}, "assets": {"front":
{"path", "bytes", "sha256", "width", "height", "url"}}, "fetched_at"}. A CSV has
the columns job, key, kind, url, fetched_at, fields.NAME, assets.NAME.path and so
on, by the job file; lists are JSON. If a spreadsheet would read the text of a field
as a formula (it begins with = + - @ and is not a number), an apostrophe precedes
it. --csv-guard=false writes such texts unchanged. Keys and paths never change.

A Parquet file has the columns of a line of JSONL, and fields and assets are groups
(fields.price in DuckDB). Types come from the job file and from the values. A column
that no type holds with all digits is a text. type: decimal always is one.

A name that ends in a slash is the folder of a WebDataset: shards 000000.tar with the
files and the line of JSONL of each record, 000000.parquet with the rows of the
shard, and 000000_stats.json. A shard is complete or absent, and an export that
was stopped goes on with the shards that are there. manifest.json lists them all.

A name that ends in .sql is a statement that creates a view in the frontier's database,
named as the job, with a typed column per field: psql -f cards.sql.

A name that ends in .warc or .warc.gz is a web archive (WARC 1.1) of the recorded pages
of a job with record_pages, with every visit. In .warc.gz each record is compressed by itself.

--where EXPR keeps the records for which an expression over the fields, key, kind, url,
fetched_at, digest, permission, robots and recording is true. --split
train=0.8,val=0.1,test=0.1 writes a file for each share (cards-train.parquet), by a hash
of the key: a record always falls into the same share.

A record that is gone, because its page answers 404 or no longer holds it, has
"gone_at", the time at which that was found. --versions all writes every version of
each record, with "version" from 1. A CSV of a job with recrawl has a column gone_at.
Files belong to the latest version.

NAME.about.json next to the export holds the job, its permission, the digests of the
rules that made the records, their number, and the files with their SHA-256. For standard output, a pipe or a
device, the permission goes to standard error.`,
		Example: `  seine export cards.yaml -o cards.jsonl
  seine export cards.yaml -o gs://bucket/sets/cards.csv.gz
  seine export cards.yaml -o cards.parquet --where 'grade == "10"' --split train=0.9,test=0.1
  seine export cards.yaml -o shards/ --shard-size 1GB`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
	c.Flags().StringVarP(&a.output, "output", "o", "", "a file, gs://BUCKET/KEY, s3://BUCKET/KEY, file:PATH, or - for standard output")
	c.Flags().BoolVar(&x.raw, "no-formula-guard", false, "write texts into a CSV unchanged, even if a spreadsheet reads them as formulas")
	c.Flags().BoolVar(&x.guard, "csv-guard", true, "put an apostrophe before texts in a CSV that a spreadsheet reads as formulas")
	c.Flags().StringVar(&x.format, "format", "", "jsonl, csv, parquet, webdataset, sql or warc (default: from the name)")
	c.Flags().BoolVar(&x.warc, "warc", false, "short for --format warc")
	c.Flags().StringVar(&x.where, "where", "", "keep the records for which an expression is true")
	c.Flags().BoolVar(&x.unique, "skip-duplicates", false, "leave out the records whose images seine dupes --keep first marked")
	c.Flags().StringVar(&x.split, "split", "", "shares of the records in files of their own, as in train=0.8,val=0.1,test=0.1")
	c.Flags().StringVar(&x.shard, "shard-size", "256MiB", "bytes of the samples of a shard")
	c.Flags().StringVar(&x.versions, "versions", "latest", "latest, or all: every version of the records of pages that are visited again")
	c.PersistentPreRunE = func(*cobra.Command, []string) error {
		if a.output == "" {
			return usagef("export: give a destination: -o FILE, -o gs://BUCKET/KEY, or -o - for standard output")
		}
		return nil
	}
	return c
}

// formats are the formats of an export by the ends of names.
var formats = []struct {
	end    string
	format dataset.Format
}{{".jsonl", dataset.JSONL}, {".ndjson", dataset.JSONL}, {".csv", dataset.CSV}, {".parquet", dataset.Parquet}, {".sql", dataset.SQL}, {".warc", dataset.WARC}}

var formatNames = []string{string(dataset.JSONL), string(dataset.CSV), string(dataset.Parquet), string(dataset.WebDataset), string(dataset.SQL), string(dataset.WARC)}

// formatOf chooses the format and whether to compress.
func formatOf(name, given string) (format dataset.Format, gz bool, err error) {
	name = strings.ToLower(name)
	plain, gz := strings.CutSuffix(name, ".gz")
	switch {
	case slices.Contains(formatNames, given):
		format = dataset.Format(given)
	case given != "":
		return "", gz, usagef("--format %s: jsonl, csv, parquet, webdataset, sql or warc", given)
	case strings.HasSuffix(name, "/"):
		format = dataset.WebDataset
	case name == "-":
		format = dataset.JSONL
	}
	for _, f := range formats {
		if format == "" && strings.HasSuffix(plain, f.end) {
			format = f.format
		}
	}
	switch {
	case format == "":
		return "", gz, usagef("-o %s: its name has no known format: end it in .jsonl, .csv, .parquet, .sql, .warc.gz or /, or add --format", name)
	case format == dataset.Parquet && gz:
		return "", gz, usagef("-o %s: a Parquet file is compressed already: leave .gz out", name)
	}
	return format, gz, nil
}

// splitsOf reads the shares of --split.
func splitsOf(text string) ([]dataset.Split, error) {
	if text == "" {
		return nil, nil
	}
	var (
		out []dataset.Split
		sum float64
	)
	for part := range strings.SplitSeq(text, ",") {
		name, share, _ := strings.Cut(strings.TrimSpace(part), "=")
		x, err := strconv.ParseFloat(share, 64)
		switch {
		case !splitName.MatchString(name):
			return nil, usagef("--split %s: %q is no name of letters, digits, _ and -: give train=0.8,val=0.1,test=0.1", text, name)
		case err != nil || !(x > 0 && x <= 1):
			return nil, usagef("--split %s: the share of %s is no number above 0, at most 1", text, name)
		case slices.ContainsFunc(out, func(s dataset.Split) bool { return s.Name == name }):
			return nil, usagef("--split %s: %s is there twice", text, name)
		}
		out, sum = append(out, dataset.Split{Name: name, Share: x}), sum+x
	}
	if math.Abs(sum-1) > 1e-9 {
		return nil, usagef("--split %s: the shares add up to %g, and every record needs a place: make it 1", text, sum)
	}
	return out, nil
}

var splitName = regexp.MustCompile(`^[\pL\pN_-]{1,50}$`)

// withSplit puts a split's name into the name of a file, before its endings.
func withSplit(name, split string) string {
	if split == "" {
		return name
	}
	dir, base := path.Split(name)
	plain, gz := base, ""
	if strings.HasSuffix(strings.ToLower(base), ".gz") {
		plain, gz = base[:len(base)-3], base[len(base)-3:]
	}
	end := path.Ext(plain)
	return dir + strings.TrimSuffix(plain, end) + "-" + split + end + gz
}

// exportPlace is the destination of an export, with one target per name.
type exportPlace struct {
	name   string // without what a URL asks for
	stream bool   // nothing can stand beside it

	// open opens name, or another name beside it.
	open func(ctx context.Context, name string) (*dataset.Target, error)
	done func()
}

// exportTo opens the place that -o names.
func (a *exportCommand) exportTo(ctx context.Context, to string) (exportPlace, error) {
	scheme, _, isURL := strings.Cut(to, ":")
	switch {
	case to == "-", to == "/dev/stdout": // opened anew it would be written from its beginning
		return exportPlace{name: "-", stream: true, done: func() {}, open: func(context.Context, string) (*dataset.Target, error) {
			return dataset.ToWriter(a.data()), nil
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
	return exportPlace{name: to, stream: dataset.IsStream(to), done: func() {}, open: func(_ context.Context, name string) (*dataset.Target, error) {
		return dataset.ToFile(name)
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
	return exportPlace{name: key, done: func() { _ = bucket.Close() }, open: func(ctx context.Context, name string) (*dataset.Target, error) {
		return dataset.ToBucket(ctx, bucket, name)
	}}, nil
}

func (a *exportCommand) run(ctx context.Context, arg string) error {
	to := a.output
	if a.versions != "latest" && a.versions != "all" {
		return usagef("--versions %s: latest or all", a.versions)
	}
	splits, err := splitsOf(a.split)
	if err != nil {
		return err
	}
	if a.warc {
		if a.format != "" && a.format != string(dataset.WARC) {
			return usagef("--warc and --format %s contradict each other: leave one out", a.format)
		}
		a.format = string(dataset.WARC)
	}
	format, _, err := formatOf(to, a.format)
	if err == nil && format == dataset.WebDataset {
		return a.shards(ctx, arg, splits)
	}
	if err == nil && format == dataset.WARC {
		return a.archive(ctx, arg)
	}
	set, done, err := a.dataSet(ctx, arg, wants{frontier: true})
	if err != nil {
		return err
	}
	defer done()
	if format == dataset.SQL {
		return a.view(ctx, set)
	}
	set.SkipDuplicates = a.unique
	set.KeepFormulas, set.AllVersions = a.raw || !a.guard, a.versions == "all"
	at, err := a.exportTo(ctx, to)
	if err != nil {
		return err
	}
	defer at.done()
	opts := dataset.ExportOptions{Splits: splits, Condition: a.where}
	if opts.Format, opts.Gzip, err = formatOf(at.name, a.format); err != nil {
		return err
	}
	if at.stream && len(splits) > 0 {
		return usagef("--split needs a file for each share: -o %s is one stream", to)
	}
	if opts.Where, err = a.filter(set); err != nil {
		return err
	}
	opts.Open = func(ctx context.Context, split string) (*dataset.Target, string, error) {
		name := withSplit(at.name, split)
		target, err := at.open(ctx, name)
		return target, path.Base(filepath.ToSlash(name)), err
	}
	about, err := set.Export(ctx, opts)
	if err != nil {
		return datasetError(err)
	}
	a.warn(about)
	if at.stream {
		a.note("seine: %s of job %s%s", counted(about.Records, "record"), about.Job, permitted(about))
		return nil
	}
	if err := writeAbout(ctx, at, at.name+aboutSuffix, about); err != nil {
		return datasetError(err)
	}
	a.note("seine: %s of job %s in %s%s", counted(about.Records, "record"), about.Job, to, permitted(about))
	for _, f := range about.Files {
		if f.Split != "" {
			a.note("seine: %s in %s", counted(f.Records, "record"), f.Name)
		}
	}
	return nil
}

// view writes the statement that creates the view of a job.
func (a *exportCommand) view(ctx context.Context, set *dataset.Set) error {
	if a.where != "" || a.split != "" || a.versions != "latest" {
		return usagef("a view holds all latest records: leave --where, --split and --versions out, and say it in your queries")
	}
	dialect := dataset.PostgreSQL
	if strings.HasPrefix(a.frontierOf(set.Job).url, "sqlite:") {
		dialect = dataset.SQLite
	}
	at, err := a.exportTo(ctx, a.output)
	if err != nil {
		return err
	}
	defer at.done()
	text, err := set.View(ctx, dialect)
	if err != nil {
		return datasetError(err)
	}
	target, err := at.open(ctx, at.name)
	if err != nil {
		return datasetError(err)
	}
	defer target.Abort()
	if _, err := io.WriteString(target, text); err != nil {
		return datasetError(err)
	}
	return datasetError(target.Commit())
}

// filter compiles --where.
func (a *exportCommand) filter(set *dataset.Set) (func(map[string]any) (bool, error), error) {
	if a.where == "" {
		return nil, nil //nolint:nilnil // every record
	}
	where, problems := set.Filter(a.where)
	if len(problems) > 0 {
		return nil, usagef("--where %s: %s%s", a.where, problems[0].Message, didYouMean(problems[0].Near))
	}
	return where, nil
}

// warn tells of records and fields that the export leaves out.
func (a *exportCommand) warn(about dataset.About) {
	if len(about.LeftOut) > 0 {
		a.say("seine: warning: some records have fields without a column in the job file, left out: %s (JSONL and Parquet hold them)", strings.Join(about.LeftOut, ", "))
	}
	if about.Duplicates > 0 {
		a.note("seine: %s left out as duplicates", counted(about.Duplicates, "record"))
	}
	if about.Unjudged > 0 {
		a.say("seine: warning: --where has no answer for %s, left out: %s", counted(about.Unjudged, "record"), about.Why)
	}
}

func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", near)
}

func permitted(about dataset.About) string {
	if about.Permission == "" {
		return ""
	}
	return "; permission: " + about.Permission
}

// aboutSuffix ends the name of the file about an export.
const aboutSuffix = ".about.json"

func writeAbout(ctx context.Context, at exportPlace, name string, about dataset.About) error {
	text, err := json.MarshalIndent(about, "", "  ")
	if err != nil {
		return err
	}
	target, err := at.open(ctx, name)
	if err != nil {
		return err
	}
	defer target.Abort()
	if _, err := target.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("about the export: %w", err)
	}
	return target.Commit()
}
