package discovery

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/scope"
	"github.com/seinehq/seine/internal/sitemap"
	"github.com/seinehq/seine/internal/weburl"
)

// The meta of a page that a sitemap lists.
const (
	// metaLastMod is the time of the last change, RFC 3339 in UTC.
	metaLastMod = "lastmod"

	// metaChangeFreq is one of always, hourly, daily, weekly, monthly, yearly and never.
	metaChangeFreq = "changefreq"
)

// maxNesting limits the sitemaps from one that the job names to a page. The protocol has one index,
// and robots.txt comes before it.
const maxNesting = 5

// The paths at which a host offers its sitemaps.
const (
	robotsPath  = "/robots.txt"
	defaultPath = "/sitemap.xml"
)

// Sitemaps are read before pages, so that the priorities of all pages count.
var sitemapPriority = 0

// addSitemaps admits the sitemaps of a job's seeds.
func addSitemaps(ctx context.Context, in *Adder) error {
	for _, url := range in.job.Seeds.Sitemaps {
		if err := in.Add(ctx, sitemapSeed(url, Meta{})); err != nil {
			return err
		}
	}
	if !in.job.Seeds.Auto {
		return nil
	}
	for _, origin := range origins(&in.job.Seeds) {
		if err := in.Add(ctx, sitemapSeed(origin+robotsPath, Meta{Auto: true})); err != nil {
			return err
		}
	}
	return nil
}

func sitemapSeed(url string, own Meta) frontier.Seed {
	return frontier.Seed{
		Key: url, Foreign: own.Auto, Page: frontier.SitemapPage, Priority: &sitemapPriority, Meta: JoinMeta(own, nil),
	}
}

// origins returns the origins of the seeds, sorted.
func origins(s *seine.Seeds) []string {
	all := slices.Clone(s.URLs)
	for _, p := range s.Pages {
		all = append(all, p.URL)
	}
	if s.URL != "" {
		if at, err := weburl.Expand(s.URL, "1"); err == nil {
			all = append(all, at)
		}
	}
	found := map[string]bool{}
	for _, url := range all {
		if root, err := weburl.Resolve(url, "/"); err == nil {
			found[root[:len(root)-1]] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// ReadsRobots reports whether the sitemap task of a URL reads the Sitemap lines of a robots.txt.
func ReadsRobots(url string) bool {
	robots, err := weburl.Resolve(url, robotsPath)
	return err == nil && robots == url
}

// Listing admits the entries of a sitemap, in batches. Admitting an entry again changes nothing, so
// a sitemap can be read again after a crash.
type Listing struct {
	in     *Adder
	base   string // the URL of the sitemap, after redirects
	depth  int    // sitemaps before this one
	robots bool
	batch  []seine.Follow
	mods   []time.Time // of the batch
	left   map[string]int64
	kept   *kept

	// Disallowed is [Finished.Disallowed].
	Disallowed func(url string) bool
}

// NewListing returns the listing of a task with the meta own and the URL url. Its content came from
// base. log receives outages of the frontier.
func NewListing(q Queue, job *seine.Job, id frontier.JobID, log *slog.Logger, own Meta, url, base string) *Listing {
	in := NewAdder(q, job, id)
	in.Log = log
	return &Listing{in: in, base: base, depth: own.Depth, robots: ReadsRobots(url), left: map[string]int64{}}
}

// Add admits an entry, now or with the next Flush. flushed reports that a batch was stored. Add
// fails only if the frontier does.
func (l *Listing) Add(ctx context.Context, e sitemap.Entry) (flushed bool, err error) {
	if e.Kind == sitemap.Sitemap {
		return false, l.addSitemap(ctx, e.Loc)
	}
	meta := map[string]any{}
	if !e.LastMod.IsZero() {
		meta[metaLastMod] = e.LastMod.Format(time.RFC3339)
	}
	if e.ChangeFreq != "" {
		meta[metaChangeFreq] = e.ChangeFreq
	}
	l.batch, l.mods = append(l.batch, seine.Follow{URL: e.Loc, Meta: meta}), append(l.mods, e.LastMod)
	if len(l.batch) < addBatch {
		return false, nil
	}
	return true, l.addPages(ctx)
}

// addPages admits the pages of the batch as seeds: their depth is 0.
func (l *Listing) addPages(ctx context.Context) error {
	list := Finished{Claimed: frontier.Claimed{Priority: 1}, Meta: Meta{Depth: -1}, Follow: l.batch, Disallowed: l.Disallowed}
	for i, link := range Links(l.in.job, list) {
		if link.Why != "" {
			l.left[scope.Kind(link.Why)]++
			continue
		}
		if err := l.in.add(ctx, link.New); err != nil {
			return err
		}
		if err := l.keep(ctx, link.New, l.mods[i]); err != nil {
			return err
		}
	}
	l.batch, l.mods = l.batch[:0], l.mods[:0]
	return nil
}

// addSitemap admits a further sitemap. A robots.txt and a host's own index may name any sitemap
// (sitemaps.org, "Sitemaps & Cross Submits"). Another host's sitemap must be in the job's scope.
func (l *Listing) addSitemap(ctx context.Context, url string) error {
	at, err := weburl.Canonical(url)
	if err != nil {
		l.left["no task key"]++
		return nil //nolint:nilerr // counted
	}
	if l.depth >= maxNesting {
		l.left["sitemaps nest too deeply"]++
		return nil
	}
	if leave := l.in.job.Scope.Leave; leave != nil && !l.robots && nameOf(at) != nameOf(l.base) {
		if why := leave(at, 0); why != "" {
			l.left[scope.Kind(why)]++
			return nil
		}
	}
	own := Meta{Depth: l.depth + 1, Auto: true, Foreign: !fetch.MayCarry(at, fetch.Sites(l.in.job))}
	task, err := frontier.Admit(l.in.job, sitemapSeed(at, own))
	if err != nil {
		l.left["no task key"]++
		return nil //nolint:nilerr // counted
	}
	if err := l.in.add(ctx, task); err != nil {
		return err
	}
	return l.keep(ctx, task, time.Time{})
}

// nameOf returns the host of a URL without its port.
func nameOf(url string) string {
	host := weburl.Host(url)
	return host[:max(0, strings.LastIndexByte(host, ':'))]
}

// AddRobots admits the sitemaps that a robots.txt names, or else the one at /sitemap.xml.
func (l *Listing) AddRobots(ctx context.Context, named []string) error {
	if len(named) == 0 {
		named = []string{defaultPath}
	}
	for _, ref := range named {
		url, err := weburl.Resolve(l.base, ref)
		if err != nil {
			l.left["no task key"]++
			continue
		}
		if err := l.addSitemap(ctx, url); err != nil {
			return err
		}
	}
	return nil
}

// Flush admits the rest and returns the entries that are not tasks. invalid is the number of
// entries without a URL.
func (l *Listing) Flush(ctx context.Context, invalid int) ([]frontier.LeftOut, error) {
	if err := l.addPages(ctx); err != nil {
		return nil, err
	}
	if err := l.in.Flush(ctx); err != nil {
		return nil, err
	}
	if err := l.flushKept(ctx); err != nil {
		return nil, err
	}
	if invalid > 0 {
		l.left["no task key"] += int64(invalid)
	}
	var out []frontier.LeftOut
	for _, why := range slices.Sorted(maps.Keys(l.left)) {
		out = append(out, frontier.LeftOut{Reason: why, N: l.left[why]})
	}
	return out, nil
}

// Added returns the number of new tasks, and of tasks that the job had seen.
func (l *Listing) Added() (added, known int64) { return l.in.Added, l.in.Known }
