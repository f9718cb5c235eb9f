package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/examples"
	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/jobfile"
)

type demoFlags struct {
	serveOnly     bool
	pages, images string
	photos, dir   string
	seed          uint64
	ids           int64
	via           string
}

// demoCommand is `seine demo`.
type demoCommand struct {
	*app

	flags demoFlags
}

func newDemo(a *app) *cobra.Command {
	x := &demoCommand{app: a}
	d := &x.flags
	c := &cobra.Command{
		Use: "demo", Short: "Serve the bundled registry, scrape it, show the result",
		Long: `Serves a card registry on this machine, scrapes it with the job of the original, and
shows the found and skipped IDs with the reasons. Each demo starts from an empty
folder and removes the data of an earlier one.

With --serve-only it serves the registry for your own job files.`,
		Example: `  seine demo --ids 50
  seine demo --serve-only &
  seine run examples/cardsite/job.yaml       # or examples/cardsite/browser.yaml`,
		RunE: func(c *cobra.Command, _ []string) error { return x.run(c.Context(), *d) },
	}
	f := c.Flags()
	f.BoolVar(&d.serveOnly, "serve-only", false, "serve the registry until a signal arrives, scrape nothing")
	f.StringVar(&d.pages, "pages", "", "address of the pages (default: a free port; with --serve-only "+examples.CardsitePages+")")
	f.StringVar(&d.images, "images", "", "address of the images (default: a free port; with --serve-only "+examples.CardsiteImages+")")
	f.StringVar(&d.photos, "photos", "", "folder of photographs to show on the cards")
	f.StringVar(&d.dir, "dir", "data/demo", "folder of the demo's data")
	f.Uint64Var(&d.seed, "seed", 1, "seed of the registry's content")
	f.Int64Var(&d.ids, "ids", 200, "number of IDs")
	f.StringVar(&d.via, "via", "auto", "fetcher of pages: http, chrome, or auto (chrome if a browser exists)")
	return c
}

const demoFrom = 70000000

func (a *demoCommand) run(ctx context.Context, d demoFlags) error {
	if d.ids < 1 || d.ids > 1_000_000 {
		return usagef("--ids %d: give a number from 1 to 1000000", d.ids)
	}
	if err := a.chooseVia(&d); err != nil {
		return err
	}
	site, err := cardsite.New(cardsite.Config{Seed: d.seed, From: demoFrom, To: demoFrom + d.ids - 1, Photos: d.photos})
	if err != nil {
		return usagef("%w", err)
	}
	fallback := func(v *string, serve string) {
		if *v == "" && d.serveOnly {
			*v = serve
		} else if *v == "" {
			*v = "127.0.0.1:0"
		}
	}
	fallback(&d.pages, examples.CardsitePages)
	fallback(&d.images, examples.CardsiteImages)
	served, err := cardsite.Serve(ctx, site, d.pages, d.images)
	if err != nil {
		return fmt.Errorf("%w: choose other addresses with --pages and --images", err)
	}
	defer func() { _ = served.Close() }()
	a.say("seine: registry of %s at %s, images at %s", counted(d.ids, "id"), served.PagesURL, served.ImagesURL)
	if d.serveOnly {
		a.say("seine: Ctrl-C stops it")
		<-ctx.Done()
		return nil
	}
	return a.demoRun(ctx, d, served)
}

// chooseVia resolves auto to a fetcher and prints it.
func (a *demoCommand) chooseVia(d *demoFlags) error {
	if d.serveOnly {
		return nil
	}
	path, err := a.browser().Find()
	switch d.via {
	case "http":
		return nil
	case "chrome":
		return err
	case "auto":
	default:
		return usagef("--via %q: http, chrome or auto", d.via)
	}
	if err != nil {
		d.via = "http" // a demo without a browser is better than none
		a.say("seine: no browser found, so pages are fetched by http. Install one (apt-get install chromium-headless-shell) to render them")
		return nil //nolint:nilerr // said
	}
	d.via = "chrome"
	a.say("seine: %s renders the pages (use --via http for none)", path)
	return nil
}

func (a *demoCommand) demoRun(ctx context.Context, d demoFlags, served *cardsite.Served) error {
	store := filepath.Join(d.dir, "cards")
	if err := ownDemo(d.dir); err != nil {
		return err
	}
	for _, path := range []string{store, filepath.Join(d.dir, "seine.db"), filepath.Join(d.dir, "seine.db-wal"), filepath.Join(d.dir, "seine.db-shm"), filepath.Join(d.dir, "sheet.png")} {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	example := examples.Cardsite
	if d.via == "chrome" {
		example = examples.CardsiteBrowser
	}
	text := strings.NewReplacer(
		examples.CardsitePages, strings.TrimPrefix(served.PagesURL, "http://"),
		examples.CardsiteImages, strings.TrimPrefix(served.ImagesURL, "http://"),
		"to: 70000199", fmt.Sprintf("to: %d", demoFrom+d.ids-1),
	).Replace(example)
	path := filepath.Join(d.dir, "job.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	file, err := jobfile.Parse(path, []byte(text), a.lookup)
	if err != nil {
		return err
	}
	job, _, err := a.loaded(file, d.dir)
	if err != nil {
		return err
	}
	inner := a.isolated("demo", func(name string) (string, bool) {
		if strings.HasPrefix(name, "SEINE_BROWSER") {
			return a.lookup(name)
		}
		return "", false
	})
	if inner.frontier == "" {
		inner.frontier = "sqlite:" + filepath.Join(d.dir, "seine.db")
	}
	if inner.store == "" {
		inner.store = "file:" + store
	}
	run := &runCommand{workCommand{app: inner}}
	runErr := run.run(ctx, job, workFlags{})
	if exitCode(runErr) != exitOK && exitCode(runErr) != exitFailures {
		return runErr
	}
	return errors.Join(runErr, a.showStore(d.dir, store))
}

// demoMark is the file by which a demo knows its own folder.
const demoMark = ".seine-demo"

// ownDemo creates a demo's folder, replaces an earlier demo's, and rejects any other.
func ownDemo(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usagef("--dir %s: %w", dir, err)
	}
	mark := filepath.Join(dir, demoMark)
	if _, err := os.Stat(mark); err != nil && len(entries) > 0 {
		return usagef("--dir %s: the folder is not empty and not a demo's: give another one", dir)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte("made by `seine demo`, which removes it\n"), 0o600)
}

// showStore lists the folders of the store and makes a contact sheet of it.
func (a *demoCommand) showStore(dir, store string) error {
	cards, err := collectCards(filepath.Join(store, "png"))
	if err != nil || len(cards) == 0 {
		return err
	}
	sheet := filepath.Join(dir, "sheet.png")
	if err := writeSheet(sheet, cards); err != nil {
		return err
	}
	if a.json() {
		return nil
	}
	a.print("")
	a.print("%-10s %s", "grade", "cards")
	for _, g := range cards {
		a.print("%-10s %d", g.grade, len(g.fronts))
	}
	a.print("")
	a.print("Look at them: %s, the first %d of each grade on one sheet: %s", filepath.Join(store, "png"), sheetColumns, sheet)
	return nil
}
