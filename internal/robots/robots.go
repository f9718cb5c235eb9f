// Package robots decides which URLs of a host its robots.txt allows (RFC 9309). It is pure.
//
// [Parse] reads the rules that hold for one agent and never fails: lines that it does not
// understand are ignored. [Verdict] states how the answer to the request for robots.txt counts. If
// a host does not answer, all of it is disallowed.
//
// The package follows the RFC and the habits of Google's parser: a missing colon, the common
// misspellings, a cut byte order mark, and "/index.html" that stands for its folder. It differs
// from that parser in one rule: section 2.2.2 of the RFC asks for the comparison of decoded
// octets, so "/%62" and "/b" are equal here.
package robots

import (
	"slices"
	"strings"
	"time"
)

// Rules are the rules of a robots.txt for one agent. The zero value allows everything. They are
// safe for concurrent use.
type Rules struct {
	// Delay is the Crawl-delay: the least time between the starts of two requests. 0 if there is
	// none. At most [MaxDelay].
	Delay time.Duration

	// Sitemaps lists the values of the Sitemap lines in their order. They are part of no group.
	Sitemaps []string

	// Usages lists the Content-Usage and Content-Signal lines of the agent's group in their order.
	Usages []Usage

	rules []rule // longest first, of equal length the allowing first
}

// Usage is a line that grants or denies a use of the content.
type Usage struct {
	// Name is "Content-Usage" or "Content-Signal".
	Name string

	// Path is the path pattern for which the line holds. It is "/" if the line has none.
	Path string

	// Value holds the preferences as they are written: "train-ai=n, search=y".
	Value string
}

// rule is one Allow or Disallow line.
type rule struct {
	allow bool
	line  string // as reports show it: "Disallow: /x"
	pattern
}

// Allowed reports whether the agent may fetch a path with its query. line is the rule that decided,
// "Disallow: /cart", and empty if none matches. A fragment is ignored, and an empty path is "/".
func (r *Rules) Allowed(pathAndQuery string) (allowed bool, line string) {
	path := target(pathAndQuery)
	if p, _, _ := strings.Cut(path, "?"); p == "/robots.txt" {
		return true, ""
	}
	for _, rule := range r.rules {
		if rule.match(path) {
			return rule.allow, rule.line
		}
	}
	return true, ""
}

// UsagesOf returns the usages that hold for a path with its query. Of the lines of one name, the
// longest matching path decides, and all lines with that path are returned.
func (r *Rules) UsagesOf(pathAndQuery string) (out []Usage) {
	path := target(pathAndQuery)
	longest := map[string]int{}
	for _, u := range r.Usages {
		if p := compile(u.Path); p.match(path) {
			longest[u.Name] = max(longest[u.Name], p.length)
		}
	}
	for _, u := range r.Usages {
		if p := compile(u.Path); p.length == longest[u.Name] && p.match(path) {
			out = append(out, u)
		}
	}
	return out
}

// sorted orders rules so that the first match decides (section 2.2.2: the most octets win, and of
// equal rules the allowing one).
func sorted(rules []rule) []rule {
	slices.SortStableFunc(rules, func(a, b rule) int {
		if a.length != b.length {
			return b.length - a.length
		}
		if a.allow == b.allow {
			return 0
		}
		if a.allow {
			return -1
		}
		return 1
	})
	return rules
}
