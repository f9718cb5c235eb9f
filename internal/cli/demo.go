package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/jobfile"
)

type demoFlags struct {
	site          string
	list          string
	serveOnly     bool
	pages, images string
	photos, dir   string
	seed          uint64
	ids, products int64
	via           string
}

// demoCommand is `seine demo`.
type demoCommand struct {
	*app

	flags demoFlags
}

// bundledSite is a bundled site that is served.
type bundledSite struct {
	about string // "registry of 200 ids"

	pagesURL, imagesURL string
	close               func() error

	// list is the list that the job file names; nil for a job without one.
	list []byte

	// job is the text of its job file, with the addresses of examples instead of its own.
	job           string
	pages, images string

	// show shows the result in a demo's folder. files is the folder of the store.
	show func(ctx context.Context, inner *app, job, files, sheet string) error
}

func newDemo(a *app) *cobra.Command {
	x := &demoCommand{app: a}
	d := &x.flags
	c := &cobra.Command{
		Use: "demo", Short: "Serve a bundled site, scrape it, show the result",
		Long: `Serves a bundled site on this machine, scrapes it, and shows the result with the
reasons of what was left out. The card registry is scraped by its IDs with the job
of the original, and the others with the jobs of the folders in examples. Each demo starts from an empty folder
and removes the data of an earlier one.

With --serve-only it serves the site for your own job files.`,
		Example: `  seine demo --ids 50
  seine demo --site shop
  seine demo --serve-only &
  seine run examples/cardsite/job.yaml       # or examples/cardsite/browser.yaml
  seine demo --site shop --serve-only &
  seine run examples/shop/job.yaml           # or another one of examples/shop`,
		RunE: func(c *cobra.Command, _ []string) error {
			for name, of := range map[string]string{"ids": siteCards, "photos": siteCards, "via": siteCards, "products": siteShop, "list": siteImages} {
				if c.Flags().Changed(name) && d.site != of {
					return usagef("--%s belongs to --site %s", name, of)
				}
			}
			if d.site == siteImages && (d.pages != "" || d.images != "") {
				return usagef("--site images has hosts of their own: leave --pages and --images out")
			}
			return x.run(c.Context(), *d)
		},
	}
	f := c.Flags()
	f.StringVar(&d.site, "site", siteCards, "the site: cards (a registry of graded cards), shop, archive (papers), social (an API), site (texts) or images (a list of URLs)")
	f.BoolVar(&d.serveOnly, "serve-only", false, "serve the site until a signal arrives, scrape nothing")
	f.StringVar(&d.pages, "pages", "", "address of the pages (default: a free port; with --serve-only the address in the examples)")
	f.StringVar(&d.images, "images", "", "address of the images (default: a free port; with --serve-only the address in the examples)")
	f.StringVar(&d.list, "list", filepath.Join("examples", "images", listFile), "file for the list of --site images, with --serve-only")
	f.StringVar(&d.photos, "photos", "", "folder of photographs to show on the cards")
	f.StringVar(&d.dir, "dir", "data/demo", "folder of the demo's data")
	f.Uint64Var(&d.seed, "seed", 1, "seed of the site's content")
	f.Int64Var(&d.ids, "ids", 200, "number of IDs of the registry")
	f.Int64Var(&d.products, "products", 120, "number of products of the shop")
	f.StringVar(&d.via, "via", "auto", "fetcher of the registry's pages: http, chrome, or auto (chrome if a browser exists)")
	return c
}

// The values of --site.
const (
	siteCards = "cards"
	siteShop  = "shop"
)

// listFile is the file of a site's list, in the folder of its job file.
const listFile = "list.csv"

func (a *demoCommand) run(ctx context.Context, d demoFlags) error {
	serve := map[string]func(context.Context, demoFlags) (bundledSite, error){
		siteCards: a.serveCards, siteShop: a.serveShop, siteArchive: a.serveArchive, siteSocial: a.serveSocial, siteTexts: a.serveTexts, siteImages: a.serveImages,
	}[d.site]
	if serve == nil {
		return usagef("--site %q: cards, shop, archive, social, site or images", d.site)
	}
	a.hushed = !d.serveOnly
	site, err := serve(ctx, d)
	if err != nil {
		return err
	}
	defer func() { _ = site.close() }()
	a.note("seine: %s at %s, images at %s", site.about, site.pagesURL, site.imagesURL)
	if d.serveOnly {
		if err := a.writeList(d, site); err != nil {
			return err
		}
		a.note("seine: Ctrl-C stops it")
		<-ctx.Done()
		return nil
	}
	return a.demoRun(ctx, d, site)
}

// writeList writes the list of a site that is only served.
func (a *demoCommand) writeList(d demoFlags, site bundledSite) error {
	if site.list == nil {
		return nil
	}
	if err := os.WriteFile(d.list, site.list, 0o600); err != nil {
		return usagef("--list %s: %w", d.list, err)
	}
	a.note("seine: its list is in %s", d.list)
	return nil
}

// at returns the addresses of a site: those of the flags, else those of the examples or free ports.
func (d demoFlags) at(pages, images string) (pagesAt, imagesAt string) {
	if !d.serveOnly {
		pages, images = "127.0.0.1:0", "127.0.0.1:0"
	}
	return cmp.Or(d.pages, pages), cmp.Or(d.images, images)
}

// demoAddress explains an address that can't be served.
func demoAddress(err error) error {
	return fmt.Errorf("%w: choose other addresses with --pages and --images", err)
}

func (a *demoCommand) demoRun(ctx context.Context, d demoFlags, site bundledSite) error {
	store, sheet := filepath.Join(d.dir, d.site), filepath.Join(d.dir, "sheet.png")
	if err := ownDemo(d.dir); err != nil {
		return err
	}
	for _, name := range []string{siteCards, siteShop, siteArchive, siteSocial, siteTexts, siteImages, listFile, "seine.db", "seine.db-wal", "seine.db-shm", "sheet.png"} {
		if err := os.RemoveAll(filepath.Join(d.dir, name)); err != nil {
			return err
		}
	}
	text := site.job
	if site.list == nil { // a list has the addresses
		text = strings.NewReplacer(
			site.pages, strings.TrimPrefix(site.pagesURL, "http://"), site.images, strings.TrimPrefix(site.imagesURL, "http://"),
		).Replace(text)
	}
	path := filepath.Join(d.dir, "job.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	if site.list != nil {
		if err := os.WriteFile(filepath.Join(d.dir, listFile), site.list, 0o600); err != nil {
			return err
		}
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
	return errors.Join(runErr, site.show(ctx, inner, path, store, sheet))
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
