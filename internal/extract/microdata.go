package extract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine/internal/markup"
)

// maxDepth is how deep items of microdata may stand inside each other.
const maxDepth = 32

// microdata returns the items of the page's microdata (WHATWG HTML, section 5) in the form of
// JSON-LD, so that one path leads into both. A property with one value is the value, and with
// several a list.
func (r *reading) microdata() ([]gjson.Result, error) {
	doc, err := r.document()
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, r.noDoc
	}
	m := &microReader{r: r, ids: map[string]*html.Node{}}
	var tops []*html.Node
	for n := markup.Next(doc, doc); n != nil; n = markup.Next(n, doc) {
		if n.Type != html.ElementNode {
			continue
		}
		if id, ok := attribute(n, "id"); ok && m.ids[id] == nil {
			m.ids[id] = n
		}
		_, scope := attribute(n, "itemscope")
		if _, prop := attribute(n, "itemprop"); scope && !prop {
			tops = append(tops, n)
		}
	}
	var out []gjson.Result
	for _, n := range tops {
		v, err := m.item(n, 0, nil)
		if err != nil {
			return nil, err
		}
		one, err := thing(v)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		return nil, nothing{"the page has no microdata"}
	}
	return out, nil
}

type microReader struct {
	r     *reading
	ids   map[string]*html.Node
	items int
	nodes int
}

// item returns an item. inside are the items around it, because itemref can make a circle.
func (m *microReader) item(n *html.Node, depth int, inside []*html.Node) (map[string]any, error) {
	if m.items++; m.items > maxItems {
		return nil, fmt.Errorf("the page has more than %d items of microdata", maxItems)
	}
	if depth > maxDepth || slices.Contains(inside, n) {
		return map[string]any{}, nil
	}
	inside = append(inside, n)
	out := map[string]any{}
	if types, ok := attribute(n, "itemtype"); ok {
		if list := strings.Fields(types); len(list) == 1 {
			out["@type"] = list[0]
		} else if len(list) > 1 {
			out["@type"] = list
		}
	}
	if id, ok := attribute(n, "itemid"); ok {
		out["@id"] = m.r.reference("href", id)
	}
	roots := []*html.Node{n}
	if refs, ok := attribute(n, "itemref"); ok {
		for _, id := range strings.Fields(refs) {
			if at := m.ids[id]; at != nil && !slices.Contains(roots, at) {
				roots = append(roots, at)
			}
		}
	}
	for i, root := range roots {
		if err := m.properties(root, i > 0, out, depth, inside); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// properties adds the properties inside a root, and those of the root itself if itself is true. The
// properties of an item inside belong to that item.
func (m *microReader) properties(root *html.Node, itself bool, out map[string]any, depth int, inside []*html.Node) error {
	stack := []*html.Node{}
	push := func(n *html.Node) {
		for c := n.LastChild; c != nil; c = c.PrevSibling {
			stack = append(stack, c)
		}
	}
	if itself {
		stack = append(stack, root)
	} else {
		push(root)
	}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if m.nodes++; m.nodes > markup.MaxNodes {
			return fmt.Errorf("the microdata of the page refers to more than %d elements", markup.MaxNodes)
		}
		if err := m.r.watch.tick(); err != nil {
			return err
		}
		if n.Type != html.ElementNode || n.DataAtom == atom.Template {
			continue
		}
		_, scope := attribute(n, "itemscope")
		if names, ok := attribute(n, "itemprop"); ok {
			var v any
			if scope {
				item, err := m.item(n, depth+1, inside)
				if err != nil {
					return err
				}
				v = item
			} else {
				v = m.value(n)
			}
			for _, name := range strings.Fields(names) {
				add(out, shortType(name), v)
			}
		}
		if !scope {
			push(n)
		}
	}
	return nil
}

// add adds a value of a property.
func add(out map[string]any, name string, v any) {
	switch old := out[name].(type) {
	case nil:
		out[name] = v
	case []any:
		out[name] = append(old, v)
	default:
		out[name] = []any{old, v}
	}
}

// value returns the value of a property, by its element.
func (m *microReader) value(n *html.Node) string {
	get := func(name string) string { v, _ := attribute(n, name); return v }
	switch n.DataAtom {
	case atom.Meta:
		return get("content")
	case atom.Audio, atom.Embed, atom.Iframe, atom.Img, atom.Source, atom.Track, atom.Video:
		return m.r.reference("src", get("src"))
	case atom.A, atom.Area, atom.Link:
		return m.r.reference("href", get("href"))
	case atom.Object:
		return m.r.reference("data", get("data"))
	case atom.Data, atom.Meter:
		return get("value")
	case atom.Time:
		if v := get("datetime"); v != "" {
			return v
		}
	}
	// Not of the standard, but pages put the exact value here: <span itemprop=price content=9.50>.
	if v, ok := attribute(n, "content"); ok {
		return v
	}
	return m.r.text(n)
}

// openGraph returns the page's properties of the Open Graph protocol as one thing: og:title is
// title, and og:image with og:image:width is image.url and image.width. Properties of other
// prefixes keep them: article.published_time, product.price.amount.
func (r *reading) openGraph() ([]gjson.Result, error) {
	doc, err := r.document()
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, r.noDoc
	}
	root := map[string]any{}
	found := 0
	for n := markup.Next(doc, doc); n != nil; n = markup.Next(n, doc) {
		if n.DataAtom != atom.Meta {
			continue
		}
		name, ok := attribute(n, "property")
		if !ok {
			name, _ = attribute(n, "name")
		}
		content, has := attribute(n, "content")
		parts := strings.Split(strings.ToLower(strings.TrimSpace(name)), ":")
		if !has || len(parts) < 2 || len(parts) > 5 || !slices.Contains(graphPrefixes, parts[0]) || slices.Contains(parts, "") {
			continue
		}
		if parts[0] == "og" {
			parts = parts[1:]
		}
		if found++; found > maxItems {
			return nil, fmt.Errorf("the page has more than %d properties of OpenGraph", maxItems)
		}
		if slices.Contains([]string{"url", "secure_url", "image", "video", "audio"}, parts[len(parts)-1]) {
			content = r.reference("href", content)
		}
		put(root, parts, strings.TrimSpace(content))
	}
	if found == 0 {
		return nil, nothing{"the page has no OpenGraph"}
	}
	one, err := thing(root)
	return []gjson.Result{one}, err
}

// graphPrefixes are the prefixes of the protocol and of its types.
var graphPrefixes = []string{"og", "article", "book", "profile", "product", "video", "music", "place", "fb"}

// structuredNames are the properties whose value is the URL of an object with properties.
var structuredNames = []string{"image", "video", "audio"}

// put stores a property. A structured property begins a new object, and the properties after it
// describe it.
func put(in map[string]any, parts []string, v string) {
	name := parts[0]
	if len(parts) == 1 {
		if slices.Contains(structuredNames, name) {
			add(in, name, map[string]any{"url": v})
			return
		}
		add(in, name, v)
		return
	}
	last := in[name]
	if list, ok := last.([]any); ok {
		last = list[len(list)-1]
	}
	object, ok := last.(map[string]any)
	if !ok {
		object = map[string]any{}
		if last != nil {
			object["@value"] = last
			if list, isList := in[name].([]any); isList {
				list[len(list)-1] = object
			} else {
				in[name] = object
			}
		} else {
			in[name] = object
		}
	}
	if parts[1] == "url" && len(parts) == 2 && object["url"] == v {
		return // og:image and og:image:url name one image
	}
	put(object, parts[1:], v)
}
