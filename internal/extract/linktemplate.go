package extract

import (
	"encoding/json"
	"strings"

	"github.com/seinehq/seine/internal/number"
	"github.com/seinehq/seine/internal/weburl"
)

// inURL expands a template of a URL. A value at the very beginning is a reference of its own, and
// every other value is one path segment or one part of the query. missing is the first name
// without a value.
func (t template) inURL(value func(name string) any) (url, missing string) {
	var b strings.Builder
	for i, p := range t {
		if p.name == "" {
			b.WriteString(p.literal)
			continue
		}
		v := printed(value(p.name))
		switch {
		case i == 0 && p.name == "value":
			b.WriteString(v) // may be empty: the page itself
		case v == "":
			return "", p.name
		default:
			b.WriteString(weburl.Encode(v))
		}
	}
	return b.String(), ""
}

// plain expands a template without escapes.
func (t template) plain(value func(name string) any) (text, missing string) {
	var b strings.Builder
	for _, p := range t {
		if p.name == "" {
			b.WriteString(p.literal)
			continue
		}
		v := printed(value(p.name))
		if v == "" {
			return "", p.name
		}
		b.WriteString(v)
	}
	return b.String(), ""
}

// inBody expands a template of a body. In JSON a value inside quotation marks is the content of a
// string, and any other value is JSON itself. Other bodies are forms.
func (t template) inBody(value func(name string) any, isJSON bool) (body, missing string) {
	var b strings.Builder
	quoted := false
	for _, p := range t {
		if p.name == "" {
			b.WriteString(p.literal)
			quoted = endsQuoted(p.literal, quoted)
			continue
		}
		v := value(p.name)
		text := printed(v)
		switch {
		case isJSON && !quoted:
			raw, err := number.Marshal(v)
			if err != nil {
				return "", p.name
			}
			b.Write(raw)
		case text == "":
			return "", p.name
		case isJSON:
			raw, _ := json.Marshal(text) // a text
			b.WriteString(strings.TrimSuffix(strings.TrimPrefix(string(raw), `"`), `"`))
		default:
			b.WriteString(weburl.Encode(text))
		}
	}
	return b.String(), ""
}

// endsQuoted reports whether a part of a JSON text ends inside a string.
func endsQuoted(s string, quoted bool) bool {
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		}
	}
	return quoted
}
