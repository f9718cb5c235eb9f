package propose

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strconv"
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

	// Key is the template of the record's key and Fields are the values of a thing, if it has no
	// page of its own.
	Key    string
	Fields []Field

	// Next is the rule of the link to the next page, if there is one.
	Next string
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
		b := block{text: len(n.Text())}
		for _, a := range n.All("a[href]") {
			if u, err := url.Parse(a.Attr("href")); err == nil && u.Host == base.Host && a.Text()+a.First("img").Attr("src") != "" {
				u.Fragment = ""
				b.links = append(b.links, u)
			}
		}
		if len(b.links) == 0 || len(b.links) > 30 || len(n.XPath("ancestor-or-self::nav | ancestor::header | ancestor::footer")) > 0 {
			continue
		}
		if groups[selector] == nil {
			order = append(order, selector)
		}
		groups[selector] = append(groups[selector], b)
	}
	best := 0
	for _, selector := range order {
		blocks := groups[selector]
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
			list = List{Source: rule(pair{"css", text(selector)}), Each: pair{"css", text(selector)}.line(), Items: len(blocks), Match: pattern, First: links[0]}
			list.Follow = rule(source, pair{"match", text(pattern)}, pair{"to", "item"})
		}
	}
	list.Next = Next(doc)
	return list, best > 0
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
		// The pattern with about a link for each block, then the more special one.
		return cmp.Or(cmp.Compare(min(len(from[a]), len(blocks)), min(len(from[b]), len(blocks))), cmp.Compare(len(a), len(b)), strings.Compare(a, b))
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
	segments[len(segments)-1] = "*"
	for _, s := range segments[:len(segments)-1] {
		if strings.ContainsAny(s, "*?[]{}") {
			return ""
		}
	}
	return "/" + strings.Join(segments, "/") + slash
}

// Next proposes the rule of the link to the next page.
func Next(doc *html.Document) string {
	for _, css := range []string{`a[rel~="next"]`, `link[rel~="next"]`, "li.next a", "a.next", ".pagination a", ".pager a", `a[aria-label*="next" i]`} {
		if doc.First(css).Attr("href") != "" {
			return rule(pair{"css", text(css)}, pair{"to", "list"})
		}
	}
	return ""
}

// Table finds the largest table whose rows are records. ok is false without one.
func Table(doc *html.Document) (list List, ok bool) {
	for _, t := range doc.All("table") {
		head, rows := t.All("tr:first-child > th"), t.All("tr:has(> td)")
		if len(head) < 2 || len(rows) < least || len(rows) <= list.Items {
			continue
		}
		at := "table tr:has(> td)"
		if class := classOf(t); class != "" {
			at = "table." + class + " tr:has(> td)"
		} else if id := t.Attr("id"); word.MatchString(id) {
			at = "table#" + id + " tr:has(> td)"
		}
		var f fields
		key := ""
		for i, h := range head {
			before := len(f.list)
			cell := []pair{{"css", text("td:nth-child(" + strconv.Itoa(i+1) + ")")}}
			if typ := columnType(rows, i); typ != "" {
				cell = append(cell, pair{"type", typ})
			}
			f.add(h.Text(), rule(cell...))
			if len(f.list) > before && key == "" && distinct(rows, i) {
				key = "{" + f.list[before].Name + "}"
			}
		}
		if key != "" {
			list = List{Source: rule(pair{"css", text(at)}), Each: pair{"css", text(at)}.line(), Items: len(rows), Key: key, Fields: f.list, Next: Next(doc)}
			ok = true
		}
	}
	return list, ok
}

// columnType returns the type that all cells of a column have. Numbers that begin with a zero are
// codes, and numbers with marks between thousands are written alike in all their groups.
func columnType(rows []html.Node, column int) string {
	typ := ""
	for _, r := range rows {
		cells := r.All("td")
		if column >= len(cells) {
			return ""
		}
		switch text := strings.TrimSpace(cells[column].Text()); {
		case text == "":
		case thousands.MatchString(text): // in some languages
			return ""
		case typ != "decimal" && (integer.MatchString(text) || grouped.MatchString(text)):
			typ = "int"
		case decimal.MatchString(text) || typ == "decimal" && integer.MatchString(text):
			typ = "decimal"
		default:
			return ""
		}
	}
	return typ
}

var thousands = regexp.MustCompile(`^-?[1-9]\d{0,2}\.\d{3}$`)

var grouped = regexp.MustCompile(`^-?[1-9]\d{0,2}(,\d{3})+$`)

// distinct reports whether a column has another text in each row.
func distinct(rows []html.Node, column int) bool {
	seen := map[string]bool{}
	for _, r := range rows {
		cells := r.All("td")
		if column >= len(cells) {
			return false
		}
		value := cells[column].Text()
		if value == "" || seen[value] {
			return false
		}
		seen[value] = true
	}
	return true
}
