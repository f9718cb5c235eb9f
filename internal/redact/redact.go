// Package redact removes secrets from stored, logged and printed text, in any spelling: plain,
// percent-encoded, or inside JSON.
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

// minSecret is the minimum length of a secret in bytes. A shorter value is an ordinary word.
const minSecret = 4

// A Replacer puts Mark in place of secrets.
type Replacer struct {
	spelled *strings.Replacer
	secrets []string
}

// New returns a replacer of secrets by Mark. Secrets under four bytes stay.
func New(secrets []string) *Replacer {
	r := &Replacer{}
	forms := map[string]bool{}
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		r.secrets = append(r.secrets, s)
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
	sort.SliceStable(r.secrets, func(i, j int) bool { return len(r.secrets[i]) > len(r.secrets[j]) })
	r.spelled = strings.NewReplacer(pairs...)
	return r
}

// Any reports whether there are secrets to replace.
func (r *Replacer) Any() bool { return len(r.secrets) > 0 }

// Replace returns s without the secrets.
func (r *Replacer) Replace(s string) string { return r.unescaped(r.spelled.Replace(s)) }

// Holds reports whether a text holds a secret.
func (r *Replacer) Holds(s string) bool { return r.Replace(s) != s }

// unescaped replaces secrets whose percent-encoding spellings does not know. A page may encode any
// character, with digits in either case.
func (r *Replacer) unescaped(s string) string {
	if len(r.secrets) == 0 || !strings.Contains(s, "%") {
		return s
	}
	plain := make([]byte, 0, len(s))  // s decoded
	start := make([]int, 0, len(s)+1) // where each of its bytes begins in s
	for i := 0; i < len(s); {
		b, n := s[i], 1
		if b == '%' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b, n = byte(v), 3
			}
		}
		plain, start = append(plain, b), append(start, i)
		i += n
	}
	start = append(start, len(s))
	var out strings.Builder
	written, decoded := 0, string(plain)
	next := make([]int, len(r.secrets)) // where each secret stands next: searched once for each place
	for i := range next {
		next[i] = -1
	}
	for at := 0; at < len(decoded); {
		found, size := len(decoded), 0
		for k, secret := range r.secrets {
			if next[k] < at {
				next[k] = len(decoded)
				if i := strings.Index(decoded[at:], secret); i >= 0 {
					next[k] = at + i
				}
			}
			if next[k] < found {
				found, size = next[k], len(secret)
			}
		}
		if size == 0 {
			break
		}
		out.WriteString(s[written:start[found]])
		out.WriteString(Mark)
		at = found + size
		written = start[at]
	}
	if written == 0 {
		return s
	}
	out.WriteString(s[written:])
	return out.String()
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

// quotings is how many times a secret may have been quoted.
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
