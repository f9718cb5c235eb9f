package scope

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/seinehq/seine/internal/weburl"
)

// maxPattern is the most bytes of a pattern. A match takes at most the bytes of the URL times the
// bytes of the pattern.
const maxPattern = 2 << 10

// Pattern is a set of URLs.
//
//   - "*" matches any text without a slash. "**" matches any text. "/**/" also matches one slash.
//   - A pattern that starts with "/" applies to the path: "/p/*". Others apply to host and path:
//     "*.shop.example/**". A host without a port fits all ports. A pattern that starts with http://
//     or https:// applies to the scheme as well.
//   - With a "?" the rest applies to the query, in which "*" matches any text. Without a "?" every
//     query fits.
//   - "re:" starts a Go regular expression, which is searched in the whole URL.
//
// All other characters stand for themselves. Hosts are compared without case, paths with case, and
// percent-encodings in their canonical form. The zero value matches nothing.
type Pattern struct {
	src    string
	re     *regexp.Regexp
	scheme string
	host   glob // nil if the pattern has none
	port   bool // the host pattern includes the port
	path   glob
	query  glob
	hasQ   bool
	across bool // host and path are one text, as "**" crosses the slash between them
}

// String returns the source of the pattern.
func (p Pattern) String() string { return p.src }

// ParsePattern reads a pattern. It fails if the pattern is empty, longer than 2 KiB, has a
// fragment, names a host without a path, or is no regular expression after "re:".
func ParsePattern(src string) (Pattern, error) {
	p := Pattern{src: src}
	if len(src) > maxPattern {
		return Pattern{}, fmt.Errorf("pattern has %d bytes; at most %d", len(src), maxPattern)
	}
	if expr, ok := strings.CutPrefix(src, "re:"); ok {
		re, err := regexp.Compile(expr)
		if err != nil {
			return Pattern{}, fmt.Errorf("pattern %q is no Go regular expression: %w", src, err)
		}
		p.re = re
		return p, nil
	}
	if err := p.parse(src); err != nil {
		return Pattern{}, fmt.Errorf("pattern %q %w", src, err)
	}
	return p, nil
}

func (p *Pattern) parse(src string) error {
	if strings.TrimSpace(src) == "" {
		return errors.New("is empty: write /** for every page")
	}
	if strings.Contains(src, "#") {
		return errors.New("has a fragment, which no URL of a task has: leave out # and the rest, or write %23")
	}
	rest := src
	for _, s := range []string{"http://", "https://"} {
		if len(rest) >= len(s) && strings.EqualFold(rest[:len(s)], s) {
			p.scheme, rest = s, rest[len(s):]
			if strings.HasPrefix(rest, "/") {
				return errors.New("has a scheme without a host")
			}
		}
	}
	rest, query, hasQ := strings.Cut(rest, "?")
	host, path := splitHost(rest)
	if path == "" {
		return fmt.Errorf("names a host without a path: write %s/** for all its pages", host)
	}
	path, query, err := canonicalParts(path, query, hasQ)
	if err != nil {
		return err
	}
	if p.hasQ = hasQ; hasQ {
		p.query = compile(query, true)
	}
	if host == "" && strings.HasPrefix(path, "/") {
		p.path = compile(path, false)
		return nil
	}
	host, err = canonicalPattern(host)
	if err != nil {
		return err
	}
	_, bare := splitPort(host)
	p.port = !bare
	if !strings.HasPrefix(path, "/") {
		p.across = true
		p.path = compile(host+path, false)
		return nil
	}
	p.host, p.path = compile(host, true), compile(path, false)
	return nil
}

// splitHost cuts a pattern before its first slash or "**".
func splitHost(s string) (host, path string) {
	for i := range len(s) {
		if s[i] == '/' || strings.HasPrefix(s[i:], "**") {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// canonicalParts writes path and query of a pattern as canonical URLs have them. Stars are part of
// no escape and no dot segment, so they stay.
func canonicalParts(path, query string, hasQ bool) (string, string, error) {
	slash := ""
	if !strings.HasPrefix(path, "/") {
		slash = "/"
	}
	raw := "http://h.example" + slash + path
	if hasQ {
		raw += "?" + query
	}
	canonical, err := weburl.Canonical(raw)
	if err != nil {
		return "", "", fmt.Errorf("fits no URL: %w", err)
	}
	out, query, _ := strings.Cut(strings.TrimPrefix(canonical, "http://h.example"+slash), "?")
	if out == "" || out[0] != path[0] {
		return "", "", errors.New("fits no URL: its dot segments remove the stars at its start")
	}
	return out, query, nil
}

// canonicalPattern writes the labels of a host pattern that hold no star as canonical URLs have
// them, and the others in lower case.
func canonicalPattern(host string) (string, error) {
	if host == "" {
		return "", nil
	}
	if !strings.Contains(host, "*") {
		canonical, err := weburl.Canonical("http://" + host + "/")
		if err != nil {
			return "", fmt.Errorf("has no host name before its path, and no / at its start: %w", err)
		}
		if name, bare := splitPort(host); !bare {
			return weburl.Host(canonical), checkPort(host[len(name):])
		}
		return strings.TrimSuffix(strings.TrimPrefix(canonical, "http://"), "/"), nil
	}
	labels := strings.Split(host, ".")
	for i, l := range labels {
		if strings.Contains(l, "*") || l == "" || strings.Contains(l, ":") {
			labels[i] = strings.ToLower(l)
			continue
		}
		canonical, err := weburl.Canonical("http://" + l + ".example/")
		if err != nil {
			return "", fmt.Errorf("has no host name before its path: %w", err)
		}
		labels[i] = strings.TrimSuffix(strings.TrimPrefix(canonical, "http://"), ".example/")
	}
	return strings.Join(labels, "."), nil
}

func checkPort(port string) error {
	if port == ":" {
		return errors.New("has a host with an empty port")
	}
	return nil
}

// Match reports whether a canonical URL belongs to the pattern. It takes linear time in the length
// of the URL.
func (p Pattern) Match(canonicalURL string) bool {
	if p.re != nil {
		return p.re.MatchString(canonicalURL)
	}
	if p.path == nil || !strings.HasPrefix(canonicalURL, p.scheme) {
		return false
	}
	_, rest, ok := strings.Cut(canonicalURL, "://")
	if !ok {
		return false
	}
	rest, query, _ := strings.Cut(rest, "?")
	if p.hasQ && !p.query.match(query) {
		return false
	}
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return false
	}
	host, path := rest[:slash], rest[slash:]
	switch {
	case !p.across && p.host == nil:
		return p.path.match(path)
	case p.port:
		host = weburl.Host(canonicalURL)
	default:
		host, _ = splitPort(host)
	}
	if p.across {
		return p.path.match(host + path)
	}
	return p.host.match(host) && p.path.match(path)
}
