package cli

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"time"
)

var (
	sitemapLine = regexp.MustCompile(`(?im)^\s*sitemap:\s*(\S+)`)
	sitemapBody = regexp.MustCompile(`<(\w+:)?(urlset|sitemapindex)\b`)
)

// sitemap returns the URL of the sitemap that `sitemap: auto` reads, or an empty text. robots.txt
// may name it.
func (s *sketch) sitemap(ctx context.Context) (string, error) {
	base, err := url.Parse(s.at)
	if err != nil {
		return "", nil //nolint:nilerr // a host without a sitemap
	}
	for _, path := range []string{"/robots.txt", "/sitemap.xml"} {
		select {
		case <-ctx.Done():
			return "", errStopped
		case <-time.After(initDelay):
		}
		at := base.ResolveReference(&url.URL{Path: path}).String()
		page, err := s.fetch(ctx, at)
		switch {
		case ctx.Err() != nil:
			return "", errStopped
		case err != nil: // it is not there
		case path == "/robots.txt":
			if m := sitemapLine.FindSubmatch(page.Body); m != nil && !strings.Contains(page.Type, "html") {
				return string(m[1]), nil
			}
		case sitemapBody.Match(page.Body):
			return at, nil
		}
	}
	return "", nil
}
