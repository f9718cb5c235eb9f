package scope

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Limits beyond which a URL is taken for generated. Real sites stay below them: the longest URLs
// that browsers and search engines handle well have about 2000 bytes.
const (
	maxLength  = 2000
	maxParams  = 30
	maxSame    = 4 // times that one segment may occur in a path
	runLength  = 3 // segments of the longest group that is searched for
	runTimes   = 3 // times in a row that make a group a trap
	sameParams = 4 // times that make an equal parameter a trap
)

// Trap returns why a canonical URL looks generated without end, or "" for others:
//
//   - "trap: URL of N bytes": more than 2000
//   - "trap: repeated path segment /a/b": a group of up to three segments three times in a row, or
//     one segment more than four times
//   - "trap: query with N parameters": more than 30
//   - "trap: repeated parameter a=1": four times with one value
//   - "trap: calendar": a month or day more than ten years after now, or before the year 1600
func Trap(url string, now time.Time) string {
	if len(url) > maxLength {
		return fmt.Sprintf("trap: URL of %d bytes", len(url))
	}
	_, path, query := parts(url)
	if s := repeated(strings.Split(strings.Trim(path, "/"), "/")); s != "" {
		return "trap: repeated path segment " + s
	}
	if calendar(path, query, now) {
		return "trap: calendar"
	}
	if query == "" {
		return ""
	}
	params := strings.Split(query, "&")
	if len(params) > maxParams {
		return fmt.Sprintf("trap: query with %d parameters", len(params))
	}
	slices.Sort(params)
	for i := sameParams - 1; i < len(params); i++ {
		if p := params[i]; p != "" && params[i-sameParams+1] == p {
			return "trap: repeated parameter " + p
		}
	}
	return ""
}

// WhyStands is the reason of a next page of a list that is one of the pages before it.
const WhyStands = "pagination does not advance"

// Kind returns the kind of a reason of [Trap] or [Scope.Reason], without values of the URL. Reasons
// are counted, and a site could invent any number of them.
func Kind(reason string) string {
	for _, kind := range []string{"trap: URL", "trap: repeated path segment", "trap: query", "trap: repeated parameter"} {
		if strings.HasPrefix(reason, kind) {
			return kind
		}
	}
	return reason
}

// repeated returns the group of segments that repeats, with slashes, or "".
func repeated(segments []string) string {
	for n := 1; n <= runLength; n++ {
		for i := 0; i+n*runTimes <= len(segments); i++ {
			group := segments[i : i+n]
			if slices.Equal(group, segments[i+n:i+2*n]) && slices.Equal(group, segments[i+2*n:i+3*n]) {
				return "/" + strings.Join(group, "/")
			}
		}
	}
	count := map[string]int{}
	for _, s := range segments {
		if count[s]++; count[s] > maxSame {
			return "/" + s
		}
	}
	return ""
}

// parts returns the authority, path and query of a canonical URL.
func parts(url string) (host, path, query string) {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		url = rest
	}
	url, query, _ = strings.Cut(url, "?")
	if i := strings.IndexByte(url, '/'); i >= 0 {
		return url[:i], url[i:], query
	}
	return url, "", query
}

// PathPattern returns the family of a canonical URL, for which a job has a budget: the host and the
// path, with numbers, dates and hexadecimal IDs as {n}, and the sorted names of the parameters. Two
// examples are "shop.example/calendar/{n}/{n}" and "shop.example/list?date&view".
func PathPattern(url string) string {
	host, path, query := parts(url)
	var b strings.Builder
	b.WriteString(host)
	generalize(&b, path)
	if query == "" {
		return b.String()
	}
	var names []string
	for p := range strings.SplitSeq(query, "&") {
		if name, _, _ := strings.Cut(p, "="); name != "" {
			var n strings.Builder
			generalize(&n, name)
			names = append(names, n.String())
		}
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > 0 {
		b.WriteString("?" + strings.Join(names, "&"))
	}
	return b.String()
}

// generalize writes a text with its numbers as {n}.
func generalize(b *strings.Builder, s string) {
	for i := 0; i < len(s); {
		n := word(s[i:])
		switch {
		case n == 0:
			n = 1
			if s[i] == '%' {
				n = min(3, len(s)-i) // the digits of an escape are no number
			}
			b.WriteString(s[i : i+n])
		case isID(s[i : i+n]):
			b.WriteString("{n}")
			// The parts of a date or a UUID are one number.
			for i+n+1 < len(s) && (s[i+n] == '-' || s[i+n] == '_' || s[i+n] == '.') {
				next := word(s[i+n+1:])
				if next == 0 || !isHexWord(s[i+n+1:i+n+1+next]) {
					break
				}
				n += 1 + next
			}
		default:
			digits(b, s[i:i+n])
		}
		i += n
	}
}

// word returns the length of the letters and digits at the start.
func word(s string) int {
	i := 0
	for i < len(s) && (isDigit(s[i]) || 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z') {
		i++
	}
	return i
}

// minHex is the fewest digits of a hexadecimal ID. Words with digits such as "face2" are shorter.
const minHex = 8

// isID reports a number, or hexadecimal digits that are long enough for an ID.
func isID(w string) bool {
	if strings.Trim(w, "0123456789") == "" {
		return true
	}
	return len(w) >= minHex && isHexWord(w)
}

// isHexWord reports hexadecimal digits with a decimal one, which parts words from numbers.
func isHexWord(w string) bool {
	return strings.Trim(w, "0123456789abcdefABCDEF") == "" && strings.ContainsAny(w, "0123456789")
}

// digits writes a word with each run of decimal digits as {n}.
func digits(b *strings.Builder, w string) {
	for i := 0; i < len(w); i++ {
		switch {
		case !isDigit(w[i]):
			b.WriteByte(w[i])
		case i == 0 || !isDigit(w[i-1]):
			b.WriteString("{n}")
		}
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
