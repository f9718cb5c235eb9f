package extract

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
)

// lastKeys returns strict JSON without the members that a later member of the same object repeats.
// JSON.parse, Python, jq and PostgreSQL's jsonb also keep the last one (RFC 8259, section 4). It
// returns text itself if no key occurs twice.
func lastKeys(text []byte) []byte {
	k := keyScanner{text: text}
	k.value()
	if len(k.drop) == 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	at := 0
	for _, d := range merged(k.drop) {
		out = append(out, text[at:d.from]...)
		at = d.to
	}
	return append(out, text[at:]...)
}

// span is a part of a text: from a position to before another one.
type span struct{ from, to int }

// merged sorts spans and leaves out spans inside other ones.
func merged(spans []span) (out []span) {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	for _, s := range spans {
		if n := len(out); n == 0 || s.from >= out[n-1].to {
			out = append(out, s)
		}
	}
	return out
}

// keyScanner walks through valid JSON and collects the spans of repeated members.
type keyScanner struct {
	text []byte
	at   int
	drop []span
}

func (k *keyScanner) space() {
	for k.at < len(k.text) && (k.text[k.at] == ' ' || k.text[k.at] == '\n' || k.text[k.at] == '\t' || k.text[k.at] == '\r') {
		k.at++
	}
}

// value passes one value.
func (k *keyScanner) value() {
	k.space()
	if k.at == len(k.text) {
		return
	}
	switch k.text[k.at] {
	case '{':
		k.object()
	case '[':
		for k.at++; k.more(']'); {
			k.value()
		}
	case '"':
		k.quoted()
	default:
		for k.at < len(k.text) && !bytes.ContainsRune([]byte(",]} \t\r\n"), rune(k.text[k.at])) {
			k.at++
		}
	}
}

// more passes commas and reports whether another item follows. It passes the closing bracket.
func (k *keyScanner) more(closing byte) bool {
	for k.space(); k.at < len(k.text); k.space() {
		switch k.text[k.at] {
		case ',':
			k.at++
		case closing:
			k.at++
			return false
		default:
			return true
		}
	}
	return false
}

// object passes an object and drops each member whose key occurs again.
func (k *keyScanner) object() {
	var members []member
	for k.at++; k.more('}'); {
		from := k.at
		m := member{from, k.quoted()}
		k.space()
		k.at++ // the colon
		k.value()
		members = append(members, m)
	}
	if len(members) > 1 {
		k.repeated(members)
	}
}

// member is a key with the position at which it starts.
type member struct {
	from int
	key  []byte
}

// fewKeys is the number of keys up to which comparing each pair is faster than a map.
const fewKeys = 12

func (k *keyScanner) repeated(members []member) {
	var seen map[string]bool
	if len(members) > fewKeys {
		seen = make(map[string]bool, len(members))
	}
	for i := len(members) - 1; i >= 0; i-- {
		again := false
		if seen != nil {
			again = seen[string(members[i].key)]
			seen[string(members[i].key)] = true
		} else {
			for _, later := range members[i+1:] {
				again = again || bytes.Equal(later.key, members[i].key)
			}
		}
		if again {
			k.drop = append(k.drop, span{members[i].from, members[i+1].from})
		}
	}
}

// quoted passes a string and returns its bytes without escapes.
func (k *keyScanner) quoted() []byte {
	start, escaped := k.at, false
	for k.at++; k.at < len(k.text) && k.text[k.at] != '"'; k.at++ {
		if k.text[k.at] == '\\' {
			escaped = true
			k.at++
		}
	}
	k.at++
	if !escaped {
		return k.text[start+1 : k.at-1]
	}
	var s string
	if err := json.Unmarshal(k.text[start:k.at], &s); err != nil {
		return k.text[start+1 : k.at-1]
	}
	return []byte(s)
}
