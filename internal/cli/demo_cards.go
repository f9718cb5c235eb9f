package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/seinehq/seine/examples"
	"github.com/seinehq/seine/internal/cardsite"
)

// demoFrom is the first ID of the registry.
const demoFrom = 70000000

// serveCards serves the card registry.
func (a *demoCommand) serveCards(ctx context.Context, d demoFlags) (bundledSite, error) {
	if d.ids < 1 || d.ids > 1_000_000 {
		return bundledSite{}, usagef("--ids %d: give a number from 1 to 1000000", d.ids)
	}
	if err := a.chooseVia(&d); err != nil {
		return bundledSite{}, err
	}
	site, err := cardsite.New(cardsite.Config{Seed: d.seed, From: demoFrom, To: demoFrom + d.ids - 1, Photos: d.photos})
	if err != nil {
		return bundledSite{}, usagef("%w", err)
	}
	pages, images := d.at(examples.CardsitePages, examples.CardsiteImages)
	served, err := cardsite.Serve(ctx, site, pages, images)
	if err != nil {
		return bundledSite{}, demoAddress(err)
	}
	job := examples.Cardsite
	if d.via == "chrome" {
		job = examples.CardsiteBrowser
	}
	return bundledSite{
		about:    "registry of " + counted(d.ids, "id"),
		pagesURL: served.PagesURL, imagesURL: served.ImagesURL, close: served.Close,
		job:   strings.Replace(job, "to: 70000199", fmt.Sprintf("to: %d", demoFrom+d.ids-1), 1),
		pages: examples.CardsitePages, images: examples.CardsiteImages,
		show: a.showCards,
	}, nil
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
	a.note("seine: %s renders the pages (use --via http for none)", path)
	return nil
}

// showCards counts the cards of each grade and makes a contact sheet of them.
func (a *demoCommand) showCards(_ context.Context, _ *app, _, store, sheet string) error {
	cards, err := collectCards(filepath.Join(store, "png"))
	if err != nil || len(cards) == 0 {
		return err
	}
	if err := writeSheet(sheet, cards); err != nil || a.json() || a.quiet {
		return err
	}
	a.print("")
	a.print("%-10s %s", "grade", "cards")
	for _, g := range cards {
		a.print("%-10s %d", g.name, len(g.files))
	}
	a.print("")
	a.print("Look at them: %s, the first %d of each grade on one sheet: %s", filepath.Join(store, "png"), sheetColumns, sheet)
	return nil
}
