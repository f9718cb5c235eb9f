package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/seinehq/seine/examples"
	"github.com/seinehq/seine/internal/archivesite"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/imagefarm"
	"github.com/seinehq/seine/internal/sitekit"
	"github.com/seinehq/seine/internal/socialsite"
	"github.com/seinehq/seine/internal/textsite"
	"github.com/seinehq/seine/internal/weburl"
)

// The values of --site for the sites of one address.
const (
	siteArchive = "archive"
	siteSocial  = "social"
	siteTexts   = "site"
	siteImages  = "images"
)

// serveArchive serves the archive of papers.
func (a *demoCommand) serveArchive(ctx context.Context, d demoFlags) (bundledSite, error) {
	return a.serveOne(ctx, d, "archive of papers", examples.ArchivePages, examples.Archive, archivesite.New(d.seed))
}

// serveSocial serves the social network. The job of the demo has the token.
func (a *demoCommand) serveSocial(ctx context.Context, d demoFlags) (bundledSite, error) {
	job := strings.ReplaceAll(examples.Social, "${SOCIAL_TOKEN}", socialsite.Token)
	return a.serveOne(ctx, d, "social network with the token "+socialsite.Token, examples.SocialPages, job, socialsite.New(d.seed))
}

// serveTexts serves the site of texts.
func (a *demoCommand) serveTexts(ctx context.Context, d demoFlags) (bundledSite, error) {
	return a.serveOne(ctx, d, "site of texts", examples.SitePages, examples.Site, textsite.New(d.seed))
}

// serveImages serves a list of images on hosts of their own.
func (a *demoCommand) serveImages(ctx context.Context, d demoFlags) (bundledSite, error) {
	const hosts, perHost = 12, 20
	farm, err := imagefarm.Serve(ctx, imagefarm.Config{Seed: d.seed, Hosts: hosts, PerHost: perHost})
	if err != nil {
		return bundledSite{}, err
	}
	list, err := farm.List()
	if err != nil {
		return bundledSite{}, errors.Join(err, farm.Close())
	}
	at := "http://" + weburl.Host(farm.Rows()[0].URL)
	out := bundledSite{about: fmt.Sprintf("list of %d images on %d hosts", len(farm.Rows()), hosts), job: examples.Images, list: list, show: a.showKinds, close: farm.Close}
	out.pagesURL, out.imagesURL = at, at
	return out, nil
}

// serveOne serves a site of one address.
func (a *demoCommand) serveOne(ctx context.Context, d demoFlags, about, at, job string, site http.Handler) (bundledSite, error) {
	out := bundledSite{about: about, job: job, pages: at, images: at, show: a.showKinds}
	pages, _ := d.at(at, at)
	var servers sitekit.Servers
	if err := servers.Listen(ctx, pages, site, func(url string) { out.pagesURL, out.imagesURL = url, url }); err != nil {
		return bundledSite{}, demoAddress(err)
	}
	out.close = servers.Close
	return out, nil
}

// showKinds counts the records of each kind.
func (a *demoCommand) showKinds(ctx context.Context, inner *app, job, _, _ string) error {
	f, _, info, err := inner.jobAt(ctx, job, needs{})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	kinds := map[string]int64{}
	if err := f.Records(ctx, info.ID, func(r frontier.Stored) error {
		kinds[r.Kind]++
		return nil
	}); err != nil || a.json() || a.quiet {
		return err
	}
	a.print("")
	t := a.table()
	_, _ = fmt.Fprintln(t, "record\tstored")
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		_, _ = fmt.Fprintf(t, "%s\t%d\n", kind, kinds[kind])
	}
	_ = t.Flush()
	a.print("")
	a.print("Records: seine export %s --frontier %s -o -", job, inner.frontier)
	return nil
}
