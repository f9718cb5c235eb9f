package propose

import (
	"cmp"
	"net/url"
	pathpkg "path"
	"regexp"
	"slices"
	"strings"

	"github.com/seinehq/seine/html"
)

// List is a page with several things.
type List struct {
	// Source is the rule that selects the things, and Each the same as a line of each.
	Source, Each string

	// Items is the number of things on the page.
	Items int

	// Follow is the rule of the links to the things, and Match the pattern of their URLs. First is
	// the URL of the first one. They are empty if the things have no pages.
	Follow, Match, First string

	// Links are the URLs of all the things that have a page.
	Links []string

	// Key is the template of the record's key and Fields are the values of a thing, if it has no
	// page of its own. Where is the condition of a record, if some things are none.
	Key    string
	Where  string
	Fields []Field

	// Common are fields of the page that Next computes with.
	Common []Field

	// Left lists values that are there and not proposed, and Notes says how to improve a field.
	Left, Notes []string

	// Next is the rule of the link to the next page, if there is one, and NextURL that page, if it
	// is known.
	Next, NextURL string
}

const (
	// least is the number of similar blocks that make a list.
	least = 3

	// maxBlocks bounds the blocks that are compared.
	maxBlocks = 3000
)

// block is an element with links that may be one of a list.
type block struct {
	text  int
	links []*url.URL
}

var word = regexp.MustCompile(`^-?[A-Za-z_][A-Za-z0-9_-]*$`)

// Links finds the list of a page whose things have pages of their own. ok is false without one.
func Links(doc *html.Document) (list List, ok bool) {
	base, err := url.Parse(doc.Page.URL)
	if err != nil {
		return list, false
	}
	groups, order := map[string][]block{}, []string(nil)
	for i, n := range doc.All("li, article, tr, section, div, dd, td, p, h2, h3") {
		if i >= maxBlocks {
			break
		}
		selector := selectorOf(n)
		if selector == "" || strings.HasPrefix(selector, "main ") && len(n.XPath("ancestor::main")) == 0 {
			continue
		}
		b := blockOf(n, base)
		if len(b.links) == 0 || len(b.links) > 30 || len(n.XPath("ancestor-or-self::nav | ancestor::header | ancestor::footer")) > 0 {
			continue
		}
		if groups[selector] == nil {
			order = append(order, selector)
		}
		groups[selector] = append(groups[selector], b)
	}
	for key, blocks := range plainLists(doc, base) {
		order = append(order, key)
		groups[key] = blocks
	}
	best := 0
	slices.SortStableFunc(order, func(a, b string) int {
		return first01(strings.HasPrefix(a, plainList), strings.HasPrefix(b, plainList))
	})
	for _, selector := range order {
		blocks := groups[selector]
		if strings.HasPrefix(selector, plainList) {
			selector = plainItems
		}
		if len(blocks) < least {
			continue
		}
		pattern, links := shared(blocks)
		if len(links) < least || len(links)*10 < len(blocks)*8 {
			continue
		}
		words := 0
		for _, b := range blocks {
			words += min(b.text, 400)
		}
		if score := min(len(links), 60) * (20 + words/len(blocks)); score > best {
			best = score
			source := pair{"css", text(selector + " a")}
			list = List{Source: rule(pair{"css", text(selector)}), Each: pair{"css", text(selector)}.line(), Items: len(blocks), Match: pattern, First: links[0], Links: links}
			list.Follow = rule(source, pair{"match", text(pattern)}, pair{"to", "item"})
		}
	}
	if best == 0 {
		if list = bareLinks(doc, base); list.Items == 0 {
			return list, false
		}
	}
	list.Next, list.NextURL = Next(doc)
	return list, true
}

// selectorOf returns a selector for an element and its like: by its class, else by its parent's.
func selectorOf(n html.Node) string {
	name := nameOf(n)
	if class := classOf(n); class != "" {
		return name + "." + class
	}
	for _, parent := range n.XPath("..") {
		if class := classOf(parent); class != "" {
			return nameOf(parent) + "." + class + " > " + name
		}
		if id := parent.Attr("id"); word.MatchString(id) {
			return "#" + id + " > " + name
		}
		if above := nameOf(parent); name == "li" || name == "tr" || name == "article" {
			return "main " + above + " > " + name
		}
	}
	return ""
}

func nameOf(n html.Node) string {
	for _, x := range n.XPath("local-name()") {
		return strings.ToLower(x.Text())
	}
	return ""
}

func classOf(n html.Node) string {
	for _, class := range strings.Fields(n.Attr("class")) {
		if word.MatchString(class) {
			return class
		}
	}
	return ""
}

// shared returns the pattern that the links of most blocks have, and a link of each such block.
func shared(blocks []block) (pattern string, links []string) {
	of := map[string]map[string]bool{}
	from := map[string][]string{}
	for _, b := range blocks {
		for _, u := range b.links {
			p := patternOf(u)
			if p == "" || of[p][u.String()] {
				continue
			}
			if of[p] == nil {
				of[p] = map[string]bool{}
			}
			of[p][u.String()] = true
			from[p] = append(from[p], u.String())
		}
	}
	patterns := make([]string, 0, len(from))
	for p := range from {
		patterns = append(patterns, p)
	}
	if len(patterns) == 0 {
		return "", nil
	}
	pattern = slices.MaxFunc(patterns, func(a, b string) int {
		// Pages before files, the pattern with about a link for each block, then the more special.
		return cmp.Or(-cmp.Compare(fileRank(a), fileRank(b)), cmp.Compare(min(len(from[a]), len(blocks)), min(len(from[b]), len(blocks))), cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
	return pattern, from[pattern]
}

// patternOf returns the pattern of a URL and its siblings.
func patternOf(u *url.URL) string {
	path := strings.Trim(u.Path, "/")
	if path == "" {
		return ""
	}
	segments := strings.Split(path, "/")
	slash := ""
	if strings.HasSuffix(u.Path, "/") {
		slash = "/"
	}
	if len(segments) > 2 && segments[len(segments)-1] == "index.html" {
		return "/" + strings.Join(segments[:len(segments)-2], "/") + "/*/index.html"
	}
	last := "*" + pathpkg.Ext(path)
	if !extension.MatchString(last) {
		last = "*"
	}
	segments[len(segments)-1] = last
	for _, s := range segments[:len(segments)-1] {
		if strings.ContainsAny(s, "*?[]{}") {
			return ""
		}
	}
	return "/" + strings.Join(segments, "/") + slash
}

// extension is the pattern of names that end in an extension. A number is none.
var extension = regexp.MustCompile(`^\*\.[A-Za-z][A-Za-z0-9]{1,4}$`)

// filePattern is the pattern of files that are no pages.
var filePattern = regexp.MustCompile(`(?i)\*\.(pdf|jpe?g|png|gif|webp|svg|zip|gz|docx?|xlsx?|pptx?|csv|mp[34]|epub)$`)

func fileRank(pattern string) int {
	if filePattern.MatchString(pattern) {
		return 1
	}
	return 0
}

// Next proposes the rule of the link to the next page, and returns the URL of that page.
func Next(doc *html.Document) (link, at string) {
	for _, css := range []string{`a[rel~="next"]`, `link[rel~="next"]`, "li.next a", "a.next", ".pagination a", ".pager a", `a[aria-label*="next" i]`} {
		if at = doc.First(css).Attr("href"); at != "" {
			return rule(pair{"css", text(css)}, pair{"to", "list"}), at
		}
	}
	return "", ""
}
