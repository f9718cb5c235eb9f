package jobfile

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/weburl"
)

// seeds checks that the seeds do not contradict each other.
func (a *assembly) seeds() seine.Seeds {
	s := a.doc.Seeds
	out := seine.Seeds{URL: s.URL, URLs: s.URLs, File: s.File}
	given := func(key string) bool { return a.has("seeds." + key) }
	if a.has("seeds") && !given("ids") && !given("url") && !given("urls") && !given("file") {
		a.check("seeds", true, "seeds gives nothing to start from: ids and url, urls, file, or url alone when ids are added later")
	}
	if s.IDs != nil {
		if !given("url") { // also where something in ids is wrong: that is another mistake
			a.say(a.at("seeds.ids"), "seeds.ids", "seeds.ids needs seeds.url, the URL of an id: https://a.example/{id}")
		}
		out.IDs = a.ids(*s.IDs)
		a.check("seeds.urls", given("urls"), "seeds.urls and seeds.ids contradict each other: list the pages, or give an ID space")
	}
	a.check("seeds.file", given("file") && s.File == "", "seeds.file is empty")
	a.check("seeds.urls", given("urls") && len(s.URLs) == 0, "seeds.urls is empty")
	if given("url") {
		a.template(s.URL)
	}
	for i, url := range s.URLs {
		_, err := weburl.Canonical(url)
		at := index("seeds.urls", i)
		a.check(at, err != nil, "%s: %q: %v", at, a.show(url), err)
	}
	return out
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func (a *assembly) ids(ids idSpace) *seine.IDSpace {
	known := !a.wrongAt("seeds.ids.from", "seeds.ids.to")
	a.check("seeds.ids.from", known && ids.From > ids.To, "seeds.ids: from %d is greater than to %d", ids.From, ids.To)
	a.check("seeds.ids.to", known && ids.To == math.MaxInt64, "seeds.ids.to: %d is too large: at most %d", ids.To, int64(math.MaxInt64-1))
	for i, id := range ids.Start {
		at := index("seeds.ids.start", i)
		a.check(at, known && ids.From <= ids.To && (id < ids.From || id > ids.To), "%s: %d is outside the ID space of %d to %d", at, id, ids.From, ids.To)
	}
	return []seine.IDSpace{{From: ids.From, To: ids.To, Width: ids.Width, Start: ids.Start}}
}

// wrongAt says that one of the paths itself has a mistake: its value is not what
// the file says.
func (a *assembly) wrongAt(paths ...string) bool {
	return slices.ContainsFunc(a.mistakes, func(m Mistake) bool { return slices.Contains(paths, m.Path) })
}

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
