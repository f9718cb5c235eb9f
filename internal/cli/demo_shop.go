package cli

import (
	"cmp"
	"context"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/seinehq/seine/examples"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/shopsite"
)

// serveShop serves the shop.
func (a *demoCommand) serveShop(ctx context.Context, d demoFlags) (bundledSite, error) {
	if d.products < 1 || d.products > 100_000 {
		return bundledSite{}, usagef("--products %d: give a number from 1 to 100000", d.products)
	}
	site, err := shopsite.New(shopsite.Config{Seed: d.seed, Products: int(d.products)})
	if err != nil {
		return bundledSite{}, usagef("%w", err)
	}
	pages, images := d.at(examples.ShopPages, examples.ShopImages)
	served, err := shopsite.Serve(ctx, site, pages, images)
	if err != nil {
		return bundledSite{}, demoAddress(err)
	}
	return bundledSite{
		about:    "shop of " + counted(d.products, "product"),
		pagesURL: served.PagesURL, imagesURL: served.ImagesURL, close: served.Close,
		job: examples.Shop, pages: examples.ShopPages, images: examples.ShopImages,
		show: a.showShop,
	}, nil
}

// showShop counts the records of each kind and makes a contact sheet of the photos.
func (a *demoCommand) showShop(ctx context.Context, inner *app, job, store, sheet string) error {
	f, _, info, err := inner.jobAt(ctx, job, needs{})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	kinds, photos := map[string]int64{}, map[string]int64{}
	if err := f.Records(ctx, info.ID, func(r frontier.Stored) error {
		kinds[r.Kind]++
		photos[r.Kind] += int64(len(r.Assets))
		return nil
	}); err != nil {
		return err
	}
	rows, err := collectPhotos(filepath.Join(store, "photos"))
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := writeSheet(sheet, rows); err != nil || a.json() || a.quiet {
		return err
	}
	a.print("")
	a.print("%-10s %-8s %s", "record", "stored", "photos")
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		a.print("%-10s %-8d %d", kind, kinds[kind], photos[kind])
	}
	a.print("")
	a.print("Look at them: %s, the first %d of each category on one sheet: %s", filepath.Join(store, "photos"), sheetColumns, sheet)
	a.print("Records: seine export %s --frontier %s -o -", job, inner.frontier)
	return nil
}

// collectPhotos lists the first photo of each item, a row for each folder.
func collectPhotos(dir string) ([]sheetRow, error) {
	byFolder := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if first, bad := filepath.Match("*_1.png", filepath.Base(path)); err != nil || bad != nil || !first || e.IsDir() {
			return cmp.Or(err, bad)
		}
		folder := filepath.Base(filepath.Dir(path))
		byFolder[folder] = append(byFolder[folder], path)
		return nil
	})
	var rows []sheetRow
	for _, folder := range slices.Sorted(maps.Keys(byFolder)) {
		slices.Sort(byFolder[folder])
		rows = append(rows, sheetRow{folder, byFolder[folder]})
	}
	return rows, err
}
