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
		if form := spelling(variables[name]); form != "" {
			page = strings.ReplaceAll(page, form, "${"+name+"}")
		}
	}
	return page
}

// expanded returns a key with its secrets.
func expanded(variables map[string]string, key string) string {
	if len(variables) == 0 || !strings.Contains(key, "${") {
		return key
	}
	for name, value := range variables {
		if form := spelling(value); form != "" {
			key = strings.ReplaceAll(key, "${"+name+"}", form)
		}
	}
	return key
}

// spelling returns a secret as a canonical URL writes it. It is empty if paths and queries write
// the secret differently.
func spelling(value string) string {
	const base = "http://h.example/"
	path, err := weburl.Canonical(base + url.PathEscape(value))
	if err != nil || !strings.HasPrefix(path, base) {
		return ""
	}
	query, err := weburl.Canonical(base + "?" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20"))
	if err != nil || strings.TrimPrefix(query, base+"?") != strings.TrimPrefix(path, base) {
		return ""
	}
	return strings.TrimPrefix(path, base)
}
