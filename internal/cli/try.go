package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/redact"
	"github.com/seinehq/seine/internal/wiring"
)

// tryCommand is `seine try`.
type tryCommand struct {
	workCommand

	save     string
	recorded bool
}

func newTry(a *app) *cobra.Command {
	x := &tryCommand{workCommand: workCommand{app: a}}
	c := &cobra.Command{
		Use: "try JOB KEY…", Short: "Fetch one page and show its fields, verdict and assets; write nothing", Args: cobra.MinimumNArgs(2),
		Long: `Fetches one page and shows the response with its redirects and waits, the value of
each field with its source, the rule that gives the verdict, and each asset. It writes
nothing. It keeps the pace of the job: with --frontier together with the workers of the
fleet, otherwise alone. Outside pace.hours it makes no request.`,
		Example: `  seine try cards.yaml 70000001`,
		RunE:    func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	}
	c.Flags().StringVar(&x.save, "save", "", "write the page and its result to testdata/NAME.txtar for `seine test`")
	c.Flags().BoolVar(&x.recorded, "recorded", false, "with --save: take the recording of the page; make no request")
	return c
}

func (a *tryCommand) run(ctx context.Context, args []string) error {
	if a.save != "" && len(args) != 2 {
		return usagef("--save %s: give one key", a.save)
	}
	if a.save != "" {
		if _, err := a.newExample(args[0]); err != nil {
			return err
		}
	}
	if a.recorded {
		return a.saveRecorded(ctx, args[0], args[1])
	}
	job, file, err := a.load(args[0])
	if err != nil {
		return err
	}
	chrome, err := a.browser().Open(ctx, a.logger(slog.LevelWarn), *job)
	if err != nil {
		return fmt.Errorf("job %s: fetch.via %s: %w", job.Name, job.Fetch.Via, err)
	}
	if chrome != nil {
		defer func() { _ = chrome.Close() }()
	}
	scraper := &explaining{scraper: file.Scraper}
	explained := *job
	if file.Scraper != nil { // rules explain themselves, code does not
		explained.Scraper = scraper
	}
	cfg := wiring.TrialConfig{Job: &explained, Version: Version, Chrome: chrome, Waits: func(host string, wait time.Duration) {
		a.note("seine: waiting %s for the next start on %s", brief(wait), host)
	}}
	if a.frontier != "" {
		f, err := a.open(ctx, a.frontierOf(job))
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		info, err := find(ctx, f, job.Name)
		if err != nil {
			return err
		}
		cfg.Fleet, cfg.ID = f, info.ID
	}
	trial, done, err := wiring.NewTrial(cfg)
	if err != nil {
		return err
	}
	defer done()
	var errs []error
	for _, key := range args[1:] {
		if ctx.Err() != nil {
			return errStopped
		}
		scraper.trace = nil
		errs = append(errs, a.try(ctx, args[0], job, trial, scraper, key))
	}
	return errors.Join(errs...)
}

// tryJSON is the shape of `try -o json`, which is a contract.
type tryJSON struct {
	Key      string         `json:"key"`
	URL      string         `json:"url"`
	Page     string         `json:"page,omitempty"` // kind
	Response *responseJSON  `json:"response"`
	Waits    []seine.Waited `json:"waits"`
	Notes    []string       `json:"notes,omitempty"`
	Fields   map[string]any `json:"fields"`
	Verdict  verdictJSON    `json:"verdict"`
	Assets   []tryAssetJSON `json:"assets"`
	Follow   []string       `json:"follow"`
	Links    []linkJSON     `json:"links"`
	Records  []recordJSON   `json:"records"`
	Rejected []rejectedJSON `json:"rejected,omitempty"`
	Error    string         `json:"error,omitempty"`
	trace    *extract.Trace
	page     *seine.Page
	err      error
}

type responseJSON struct {
	Status int   `json:"status"`
	Bytes  int   `json:"bytes"`
	MS     int64 `json:"ms"`
}

type verdictJSON struct {
	State  string `json:"state"`
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

type tryAssetJSON struct {
	Name     string        `json:"name"`
	URL      string        `json:"url"`
	Path     string        `json:"path"`
	Bytes    int64         `json:"bytes"`
	SHA256   string        `json:"sha256"`
	Width    int           `json:"width"`
	Height   int           `json:"height"`
	Original *originalJSON `json:"original,omitempty"`
	Error    string        `json:"error,omitempty"`
}

type originalJSON struct {
	Bytes  int64 `json:"bytes"`
	Width  int   `json:"width"`
	Height int   `json:"height"`
}

func (a *tryCommand) try(ctx context.Context, path string, job *seine.Job, trial *wiring.Trial, scraper *explaining, key string) error {
	n, err := frontier.Admit(job, frontier.Seed{Key: key})
	if err != nil {
		return err
	}
	if n, err = frontier.Admit(job, frontier.Seed{Key: key, Meta: listedMeta(job, key, n.Key)}); err != nil {
		return err
	}
	tried, err := trial.Try(ctx, n)
	var busy *wiring.BusyError
	switch {
	case err != nil && ctx.Err() != nil:
		return errStopped
	case errors.As(err, &busy):
		return busyError(job.Name, busy)
	case err != nil:
		return fmt.Errorf("%s: %w", n.Key, err)
	}
	a.redact.add(tried.Secrets)
	if tried.Page == nil && ctx.Err() != nil {
		return errStopped
	}
	if a.save != "" && tried.Page != nil {
		example := recording.Example{Key: n.Key, Kind: n.Page, Meta: tried.Task.Meta}
		if example.Page, err = recording.Clean(n.Key, tried.Page, redact.New(job.Secrets), redact.New(tried.Secrets)); err != nil {
			return err
		}
		if err := a.saveExample(ctx, path, job, example); err != nil {
			return err
		}
	}
	out := tryOf(tried, scraper.trace)
	out.Links = linksOf(job, tried.Task, scraper.trace)
	if a.json() {
		if err := a.printJSON(out); err != nil {
			return err
		}
	} else {
		a.printTry(out)
	}
	if out.err == nil && out.Verdict.State == seine.Error.String() {
		return fmt.Errorf("%s: the verdict is error: %s", out.Key, out.Verdict.Reason)
	}
	return out.err
}

// explaining is a scraper that records how it came to its result.
type explaining struct {
	scraper *extract.Scraper
	trace   *extract.Trace
}

// Scrape extracts the result of a page.
func (e *explaining) Scrape(ctx context.Context, task seine.Task, page *seine.Page) (result seine.Result, err error) {
	result, e.trace, err = e.scraper.Explain(ctx, task, page)
	return result, err
}

// busyError returns why a page may not be requested soon.
func busyError(job string, busy *wiring.BusyError) error {
	if busy.Paused {
		return fmt.Errorf("host %s is paused: run `seine resume %s` or `seine resume %s --host %s`", busy.Host, job, job, busy.Host)
	}
	return fmt.Errorf("host %s may be requested in %s: try again then (`seine status %s` shows the reason)", busy.Host, brief(busy.After), job)
}

// tryOf returns the shape of a trial's result.
func tryOf(t wiring.Tried, trace *extract.Trace) *tryJSON {
	out := &tryJSON{
		Key: t.Task.Key, URL: t.Task.URL, Page: t.Task.Page, Records: recordsOf(t.Records), Waits: []seine.Waited{}, Fields: map[string]any{}, Assets: []tryAssetJSON{}, Follow: []string{}, trace: trace,
	}
	if trace != nil {
		for _, f := range trace.Fields {
			out.Fields[f.Name] = f.Value
		}
	}
	if page := t.Page; page != nil {
		out.page = page
		out.Response = &responseJSON{page.Status, len(page.Body), page.Took.Milliseconds()}
		out.Waits, out.Notes = append(out.Waits, page.Waits...), page.Notes
	}
	if t.Err != nil {
		what := "scrape"
		if t.Page == nil {
			what = "fetch " + t.Task.URL
		}
		out.err = fmt.Errorf("%s: %w", what, t.Err)
		out.Error, out.Verdict = t.Err.Error(), verdictJSON{State: seine.Error.String(), Reason: t.Reason}
		return out
	}
	v := t.Verdict
	if v.State == seine.Pending {
		v.State = seine.Done
	}
	out.Verdict = verdictJSON{v.State.String(), v.Rule, v.Reason}
	for _, r := range t.Rejected {
		out.Rejected = append(out.Rejected, rejectedJSON{r.Field, r.Reason})
	}
	for _, f := range t.Follow {
		out.Follow = append(out.Follow, discovery.KeyOf(f))
	}
	var stored []assetfile.Stored
	for _, x := range t.Assets {
		out.addAsset(x)
		stored = append(stored, x.Stored...)
	}
	for _, r := range t.Records {
		asset.Fill(out.Fields, r.AssetFields, stored)
	}
	if trace == nil && len(t.Records) == 1 {
		maps.Copy(out.Fields, t.Records[0].Fields)
	}
	if trace == nil || v.State != seine.Done {
		return out
	}
	for i, f := range trace.Fields {
		if v := out.Fields[f.Name]; f.Value == nil && v != nil {
			trace.Fields[i].Value, trace.Fields[i].From, trace.Fields[i].Why = v, "the asset", ""
		}
	}
	return out
}
