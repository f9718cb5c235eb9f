// Package cookie keeps cookies as browsers do (RFC 6265bis), and the changes that a page makes to
// them. It is pure.
//
// A cookie goes only to its own host, or to the domain that it names and that is no public suffix;
// to its path; and, if it is secure, only over https. A header that breaks these rules is ignored.
package cookie

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"github.com/seinehq/seine"
)

// These are the bounds of a seine.Cookie (RFC 6265bis, section 5.6): the bytes of name and value
// together, and of an attribute's value. Browsers keep about 180 per site.
const (
	maxCookie    = 4096
	maxAttribute = 1024
	maxCookies   = 180
)

// Origin is the place that sets cookies or gets them.
type Origin struct {
	host   string // in lower case, without port and brackets
	path   string
	secure bool
}

// OriginOf returns the origin of a canonical URL.
func OriginOf(url string) Origin {
	scheme, rest, _ := strings.Cut(url, "://")
	authority, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut("/"+path, "?")
	host := authority
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host = authority[:i]
	}
	host = strings.Trim(host, "[]")
	return Origin{host: host, path: path, secure: scheme == "https" || isLocal(host)}
}

// Within reports whether a cookie is for the host of an origin.
func (o Origin) Within(c seine.Cookie) bool {
	return c.Domain == o.host || !c.HostOnly && within(o.host, c.Domain)
}

// isLocal reports whether a host is this machine, which browsers trust as they trust https.
func isLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// Jar keeps cookies. Its zero value is empty.
type Jar struct {
	cookies []seine.Cookie // the oldest first
	given   int            // the number of the cookies that it began with
}

// New returns a jar with cookies. Name and value keep their bytes: quotes, brackets, commas, bytes
// above 127. net/http drops or changes them.
func New(cookies []seine.Cookie) *Jar {
	return &Jar{cookies: slices.Clone(cookies), given: len(cookies)}
}

// All returns the cookies, the oldest first.
func (j *Jar) All() []seine.Cookie { return slices.Clone(j.cookies) }

// Set takes the Set-Cookie headers of an answer in.
func (j *Jar) Set(from Origin, lines []string, now time.Time) {
	for _, line := range lines {
		c, ok := parseCookie(from, line, now)
		if ok && !j.shadows(from, c) {
			j.put(c, now)
		}
	}
}

// shadows reports whether a seine.Cookie would hide a secure one although it comes
// over a connection that anybody may change.
func (j *Jar) shadows(from Origin, c seine.Cookie) bool {
	return !from.secure && slices.ContainsFunc(j.cookies, func(o seine.Cookie) bool {
		return o.Secure && o.Name == c.Name && (within(o.Domain, c.Domain) || within(c.Domain, o.Domain)) && under(c.Path, o.Path)
	})
}

func (j *Jar) put(c seine.Cookie, now time.Time) {
	i := slices.IndexFunc(j.cookies, func(o seine.Cookie) bool {
		return o.Name == c.Name && o.Domain == c.Domain && o.Path == c.Path && o.HostOnly == c.HostOnly
	})
	gone := !c.Expires.IsZero() && !c.Expires.After(now)
	switch {
	case gone && i >= 0:
		j.cookies = slices.Delete(j.cookies, i, i+1)
	case gone:
	case i >= 0:
		j.cookies[i] = c
	default:
		if len(j.cookies) >= maxCookies+j.given {
			j.cookies = slices.Delete(j.cookies, 0, 1)
		}
		j.cookies = append(j.cookies, c)
	}
}

// Header returns the Cookie header for a request, with longer paths first and then older cookies.
// given is the request's own header. Cookies of the jar replace its cookies of the same name.
func (j *Jar) Header(to Origin, given string, now time.Time) string {
	var matching []seine.Cookie
	for _, c := range j.cookies {
		if c.Secure && !to.secure || !c.Expires.IsZero() && !c.Expires.After(now) {
			continue
		}
		if to.Within(c) && under(to.path, c.Path) {
			matching = append(matching, c)
		}
	}
	slices.SortStableFunc(matching, func(a, b seine.Cookie) int { return len(b.Path) - len(a.Path) })
	var pairs []string
	for pair := range strings.SplitSeq(given, ";") {
		pair = strings.Trim(pair, " \t")
		name, _, _ := strings.Cut(pair, "=")
		if pair != "" && !slices.ContainsFunc(matching, func(c seine.Cookie) bool { return c.Name == name }) {
			pairs = append(pairs, pair)
		}
	}
	for _, c := range matching {
		pair := c.Name + "=" + c.Value
		if c.Name == "" {
			pair = c.Value
		}
		pairs = append(pairs, pair)
	}
	return strings.Join(pairs, "; ")
}

// within reports whether a host is domain or below.
func within(host, domain string) bool {
	if host == domain {
		return true
	}
	return strings.HasSuffix(host, "."+domain) && !isAddress(host)
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// under reports whether a path matches a seine.Cookie's path (section 5.1.4).
func under(path, of string) bool {
	return path == of || strings.HasPrefix(path, of) && (strings.HasSuffix(of, "/") || path[len(of)] == '/')
}

// parseCookie reads a Set-Cookie header (section 5.6) and decides whether the
// cookie is kept (section 5.7).
func parseCookie(from Origin, line string, now time.Time) (_ seine.Cookie, ok bool) {
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return seine.Cookie{}, false
	}
	parts := strings.Split(line, ";")
	c := seine.Cookie{Domain: from.host, HostOnly: true, Path: defaultPath(from.path)}
	if name, value, found := strings.Cut(parts[0], "="); found {
		c.Name, c.Value = trim(name), trim(value)
	} else {
		c.Value = trim(parts[0])
	}
	switch {
	case c.Name == "" && (c.Value == "" || strings.Contains(c.Value, "=")), strings.Contains(c.Name+c.Value, "\t"), len(c.Name)+len(c.Value) > maxCookie:
		return seine.Cookie{}, false
	}
	a := attributes{path: c.Path}
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(part, "=")
		a.set(strings.ToLower(trim(name)), trim(value), from, now)
	}
	c.Path, c.Secure, c.HTTPOnly, c.SameSite = a.path, a.secure, a.httpOnly, a.sameSite
	c.Expires = a.expires
	if !a.maxAge.IsZero() {
		c.Expires = a.maxAge
	}
	if c.Domain, c.HostOnly, ok = domainOf(from.host, a.domain); !ok {
		return seine.Cookie{}, false
	}
	if c.Secure && !from.secure || a.needsSecure && !c.Secure {
		return seine.Cookie{}, false
	}
	return c, prefixed(c, a)
}

func trim(s string) string { return strings.Trim(s, " \t") }

// attributes are the attributes of a seine.Cookie that affect the jar. The last of a name counts.
type attributes struct {
	domain, path    string
	rootPath        bool // Path=/ was given
	secure          bool
	httpOnly        bool
	needsSecure     bool   // by SameSite=None or Partitioned
	sameSite        string // Strict, Lax or None; empty for another value
	expires, maxAge time.Time
}

var sameSites = map[string]string{"strict": "Strict", "lax": "Lax", "none": "None"}

func (a *attributes) set(name, value string, from Origin, now time.Time) {
	if len(value) > maxAttribute {
		return
	}
	switch name {
	case "domain":
		a.domain = strings.ToLower(value)
	case "path":
		a.rootPath = value == "/"
		if a.path = value; !strings.HasPrefix(value, "/") {
			a.path = defaultPath(from.path)
		}
	case "secure":
		a.secure = true
	case "httponly":
		a.httpOnly = true
	case "samesite":
		a.needsSecure, a.sameSite = strings.EqualFold(value, "none"), sameSites[strings.ToLower(value)]
	case "partitioned":
		a.needsSecure = true
	case "expires":
		if t, ok := parseCookieDate(value); ok {
			a.expires = t
		}
	case "max-age":
		a.setMaxAge(value, now)
	}
}

// maxAgeBound is the longest life of a seine.Cookie (section 5.5).
const maxAgeBound = 400 * 24 * time.Hour

func (a *attributes) setMaxAge(value string, now time.Time) {
	digits := strings.TrimPrefix(value, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return
	}
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case strings.HasPrefix(value, "-"), err == nil && n <= 0:
		a.maxAge = now
	case err != nil, n > int64(maxAgeBound/time.Second):
		a.maxAge = now.Add(maxAgeBound)
	default:
		a.maxAge = now.Add(time.Duration(n) * time.Second)
	}
}

// domainOf returns the domain that a seine.Cookie of host is for. No domain may be a public suffix,
// except the host itself.
func domainOf(host, attribute string) (domain string, hostOnly, ok bool) {
	if attribute == "" {
		return host, true, true
	}
	if attribute = strings.TrimPrefix(attribute, "."); attribute == "" {
		return "", false, false
	}
	if ascii, err := idna.ToASCII(attribute); err == nil {
		attribute = ascii
	}
	if isAddress(host) {
		return host, true, attribute == host
	}
	if !within(host, attribute) {
		return "", false, false
	}
	if suffix, _ := publicsuffix.PublicSuffix(attribute); suffix == attribute {
		return host, true, attribute == host
	}
	return attribute, false, true
}

// prefixed checks the guarantees of a name's prefixes (section 4.1.3). A cookie without a name must
// not pass for one with a prefix.
func prefixed(c seine.Cookie, a attributes) bool {
	name := strings.ToLower(c.Name)
	host := c.Secure && c.HostOnly && a.domain == "" && a.rootPath
	if name == "" {
		value := strings.ToLower(c.Value)
		return !slices.ContainsFunc([]string{"__secure-", "__host-", "__http-"}, func(p string) bool { return strings.HasPrefix(value, p) })
	}
	switch {
	case strings.HasPrefix(name, "__secure-"):
		return c.Secure
	case strings.HasPrefix(name, "__http-"):
		return c.Secure && a.httpOnly
	case strings.HasPrefix(name, "__host-http-"):
		return host && a.httpOnly
	case strings.HasPrefix(name, "__host-"):
		return host
	}
	return true
}

// defaultPath implements section 5.1.4.
func defaultPath(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}
