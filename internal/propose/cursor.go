package propose

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// nextURLs are names of the next page's URL in the answer of an API.
var nextURLs = []string{"next", "next_url", "nextUrl", "next_page_url", "nextLink", "next_link", "next_page", "nextPage"}

// cursors are names of a cursor with the parameter that takes it. A name alone is a guess, so a
// parameter of the page's URL that is called like one goes before.
var cursors = []struct{ name, param string }{
	{"next_cursor", "cursor"}, {"nextCursor", "cursor"}, {"cursor", "cursor"}, {"next_page_token", "page_token"}, {"nextPageToken", "pageToken"},
	{"next_token", "next_token"}, {"nextToken", "nextToken"}, {"end_cursor", "after"}, {"endCursor", "after"}, {"after", "after"},
	{"next_page", "page"}, {"nextPage", "page"}, {"next", "cursor"},
}

// cursor proposes the rule that leads to the next page of an API. It looks into the objects around
// the records, the outer ones first. A name whose value is null on the last page counts if no
// other has a value.
func cursor(at string, whole any) string {
	around := surroundings(whole)
	for _, o := range around {
		if r := o.next(at); r != "" {
			return r
		}
	}
	for _, o := range around {
		for _, name := range nextURLs[:6] {
			if v, there := o.names[name]; there && v == nil {
				return rule(pair{"json", text(o.prefix + name)})
			}
		}
		for _, c := range cursors[:9] {
			if v, there := o.names[c.name]; there && v == nil {
				return o.template(at, c.name, c.param)
			}
		}
	}
	return ""
}

// object is an object of an answer with the path to it.
type object struct {
	prefix string
	names  map[string]any
}

// surroundings returns an answer's objects that are in no list, the outer ones first.
func surroundings(whole any) []object {
	top, ok := whole.(map[string]any)
	if !ok {
		return nil
	}
	out := []object{{"", top}}
	for i := 0; i < len(out) && len(out) < maxSample; i++ {
		o := out[i]
		if strings.Count(o.prefix, ".") >= maxNesting-1 {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(o.names)) {
			if inner, ok := o.names[name].(map[string]any); ok && simple.MatchString(name) {
				out = append(out, object{o.prefix + name + ".", inner})
			}
		}
	}
	return out
}

// next returns the rule for the next page that the object names.
func (o object) next(at string) string {
	for _, name := range nextURLs {
		switch v := o.names[name].(type) {
		case string:
			if isReference(v) {
				return rule(pair{"json", text(o.prefix + name)})
			}
		case map[string]any: // of HAL and JSON:API
			if href, _ := v["href"].(string); isReference(href) {
				return rule(pair{"json", text(o.prefix + name + ".href")})
			}
		}
	}
	for _, c := range cursors {
		switch v := o.names[c.name].(type) {
		case string:
			if v != "" {
				return o.template(at, c.name, c.param)
			}
		case json.Number:
			param := c.param
			if c.name == "next" {
				param = "page"
			}
			return o.template(at, c.name, param)
		}
	}
	return ""
}

func isReference(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "/") || strings.HasPrefix(s, "?")
}

func (o object) template(at, name, param string) string {
	return rule(pair{"json", text(o.prefix + name)}, pair{"url", strconv.Quote(withCursor(at, param))})
}

// withCursor returns the template of the next page's URL, with the other parameters of this one.
func withCursor(at, param string) string {
	path, query, _ := strings.Cut(at, "?")
	if u, err := url.Parse(path); err == nil {
		path = u.EscapedPath()
	}
	var kept []string
	for p := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(p, "=")
		switch lower := strings.ToLower(name); {
		case p == "" || strings.ContainsAny(p, "{}"):
		case name == param:
		case param == "page":
			kept = append(kept, p)
		case strings.Contains(lower, "cursor") || strings.Contains(lower, "token") && strings.Contains(lower, "page"):
			param = name
		default:
			kept = append(kept, p)
		}
	}
	return path + "?" + strings.Join(append(kept, param+"={value}"), "&")
}
