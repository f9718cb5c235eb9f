package extract

import (
	"fmt"
	"slices"
	"strings"
)

// Bounds of a key: Google Cloud Storage and S3 allow 1,024 bytes, file systems
// 255 a name. The template keeps room for its values.
const (
	maxKey     = 1024
	maxName    = 255
	maxLiteral = 512
)

// DefaultKey is the template of an asset's key where the rules have none.
const DefaultKey = "{id}_{asset}.{ext}"

// template is a text with names, such as png/{grade}/{id}_{asset}.png.
type template []part

// part is a literal or, if name is not empty, a placeholder.
type part struct{ literal, name string }

// parseTemplate splits a template. A brace stands for nothing but a name.
func parseTemplate(src string) (template, error) {
	var t template
	for rest := src; rest != ""; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			return append(t, part{literal: rest}), nil
		}
		if rest[open] == '}' {
			return nil, fmt.Errorf("%q closes a brace that is not open", src)
		}
		if open > 0 {
			t = append(t, part{literal: rest[:open]})
		}
		name, after, ok := strings.Cut(rest[open+1:], "}")
		if !ok || strings.Contains(name, "{") {
			return nil, fmt.Errorf("%q opens a brace that is not closed", src)
		}
		if name == "" {
			return nil, fmt.Errorf("%q has braces without a name", src)
		}
		t = append(t, part{name: name})
		rest = after
	}
	return t, nil
}

// numberName is the name in a template of the number of a file in its list, written {n}. A field n
// goes before it.
const numberName = "#n"

// number gives {n} its meaning where no field is called n.
func (t template) number(fields []*field) {
	for i := range t {
		if t[i].name == "n" && fieldNamed(fields, "n") == nil {
			t[i].name = numberName
		}
	}
}

func (t template) has(name string) bool {
	return slices.ContainsFunc(t, func(p part) bool { return p.name == name })
}

// checkLiteral returns why the literal parts cannot make a path.
func (t template) checkLiteral() error {
	var b strings.Builder
	literal := 0
	for _, p := range t {
		literal += len(p.literal)
		b.WriteString(p.literal)
		if p.name != "" {
			b.WriteByte('x')
		}
	}
	path := b.String()
	switch {
	case path == "":
		return fmt.Errorf("the template is empty")
	case literal > maxLiteral:
		return fmt.Errorf("has %d bytes without its names, and at most %d are permitted", literal, maxLiteral)
	case strings.HasPrefix(path, "/"):
		return fmt.Errorf("begins with a slash, but a key is relative to the store")
	case strings.Contains(path, `\`):
		return fmt.Errorf("has a backslash: use /")
	case strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '�' }):
		return fmt.Errorf("has a control character")
	}
	for _, element := range strings.Split(path, "/") {
		switch element {
		case "":
			return fmt.Errorf("has an empty path element")
		case ".", "..":
			return fmt.Errorf("has the path element %q", element)
		}
	}
	return nil
}

// expand inserts sanitized values. {ext} stays until the type of the file is known. It fails on a
// missing value and on a key that is too long.
func (t template) expand(value func(name string) string) (string, error) {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.name == "":
			b.WriteString(p.literal)
		case p.name == "ext":
			b.WriteString("{ext}")
		default:
			v := Sanitize(value(p.name))
			if v == "" {
				what := "field " + p.name
				if reserved[p.name] {
					what = p.name
				}
				return "", fmt.Errorf("key needs %s: missing", what)
			}
			b.WriteString(v)
		}
	}
	key := b.String()
	if len(key) > maxKey {
		return "", fmt.Errorf("key is longer than %d bytes", maxKey)
	}
	for _, element := range strings.Split(key, "/") {
		if len(element) > maxName {
			return "", fmt.Errorf("key has a name longer than %d bytes", maxName)
		}
	}
	return key, nil
}
