package extract

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/seinehq/seine/internal/weburl"
)

func isNotWeb(err error) bool { return errors.Is(err, weburl.ErrNotWeb) }

// linkHeader returns the targets with a relation in the Link headers, by RFC 8288 section 3.
func linkHeader(h http.Header, rel string) []string {
	var out []string
	for _, line := range h.Values("Link") {
		for line != "" {
			open := strings.IndexByte(line, '<')
			if open < 0 {
				break
			}
			end := strings.IndexByte(line[open:], '>')
			if end < 0 {
				break
			}
			target := line[open+1 : open+end]
			var params string
			params, line = untilComma(line[open+end+1:])
			if relOf(params, rel) {
				out = append(out, strings.TrimSpace(target))
			}
		}
	}
	return out
}

// untilComma splits off the parameters of one link. A comma in quotes ends nothing.
func untilComma(s string) (params, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && s[i] == ',':
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// relOf reports whether the first rel parameter holds a relation.
func relOf(params, rel string) bool {
	for _, p := range strings.Split(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		words := strings.Fields(strings.Trim(strings.TrimSpace(value), `"`))
		return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, rel) })
	}
	return false
}
