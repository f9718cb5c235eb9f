package fetch

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/weburl"
)

// MaxRefresh is the longest delay with which a refresh, by a meta element or a Refresh header, is a
// redirect. Redirect pages use 0 to 5 s. Pages that show content and reload use at least 10 s.
const MaxRefresh = 5 * time.Second

// Refresh is a page's instruction to load a URL after a delay.
type Refresh struct {
	Delay time.Duration

	// URL is canonical. The page's own URL means that the page reloads.
	URL string
}

// ParseRefresh reads the value of a Refresh header or the content of such a meta
// element by the "shared declarative refresh steps" of the HTML standard. base is
// what references are resolved against, page the page's own URL, charset the
// page's. ok is false if the value asks for nothing, or for no web page.
func ParseRefresh(value, base, page, charset string) (_ Refresh, ok bool) {
	s := strings.TrimLeft(value, htmlSpace)
	digits := s[:len(s)-len(strings.TrimLeft(s, decimals))]
	if digits == "" && !strings.HasPrefix(s, ".") {
		return Refresh{}, false
	}
	r := Refresh{URL: page}
	seconds, err := strconv.ParseInt("0"+digits, 10, 32)
	if err != nil {
		seconds = 1 << 31 // longer than any page is looked at
	}
	r.Delay = time.Duration(seconds) * time.Second
	s = strings.TrimLeft(s, decimals+".")
	if s == "" {
		return r, true
	}
	if !strings.ContainsAny(s[:1], ";,"+htmlSpace) {
		return Refresh{}, false
	}
	s = strings.TrimLeft(s, htmlSpace)
	if s != "" && (s[0] == ';' || s[0] == ',') {
		s = strings.TrimLeft(s[1:], htmlSpace)
	}
	if s == "" {
		return r, true
	}
	to, err := weburl.ResolveIn(base, refreshURL(s), charset)
	if err != nil {
		return Refresh{}, false
	}
	if r.URL, err = weburl.Canonical(to); err != nil {
		return Refresh{}, false
	}
	return r, true
}

// refreshURL returns the URL after the delay, with or without "url=" and quotes.
func refreshURL(s string) string {
	if len(s) >= 3 && strings.EqualFold(s[:3], "url") {
		if rest, ok := strings.CutPrefix(strings.TrimLeft(s[3:], htmlSpace), "="); ok {
			s = strings.TrimLeft(rest, htmlSpace)
		}
	}
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		s, _, _ = strings.Cut(s[1:], s[:1])
	}
	return s
}

const (
	htmlSpace = " \t\n\f\r"
	decimals  = "0123456789"
)

// Soonest returns the refresh that a browser makes of those that a document names, in their order:
// the one with the shortest delay, and of equal delays the last. ok is false if there is none.
func Soonest(all []Refresh) (soonest Refresh, ok bool) {
	for i, r := range all {
		if i == 0 || r.Delay <= soonest.Delay {
			soonest = r
		}
	}
	return soonest, len(all) > 0
}

// Follows reports whether the refresh of a page is a redirect. If it is not, note explains why, or
// is empty if there is no refresh.
func (r Refresh) Follows(page string, status int) (follows bool, note string) {
	after := "at once"
	if r.Delay > 0 {
		after = "after " + r.Delay.String()
	}
	switch {
	case r.URL == page:
		return false, "reloads itself " + after + ": the page is taken as it stands"
	case status >= 400:
		return false, fmt.Sprintf("leads to %s %s: not followed from an HTTP %d", r.URL, after, status)
	case r.Delay > MaxRefresh:
		return false, fmt.Sprintf("leads to %s %s: a refresh is a redirect up to %s", r.URL, after, MaxRefresh)
	}
	return true, ""
}
