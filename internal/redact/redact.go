// Package redact leaves secrets out of what is stored, logged and printed, in
// whatever spelling they come: as they are, percent-encoded, or inside JSON.
package redact

import (
	"encoding/json"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"github.com/seinehq/seine/internal/weburl"
)

// Mark stands where a secret was.
const Mark = "xxxxx"

// minSecret is the length from which a value is a secret and not a word that
// stands everywhere.
const minSecret = 4

// New returns a replacer of secrets by Mark; those of under four bytes stay.
func New(secrets []string) *strings.Replacer {
	forms := map[string]bool{}
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		for _, f := range spellings(s) {
			forms[f] = true
		}
	}
	all := make([]string, 0, len(forms))
	for f := range forms {
		all = append(all, f)
	}
	// A secret that holds another one goes first.
	sort.Slice(all, func(i, j int) bool { return len(all[i]) > len(all[j]) })
	pairs := make([]string, 0, 2*len(all))
	for _, f := range all {
		pairs = append(pairs, f, Mark)
	}
	return strings.NewReplacer(pairs...)
}

func spellings(s string) []string {
	out := []string{s, url.QueryEscape(s), url.PathEscape(s), strings.ReplaceAll(url.QueryEscape(s), "+", "%20")}
	// As a browser writes it in a query and in a path.
	for base, escape := range map[string]*strings.Replacer{
		"http://h/?": strings.NewReplacer("#", "%23"), "http://h/": strings.NewReplacer("#", "%23", "?", "%3F"),
	} {
		escaped := escape.Replace(s)
		if u, err := weburl.Canonical(base + escaped); err == nil && len(u) > len(base)+minSecret-1 && strings.HasPrefix(u, base) {
			out = append(out, u[len(base):])
		}
	}
	// As it is quoted in a message, the message in JSON, and that in a log's line.
	for last, depth := out, 0; depth < quotings; depth++ {
		seen, next := map[string]bool{}, []string(nil)
		for _, form := range last {
			for _, q := range quoted(form) {
				if !seen[q] {
					seen[q] = true
					next = append(next, q)
				}
			}
		}
		out, last = append(out, next...), next
	}
	return out
}

// quotings is how many times a secret may have been quoted anew.
const quotings = 3

// quoted returns a text as Go and JSON write it between quotes.
func quoted(s string) []string {
	out := []string{inside(strconv.Quote(s)), inside(strconv.QuoteToASCII(s))}
	for _, html := range []bool{true, false} {
		var text strings.Builder
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(html)
		if enc.Encode(s) == nil {
			out = append(out, inside(strings.TrimSuffix(text.String(), "\n")))
		}
	}
	return out
}

func inside(quoted string) string { return quoted[1 : len(quoted)-1] }
