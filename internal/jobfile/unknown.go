package jobfile

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/seinehq/seine/internal/extract"
)

// absent maps keys of other scrapers to what Seine has in their place, as far as no key of the
// format has that name. A key of it is a path, or a name that stands anywhere.
var absent = map[string]string{
	"links":           "give follow: [{css: a}], or follow: all",
	"crawl":           "give follow: all, and scope for its bounds",
	"pagination":      "give follow: [{css: 'a[rel=next]'}]",
	"start_urls":      "give seeds: {urls: […]}",
	"allowed_domains": "give scope: {hosts: […]}",
	"download_delay":  "give pace: {delay: 1s}",
	"rate_limit":      "give pace: {delay: 1s}",
	"selector":        "give css or xpath",
	"attribute":       "give attr",
	"multiple":        "give all: true",
	"required":        "give a verdict rule: {fail: NAME == nil}, or schema: {required: [NAME]}",
	"formats":         "give types",
}

// unknown reports a key that a mapping does not have. It returns the known key that was meant, or
// an empty text.
func (d *decoder) unknown(p pair, path string, known []string) (meant string) {
	at := join(path, p.key)
	message := fmt.Sprintf("unknown key %q%s", shorten(p.key), within(path))
	instead := absent[at]
	if instead == "" {
		meant = extract.Nearest(p.key, known)
	}
	var homes []string
	if !strings.ContainsAny(path, ".[") { // in a rule or a field, the keys of other places are no help
		homes = homesOf(p.key)
	}
	switch {
	case instead != "":
		message += ": " + instead
	case meant != "":
		message += didYouMean(meant)
	case absent[p.key] != "":
		message += ": " + absent[p.key]
	case len(homes) > 0:
		message += ": it is a key of " + strings.Join(homes, ", ")
	default:
		message += ": there are " + strings.Join(known, ", ")
	}
	d.say(p.at, at, "%s", message)
	return meant
}

// mostHomes is the most mappings that a message names for a key.
const mostHomes = 3

// homesOf returns the mappings outside of a page kind that have a key, the outermost first.
func homesOf(name string) []string {
	all := slices.Clone(places()[name])
	slices.SortStableFunc(all, func(a, b string) int { return strings.Count(a, ".") - strings.Count(b, ".") })
	return all[:min(len(all), mostHomes)]
}

// places are the mappings that have a key, by its name.
var places = sync.OnceValue(func() map[string][]string {
	found := map[string][]string{}
	var walk func(t reflect.Type, path string, within []reflect.Type)
	walk = func(t reflect.Type, path string, within []reflect.Type) {
		switch {
		case t.Kind() == reflect.Pointer:
			walk(t.Elem(), path, within)
		case t.Kind() == reflect.Slice:
			if n, ok := t.Elem(), t.Elem().Kind() == reflect.Struct; ok && n.NumField() == 2 && n.Field(0).Name == "name" && n.Field(1).Name == "value" {
				walk(n.Field(1).Type, path+".NAME", within) // entries
				return
			}
			walk(t.Elem(), path, within)
		case t.Kind() != reflect.Struct || slices.Contains(within, t) || path == "pages":
		default:
			for f := range t.Fields() {
				name := key(f)
				if name == "" {
					continue
				}
				if path != "" {
					found[name] = append(found[name], path)
				}
				if at := join(path, name); at != "pages" {
					walk(f.Type, at, append(within, t))
				}
			}
		}
	}
	walk(reflect.TypeFor[document](), "", nil)
	return found
})
