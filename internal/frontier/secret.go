package frontier

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/seinehq/seine/internal/weburl"
)

// collapsed returns a canonical URL with ${NAME} in place of each secret, so that no key contains a
// secret. A canonical URL has no braces of its own.
func collapsed(variables map[string]string, page string) string {
	if len(variables) == 0 {
		return page
	}
	names := slices.SortedFunc(maps.Keys(variables), func(a, b string) int {
		// A secret that contains another one comes first.
		return cmp.Or(cmp.Compare(len(variables[b]), len(variables[a])), cmp.Compare(a, b))
	})
	for _, name := range names {
		for _, f := range spellings(variables[name]) {
			page = strings.ReplaceAll(page, f.text, "${"+name+f.mark+"}")
		}
	}
	return page
}

// expanded returns a key with its secrets, each in the spelling that the key names.
func expanded(variables map[string]string, key string) string {
	if len(variables) == 0 || !strings.Contains(key, "${") {
		return key
	}
	for name, value := range variables {
		for _, f := range spellings(value) {
			key = strings.ReplaceAll(key, "${"+name+f.mark+"}", f.text)
		}
	}
	return key
}

// written is a secret as a canonical URL may write it, and the mark of that spelling in a key:
// ${NAME} or ${NAME:path}.
type written struct{ mark, text string }

// spellings returns the ways in which canonical URLs write a secret. A page may leave characters
// such as / and + as they are, and that URL is another one than with %2F.
func spellings(value string) (out []written) {
	const base = "http://h.example/"
	add := func(mark, prefix, form string) {
		text, err := weburl.Canonical(prefix + form)
		if text = strings.TrimPrefix(text, prefix); err != nil || text == "" || slices.ContainsFunc(out, func(s written) bool { return s.text == text }) {
			return
		}
		out = append(out, written{mark, text})
	}
	escaped := url.QueryEscape(value)
	add("", base, strings.ReplaceAll(escaped, "+", "%20"))
	add(":path", base, url.PathEscape(value))
	add(":form", base+"?", escaped)
	add(":plain", base+"?", strings.ReplaceAll(value, "#", "%23"))
	// The longest first, because a spelling may contain a shorter one.
	slices.SortStableFunc(out, func(a, b written) int { return cmp.Compare(len(b.text), len(a.text)) })
	return out
}
