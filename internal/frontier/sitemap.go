package frontier

import (
	"strings"

	"github.com/seinehq/seine"
)

// SitemapPage is the page kind of the tasks that read a sitemap, a feed or the Sitemap lines of a
// robots.txt. A job's own page kinds begin with a letter.
const SitemapPage = "_sitemap"

// SitemapMark ends the key of a task that reads a sitemap, so the page of the same URL is a task of
// its own. A canonical URL has no fragment.
const SitemapMark = "#" + SitemapPage

// IsSitemap reports whether the task of a key reads a sitemap.
func IsSitemap(key string) bool { return strings.HasSuffix(key, SitemapMark) && IsURL(key) }

// kindOf returns the page kind of a seed, nil if the job has none. A sitemap has no page kind of
// the job.
func kindOf(job *seine.Job, seed Seed, page string) *seine.PageKind {
	if seed.Page == SitemapPage {
		return nil
	}
	return job.PageKind(seed.Page, page)
}
