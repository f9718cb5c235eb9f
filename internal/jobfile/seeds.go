package jobfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/scope"
	"github.com/seinehq/seine/internal/weburl"
)

// seeds checks that the seeds do not contradict each other.
func (a *assembly) seeds() seine.Seeds {
	s := a.doc.Seeds
	out := seine.Seeds{URL: s.URL, File: s.File}
	for _, c := range s.Columns {
		if out.Columns == nil {
			out.Columns = map[string]string{}
		}
		out.Columns[c.name] = c.value
	}
	given := func(key string) bool { return a.has("seeds." + key) }
	if a.has("seeds") && !given("ids") && !given("url") && !given("urls") && !given("file") && !given("sitemap") {
		a.check("seeds", true, "seeds gives no start: give ids and url, urls, sitemap, file, or url alone if ids are added later")
	}
	if s.IDs != nil {
		if !given("url") { // also where something in ids is wrong: that is another mistake
			a.say(a.at("seeds.ids"), "seeds.ids", "seeds.ids needs seeds.url, the URL of an ID: https://a.example/{id}")
		}
		out.IDs = a.spaces(*s.IDs)
		a.check("seeds.urls", given("urls"), "seeds.urls and seeds.ids contradict each other: list the pages, or give an ID space")
	}
	a.check("seeds.file", given("file") && s.File == "", "seeds.file is empty")
	a.check("seeds.columns", given("columns") && !given("file"), "seeds.columns names the columns of seeds.file: add file: ./list.csv")
	a.check("seeds.urls", given("urls") && len(s.URLs) == 0, "seeds.urls is empty")
	if given("url") {
		a.template(s.URL)
	}
	for i, seed := range s.URLs {
		a.seed(index("seeds.urls", i), seed, &out)
	}
	if m := s.Sitemap; m != nil {
		out.Sitemaps, out.Auto = m.urls, m.auto
		for i, url := range m.urls {
			at := index("seeds.sitemap", i)
			_, err := weburl.Canonical(url)
			a.check(at, err != nil, "%s: %q: %v", at, a.show(url), err)
		}
		a.check("seeds.sitemap", m.auto && s.URL == "" && len(s.URLs) == 0, "seeds.sitemap: auto needs the host: give seeds.urls, for example [https://shop.example/]")
	}
	return out
}

// seed adds the pages of one entry of seeds.urls.
func (a *assembly) seed(at string, seed seedURL, out *seine.Seeds) {
	urls, err := scope.Expand(seed.url)
	a.check(at, err != nil, "%s: %q: %v", at, a.show(seed.url), err)
	for _, url := range urls {
		if _, err := weburl.Canonical(url); err != nil {
			if weburl.IsBareID(url) {
				a.check(at, true, "%s: %q is an ID: give seeds.url, for example https://shop.example/p/{id}", at, a.show(url))
			} else {
				a.check(at, true, "%s: %q: %v", at, a.show(url), err)
			}
			return
		}
		if seed.page == "" {
			out.URLs = append(out.URLs, url)
		} else {
			out.Pages = append(out.Pages, seine.SeedPage{URL: url, Page: seed.page})
		}
	}
	if seed.page == "" {
		return
	}
	var names []string
	for _, e := range a.doc.Pages {
		names = append(names, e.name)
	}
	a.check(at+".page", !slices.Contains(names, seed.page), "%s.page: there is no page kind %q%s", at, a.show(seed.page),
		didYouMean(extract.Nearest(seed.page, names)))
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

var templateName = regexp.MustCompile(`\{([^{}]*)\}`)

// template checks the URL of an id.
func (a *assembly) template(url string) {
	const path = "seeds.url"
	for _, m := range templateName.FindAllStringSubmatch(url, -1) {
		a.check(path, m[1] != "id", "%s: unknown name {%s}: the template takes {id}%s", path, a.show(m[1]),
			didYouMean(extract.Nearest(m[1], []string{"id"})))
	}
	if !strings.Contains(url, "{id}") {
		a.check(path, true, "%s %q has no {id}: a single page goes into seeds.urls", path, a.show(url))
		return
	}
	_, err := weburl.Expand(url, "1")
	a.check(path, err != nil, "%s %q: %v", path, a.show(url), err)
}
