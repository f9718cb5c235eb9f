package extract

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// structured is a source whose values are paths into things that the page holds in a form of its
// own: microdata, OpenGraph, an article, a PDF, a feed.
type structured struct {
	// things returns the things of the page. The error says why it has none.
	things func(r *reading) ([]gjson.Result, error)

	// typed reports that the things have types, which a rule may select.
	typed bool

	// names are the first names of its paths. None: any.
	names []string
}

// structuredSources holds the sources by their key.
var structuredSources = map[string]structured{
	"microdata": {things: (*reading).microdata, typed: true},
	"opengraph": {things: (*reading).openGraph},
	"article":   {things: (*reading).article, names: []string{"title", "text", "byline", "excerpt", "site", "language", "image", "published", "modified"}},
	"pdf":       {things: (*reading).pdf, names: []string{"title", "text", "pages", "count", "author", "subject", "keywords", "creator", "producer", "created", "modified"}},
	"feed":      {things: (*reading).feed, names: []string{"title", "link", "description", "language", "updated", "entries"}},
}

// nothing is the reason why a page has no things of a source. It is no fault of the page's body.
type nothing struct{ why string }

func (n nothing) Error() string { return n.why }

// structuredSource finds the values at a path of the things that the page holds under a key.
func structuredSource(key, typ, path string) source {
	of := structuredSources[key]
	return func(r *reading, _ item, yield func(item) bool) error {
		things, err := r.thingsOf(key, of)
		if err != nil {
			if none, ok := errors.AsType[nothing](err); ok {
				r.miss("%s", none.why)
				return nil
			}
			if e, ok := errors.AsType[*unreadableError](err); ok {
				r.unread(e)
				return nil
			}
			return err
		}
		found := 0
		at := func(thing gjson.Result) bool {
			found++
			return inThing(thing, path, yield)
		}
		if typ != "" {
			(&linkedData{things: things}).ofType(typ, at)
		} else {
			for _, thing := range things {
				if !at(thing) {
					break
				}
			}
		}
		if found == 0 {
			r.miss("no thing of %s has the type %s", key, typ)
		} else {
			r.miss("%s of %s not at this path", count(found, "thing"), key)
		}
		return nil
	}
}

// held are the things of one source, read once.
type held struct {
	things []gjson.Result
	err    error
}

func (r *reading) thingsOf(key string, of structured) ([]gjson.Result, error) {
	if h, ok := r.structured[key]; ok {
		return h.things, h.err
	}
	things, err := of.things(r)
	if r.structured == nil {
		r.structured = map[string]held{}
	}
	r.structured[key] = held{things, err}
	return things, err
}

// checkPath reports a first name that a source does not have.
func (s structured) checkPath(path string) (name string, ok bool) {
	name, _, _ = strings.Cut(path, ".")
	if len(s.names) == 0 || path == "" || path == "@this" || !plainPath.MatchString(path) {
		return name, true
	}
	for _, n := range s.names {
		if n == name {
			return name, true
		}
	}
	return name, false
}

// thing returns a value as the JSON that paths lead into.
func thing(v any) (gjson.Result, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return gjson.Result{}, fmt.Errorf("encode: %w", err)
	}
	return gjson.ParseBytes(text), nil
}

// dropEmpty leaves out the names without a value.
func dropEmpty(m map[string]any) map[string]any {
	for name, v := range m {
		if v == nil || v == "" {
			delete(m, name)
		}
	}
	return m
}
