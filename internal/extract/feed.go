package extract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/dates"
	"github.com/seinehq/seine/internal/markup"
	"github.com/seinehq/seine/internal/weburl"
)

// feed returns a feed of RSS 0.9 to 2.0, RSS 1.0 (RDF), Atom or JSON Feed in one form. Dates are
// texts of ISO 8601, or as they stand if they are no dates.
func (r *reading) feed() ([]gjson.Result, error) {
	if r.kind() == kindJSON {
		return r.jsonFeed()
	}
	doc, err := r.document()
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, r.noDoc
	}
	root := firstElement(doc)
	if root == nil || !slices.Contains([]string{"rss", "feed", "RDF"}, local(root)) {
		return nil, nothing{"the page is no feed: its root is neither rss, feed nor rdf:RDF"}
	}
	reader, err := dates.New("", "")
	if err != nil {
		return nil, err
	}
	f := &feedReader{r: r, dates: reader}
	channel := root
	if local(root) != "feed" {
		if channel = child(root, "channel"); channel == nil {
			return nil, nothing{"the feed has no channel"}
		}
	}
	entries := []any{}
	parents := []*html.Node{channel}
	if root != channel {
		parents = append(parents, root) // RSS 1.0 has its items outside the channel
	}
	for _, parent := range parents {
		for n := range children(parent) {
			if name := local(n); name != "item" && name != "entry" {
				continue
			}
			if len(entries) == maxItems {
				return nil, fmt.Errorf("the feed has more than %d entries", maxItems)
			}
			if err := r.watch.tick(); err != nil {
				return nil, err
			}
			entries = append(entries, f.entry(n))
		}
	}
	out := dropEmpty(map[string]any{
		"title": f.text(channel, "title"), "link": f.link(channel), "description": f.text(channel, "description", "subtitle", "tagline"),
		"language": f.text(channel, "language"), "updated": f.date(channel, "updated", "lastBuildDate", "pubDate", "date", "modified"),
	})
	out["entries"] = entries
	one, err := thing(out)
	return []gjson.Result{one}, err
}

type feedReader struct {
	r     *reading
	dates *dates.Reader
}

// entry returns one entry.
func (f *feedReader) entry(n *html.Node) map[string]any {
	out := dropEmpty(map[string]any{
		"id": f.text(n, "id", "guid"), "title": f.text(n, "title"), "link": f.link(n),
		"published": f.date(n, "published", "pubDate", "issued", "date"), "updated": f.date(n, "updated", "modified"),
		"summary": f.text(n, "summary", "description"), "content": f.text(n, "content", "encoded"),
	})
	if out["id"] == nil && out["link"] != nil {
		out["id"] = out["link"]
	}
	var authors, categories, enclosures []any
	for c := range children(n) {
		switch local(c) {
		case "author", "creator":
			name := f.text(c, "name")
			if name == "" {
				name = f.inner(c)
			}
			if name != "" {
				authors = append(authors, name)
			}
		case "category", "subject":
			term, _ := attribute(c, "term")
			if term == "" {
				term = f.inner(c)
			}
			if term != "" {
				categories = append(categories, term)
			}
		case "enclosure", "link":
			if e := f.enclosure(c); e != nil {
				enclosures = append(enclosures, e)
			}
		}
	}
	for name, list := range map[string][]any{"authors": authors, "categories": categories, "enclosures": enclosures} {
		if len(list) > 0 {
			out[name] = list
		}
	}
	return out
}

// enclosure returns a file of an entry.
func (f *feedReader) enclosure(n *html.Node) map[string]any {
	at := "url"
	if local(n) == "link" {
		if rel, _ := attribute(n, "rel"); rel != "enclosure" {
			return nil
		}
		at = "href"
	}
	url, _ := attribute(n, at)
	if url = f.reference(n, url); url == "" {
		return nil
	}
	typ, _ := attribute(n, "type")
	length, _ := attribute(n, "length")
	return dropEmpty(map[string]any{"url": url, "type": typ, "length": length})
}

// reference returns the absolute URL that an element of a feed holds. Its xml:base and those around
// it are its base (RFC 4287, section 2).
func (f *feedReader) reference(n *html.Node, value string) string {
	var bases []string
	for ; n != nil; n = n.Parent {
		if base, ok := attribute(n, "xml:base"); ok {
			bases = append(bases, base)
		}
	}
	if len(bases) == 0 || strings.TrimSpace(value) == "" {
		return f.r.reference("href", value)
	}
	base := f.r.reference("href", bases[len(bases)-1])
	for _, next := range slices.Backward(bases[:len(bases)-1]) {
		if url, err := weburl.Resolve(base, next); err == nil {
			base = url
		}
	}
	if url, err := weburl.Resolve(base, value); err == nil {
		return url
	}
	return f.r.reference("href", value)
}

// text returns the text of the first child with one of the names, in the order of the names.
func (f *feedReader) text(n *html.Node, names ...string) string {
	for _, name := range names {
		for c := range children(n) {
			if local(c) == name && !strings.HasPrefix(c.Data, "media:") && !strings.HasPrefix(c.Data, "itunes:") {
				if s := f.inner(c); s != "" {
					return s
				}
			}
		}
	}
	return ""
}

// inner returns the text inside an element. Markup of HTML stays, whether it is escaped or not.
func (f *feedReader) inner(n *html.Node) string {
	var b strings.Builder
	if t, _ := attribute(n, "type"); t == "xhtml" {
		for c := n.FirstChild; c != nil && b.Len() <= maxField; c = c.NextSibling {
			_ = html.Render(&b, c)
		}
		return strings.TrimSpace(b.String())
	}
	for c := markup.Next(n, n); c != nil && b.Len() <= maxField; c = markup.Next(c, n) {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// link returns the page of a feed or an entry.
func (f *feedReader) link(n *html.Node) string {
	for c := range children(n) {
		if local(c) != "link" || strings.HasPrefix(c.Data, "atom:") && local(n) != "feed" && local(n) != "entry" {
			continue
		}
		href, ok := attribute(c, "href")
		if rel, has := attribute(c, "rel"); ok && has && rel != "alternate" {
			continue
		}
		if !ok {
			href = f.inner(c)
		}
		if href = f.reference(c, href); href != "" {
			return href
		}
	}
	for c := range children(n) {
		if permanent, has := attribute(c, "isPermaLink"); local(c) == "guid" && (!has || permanent == "true") && strings.HasPrefix(f.inner(c), "http") {
			return f.inner(c)
		}
	}
	return ""
}

func (f *feedReader) date(n *html.Node, names ...string) string {
	s := f.text(n, names...)
	if d, err := f.dates.Parse(s); err == nil {
		return d
	}
	return s
}

// local returns the name of an element without its prefix.
func local(n *html.Node) string {
	if i := strings.LastIndexByte(n.Data, ':'); i >= 0 {
		return n.Data[i+1:]
	}
	return n.Data
}

func firstElement(doc *html.Node) *html.Node {
	for n := range children(doc) {
		return n
	}
	return nil
}

func child(n *html.Node, name string) *html.Node {
	for c := range children(n) {
		if local(c) == name {
			return c
		}
	}
	return nil
}

// children yields the elements in an element.
func children(n *html.Node) func(func(*html.Node) bool) {
	return func(yield func(*html.Node) bool) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == html.ElementNode && !yield(c) {
				return
			}
		}
	}
}

// jsonFeed returns a JSON Feed, version 1 or 1.1.
func (r *reading) jsonFeed() ([]gjson.Result, error) {
	values, err := r.bodyJSON()
	if err != nil {
		return nil, &unreadableError{what: "a feed", why: err.Error()}
	}
	if len(values) != 1 || !strings.Contains(values[0].Get("version").Str, "jsonfeed.org") {
		return nil, nothing{"the page is no feed: its version is none of jsonfeed.org"}
	}
	v := values[0]
	entries := []any{}
	for _, it := range v.Get("items").Array() {
		if len(entries) == maxItems {
			return nil, fmt.Errorf("the feed has more than %d entries", maxItems)
		}
		entries = append(entries, jsonEntry(it))
	}
	out := dropEmpty(map[string]any{
		"title": v.Get("title").String(), "link": v.Get("home_page_url").String(), "description": v.Get("description").String(),
		"language": v.Get("language").String(),
	})
	out["entries"] = entries
	one, err := thing(out)
	return []gjson.Result{one}, err
}

func jsonEntry(it gjson.Result) map[string]any {
	content := it.Get("content_html").String()
	if content == "" {
		content = it.Get("content_text").String()
	}
	out := dropEmpty(map[string]any{
		"id": it.Get("id").String(), "title": it.Get("title").String(), "link": it.Get("url").String(),
		"published": it.Get("date_published").String(), "updated": it.Get("date_modified").String(),
		"summary": it.Get("summary").String(), "content": content,
	})
	list := func(name string, of []gjson.Result, value func(gjson.Result) any) {
		var all []any
		for _, each := range of {
			all = append(all, value(each))
		}
		if len(all) > 0 {
			out[name] = all
		}
	}
	authors := it.Get("authors").Array()
	if len(authors) == 0 {
		authors = it.Get("author").Array()
	}
	list("authors", authors, func(v gjson.Result) any { return v.Get("name").String() })
	list("categories", it.Get("tags").Array(), func(v gjson.Result) any { return v.String() })
	list("enclosures", it.Get("attachments").Array(), func(v gjson.Result) any {
		return dropEmpty(map[string]any{"url": v.Get("url").String(), "type": v.Get("mime_type").String(), "length": v.Get("size_in_bytes").Raw})
	})
	return out
}
