package propose

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
)

// nextURLs are names of the next page's URL in the answer of an API, as plainName writes them.
var nextURLs = []string{
	"next", "nexturl", "nextpageurl", "nextlink", "odatanextlink", "nextpagelink", "nexthref", "nextpagehref", "nexturi", "nextpageuri", "nextrecordsurl", "nextpage",
}

// cursors are names of a cursor with the parameter that takes it, the clearer ones first. A name
// alone is a guess, so a parameter of the page's URL that is called like one goes before. No
// parameter means the name without "next".
var cursors = []struct{ name, param string }{
	{"nextcursor", ""}, {"cursor", "cursor"}, {"nextpagetoken", ""}, {"nexttoken", "same"}, {"endcursor", "after"}, {"after", "after"}, {"nextcursormark", ""},
	{"continuationtoken", "same"}, {"nextcontinuationtoken", ""}, {"nextmarker", ""}, {"nextoffset", ""}, {"nextpage", "page"}, {"next", "cursor"},
}

// plainName returns a name without its case and its marks, so that nextLink and next_link are one.
func plainName(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "", "@", "", "$", "").Replace(name))
}

// cursor proposes the rule that leads to the next page of an API. It looks into the objects around
// the records, the outer ones first. A name whose value is null on the last page counts if no
// other has a value.
func cursor(at string, around []object) string {
	for _, o := range around {
		if r := o.next(at); r != "" {
			return r
		}
	}
	for _, o := range around {
		for _, name := range nextURLs[:7] {
			if key, v, there := o.get(name); there && v == nil {
				return rule(pair{"json", text(o.path(key))})
			}
		}
		for _, c := range cursors[:len(cursors)-2] {
			if key, v, there := o.get(c.name); there && v == nil {
				return o.template(at, key, c.param)
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

// get returns the key with a plain name, and its value.
func (o object) get(plain string) (key string, v any, there bool) {
	for _, key := range slices.Sorted(maps.Keys(o.names)) {
		if plainName(key) == plain {
			return key, o.names[key], true
		}
	}
	return "", nil, false
}

// path returns the path of a key, whose marks may have a meaning in paths.
func (o object) path(key string) string { return o.prefix + special.ReplaceAllString(key, `\$0`) }

var special = regexp.MustCompile(`[.*?|#@!{}()\[\]<>=%~\\]`)

// maxAround is the number of names in a path to the records, or to the cursor beside them.
const maxAround = 6

// surroundings returns an answer's objects that are in no list, the outer ones first.
func surroundings(whole any) []object {
	top, ok := whole.(map[string]any)
	if !ok {
		return nil
	}
	out := []object{{"", top}}
	for i := 0; i < len(out) && len(out) < maxSample; i++ {
		o := out[i]
		if strings.Count(o.prefix, ".") >= maxAround-1 {
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
		key, v, _ := o.get(name)
		switch v := v.(type) {
		case string:
			if isReference(v) {
				return rule(pair{"json", text(o.path(key))})
			}
		case map[string]any: // of HAL and JSON:API
			if href, _ := v["href"].(string); isReference(href) {
				return rule(pair{"json", text(o.path(key) + ".href")})
			}
		}
	}
	for _, c := range cursors {
		key, v, _ := o.get(c.name)
		switch v := v.(type) {
		case string:
			if v != "" {
				return o.template(at, key, c.param)
			}
		case json.Number:
			param := c.param
			if c.name == "next" {
				param = "page"
			}
			return o.template(at, key, param)
		}
	}
	return ""
}

func isReference(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "/") || strings.Contains(s, "?") && !strings.ContainsAny(s, " \n")
}

var leadingNext = regexp.MustCompile(`^(?i:next)_?`)

func (o object) template(at, name, param string) string {
	switch param {
	case "same":
		param = name
	case "":
		param = leadingNext.ReplaceAllString(name, "")
		param = strings.ToLower(param[:1]) + param[1:]
	}
	return rule(pair{"json", text(o.path(name))}, pair{"url", strconv.Quote(withCursor(at, param))})
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

var nextLink = regexp.MustCompile(`(?i);\s*rel\s*=\s*("[^"]*\bnext\b[^"]*"|next\b)`)

// Answer is JSON for the whole response of an API. The next page may be in the Link header.
func Answer(page *seine.Page) (list List, ok bool) {
	list, ok = JSON(page.URL, page.Body)
	if ok && slices.ContainsFunc(page.Header.Values("Link"), nextLink.MatchString) {
		list.Next, list.Common, list.Notes = rule(pair{"header", "link"}, pair{"rel", "next"}), nil, nil
	}
	return list, ok
}
