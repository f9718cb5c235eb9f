package weburl

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"github.com/seinehq/seine/internal/charset"
)

// Host returns host and port of a canonical URL, the unit of politeness. The port is included even
// if it is the scheme's default ("a.example:443"), and an IPv6 address stands in brackets. The
// result is empty if the URL is not canonical.
func Host(canonical string) string {
	port := "80"
	rest, ok := strings.CutPrefix(canonical, "http://")
	if !ok {
		if rest, ok = strings.CutPrefix(canonical, "https://"); !ok {
			return ""
		}
		port = "443"
	}
	host, _, ok := strings.Cut(rest, "/")
	if !ok || host == "" || strings.ContainsAny(host, "?#@\\") {
		return ""
	}
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host
	}
	return host + ":" + port
}

// Resolve returns ref, the value of a src or href attribute, as an absolute URL with its own
// fragment. The result is the URL that a browser shows, not yet canonical. It fails like
// [Canonical].
func Resolve(base, ref string) (string, error) { return ResolveIn(base, ref, "") }

// ResolveIn is [Resolve] on a page in a charset. The query is encoded in that charset, the rest in
// UTF-8. Empty means UTF-8.
func ResolveIn(base, ref, in string) (string, error) {
	u, err := parse(base)
	if err != nil {
		return "", fmt.Errorf("base: %w", err)
	}
	return (&Base{url: u, charset: in}).Resolve(ref)
}

// Resolve is [ResolveIn] on this base.
func (b *Base) Resolve(ref string) (string, error) {
	u, err := b.parse(ref)
	if err != nil {
		return "", err
	}
	abs := u.Href(false)
	if len(abs) > maxURL {
		return "", tooLong(len(abs))
	}
	return abs, nil
}

// parse resolves a reference to a URL of a page.
func (b *Base) parse(ref string) (*whatwg.Url, error) {
	if b.err != nil {
		return nil, b.err
	}
	if err := bounded(ref); err != nil {
		return nil, err
	}
	u, err := b.url.Parse(escapeInvalid(inCharset(ref, b.charset)))
	if err != nil {
		if hasScheme(ref) && !webScheme(ref) {
			return nil, ErrNotWeb
		}
		return nil, malformed(err)
	}
	return u, check(u)
}

// inCharset encodes the query of a reference in a charset.
func inCharset(ref, in string) string {
	if in == "" || in == charset.UTF8.Name {
		return ref
	}
	rest, fragment, has := strings.Cut(ref, "#")
	path, query, ok := strings.Cut(rest, "?")
	if !ok {
		return ref
	}
	if path += "?" + charset.EscapeQuery(query, in); has {
		path += "#" + fragment
	}
	return path
}

// placeholder is what [Expand] replaces.
const placeholder = "{id}"

// Expand returns the template with every {id} replaced by the percent-encoded
// id; the rest stays as it is written. An id changes neither host nor path:
// "a/b?c" becomes one segment, "." and ".." are refused because they are dot
// segments even when encoded. In the host of a template an id may hold only
// a to z, 0 to 9 and '-', and must not make an address of it. Expand
// also fails when the template has no {id} or the result is no canonical URL.
func Expand(template, id string) (string, error) {
	return ExpandSegments(template, []string{id})
}

// ExpandSegments is [Expand] of an id that is written in several segments of a
// path, with a slash between two.
func ExpandSegments(template string, segments []string) (string, error) {
	if !strings.Contains(template, placeholder) {
		return "", fmt.Errorf("template has no %s", placeholder)
	}
	encoded := make([]string, len(segments))
	for i, s := range segments {
		switch s {
		case "":
			return "", errors.New("id is empty")
		case ".", "..":
			return "", fmt.Errorf("id %q is a dot segment", s)
		}
		encoded[i] = Encode(s)
	}
	id := strings.Join(segments, "/")
	origin, rest := splitOrigin(template)
	if err := wholeTemplate(template, origin); err != nil {
		return "", err
	}
	host := strings.Contains(origin, placeholder)
	if host {
		if err := hostID(origin, id); err != nil {
			return "", err
		}
		origin = strings.ReplaceAll(origin, placeholder, id)
	}
	url := origin + strings.ReplaceAll(rest, placeholder, strings.Join(encoded, "/"))
	canonical, err := Canonical(url)
	if err != nil {
		return "", fmt.Errorf("expand: %w", err)
	}
	if host && isAddress(Host(canonical)) {
		return "", fmt.Errorf("id %q makes an address of the template's host", id)
	}
	return url, nil
}

// wholeTemplate rejects a template in which an encoded ID could change its meaning. Without a host,
// the text after the slashes becomes the host, and an ID would complete a started escape.
func wholeTemplate(template, origin string) error {
	_, authority, ok := strings.Cut(origin, "://")
	if !ok {
		return ErrNotWeb
	}
	if authority == "" || strings.ContainsFunc(authority, func(r rune) bool { return r <= ' ' }) {
		return errors.New("template has no host")
	}
	for before := range strings.SplitSeq(template, placeholder) {
		if n := len(before); strings.HasSuffix(before, "%") || n >= 2 && before[n-2] == '%' {
			return fmt.Errorf("template has a broken escape before %s", placeholder)
		}
	}
	return nil
}

// isAddress reports whether host:port holds an IP address.
func isAddress(hostport string) bool {
	_, err := netip.ParseAddrPort(hostport)
	return err == nil
}

// hostID checks an id that stands in scheme, host or port of a template.
func hostID(origin, id string) error {
	scheme, authority, _ := strings.Cut(origin, "://")
	if strings.Contains(scheme, placeholder) {
		return fmt.Errorf("template has %s in its scheme", placeholder)
	}
	if _, port, _ := strings.Cut(authority, ":"); strings.Contains(port, placeholder) {
		return fmt.Errorf("template has %s in its port", placeholder)
	}
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("id %q stands in the host, which may hold only a to z, 0 to 9 and '-'", id)
		}
	}
	return nil
}

// splitOrigin cuts a template after its scheme, host and port.
func splitOrigin(template string) (origin, rest string) {
	start := strings.Index(template, "://")
	if start < 0 {
		return template, ""
	}
	start += len("://")
	if i := strings.IndexAny(template[start:], `/\?#`); i >= 0 {
		return template[:start+i], template[start+i:]
	}
	return template, ""
}
