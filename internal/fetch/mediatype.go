package fetch

import (
	"net/http"
	"regexp"
	"strings"
)

// MediaType returns the media type of a response, in lower case and without
// parameters, and the label of its charset; each is empty if there is none. If
// the header names no type, MediaType tells the type from the body.
//
// Several Content-Type headers, or one with several types, are one list. The last
// valid type of the list counts, as in the algorithm "extract a MIME type" of the
// Fetch standard. A type that ends in white space and more words is cut there, as
// browsers do.
func MediaType(h http.Header, body []byte) (mediaType, label string) {
	values := h.Values("Content-Type")
	for _, v := range splitList(strings.Join(values, ",")) {
		t, l, ok := parseType(v)
		if !ok || t == "*/*" {
			continue
		}
		if l != "" || t != mediaType {
			label = l
		}
		mediaType = t
	}
	if label == "" {
		// A parameter without a type is a mistake that servers make.
		for _, v := range values {
			if m := looseCharset.FindStringSubmatch(v); m != nil && mediaType == "" {
				label = m[1]
			}
		}
	}
	if mediaType == "" && len(body) > 0 {
		mediaType, _, _ = strings.Cut(http.DetectContentType(body), ";")
	}
	return mediaType, label
}

var looseCharset = regexp.MustCompile(`(?i)charset\s*=\s*["']?([A-Za-z0-9._:-]+)`)

// splitList splits a header's value at the commas outside of quotes.
func splitList(s string) []string {
	var out []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// parseType is "parse a MIME type" of the MIME Sniffing standard, section 4.4.
func parseType(s string) (mediaType, label string, ok bool) {
	essence, params, _ := strings.Cut(s, ";")
	major, minor, ok := strings.Cut(strings.Trim(essence, blanks), "/")
	if i := strings.IndexAny(minor, blanks); i >= 0 {
		minor = minor[:i]
	}
	if !ok || !isToken(major) || !isToken(minor) {
		return "", "", false
	}
	mediaType = strings.ToLower(major + "/" + minor)
	for params != "" {
		var name, value string
		name, params = cutParam(params)
		name, value, ok = strings.Cut(name, "=")
		if !ok || !strings.EqualFold(strings.Trim(name, blanks), "charset") {
			continue
		}
		if value = unquote(strings.Trim(value, blanks)); value != "" {
			return mediaType, value, true // the first one counts
		}
	}
	return mediaType, "", true
}

// cutParam cuts at the first semicolon outside of quotes.
func cutParam(s string) (param, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ';' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// unquote undoes a quoted string, also when its last quote is missing.
func unquote(s string) string {
	if !strings.HasPrefix(s, `"`) {
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

const blanks = " \t\r\n"

// isToken reports whether s is a token of RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// IsText reports whether a type is text of some charset.
func IsText(t string) bool {
	switch t {
	case "application/json", "application/xml", "application/javascript", "application/x-javascript", "application/ecmascript",
		"application/x-ndjson", "application/jsonl", "image/svg+xml":
		return true
	}
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "+xml") || strings.HasSuffix(t, "+json")
}
