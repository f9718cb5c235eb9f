package sitemap

import (
	"bytes"
	"html"
	"strings"
)

// element is a start or end tag.
type element struct {
	prefix, name string // in lower case
	end, empty   bool   // an end tag; a tag without content
	attr         []byte
}

// parseTag reads the text between < and >.
func parseTag(tag []byte) (e element) {
	if len(tag) > 0 && tag[0] == '/' {
		e.end, tag = true, tag[1:]
	}
	tag = bytes.TrimRight(tag, spaces)
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		e.empty, tag = true, tag[:n-1]
	}
	n := bytes.IndexAny(tag, spaces+"/")
	if n < 0 {
		n = len(tag)
	}
	e.attr = tag[n:]
	e.name = lowerName(tag[:n])
	if i := strings.IndexByte(e.name, ':'); i >= 0 {
		e.prefix, e.name = e.name[:i], e.name[i+1:]
	}
	return e
}

// names are the usual names, so that most tags need no memory.
var names = func() map[string]string {
	m := map[string]string{}
	for _, n := range strings.Fields("url loc lastmod changefreq priority urlset sitemap sitemapindex image:image image:loc item link title entry updated") {
		m[n] = n
	}
	return m
}()

func lowerName(name []byte) string {
	if n, ok := names[string(name)]; ok {
		return n
	}
	return strings.ToLower(string(name[:min(len(name), 100)]))
}

// get returns the value of an attribute, by its name with prefix in lower case.
func (e element) get(name string) (value string, ok bool) {
	rest := e.attr
	for {
		rest = bytes.TrimLeft(rest, spaces+"/")
		if len(rest) == 0 {
			return "", false
		}
		n := bytes.IndexAny(rest[1:], spaces+"=") + 1
		if n == 0 {
			return "", false
		}
		key := rest[:n]
		if rest = bytes.TrimLeft(rest[n:], spaces); len(rest) == 0 || rest[0] != '=' {
			continue
		}
		rest = bytes.TrimLeft(rest[1:], spaces)
		var v []byte
		if len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'') {
			v, rest, _ = bytes.Cut(rest[1:], rest[:1])
		} else if n = bytes.IndexAny(rest, spaces); n >= 0 {
			v, rest = rest[:n], rest[n:]
		} else {
			v, rest = rest, nil
		}
		if bytes.EqualFold(key, []byte(name)) {
			return unescape(string(v)), true
		}
	}
}

// unescape replaces references. A "&" that begins no reference with a semicolon stays, so that
// "?a=1&copy=2" keeps its parameters.
func unescape(s string) string {
	at := strings.IndexByte(s, '&')
	if at < 0 {
		return s
	}
	const longest = 32 // bytes of a reference; the longest name of HTML has 31
	var b strings.Builder
	for at >= 0 {
		b.WriteString(s[:at])
		s = s[at:]
		n := strings.IndexByte(s[:min(len(s), longest+2)], ';') + 1
		if n > 0 && !strings.ContainsAny(s[1:n], "& \t\r\n=") {
			b.WriteString(reference(s[:n]))
		} else {
			n = 1
			b.WriteByte('&')
		}
		s = s[n:]
		at = strings.IndexByte(s, '&')
	}
	b.WriteString(s)
	return b.String()
}

func reference(ref string) string {
	switch ref {
	case "&amp;":
		return "&"
	case "&apos;":
		return "'"
	}
	return html.UnescapeString(ref)
}

// isHTML reports whether a first tag or declaration begins a page.
func isHTML(tag []byte) bool {
	if bytes.HasPrefix(tag, []byte("!")) {
		fields := bytes.Fields(tag)
		return len(fields) > 1 && bytes.EqualFold(fields[0], []byte("!doctype")) && bytes.EqualFold(fields[1], []byte("html"))
	}
	switch parseTag(tag).name {
	case "html", "head", "body", "title", "meta", "link", "script", "style", "div", "p", "h1", "center", "table", "a", "noscript", "iframe", "form", "br", "span":
		return true
	}
	return false
}
