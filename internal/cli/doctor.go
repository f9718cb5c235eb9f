package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
	"github.com/seinehq/seine/internal/fetch/chromefetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/wiring"
)

// maxClockGap is the largest permitted difference between this clock and the frontier's. Leases use
// durations, but times that people compare should agree.
const maxClockGap = 5 * time.Second

// finding is doctor's result for one check.
type finding struct {
	What   string `json:"what"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
	err    error
}

// doctorCommand is `seine doctor`.
type doctorCommand struct{ *app }

func newDoctor(a *app) *cobra.Command {
	x := &doctorCommand{a}
	return &cobra.Command{
		Use: "doctor [JOB]", Short: "Check frontier, store, clock and browser, and name the remedies", Args: cobra.MaximumNArgs(1),
		Example: `  seine doctor
  seine doctor cards.yaml`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	}
}

func (a *doctorCommand) run(ctx context.Context, args []string) error {
	job := &seine.Job{Store: seine.Store{URL: "file:./data/"}}
	if len(args) == 1 {
		loaded, _, err := a.load(args[0])
		if err != nil {
			return err
		}
		job = loaded
	}
	found := a.checkFrontier(ctx, a.frontierOf(job))
	found = append(found, a.checkStore(ctx, a.storeOf(job)), a.checkBrowser(ctx, job))
	var first error
	for _, f := range found {
		if a.json() {
			if err := a.printJSON(f); err != nil {
				return err
			}
		} else {
			mark := "ok  "
			if !f.OK {
				mark = "FAIL"
			}
			a.print("%s  %-9s %s", mark, f.What, f.Detail)
			if f.Remedy != "" {
				a.print("      %-9s %s", "", f.Remedy)
			}
		}
		if first == nil && !f.OK {
			first = f.err
		}
	}
	return first
}

func (a *doctorCommand) checkFrontier(ctx context.Context, at place) []finding {
	out := finding{What: "frontier", Detail: at.String()}
	path, lite := strings.CutPrefix(at.url, "sqlite:")
	if lite && path == "" {
		_, out.err = drivers.Open(ctx, at.url, drivers.Options{})
		out.Detail, out.Remedy = out.err.Error(), "name a file: `seine doctor --frontier sqlite:./data/seine.db`"
		return []finding{out}
	}
	f, err := a.open(ctx, at)
	switch {
	case errors.Is(err, errNoFile) && errors.Is(err, fs.ErrNotExist):
		out.OK, out.Detail = true, at.String()+": not there yet; `seine run` makes it"
		return []finding{out}
	case errors.Is(err, frontier.ErrSchema):
		out.err = err // says what to do
	case err != nil && lite:
		out.Remedy, out.err = "check that it is a file of Seine that this user may read and write, or give another: `seine doctor --frontier sqlite:FILE`", err
	case err != nil:
		out.Remedy, out.err = "check that the server runs, and the name and password in the URL: `seine doctor --frontier postgres://USER:PASSWORD@HOST/DATABASE`", err
	}
	if err != nil {
		out.Detail += ": " + err.Error()
		return []finding{out}
	}
	defer func() { _ = f.Close() }()
	v, server, err := f.Version(ctx)
	if err != nil {
		out.Detail, out.err = out.Detail+": "+err.Error(), err
		return []finding{out}
	}
	out.OK, out.Detail = true, fmt.Sprintf("%s, %s, schema %d.%d", at, server, v/1000, v%1000)
	return []finding{out, checkClock(ctx, f)}
}

func checkClock(ctx context.Context, f frontier.Reader) finding {
	out := finding{What: "clock"}
	before := time.Now()
	there, err := f.Clock(ctx)
	if err != nil {
		out.Detail, out.err = err.Error(), err
		return out
	}
	here := before.Add(time.Since(before) / 2)
	gap := there.Sub(here).Abs()
	out.OK, out.Detail = gap <= maxClockGap, fmt.Sprintf("%s from the frontier's", gap.Round(time.Millisecond))
	if !out.OK {
		out.Remedy = "set this machine's clock (NTP); leases hold all the same, times in logs mislead"
		out.err = fmt.Errorf("%w: this clock is %s from the frontier's", frontier.ErrClock, gap.Round(time.Second))
	}
	return out
}

func (a *doctorCommand) checkStore(ctx context.Context, at place) finding {
	out := finding{What: "store", Detail: at.String()}
	if dir, ok := strings.CutPrefix(at.url, "file:"); ok && !strings.HasPrefix(dir, "//") {
		// Looking must not make a folder.
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			out.OK, out.Detail = true, at.String()+": not there yet; `seine run` makes it"
			return out
		}
	}
	bucket, err := a.openStore(ctx, at)
	if err == nil {
		err = errors.Join(wiring.CheckWrites(ctx, bucket, at.url), bucket.Close())
	}
	if err != nil {
		out.Detail, out.err = err.Error(), err
		out.Remedy = "check that the folder exists and that this user may write to it, or give another: `seine doctor --store file:FOLDER`"
		if !strings.HasPrefix(at.url, "file:") {
			out.Remedy = "check the bucket's name, and that these credentials may list, read, write and delete its objects"
		}
		return out
	}
	out.OK, out.Detail = true, at.String()+", writable"
	return out
}

// checkBrowser starts the browser when the job needs one.
func (a *doctorCommand) checkBrowser(ctx context.Context, job *seine.Job) finding {
	out := finding{What: "browser"}
	path, err := a.browser().Find()
	switch {
	case err != nil && !derived.Renders(job):
		out.OK, out.Detail = true, "none found; not needed for via: http"
		return out
	case err == nil && !derived.Renders(job):
		out.OK, out.Detail = true, path
		return out
	case err == nil:
		var chrome *chromefetch.Chrome
		if chrome, err = a.browser().Open(ctx, a.logger(slog.LevelWarn), *job); err == nil {
			out.OK, out.Detail = true, path+", "+chrome.Version()+", "+chrome.Confinement().String()
			_ = chrome.Close()
			return out
		}
	}
	out.Detail, out.err = err.Error(), err
	out.Remedy = "apt-get install chromium-headless-shell, or name one: SEINE_BROWSER=/path/to/browser"
	return out
}
