// Package weburl decides when two URLs are one page. It is pure.
//
// The frontier's seen set keeps [Canonical] forms forever, so the rules never change. A changed
// rule would fetch every known page again. They follow the WHATWG URL standard for parsing, and RFC
// 3986 sections 6.2.2 and 6.2.3 for further equality:
//
//   - scheme and host in lower case, the host as punycode, an IPv4 address in
//     its four decimal parts, the root dot of a host and a default port gone
//   - dot segments resolved, an empty path is "/"
//   - percent-encoded unreserved octets decoded, once; other escapes in upper
//     case; a percent sign that begins no escape is written %25
//   - octets that are not UTF-8 percent-encoded as they are
//   - the fragment gone, the query otherwise kept as it is
//
// No other URLs are equal: a%2Fb and a/b, %2525 and %25, a%2Bb and a+b, "/p" and "/p/", "/p" and
// "/p?" stay two pages.
package weburl

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	whatwgerrors "github.com/nlnwa/whatwg-url/errors"
	whatwg "github.com/nlnwa/whatwg-url/url"
)

var (
	// ErrNotWeb reports a URL that is not http or https: mailto, data, a path alone.
	ErrNotWeb = errors.New("no http or https URL")

	// ErrUserInfo is a URL with a user name or password. It would end up in
	// keys, records and logs; a job gives such a secret as a header.
	ErrUserInfo = errors.New("URL holds a user name or password")
)

// maxURL is the most bytes of a URL, before and after. Servers commonly refuse
// longer request lines, and a key has to fit into an index.
const maxURL = 8 << 10

// maxSegments and maxAts bound input for which the parser takes quadratic time. Without them, 8 KiB
// of slashes or at signs would take a hundred milliseconds per link. No real page is that deep.
const (
	maxSegments = 1000
	maxAts      = 30
)

// maxHost is the most bytes of a host name (RFC 1035 section 2.3.4).
const maxHost = 253

// Options states in which further parts two URLs of one page may differ. The zero value adds
// nothing to the rules of the package.
type Options struct {
	// SortQuery orders the query's parameters by name. Parameters of one name keep their order.
	SortQuery bool

	// Drop lists the names of query parameters that do not count, as they read
	// when decoded. A name may end in * for all names that begin so.
	Drop []string
}

// IsBareID reports whether a text has no character of a URL: no scheme, host or path.
func IsBareID(text string) bool { return bareID.MatchString(text) }

var bareID = regexp.MustCompile(`^[\pL\pN_-]+$`)

// Canonical returns the one form of a URL that the seen set keeps. It fails
// with [ErrNotWeb], [ErrUserInfo], or because the URL is malformed or longer
// than 8 KiB. Canonical(Canonical(x)) is Canonical(x).
func Canonical(raw string) (string, error) { return CanonicalWith(raw, Options{}) }

// CanonicalWith is [Canonical] with options.
func CanonicalWith(raw string, o Options) (string, error) {
	plain := len(o.Drop) == 0 && !o.SortQuery
	if plain && known.has(raw) {
		return raw, nil
	}
	u, err := parse(raw)
	if err != nil {
		return "", err
	}
	out, err := canonical(u, o)
	if plain && err == nil {
		known.add(out)
	}
	return out, err
}

func parse(raw string) (*whatwg.Url, error) {
	if err := bounded(raw); err != nil {
		return nil, err
	}
	u, err := whatwg.Parse(escapeInvalid(raw))
	if err != nil {
		if !webScheme(raw) {
			return nil, ErrNotWeb
		}
		return nil, malformed(err)
	}
	return u, check(u)
}

// malformed says why the library refuses a URL, without the URL, which whoever prints it knows.
func malformed(err error) error {
	var invalid *whatwgerrors.ValidationError
	if !errors.As(err, &invalid) {
		return fmt.Errorf("malformed URL: %w", err)
	}
	why := strings.TrimSuffix(string(invalid.Type()), ".")
	if d := invalid.Description(); d != "" {
		why += fmt.Sprintf(": %q", d)
	}
	if article, _, _ := strings.Cut(why, " "); article == "The" || article == "An" || article == "A" {
		why = strings.ToLower(why[:1]) + why[1:]
	}
	return fmt.Errorf("malformed URL: %s", why)
}

// check refuses what parses and can't be a page.
func check(u *whatwg.Url) error {
	if s := u.Scheme(); s != "http" && s != "https" {
		return ErrNotWeb
	}
	if u.Username() != "" || u.Password() != "" {
		return ErrUserInfo
	}
	if u.Port() == "0" {
		return errors.New("malformed URL: port 0")
	}
	return nil
}

// bounded rejects input that is too long or too costly to parse.
func bounded(raw string) error {
	if len(raw) > maxURL {
		return tooLong(len(raw))
	}
	path := raw
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		path = raw[:i]
	}
	if n := strings.Count(path, "/") + strings.Count(path, `\`); n > maxSegments {
		return fmt.Errorf("malformed URL: path has %d segments; at most %d", n, maxSegments)
	}
	if n := strings.Count(path, "@"); n > maxAts {
		return fmt.Errorf("malformed URL: %d at signs before the query; at most %d", n, maxAts)
	}
	return nil
}

func tooLong(n int) error {
	return fmt.Errorf("URL has %d bytes; at most %d", n, maxURL)
}

// canonical serializes the parsed URL.
func canonical(u *whatwg.Url, o Options) (string, error) {
	host, err := canonicalHost(u)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(u.Scheme())
	b.WriteString("://")
	b.WriteString(host)
	if p := u.Port(); p != "" {
		b.WriteByte(':')
		b.WriteString(p)
	}
	path := u.Pathname()
	if path == "" {
		path = "/"
	}
	writeEscaped(&b, path, pathNeedsEscape)

	// Href tells an empty query from none, which the other methods do not.
	if _, query, ok := strings.Cut(u.Href(true), "?"); ok {
		var q strings.Builder
		writeEscaped(&q, query, never)
		query, ok = arrange(q.String(), o)
		if ok {
			b.WriteByte('?')
			b.WriteString(query)
		}
	}
	if b.Len() > maxURL {
		return "", tooLong(b.Len())
	}
	return b.String(), nil
}

func canonicalHost(u *whatwg.Url) (string, error) {
	host := u.Hostname()
	if strings.HasPrefix(host, "[") { // IPv6, which a URL that was resolved forgets
		return host, nil
	}
	// The root dot names the same host, and with it a host would get a second pace.
	host = strings.TrimSuffix(host, ".")
	if len(host) > maxHost {
		return "", fmt.Errorf("malformed URL: host has %d bytes; at most %d", len(host), maxHost)
	}
	if host == "" || slices.Contains(strings.Split(host, "."), "") {
		return "", errors.New("malformed URL: host has an empty label")
	}
	if strings.ContainsFunc(host, notHost) {
		return "", errors.New("malformed URL: host holds a character that no host name has")
	}
	return host, nil
}

// notHost reports the characters that WHATWG permits in a host and DNS does not: quotes, braces,
// sub-delimiters. An underscore is common in host names.
func notHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}

// arrange drops and sorts parameters; ok is false when dropping left nothing.
func arrange(query string, o Options) (_ string, ok bool) {
	if len(o.Drop) == 0 && !o.SortQuery {
		return query, true
	}
	params := strings.Split(query, "&")
	n := len(params)
	params = slices.DeleteFunc(params, func(p string) bool {
		return o.drops(decodedName(p))
	})
	if len(params) == 0 && n > 0 {
		return "", false
	}
	if o.SortQuery {
		slices.SortStableFunc(params, func(a, b string) int {
			return strings.Compare(name(a), name(b))
		})
	}
	return strings.Join(params, "&"), true
}

func (o Options) drops(name string) bool {
	return slices.ContainsFunc(o.Drop, func(d string) bool {
		if begin, all := strings.CutSuffix(d, "*"); all {
			return strings.HasPrefix(name, begin)
		}
		return name == d
	})
}

func name(param string) string {
	n, _, _ := strings.Cut(param, "=")
	return n
}

func decodedName(param string) string {
	return decode(strings.ReplaceAll(name(param), "+", " "))
}

// escapeInvalid percent-encodes the octets of s that are not UTF-8. The parser would replace each
// with the same character, so two pages would become one.
func escapeInvalid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			writeEscape(&b, s[i])
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// schemeOf returns what stands before the first colon, as the parser reads it.
func schemeOf(raw string) (string, bool) {
	raw = strings.TrimLeftFunc(raw, func(r rune) bool { return r <= ' ' })
	raw = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(raw)
	s, _, ok := strings.Cut(raw, ":")
	if !ok || strings.ContainsAny(s, "/?#") {
		return "", false
	}
	return strings.ToLower(s), true
}

func hasScheme(raw string) bool {
	_, ok := schemeOf(raw)
	return ok
}

func webScheme(raw string) bool {
	s, _ := schemeOf(raw)
	return s == "http" || s == "https"
}
