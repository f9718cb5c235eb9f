package cli

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/fetch/chromefetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/weburl"
	"github.com/seinehq/seine/internal/wiring"
)

func (a *app) tryCommand() *cobra.Command {
	return &cobra.Command{
		Use: "try JOB KEY…", Short: "Fetch one page and show its fields, verdict and assets; write nothing", Args: cobra.MinimumNArgs(2),
		Long: `Fetches one page and shows the response with its redirects and waits, the value of
each field and where it comes from, the rule that gives the verdict, and each asset.
Writes nothing. With --frontier it takes its turn from the host's lane.`,
		RunE: func(c *cobra.Command, args []string) error {
			job, file, err := a.load(args[0])
			if err != nil {
				return err
			}
			chrome, err := a.browser().Open(c.Context(), a.logger(slog.LevelWarn), *job)
			if err != nil {
				return fmt.Errorf("job %s: fetch.via %s: %w", job.Name, job.Fetch.Via, err)
			}
			if chrome != nil {
				defer func() { _ = chrome.Close() }()
			}
			var errs []error
			for i, key := range args[1:] {
				if i > 0 {
					// One polite request after the other.
					select {
					case <-c.Context().Done():
						return errStopped
					case <-time.After(job.Pace.Delay.At(rand.Float64())):
					}
				}
				errs = append(errs, a.try(c.Context(), job, file, chrome, key))
			}
			return errors.Join(errs...)
		},
	}
}

// tryJSON is the shape of `try -o json`: a contract.
type tryJSON struct {
	Key      string         `json:"key"`
	URL      string         `json:"url"`
	Response *responseJSON  `json:"response"`
	Waits    []seine.Waited `json:"waits"`
	Notes    []string       `json:"notes,omitempty"`
	Fields   map[string]any `json:"fields"`
	Verdict  verdictJSON    `json:"verdict"`
	Assets   []tryAssetJSON `json:"assets"`
	Follow   []string       `json:"follow"`
	Error    string         `json:"error,omitempty"`
	trace    *extract.Trace
	page     *seine.Page
	err      error
	problems []error
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

func (a *app) try(ctx context.Context, job *seine.Job, file *jobfile.File, chrome *chromefetch.Chrome, key string) error {
	n, err := frontier.Admit(job, frontier.Seed{Key: key})
	if err != nil {
		return err
	}
	url, err := frontier.PageURL(job, n.Key)
	if err != nil {
		return err
	}
	if a.frontier != "" {
		if err := a.takeTurn(ctx, job, url); err != nil {
			return err
		}
	}
	client, done, err := wiring.Client(job, Version, chrome)
	if err != nil {
		return err
	}
	defer done()
	out := a.tryPage(ctx, job, file, client, seine.Task{Job: job.Name, Key: n.Key, ID: n.Key, URL: url, Priority: 1, Meta: listedMeta(job, key, n.Key), Attempt: 1})
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

// tryPatience is how long a try waits for its turn on a host.
const tryPatience = 5 * time.Minute

// takeTurn waits for a start on the page's host, as a worker would.
func (a *app) takeTurn(ctx context.Context, job *seine.Job, url string) error {
	f, err := a.open(ctx, a.frontierOf(job))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := find(ctx, f, job.Name)
	if err != nil {
		return err
	}
	turn, err := f.Reserve(ctx, info.ID, weburl.Host(url), rand.Float64(), tryPatience)
	if err != nil {
		return err
	}
	wait := turn.Wait
	if turn.Paused {
		return fmt.Errorf("host %s is paused: `seine resume %s` or `seine resume %s --host %s` lets it go on", weburl.Host(url), job.Name, job.Name, weburl.Host(url))
	}
	if wait > tryPatience {
		return fmt.Errorf("host %s may be asked in %s: try again then (`seine status %s` says why)", weburl.Host(url), brief(wait), job.Name)
	}
	if wait > time.Second {
		a.say("seine: waiting %s for a turn on %s", brief(wait), weburl.Host(url))
	}
	select {
	case <-ctx.Done():
		return errStopped
	case <-time.After(wait):
		return nil
	}
}

func (a *app) tryPage(ctx context.Context, job *seine.Job, file *jobfile.File, client seine.Fetcher, task seine.Task) *tryJSON {
	out := &tryJSON{Key: task.Key, URL: task.URL, Waits: []seine.Waited{}, Fields: map[string]any{}, Assets: []tryAssetJSON{}, Follow: []string{}}
	page, err := client.Fetch(ctx, seine.Request{URL: task.URL, CredentialsTo: []string{task.URL}})
	if err != nil {
		out.err = fmt.Errorf("fetch %s: %w", task.URL, err)
		out.Error, out.Verdict = err.Error(), verdictJSON{State: seine.Error.String(), Reason: fetch.Reason(err)}
		return out
	}
	out.page = page
	out.Response = &responseJSON{page.Status, len(page.Body), page.Took.Milliseconds()}
	out.Waits, out.Notes = append(out.Waits, page.Waits...), page.Notes
	result, trace, err := file.Scraper.Explain(ctx, task, page)
	out.trace = trace
	if trace != nil {
		for _, f := range trace.Fields {
			out.Fields[f.Name] = f.Value
		}
	}
	if err != nil {
		out.err = fmt.Errorf("scrape: %w", err)
		out.Error, out.Verdict = err.Error(), verdictJSON{State: seine.Error.String(), Reason: "scrape: " + strings.TrimPrefix(err.Error(), seine.ErrFinal.Error()+": ")}
		return out
	}
	v := result.Verdict
	if v.State == seine.Pending {
		v.State = seine.Done
	}
	out.Verdict = verdictJSON{v.State.String(), v.Rule, v.Reason}
	for _, f := range result.Follow {
		out.Follow = append(out.Follow, f.Key)
	}
	if v.State != seine.Done {
		return out
	}
	keeper := asset.New(nil, asset.Options{})
	var stored []seine.Stored
	for _, x := range result.Assets {
		kept, err := keeper.Preview(ctx, fetch.Allow(client, task.URL), page, x)
		if err != nil {
			failed := tryAssetJSON{Name: x.Name, URL: x.URL, Path: x.Path, Error: err.Error()}
			switch {
			case x.OnFailure == seine.KeepRecord && asset.Final(err):
				failed.Error += "; the record is stored with this failure"
			case x.OnFailure == seine.KeepRecord:
				failed.Error += "; the record is stored, and the asset is tried again"
			case x.Optional:
				failed.Error += "; the asset is optional"
			default:
				out.problems = append(out.problems, err)
				out.Verdict = verdictJSON{State: seine.Error.String(), Reason: "asset " + x.Name + ": " + asset.Reason(err)}
			}
			out.Assets = append(out.Assets, failed)
		}
		stored = append(stored, kept...)
		for _, s := range kept {
			out.Assets = append(out.Assets, tryAssetJSON{
				Name: s.Name, URL: s.URL, Path: s.Path, Bytes: s.Bytes, SHA256: hex.EncodeToString(s.SHA256), Width: s.Width, Height: s.Height,
				Original: &originalJSON{s.OriginalBytes, s.OriginalWidth, s.OriginalHeight},
			})
		}
	}
	for _, r := range result.Records {
		asset.Fill(out.Fields, r.AssetFields, stored)
	}
	for i, f := range trace.Fields {
		if v := out.Fields[f.Name]; f.Value == nil && v != nil {
			trace.Fields[i].Value, trace.Fields[i].From, trace.Fields[i].Why = v, "the asset", ""
		}
	}
	return out
}

// printTry prints the steps for people.
func (a *app) printTry(o *tryJSON) {
	a.print("%s  %s", o.Key, o.URL)
	if o.page == nil {
		a.print("  fetch     %s", o.Error)
		return
	}
	for _, r := range o.page.Redirects {
		a.print("  redirect  from %s", r)
	}
	a.print("  response  HTTP %d, %s, %s in %s", o.page.Status, o.page.Type, size(int64(len(o.page.Body))), o.page.Took.Round(time.Millisecond))
	for _, w := range o.Waits {
		state := "held"
		if !w.OK {
			state = "ran out; the page is judged as it stands"
		}
		a.print("  wait      %s: %s", w.Wait, state)
	}
	for _, n := range o.Notes {
		a.print("  note      %s", n)
	}
	if o.trace != nil {
		for _, f := range o.trace.Fields {
			a.print("  field     %-10s %s", f.Name, shorten(f.Value))
			if f.From != "" {
				a.print("            %-10s from %s", "", f.From)
			}
			if f.Why != "" {
				a.print("            %-10s %s", "", f.Why)
			}
		}
	}
	why := o.Verdict.Reason
	if o.Verdict.Rule != "" {
		why += "  (rule " + o.Verdict.Rule + ")"
	}
	a.print("%s", strings.TrimRight(fmt.Sprintf("  verdict   %s  %s", o.Verdict.State, why), " "))
	for _, x := range o.Assets {
		if x.Error != "" {
			a.print("  asset     %-10s %s", x.Name, x.Error)
			continue
		}
		from := ""
		if p := x.Original; p != nil && p.Width > 0 {
			from = fmt.Sprintf(" from %d x %d, %s", p.Width, p.Height, size(p.Bytes))
		}
		dims := ""
		if x.Width > 0 {
			dims = fmt.Sprintf("%d x %d, ", x.Width, x.Height)
		}
		a.print("  asset     %-10s %s%s%s", x.Name, dims, size(x.Bytes), from)
		a.print("            %-10s %s", "", x.URL)
		a.print("            %-10s key %s", "", x.Path)
	}
	sort.Strings(o.Follow)
	for _, f := range o.Follow {
		a.print("  follow    %s", f)
	}
	a.print("  nothing was written")
}

// maxShown is the most characters of a value that are shown to people.
const maxShown = 120

func shorten(v any) string {
	b, err := json.Marshal(v)
	s := string(b)
	if err != nil {
		s = fmt.Sprint(v)
	}
	s = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(s)
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}

func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
