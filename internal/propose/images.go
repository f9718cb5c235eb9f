package propose

import (
	"regexp"
	"strings"

	"github.com/seinehq/seine/html"
)

// Image is an image of a page.
type Image struct{ URL, Caption string }

// maxImages bounds the images of a page.
const maxImages = 10_000

var pictureName = regexp.MustCompile(`(?i)\.(jpe?g|png|gif|webp|avif)$`)

// Images returns the images that a page shows or links to, each once, with the text that describes
// it. A link to an image goes before the smaller image inside the link.
func Images(doc *html.Document) (out []Image) {
	seen := map[string]bool{}
	add := func(at, caption string) {
		if !strings.HasPrefix(at, "http") || seen[at] || len(out) >= maxImages {
			return
		}
		seen[at] = true
		out = append(out, Image{at, strings.Join(strings.Fields(caption), " ")})
	}
	for _, a := range doc.All("a[href]") {
		at := a.Attr("href")
		path, _, _ := strings.Cut(at, "?")
		if !pictureName.MatchString(path) {
			continue
		}
		inner := a.First("img")
		if inner.Found() {
			seen[inner.Attr("src")] = true
		}
		caption := inner.Attr("alt")
		if caption == "" {
			caption = a.Text()
		}
		add(at, caption)
	}
	for _, i := range doc.All("img") {
		at := i.Attr("src")
		for _, lazy := range []string{"data-src", "data-original", "data-lazy-src"} {
			if i.Attr(lazy) == "" {
				continue
			}
			if resolved, err := doc.Resolve(i.Attr(lazy)); err == nil {
				at = resolved
			}
		}
		if at == "" {
			at = i.Attr("srcset")
		}
		add(at, i.Attr("alt"))
	}
	return out
}
