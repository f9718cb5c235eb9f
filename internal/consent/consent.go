// Package consent finds the signals by which a site refuses the use of its content. It is pure.
//
// It reads X-Robots-Tag, the meta elements robots and seine, TDM-Reservation, Content-Usage and
// Content-Signal. The names and their effects are data: vocabulary.json, with the source of each.
// Signals of other agents do not count. A signal for all agents counts also if one for Seine grants
// more.
package consent

import (
	"slices"
	"strings"
	"unicode"
)

// agent is the name under which a site addresses Seine.
const agent = "seine"

const (
	// maxValues and maxLength bound the values that are read. Servers accept 8 KiB per header.
	maxValues = 100
	maxLength = 8 << 10

	// maxShown is the most bytes of [Signal.Value].
	maxShown = 300
)

// Kind is the use for which the signals are read.
type Kind int

const (
	// Page is a page, judged by its own signals.
	Page Kind = iota
	// Image is an image, judged by the header of its own response.
	Image
	// File is any other asset, judged by the header of its own response.
	File
	// ImageOfPage is an image, judged by the signals of the page that shows it.
	ImageOfPage
	// FileOfPage is any other asset, judged by the signals of the page that links it.
	FileOfPage
)

// kinds are the names of the kinds in the vocabulary.
var kinds = [...]string{Page: "page", Image: "image", File: "file", ImageOfPage: "image_of_page", FileOfPage: "file_of_page"}

// Meta is a meta element with a name.
type Meta struct{ Name, Content string }

// Signal is one signal of a site.
type Signal struct {
	// Name is a directive ("noai", "nofollow"), a preference ("train-ai") or a field
	// ("tdm-reservation"), in lower case.
	Name string

	// Value is the value of the preference or field, and for a directive the whole text in which it
	// stands. At most 300 bytes, valid UTF-8 without control characters.
	Value string

	// Source is "header NAME", "meta NAME" or "robots.txt".
	Source string

	// OptsOut states that the signal refuses the use.
	OptsOut bool
}

// Of returns the signals in the header of a response (an http.Header) and in the meta elements of a
// page, in this order and each once. Directives without an effect on kind, such as noindex on a
// page, are part of the result with OptsOut false.
func Of(header map[string][]string, metas []Meta, kind Kind) []Signal {
	l := list{kind: kind}
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range header[name][:min(len(header[name]), maxValues)] {
			l.header(name, v)
		}
	}
	for _, m := range metas[:min(len(metas), maxValues)] {
		l.meta(m)
	}
	return l.out
}

// OfRobots returns the signals of a Content-Usage or Content-Signal line of robots.txt. field is
// the name of the line, value its preferences.
func OfRobots(field, value string, kind Kind) []Signal {
	l := list{kind: kind}
	l.preferences(field, value, "robots.txt")
	return l.out
}

// Refused returns the first signal that opts out.
func Refused(signals []Signal) (_ Signal, ok bool) {
	i := slices.IndexFunc(signals, func(s Signal) bool { return s.OptsOut })
	if i < 0 {
		return Signal{}, false
	}
	return signals[i], true
}

// Has reports whether one of the signals has a name: "nofollow". The directive none stands for
// noindex and nofollow.
func Has(signals []Signal, name string) bool {
	return slices.ContainsFunc(signals, func(s Signal) bool { return s.Name == name })
}

// list collects signals.
type list struct {
	kind Kind
	out  []Signal
}

func (l *list) add(name, value, source string, refuses bool, optsOut []string) {
	value = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(value[:min(len(value), maxShown)], ""))
	s := Signal{Name: name, Value: value, Source: source, OptsOut: refuses && slices.Contains(optsOut, kinds[l.kind])}
	if !slices.Contains(l.out, s) {
		l.out = append(l.out, s)
	}
}

func (l *list) header(name, value string) {
	value = strings.TrimSpace(value[:min(len(value), maxLength)])
	source := "header " + name
	switch lower := strings.ToLower(name); lower {
	case "x-robots-tag":
		l.robotsTag(value, source)
	case "content-usage", "content-signal":
		l.preferences(name, value, source)
	default:
		l.field(lower, value, source)
	}
}

func (l *list) meta(m Meta) {
	name := strings.ToLower(strings.TrimSpace(m.Name))
	value := strings.TrimSpace(m.Content[:min(len(m.Content), maxLength)])
	switch name {
	case "robots", agent:
		for part := range strings.SplitSeq(value, ",") {
			if word, _, valued := strings.Cut(part, ":"); !valued || !isValued(word) {
				l.directives(part, value, "meta "+name)
			}
		}
	case "content-usage", "content-signal":
		l.preferences(name, value, "meta "+name)
	default:
		l.field(name, value, "meta "+name)
	}
}

// robotsTag reads "noai, seine: noimageai, max-snippet: 5". An agent holds for the directives after
// it.
func (l *list) robotsTag(value, source string) {
	ours := true
	for part := range strings.SplitSeq(value, ",") {
		if name, rest, ok := strings.Cut(part, ":"); ok {
			if isValued(name) {
				continue
			}
			if name = strings.TrimSpace(name); name != "" && !strings.ContainsAny(name, " \t") {
				ours = name == "*" || strings.EqualFold(name, agent)
				part = rest
			}
		}
		if ours {
			l.directives(part, value, source)
		}
	}
}

// directives reads words. The whole value is the evidence.
func (l *list) directives(words, value, source string) {
	for _, word := range strings.Fields(strings.ToLower(words)) {
		names := []string{word}
		for _, s := range vocabulary().Same {
			if s.Name == word {
				names = s.Means
			}
		}
		for _, d := range vocabulary().Directives {
			if slices.Contains(names, d.Name) {
				l.add(d.Name, value, source, true, d.OptsOut)
			}
		}
	}
}

// field reads a header or meta element with one value.
func (l *list) field(name, value, source string) {
	for _, f := range vocabulary().Fields {
		if f.Name == name && value != "" {
			l.add(f.Name, value, source, slices.Contains(f.Refuses, value), f.OptsOut)
		}
	}
}

// preferences reads "train-ai=n, search=y".
func (l *list) preferences(field, value, source string) {
	n := 0
	for part := range strings.SplitSeq(value[:min(len(value), maxLength)], ",") {
		if n++; n > maxValues {
			return
		}
		part, _, _ = strings.Cut(part, ";") // parameters of the value
		key, v, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		key = strings.ToLower(strings.TrimSpace(key))
		v = strings.ToLower(strings.Trim(v, " \t\""))
		for _, p := range vocabulary().Preferences {
			if p.Name == key && strings.EqualFold(p.Field, field) {
				l.add(key, v, source, slices.Contains(p.Refuses, v), p.OptsOut)
			}
		}
	}
}
