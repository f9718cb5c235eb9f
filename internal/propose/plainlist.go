package propose

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/seinehq/seine/html"
)

const (
	// around selects what lies in a menu or beside the content.
	around = "nav *, header *, footer *, aside *"

	// plainItems selects the items of lists without a class. The pattern of the links tells the
	// lists apart.
	plainItems = "li:not(" + around + ")"

	// plainList begins the key of one such list.
	plainList = "li of list "
)

// plainLists returns the items of each list whose elements have neither a class nor an id, by a key
// that begins with plainList.
func plainLists(doc *html.Document, base *url.URL) map[string][]block {
	out := map[string][]block{}
	for i, list := range doc.All(":is(ul, ol):not(" + around + ")") {
		if i >= maxBlocks {
			break
		}
		if classOf(list) != "" || word.MatchString(list.Attr("id")) {
			continue
		}
		key := plainList + strconv.Itoa(i)
		for _, n := range list.XPath("li") {
			if b := blockOf(n, base); classOf(n) == "" && len(b.links) > 0 && len(b.links) <= 30 {
				out[key] = append(out[key], b)
			}
		}
	}
	return out
}

// blockOf returns an element with its links to the page's host.
func blockOf(n html.Node, base *url.URL) block {
	b := block{text: len(n.Text())}
	for _, a := range n.All("a[href]") {
		if u, ok := linkOf(a, base); ok {
			b.links = append(b.links, u)
		}
	}
	return b
}

// linkOf returns the URL of a link with a text or a picture, if it leads to the page's host.
func linkOf(a html.Node, base *url.URL) (*url.URL, bool) {
	u, err := url.Parse(a.Attr("href"))
	if err != nil || u.Host != base.Host || a.Text()+a.First("img").Attr("src") == "" {
		return nil, false
	}
	u.Fragment = ""
	return u, true
}

// bareLinks finds links with one pattern that are in no list: files, or most links of the page.
func bareLinks(doc *html.Document, base *url.URL) (list List) {
	const css = "a:not(" + around + ")"
	of := map[string][]string{}
	all := 0
	for i, a := range doc.All(css) {
		if i >= maxBlocks {
			break
		}
		u, ok := linkOf(a, base)
		if !ok {
			continue
		}
		all++
		if p := patternOf(u); p != "" && !slices.Contains(of[p], u.String()) {
			of[p] = append(of[p], u.String())
		}
	}
	best := ""
	for p, links := range of {
		enough := len(links) >= least && fileRank(p) > 0 || len(links) >= 5 && len(links)*10 >= all*6 && p != "/*"
		if enough && (len(links) > len(of[best]) || len(links) == len(of[best]) && p < best) {
			best = p
		}
	}
	if best == "" {
		return list
	}
	links := of[best]
	return List{
		Source: rule(pair{"css", text(css)}), Each: pair{"css", text(css)}.line(), Items: len(links), Match: best, First: links[0], Links: links,
		Follow: rule(pair{"css", text(css)}, pair{"match", text(best)}, pair{"to", "item"}),
	}
}
