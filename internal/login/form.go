package login

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/markup"
	"github.com/seinehq/seine/internal/weburl"
)

// form is the form of a log-in page.
type form struct {
	action string // a canonical URL
	fields [][2]string
	fits   int
}

// maxNodes bounds the tree of a log-in page.
const maxNodes = 500_000

var errNoForm = errors.New("the page has no form with an input for a password, or with a field of session.login.form")

// formOf returns the form of a page that asks for a password, or else the one with most of the
// names. Its values are what a browser sends if nobody types, with the given ones in their place.
func formOf(ctx context.Context, page *seine.Page, given map[string]string) (form, error) {
	doc, err := markup.HTML(ctx, page.Body, markup.Options{MaxNodes: maxNodes})
	if err != nil {
		return form{}, fmt.Errorf("the page can't be read: %w", err)
	}
	var best form
	base := page.URL
	for n := markup.Next(doc.Root, doc.Root); n != nil; n = markup.Next(n, doc.Root) {
		switch n.DataAtom {
		case atom.Base:
			if at, err := weburl.ResolveIn(page.URL, attr(n, "href"), page.Charset); err == nil && base == page.URL {
				base = at
			}
		case atom.Form:
			if f := readForm(n, given); f.fits > best.fits {
				best = f
			}
		}
	}
	if best.fits == 0 {
		return form{}, errNoForm
	}
	if best.action, err = weburl.ResolveIn(base, best.action, page.Charset); err == nil {
		best.action, err = weburl.Canonical(best.action)
	}
	if err != nil {
		return form{}, fmt.Errorf("the form leads to no page: %w", err)
	}
	return best, nil
}

// readForm reads the controls of a form.
func readForm(top *html.Node, given map[string]string) form {
	f := form{action: attr(top, "action")}
	for n := markup.Next(top, top); n != nil; n = markup.Next(n, top) {
		name := attr(n, "name")
		_, own := given[name]
		switch n.DataAtom {
		case atom.Input:
			kind := strings.ToLower(attr(n, "type"))
			if kind == "password" {
				f.fits += 100
			}
			if own {
				f.fits++
			}
			switch _, checked := find(n, "checked"); {
			case name == "" || own || has(n, "disabled"):
			case kind == "submit" || kind == "button" || kind == "reset" || kind == "image" || kind == "file":
			case (kind == "checkbox" || kind == "radio") && !checked:
			case kind == "checkbox" || kind == "radio":
				value, ok := find(n, "value")
				if !ok {
					value = "on"
				}
				f.fields = append(f.fields, [2]string{name, value})
			default:
				f.fields = append(f.fields, [2]string{name, attr(n, "value")})
			}
		case atom.Select:
			if name != "" && !own {
				if value, ok := chosen(n); ok {
					f.fields = append(f.fields, [2]string{name, value})
				}
			}
		case atom.Textarea:
			if name != "" && !own && n.FirstChild != nil {
				f.fields = append(f.fields, [2]string{name, n.FirstChild.Data})
			}
		}
	}
	return f
}

// chosen returns the value of the selected option of a select element, else of the first one.
func chosen(sel *html.Node) (value string, ok bool) {
	for n := markup.Next(sel, sel); n != nil; n = markup.Next(n, sel) {
		if n.DataAtom != atom.Option || ok && !has(n, "selected") {
			continue
		}
		given, has := find(n, "value")
		if !has && n.FirstChild != nil {
			given = strings.TrimSpace(n.FirstChild.Data)
		}
		value, ok = given, true
	}
	return value, ok
}

// body returns the body of the form's request.
func (f form) body(given map[string]string) []byte {
	var b strings.Builder
	add := func(name, value string) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(value))
	}
	for _, kv := range f.fields {
		add(kv[0], kv[1])
	}
	names := make([]string, 0, len(given))
	for name := range given {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		add(name, given[name])
	}
	return []byte(b.String())
}

func find(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Namespace == "" && a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func attr(n *html.Node, name string) string {
	v, _ := find(n, name)
	return v
}

func has(n *html.Node, name string) bool {
	_, ok := find(n, name)
	return ok
}
