package css

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine/internal/markup"
)

// states are the pseudo-classes without arguments. A state from the browser
// (markup.Document.States) takes precedence over the attributes.
var states = map[string]func(m *matcher, n *html.Node) bool{
	"root":  func(_ *matcher, n *html.Node) bool { return n.Parent != nil && n.Parent.Type == html.DocumentNode },
	"scope": func(m *matcher, n *html.Node) bool { return n == m.scope },
	"empty": isEmpty,
	"only-child": func(m *matcher, n *html.Node) bool {
		return n.Parent != nil && m.previous(n) == nil && m.following(n) == nil
	},
	"only-of-type": onlyOfType,
	"any-link":     isLink,
	"link":         isLink,
	"checked":      known(markup.Checked, isChecked),
	"disabled":     known(markup.Disabled, isDisabled),
	"enabled":      known(markup.Enabled, func(m *matcher, n *html.Node) bool { return m.isXHTML(n) && canDisable(n) && !isDisabled(m, n) }),
	"required": known(markup.Required, func(m *matcher, n *html.Node) bool {
		return m.isXHTML(n) && canRequire(n) && hasAttribute(n, "required")
	}),
	"optional": known(markup.Optional, func(m *matcher, n *html.Node) bool {
		return m.isXHTML(n) && isField(n) && !(canRequire(n) && hasAttribute(n, "required"))
	}),
	"read-write": known(markup.ReadWrite, isReadWrite),
	"read-only": func(m *matcher, n *html.Node) bool {
		return m.isXHTML(n) && !known(markup.ReadWrite, isReadWrite)(m, n)
	},
	"placeholder-shown": known(markup.PlaceholderShown, isPlaceholderShown),
	"defined":           known(markup.Defined, func(m *matcher, n *html.Node) bool { return !m.isXHTML(n) || !strings.Contains(n.Data, "-") }),
	"open": known(markup.Open, func(m *matcher, n *html.Node) bool {
		return m.isXHTML(n) && (n.DataAtom == atom.Details || n.DataAtom == atom.Dialog) && hasAttribute(n, "open")
	}),
	"input": func(m *matcher, n *html.Node) bool {
		return m.isXHTML(n) && (n.DataAtom == atom.Input || n.DataAtom == atom.Select || n.DataAtom == atom.Textarea || n.DataAtom == atom.Button)
	},
}

func never(*matcher, *html.Node) bool { return false }

// known returns a matcher that uses the browser's state of an element, if there is any.
func known(state markup.State, otherwise func(*matcher, *html.Node) bool) func(*matcher, *html.Node) bool {
	return func(m *matcher, n *html.Node) bool {
		if s, ok := m.doc.States[n]; ok {
			return s&state != 0
		}
		return otherwise(m, n)
	}
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name && a.Namespace == "" {
			return a.Val, true
		}
	}
	return "", false
}

func hasAttribute(n *html.Node, name string) bool {
	_, ok := attribute(n, name)
	return ok
}

// inputType returns the type of an input element in lower case.
func inputType(n *html.Node) string {
	t, _ := attribute(n, "type")
	return lower(t)
}

func isEmpty(m *matcher, n *html.Node) bool {
	if m.isXHTML(n) && n.DataAtom == atom.Template {
		return true // its content is no child of it
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		m.step()
		if (c.Type == html.ElementNode || c.Type == html.TextNode && c.Data != "") && !m.absent(c) {
			return false
		}
	}
	return true
}

func onlyOfType(m *matcher, n *html.Node) bool {
	if n.Parent == nil {
		return false
	}
	first, last := nth{b: 1, ofType: true}, nth{b: 1, ofType: true, last: true}
	return first.matches(m, n) && last.matches(m, n)
}

func isLink(m *matcher, n *html.Node) bool {
	switch {
	case m.isXHTML(n):
		return (n.DataAtom == atom.A || n.DataAtom == atom.Area) && hasAttribute(n, "href")
	case n.Namespace != "svg" && n.Namespace != "http://www.w3.org/2000/svg" || n.Data != "a":
		return false
	}
	for _, a := range n.Attr {
		if a.Key == "href" && (a.Namespace == "" || a.Namespace == "xlink") {
			return true
		}
	}
	return false
}

func isChecked(m *matcher, n *html.Node) bool {
	if !m.isXHTML(n) {
		return false
	}
	switch n.DataAtom {
	case atom.Input:
		t := inputType(n)
		return (t == "checkbox" || t == "radio") && hasAttribute(n, "checked")
	case atom.Option:
		return isSelected(m, n)
	}
	return false
}

// isSelected reports whether an option is selected. In a list of one choice, this is the last
// option marked as selected, or else the first enabled one.
func isSelected(m *matcher, option *html.Node) bool {
	list := option.Parent
	for list != nil && list.DataAtom != atom.Select {
		list = list.Parent
	}
	if list == nil || hasAttribute(list, "multiple") {
		return hasAttribute(option, "selected")
	}
	size, _ := attribute(list, "size")
	var first, last *html.Node
	for n := m.next(list, list); n != nil; n = m.next(n, list) {
		m.step()
		if n.DataAtom != atom.Option {
			continue
		}
		if hasAttribute(n, "selected") {
			last = n
		}
		if first == nil && !isDisabled(m, n) {
			first = n
		}
	}
	if last == nil && (size == "" || size == "1") {
		last = first
	}
	return last == option
}

func canDisable(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Button, atom.Input, atom.Select, atom.Textarea, atom.Optgroup, atom.Option, atom.Fieldset:
		return true
	}
	return false
}

func isDisabled(m *matcher, n *html.Node) bool {
	if !m.isXHTML(n) || !canDisable(n) {
		return false
	}
	if hasAttribute(n, "disabled") {
		return true
	}
	switch n.DataAtom {
	case atom.Optgroup:
		return false
	case atom.Option:
		p := m.parent(n)
		return p != nil && p.DataAtom == atom.Optgroup && hasAttribute(p, "disabled")
	}
	// A disabled fieldset disables its content, except for its first legend.
	for child, p := n, m.parent(n); p != nil; child, p = p, m.parent(p) {
		m.step()
		if p.DataAtom == atom.Fieldset && hasAttribute(p, "disabled") && !isFirstLegend(m, child) {
			return true
		}
	}
	return false
}

func isFirstLegend(m *matcher, n *html.Node) bool {
	if n.DataAtom != atom.Legend {
		return false
	}
	for p := m.previous(n); p != nil; p = m.previous(p) {
		if p.DataAtom == atom.Legend {
			return false
		}
	}
	return true
}

func isField(n *html.Node) bool {
	return n.DataAtom == atom.Input || n.DataAtom == atom.Select || n.DataAtom == atom.Textarea || n.DataAtom == atom.Button
}

func canRequire(n *html.Node) bool {
	if n.DataAtom != atom.Input {
		return n.DataAtom == atom.Select || n.DataAtom == atom.Textarea
	}
	switch inputType(n) {
	case "hidden", "range", "color", "submit", "image", "reset", "button":
		return false
	}
	return true
}

func isReadWrite(m *matcher, n *html.Node) bool {
	if !m.isXHTML(n) {
		return false
	}
	switch n.DataAtom {
	case atom.Input:
		switch inputType(n) {
		case "hidden", "range", "color", "submit", "image", "reset", "button", "checkbox", "radio", "file":
			return false
		}
		return !hasAttribute(n, "readonly") && !isDisabled(m, n)
	case atom.Textarea:
		return !hasAttribute(n, "readonly") && !isDisabled(m, n)
	}
	for p := n; p != nil; p = m.parent(p) {
		m.step()
		switch v, ok := attribute(p, "contenteditable"); {
		case ok && (v == "" || lower(v) == "true" || lower(v) == "plaintext-only"):
			return true
		case ok && lower(v) == "false":
			return false
		}
	}
	return false
}

func isPlaceholderShown(m *matcher, n *html.Node) bool {
	if !m.isXHTML(n) || !hasAttribute(n, "placeholder") {
		return false
	}
	switch n.DataAtom {
	case atom.Textarea:
		return n.FirstChild == nil
	case atom.Input:
		switch inputType(n) {
		case "text", "search", "url", "tel", "email", "password", "number", "":
			v, _ := attribute(n, "value")
			return v == ""
		case "hidden", "range", "color", "submit", "image", "reset", "button", "checkbox", "radio", "file", "date", "month", "week", "time", "datetime-local":
			return false
		}
		v, _ := attribute(n, "value")
		return v == ""
	}
	return false
}
