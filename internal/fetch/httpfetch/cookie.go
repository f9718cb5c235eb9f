package httpfetch

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// These are the bounds of a cookie (RFC 6265bis, section 5.6): the bytes of name and value
// together, and of an attribute's value. Browsers keep about 180 per site.
const (
	maxCookie    = 4096
	maxAttribute = 1024
	maxCookies   = 180
)

// cookie is a cookie as browsers keep it (RFC 6265bis, section 5.7). Name and value keep their
// bytes: quotes, brackets, commas, bytes above 127. net/http drops or changes them.
type cookie struct {
	name, value string
	domain      string // a host name in lower case
	hostOnly    bool
	path        string
	secure      bool
	expires     time.Time // zero: with the fetch
}

// origin is the place that sets cookies or gets them.
type origin struct {
	host   string // in lower case, without port and brackets
	path   string
	secure bool
}

// originOf returns the origin of a canonical URL.
func originOf(url string) origin {
	scheme, rest, _ := strings.Cut(url, "://")
	authority, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut("/"+path, "?")
	host := authority
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host = authority[:i]
	}
	host = strings.Trim(host, "[]")
	return origin{host: host, path: path, secure: scheme == "https" || isLocal(host)}
}

// isLocal reports whether a host is this machine, which browsers trust as they trust https.
func isLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// jar keeps the cookies of one fetch.
type jar struct {
	cookies []cookie // the oldest first
}

// set takes the Set-Cookie headers of an answer in.
func (j *jar) set(from origin, lines []string, now time.Time) {
	for _, line := range lines {
		c, ok := parseCookie(from, line, now)
		if ok && !j.shadows(from, c) {
			j.put(c, now)
		}
	}
}

// shadows reports whether a cookie would hide a secure one although it comes
// over a connection that anybody may change.
func (j *jar) shadows(from origin, c cookie) bool {
	return !from.secure && slices.ContainsFunc(j.cookies, func(o cookie) bool {
		return o.secure && o.name == c.name && (within(o.domain, c.domain) || within(c.domain, o.domain)) && under(c.path, o.path)
	})
}

func (j *jar) put(c cookie, now time.Time) {
	i := slices.IndexFunc(j.cookies, func(o cookie) bool {
		return o.name == c.name && o.domain == c.domain && o.path == c.path && o.hostOnly == c.hostOnly
	})
	gone := !c.expires.IsZero() && !c.expires.After(now)
	switch {
	case gone && i >= 0:
		j.cookies = slices.Delete(j.cookies, i, i+1)
	case gone:
	case i >= 0:
		j.cookies[i] = c
	default:
		if len(j.cookies) >= maxCookies {
			j.cookies = slices.Delete(j.cookies, 0, 1)
		}
		j.cookies = append(j.cookies, c)
	}
}

// header returns the Cookie header for a request, with longer paths first and then older cookies.
// given is the request's own header. Cookies of the jar replace its cookies of the same name.
func (j *jar) header(to origin, given string, now time.Time) string {
	var matching []cookie
	for _, c := range j.cookies {
		if c.secure && !to.secure || !c.expires.IsZero() && !c.expires.After(now) {
			continue
		}
		if (c.domain == to.host || !c.hostOnly && within(to.host, c.domain)) && under(to.path, c.path) {
			matching = append(matching, c)
		}
	}
	slices.SortStableFunc(matching, func(a, b cookie) int { return len(b.path) - len(a.path) })
	var pairs []string
	for pair := range strings.SplitSeq(given, ";") {
		pair = strings.Trim(pair, " \t")
		name, _, _ := strings.Cut(pair, "=")
		if pair != "" && !slices.ContainsFunc(matching, func(c cookie) bool { return c.name == name }) {
			pairs = append(pairs, pair)
		}
	}
	for _, c := range matching {
		pair := c.name + "=" + c.value
		if c.name == "" {
			pair = c.value
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

// under reports whether a path matches a cookie's path (section 5.1.4).
func under(path, of string) bool {
	return path == of || strings.HasPrefix(path, of) && (strings.HasSuffix(of, "/") || path[len(of)] == '/')
}

// parseCookie reads a Set-Cookie header (section 5.6) and decides whether the
// cookie is kept (section 5.7).
func parseCookie(from origin, line string, now time.Time) (_ cookie, ok bool) {
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return cookie{}, false
	}
	parts := strings.Split(line, ";")
	c := cookie{domain: from.host, hostOnly: true, path: defaultPath(from.path)}
	if name, value, found := strings.Cut(parts[0], "="); found {
		c.name, c.value = trim(name), trim(value)
	} else {
		c.value = trim(parts[0])
	}
	switch {
	case c.name == "" && (c.value == "" || strings.Contains(c.value, "=")), strings.Contains(c.name+c.value, "\t"), len(c.name)+len(c.value) > maxCookie:
		return cookie{}, false
	}
	a := attributes{path: c.path}
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(part, "=")
		a.set(strings.ToLower(trim(name)), trim(value), from, now)
	}
	c.path, c.secure = a.path, a.secure
	c.expires = a.expires
	if !a.maxAge.IsZero() {
		c.expires = a.maxAge
	}
	if c.domain, c.hostOnly, ok = domainOf(from.host, a.domain); !ok {
		return cookie{}, false
	}
	if c.secure && !from.secure || a.needsSecure && !c.secure {
		return cookie{}, false
	}
	return c, prefixed(c, a)
}

func trim(s string) string { return strings.Trim(s, " \t") }

// attributes are the attributes of a cookie that affect the jar. The last of a name counts.
type attributes struct {
	domain, path    string
	rootPath        bool // Path=/ was given
	secure          bool
	httpOnly        bool
	needsSecure     bool // by SameSite=None or Partitioned
	expires, maxAge time.Time
}

func (a *attributes) set(name, value string, from origin, now time.Time) {
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
		a.needsSecure = strings.EqualFold(value, "none")
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

// maxAgeBound is the longest life of a cookie (section 5.5).
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

// domainOf returns the domain that a cookie of host is for. No domain may be a public suffix,
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
func prefixed(c cookie, a attributes) bool {
	name := strings.ToLower(c.name)
	host := c.secure && c.hostOnly && a.domain == "" && a.rootPath
	if name == "" {
		value := strings.ToLower(c.value)
		return !slices.ContainsFunc([]string{"__secure-", "__host-", "__http-"}, func(p string) bool { return strings.HasPrefix(value, p) })
	}
	switch {
	case strings.HasPrefix(name, "__secure-"):
		return c.secure
	case strings.HasPrefix(name, "__http-"):
		return c.secure && a.httpOnly
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
