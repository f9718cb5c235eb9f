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
	var f fields
	var all []map[string]any
	for _, e := range entries {
		entry, is := e.(map[string]any)
		if !is {
			return list, false, nil
		}
		all = append(all, entry)
		for _, p := range entryFields {
			if v, there := entry[p.value]; there {
				f.add(p.key, entryRule(p.value, v))
			}
		}
	}
	key, where, keyed := entryKey(all, entryKeys)
	if key == "" {
		key, where, keyed = entryKey(all, [][]string{{"title"}})
	}
	if key == "" {
		return list, false, nil
	}
	if n := len(all) - keyed; n > 0 {
		list.Left = []string{fmt.Sprintf("entries without an id (%d of %d)", n, len(all))}
	}
	ordered := f.list[:0:0]
	for _, p := range entryFields {
		for _, field := range f.list {
			if field.Name == identifier(p.key) {
				ordered = append(ordered, field)
			}
		}
	}
	return List{Source: each, Each: "feed: entries", Items: keyed, Key: key, Where: where, Fields: ordered, Left: list.Left}, true, nil
}

// entryKeys are the properties of an entry that may be its key, the better ones first.
var entryKeys = [][]string{{"id"}, {"link"}, {"id", "link"}, {"id", "title"}, {"id", "published"}}

// entryKey returns the template of a key that differs from entry to entry, the condition of the
// entries that have it, and their number.
func entryKey(entries []map[string]any, keys [][]string) (key, where string, most int) {
	for _, names := range keys {
		seen, keyed := map[string]bool{}, 0
		for _, e := range entries {
			value := ""
			for _, name := range names {
				v, there := e[name]
				if !there {
					value = ""
					break
				}
				value += fmt.Sprint(v) + "\x00"
			}
			if value != "" {
				keyed++
				seen[value] = true
			}
		}
		if len(seen) < keyed || keyed <= most {
			continue
		}
		key, where, most = "", "", keyed
		for i, name := range names {
			if i > 0 {
				key, where = key+" ", where+" && "
			}
			key, where = key+"{"+identifier(name)+"}", where+identifier(name)+" != nil"
		}
		if keyed == len(entries) {
			where = ""
		}
	}
	return key, where, most
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
