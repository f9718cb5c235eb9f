package propose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seinehq/seine/html"
)

// types are the types of schema.org of which a page has one main thing, the more special first.
var types = []string{
	"Product", "ProductGroup", "Recipe", "JobPosting", "Event", "Book", "Movie", "Course", "Vehicle", "RealEstateListing", "ScholarlyArticle", "Dataset",
	"NewsArticle", "BlogPosting", "Article", "SoftwareApplication", "VideoObject", "LocalBusiness", "Person", "Organization",
}

// short are names for paths of schema.org that are read often.
var short = map[string]string{
	"offers.price": "price", "offers.lowPrice": "price", "offers.priceCurrency": "currency", "offers.availability": "availability",
	"aggregateRating.ratingValue": "rating", "aggregateRating.reviewCount": "reviews", "aggregateRating.ratingCount": "ratings",
	"brand.name": "brand", "author.name": "author", "publisher.name": "publisher", "hiringOrganization.name": "company",
	"datePublished": "published", "dateModified": "modified",
}

// skipped are properties that say nothing about the thing, or are things of their own.
var skipped = map[string]bool{
	"url": true, "mainEntityOfPage": true, "potentialAction": true, "review": true, "reviews": true, "itemListElement": true, "sameAs": true, "logo": true, "isPartOf": true,
	"hasVariant": true, "isRelatedTo": true, "isSimilarTo": true, "isAccessoryOrSparePartFor": true, "isVariantOf": true, "breadcrumb": true, "comment": true,
}

// linkedData proposes the values of the main thing in JSON-LD. It reports whether there is one.
func linkedData(doc *html.Document, f *fields) bool {
	typ, all := mainLinked(doc)
	if typ == "" {
		return false
	}
	thing := all[0]
	if len(all) > 1 {
		if at := slices.IndexFunc(all, func(t map[string]any) bool { return isTitle(doc, nameIn(t)) }); at > 0 {
			f.note("JSON-LD is not used: it has %d things of the type %s, and rules read the first one, %q, but the page is about %q", len(all), typ, nameIn(thing), nameIn(all[at]))
			return false
		}
		f.note("JSON-LD has %d things of the type %s: the fields read the first one, %q", len(all), typ, nameIn(thing))
	}
	f.properties(func(path string) []pair {
		return []pair{{"jsonld", rule(pair{"type", typ}, pair{"path", text(path)})}}
	}, "", thing)
	f.variants(typ, "jsonld", thing)
	return true
}

// mainLinked returns the type of the main thing in JSON-LD, with the things of the type. Things of
// a block go before those inside other things, so a ProductGroup goes before its variants.
func mainLinked(doc *html.Document) (typ string, things []map[string]any) {
	top := map[string][]map[string]any{}
	for _, v := range doc.JSONLD("", "") {
		if thing, ok := v.(map[string]any); ok {
			for _, t := range typesIn(thing) {
				top[t] = append(top[t], thing)
			}
		}
	}
	if len(top["ProductGroup"]) > 0 && len(top["Product"]) == 0 {
		return "ProductGroup", top["ProductGroup"]
	}
	for _, typ := range types {
		if things := top[typ]; len(things) > 0 {
			return typ, things
		}
		for _, v := range doc.JSONLD(typ, "") {
			if thing, ok := v.(map[string]any); ok && len(things) == 0 {
				things = append(things, thing)
			}
		}
		if len(things) > 0 {
			return typ, things
		}
	}
	return "", nil
}

// typesIn returns the short types of a thing.
func typesIn(thing map[string]any) (out []string) {
	list, ok := thing["@type"].([]any)
	if !ok {
		list = []any{thing["@type"]}
	}
	for _, t := range list {
		if name, ok := t.(string); ok {
			out = append(out, shortType(name))
		}
	}
	return out
}

func shortType(iri string) string { return iri[strings.LastIndexAny(iri, "/#:")+1:] }

// nameIn returns the name of a thing.
func nameIn(thing map[string]any) string {
	for _, key := range []string{"name", "headline", "title"} {
		if name, ok := thing[key].(string); ok {
			return strings.Join(strings.Fields(name), " ")
		}
	}
	return ""
}

// isTitle reports whether a name is the heading of a page, or the begin of its title.
func isTitle(doc *html.Document, name string) bool {
	fold := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
	name = fold(name)
	return name != "" && (fold(doc.First("h1").Text()) == name || strings.HasPrefix(fold(doc.First("title").Text()), name))
}

// maxDepth is the number of names in a path into a thing.
const maxDepth = 2

// properties adds the values of a thing. source returns the source of a path.
func (f *fields) properties(source func(path string) []pair, prefix string, thing map[string]any) {
	depth := strings.Count(prefix, ".")
	for _, name := range slices.Sorted(maps.Keys(thing)) {
		if skipped[name] || !simple.MatchString(name) {
			continue
		}
		path, value, all := prefix+name, thing[name], false
		if list, ok := value.([]any); ok && len(list) > 0 {
			value, all = list[0], len(list) > 1
		}
		if inner, ok := value.(map[string]any); ok {
			switch {
			case name == "image":
				if _, there := inner["url"]; there {
					f.value("image", path+".url", source(path+".url"), inner["url"], all)
				}
			case depth+1 >= maxDepth:
			case all:
				f.several(source, path, thing[name].([]any))
			default:
				f.properties(source, path+".", inner)
			}
			continue
		}
		if value == nil || value == "" {
			continue
		}
		as := short[path]
		if as == "" {
			as = name
		}
		if f.names[identifier(as)] {
			as = strings.ReplaceAll(path, ".", "_")
		}
		f.value(as, path, source(path), value, all)
	}
}

// several adds the values of several things at a path. An offer is one thing, so the fields read
// the first offer, and a note names the others. The names of other things are a list.
func (f *fields) several(source func(path string) []pair, path string, list []any) {
	if path == "offers" {
		if first, ok := list[0].(map[string]any); ok {
			f.properties(source, path+".", first)
		}
		if prices := pricesOf(list); len(prices) > 1 {
			f.note("the page has %d offers (%s): the fields read the first one. All prices: %s",
				len(list), strings.Join(prices, ", "), rule(append(source("offers.price"), pair{"all", "true"})...))
		}
		return
	}
	if first, ok := list[0].(map[string]any); ok && first["name"] != nil {
		name := short[path+".name"]
		if name == "" {
			name = path
		}
		f.value(name, path+".name", source(path+".name"), first["name"], true)
	}
}

// pricesOf returns the prices of offers, or of things with offers.
func pricesOf(list []any) (out []string) {
	for _, v := range list {
		thing, _ := v.(map[string]any)
		if inner, ok := thing["offers"].(map[string]any); ok {
			thing = inner
		}
		for _, name := range []string{"price", "lowPrice"} {
			if price, there := thing[name]; there {
				out = append(out, fmt.Sprint(price))
				break
			}
		}
	}
	return out
}

// variants notes the variants of a product, which are records of their own.
func (f *fields) variants(typ, source string, thing map[string]any) {
	list, ok := thing["hasVariant"].([]any)
	if one, is := thing["hasVariant"].(map[string]any); is {
		list, ok = []any{one}, true
	}
	if !ok || len(list) == 0 {
		return
	}
	prices := ""
	if p := pricesOf(list); len(p) > 0 {
		prices = " (" + strings.Join(p, ", ") + ")"
	}
	at := rule(pair{"type", typ}, pair{"path", "hasVariant"})
	if f.names["price"] || len(list) == 0 {
		f.note("the page has %d variants%s, which are not proposed. A record of each: each: {%s: %s, key: \"{sku}\", fields: {sku: {json: sku}}}", len(list), prices, source, at)
		return
	}
	if len(pricesOf(list)) > 0 {
		f.value("prices", "", []pair{{source, rule(pair{"type", typ}, pair{"path", "hasVariant.offers.price"})}}, nil, true)
	}
	f.note("the page has %d variants%s: the record is of the whole. A record of each: each: {%s: %s, key: \"{sku}\", fields: {sku: {json: sku}, price: {json: offers.price}}}", len(list), prices, source, at)
}
