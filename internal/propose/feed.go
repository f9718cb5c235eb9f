package propose

import (
	"context"
	"fmt"

	"github.com/seinehq/seine"
)

// Feed proposes how records are read from a feed of RSS, Atom or JSON Feed. ok is false if the page
// is no feed with entries.
func Feed(ctx context.Context, page *seine.Page) (list List, ok bool, err error) {
	each := rule(pair{"feed", "entries"})
	entries, err := Apply(ctx, page, each)
	if ctx.Err() != nil {
		return list, false, context.Cause(ctx)
	}
	if err != nil || len(entries) == 0 {
		return list, false, nil //nolint:nilerr // the page is no feed
	}
	ids := map[string]bool{}
	var f fields
	for _, e := range entries {
		entry, is := e.(map[string]any)
		if !is || entry["id"] == nil {
			return list, false, nil
		}
		ids[fmt.Sprint(entry["id"])] = true
		for _, p := range entryFields {
			if v, there := entry[p.value]; there {
				f.add(p.key, entryRule(p.value, v))
			}
		}
	}
	if len(ids) < len(entries) {
		return list, false, nil
	}
	ordered := f.list[:0:0]
	for _, p := range entryFields {
		for _, field := range f.list {
			if field.Name == identifier(p.key) {
				ordered = append(ordered, field)
			}
		}
	}
	return List{Source: each, Each: "feed: entries", Items: len(entries), Key: "{item_id}", Fields: ordered}, true, nil
}

// entryFields are the fields of an entry, in their order, with its properties.
var entryFields = []pair{
	{"id", "id"}, {"title", "title"}, {"link", "link"}, {"published", "published"}, {"updated", "updated"}, {"summary", "summary"},
	{"authors", "authors"}, {"categories", "categories"},
}

func entryRule(name string, v any) string {
	pairs := []pair{{"json", name}}
	switch text, isText := v.(string); {
	case !isText:
		pairs = append(pairs, pair{"all", "true"})
	case (name == "published" || name == "updated") && isDate(text):
		pairs = append(pairs, pair{"type", "date"})
	}
	return rule(pairs...)
}
