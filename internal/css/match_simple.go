package css

import (
	"strings"

	"golang.org/x/net/html"
)

func (s idSelector) matches(m *matcher, n *html.Node) bool {
	for _, a := range n.Attr {
		if a.Key == "id" && a.Namespace == "" {
			return a.Val == s.id || m.doc.Quirks && lower(a.Val) == lower(s.id)
		}
	}
	return false
}

func (s classSelector) matches(m *matcher, n *html.Node) bool {
	for _, a := range n.Attr {
		if a.Key != "class" || a.Namespace != "" {
			continue
		}
		m.steps(len(a.Val) >> 6)
		return hasWord(a.Val, s.class, m.doc.Quirks)
	}
	return false
}

// hasWord reports whether one of the words of a list between white space is word.
func hasWord(list, word string, fold bool) bool {
	if word == "" {
		return false
	}
	for i := 0; i < len(list); {
		if isSpace(list[i]) {
			i++
			continue
		}
		end := i
		for end < len(list) && !isSpace(list[end]) {
			end++
		}
		if w := list[i:end]; w == word || fold && len(w) == len(word) && lower(w) == lower(word) {
			return true
		}
		i = end
	}
	return false
}

// insensitive are the attributes whose values are matched in any case on HTML
// elements in HTML documents (HTML standard, section 4.16.2).
var insensitive = func() map[string]bool {
	m := map[string]bool{}
	for s := range strings.FieldsSeq(`accept accept-charset align alink axis bgcolor charset checked clear codetype color compact declare
		defer dir direction disabled enctype face frame hreflang http-equiv lang language link media method multiple nohref noresize
		noshade nowrap readonly rel rev rules scope scrolling selected shape target text type valign valuetype vlink`) {
		m[s] = true
	}
	return m
}()

func (s attributeSelector) matches(m *matcher, n *html.Node) bool {
	for _, a := range n.Attr {
		if !s.names(a, m.doc.XML) {
			continue
		}
		if s.op == 0 {
			return true
		}
		m.steps(len(a.Val) >> 6)
		fold := s.fold == 'i' || s.fold == 0 && !m.doc.XML && n.Namespace == "" && a.Namespace == "" && insensitive[a.Key]
		if s.holds(a.Val, fold) {
			return s.op != '!'
		}
	}
	return s.op == '!'
}

// names reports whether the selector names an attribute. A name with an escaped
// colon is the whole name of an attribute with a prefix.
func (s attributeSelector) names(a html.Attribute, xml bool) bool {
	same := func(name string) bool { return name == s.key || !xml && lower(name) == s.lower }
	switch {
	case s.anyPrefix, a.Namespace == s.prefix:
		return same(a.Key)
	case s.prefix != "":
		return false
	}
	return strings.IndexByte(s.key, ':') > 0 && same(a.Namespace+":"+a.Key)
}

func (s attributeSelector) holds(v string, fold bool) bool {
	want := s.value
	if s.op == '#' {
		return s.re.MatchString(v)
	}
	if fold {
		v, want = lower(v), lower(want)
	}
	switch s.op {
	case '=', '!':
		return v == want
	case '~':
		return !strings.ContainsAny(want, " \t\r\n\f") && hasWord(v, want, false)
	case '|':
		return v == want || strings.HasPrefix(v, want) && v[len(want)] == '-'
	case '^':
		return want != "" && strings.HasPrefix(v, want)
	case '$':
		return want != "" && strings.HasSuffix(v, want)
	}
	return want != "" && strings.Contains(v, want)
}
