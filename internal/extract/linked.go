package extract

import (
	"context"
	"errors"
	"fmt"
	stdhtml "html"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine/internal/markup"
)

// linkedData holds the things of a page's JSON-LD blocks. Lists and @graph are flattened.
type linkedData struct {
	things  []gjson.Result
	blocks  int
	invalid []string // why a block is not JSON
}

// linkedData reads the JSON-LD blocks of the page once.
func (r *reading) linkedData() (*linkedData, error) {
	if r.linked != nil {
		return r.linked, nil
	}
	doc, err := r.document()
	if err != nil {
		return nil, err
	}
	out := &linkedData{}
	if doc != nil {
		for n := markup.Next(doc, doc); n != nil; n = markup.Next(n, doc) {
			if n.DataAtom != atom.Script && !strings.EqualFold(n.Data, "script") || n.Type != html.ElementNode {
				continue
			}
			declared, _ := attribute(n, "type")
			if media, _, _ := strings.Cut(declared, ";"); !strings.EqualFold(strings.TrimSpace(media), "application/ld+json") {
				continue
			}
			if err := out.add(r, content(n)); err != nil {
				return nil, err
			}
			if len(out.things) > maxItems {
				return nil, fmt.Errorf("the page has more than %d things of JSON-LD", maxItems)
			}
		}
	}
	r.linked = out
	return out, nil
}

// content returns the text inside a script element.
func content(n *html.Node) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.CommentNode {
			b.WriteString("<!--" + c.Data + "-->")
			continue
		}
		b.WriteString(c.Data)
	}
	return b.String()
}

// add takes the things of one block in. It fails when the context ends.
func (l *linkedData) add(r *reading, block string) error {
	if strings.TrimSpace(block) == "" {
		return nil
	}
	l.blocks++
	values, err := r.looseJSON([]byte(block))
	if err != nil && strings.Contains(block, "&quot;") {
		if unescaped, e := r.looseJSON([]byte(stdhtml.UnescapeString(block))); e == nil {
			values, err = unescaped, nil
		}
	}
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	if err != nil {
		l.invalid = append(l.invalid, fmt.Sprintf("JSON-LD block %d is not JSON: %v", l.blocks, err))
		return nil
	}
	for _, v := range values {
		l.thing(gjson.ParseBytes(v), 0)
	}
	return nil
}

// thing adds the things that a value of a block holds. A single object stands for a list of one.
func (l *linkedData) thing(v gjson.Result, depth int) {
	switch {
	case depth > maxJSONDepth || len(l.things) > maxItems:
	case v.IsArray():
		v.ForEach(func(_, each gjson.Result) bool {
			l.thing(each, depth+1)
			return true
		})
	case v.IsObject():
		l.things = append(l.things, v)
		if graph := v.Get(`\@graph`); graph.Exists() {
			l.thing(graph, depth+1)
		}
	}
}

// isType reports whether a thing has a type. Types compare by the last part of their IRI: Product,
// schema:Product and http://schema.org/Product are one.
func isType(thing gjson.Result, name string) bool {
	has := false
	yieldJSON(thing.Get(`\@type`), func(it item) bool {
		has = shortType(it.json.Str) == shortType(name)
		return !has
	})
	return has
}

func shortType(iri string) string {
	if i := strings.LastIndexAny(iri, "/#:"); i >= 0 {
		return iri[i+1:]
	}
	return iri
}

// ofType calls yield for each thing of a type, with top-level things before nested ones.
func (l *linkedData) ofType(name string, yield func(gjson.Result) bool) {
	for _, thing := range l.things {
		if isType(thing, name) && !yield(thing) {
			return
		}
	}
	seen, more := 0, true
	var inside func(v gjson.Result, depth int)
	inside = func(v gjson.Result, depth int) {
		if depth > maxJSONDepth {
			return
		}
		v.ForEach(func(key, each gjson.Result) bool {
			if seen++; seen > 100*maxItems || !more || key.Str == "@graph" {
				return more && seen <= 100*maxItems
			}
			if each.IsObject() && isType(each, name) {
				if more = yield(each); !more {
					return false
				}
			}
			if each.IsObject() || each.IsArray() {
				inside(each, depth+1)
			}
			return more
		})
	}
	for _, thing := range l.things {
		if more {
			inside(thing, 0)
		}
	}
}

// jsonldSource finds the values at a path of the things in JSON-LD that have a type, of all if the
// type is empty.
func jsonldSource(typ, path string) source {
	return func(r *reading, _ item, yield func(item) bool) error {
		linked, err := r.linkedData()
		if err != nil {
			return err
		}
		things, more := 0, true
		at := func(thing gjson.Result) bool {
			things++
			more = inThing(thing, path, yield)
			return more
		}
		if typ != "" {
			linked.ofType(typ, at)
		} else {
			for _, thing := range linked.things {
				if !at(thing) {
					break
				}
			}
		}
		switch {
		case r.noDoc != nil:
			r.unread(r.noDoc)
		case len(linked.invalid) > 0:
			r.unread(errors.New(linked.invalid[0]))
		case linked.blocks == 0:
			r.miss("the page has no JSON-LD")
		case things == 0:
			r.miss("no thing of JSON-LD has the type %s", typ)
		default:
			r.miss("%s of JSON-LD not at this path", count(things, "thing"))
		}
		return nil
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "ch") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// plainPath is a path of names alone. An index, a query or a modifier is gjson's.
var plainPath = regexp.MustCompile(`^@?[\pL_][\pL\d_:-]*(\.@?[\pL_][\pL\d_:-]*)*$`)

// inThing gives the values at a path of a thing. In JSON-LD an object may replace a list of one
// element, and the reverse. inThing therefore looks up a name in each object of a list.
func inThing(thing gjson.Result, path string, yield func(item) bool) bool {
	if path == "" || path == "@this" {
		return yield(item{json: thing})
	}
	if !plainPath.MatchString(path) {
		v := thing.Get(path)
		return !v.Exists() || yieldJSON(v, yield)
	}
	name, rest, nested := strings.Cut(path, ".")
	if thing.IsArray() {
		more := true
		thing.ForEach(func(_, each gjson.Result) bool {
			more = inThing(each, path, yield)
			return more
		})
		return more
	}
	if strings.HasPrefix(name, "@") {
		name = `\` + name
	}
	v := thing.Get(name)
	switch {
	case !v.Exists():
		return true
	case nested:
		return inThing(v, rest, yield)
	}
	return yieldJSON(v, yield)
}
