package extract

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"

	"github.com/seinehq/seine"
)

// View is a page as the rules of a job read it, for code in Go. Only one goroutine may use it at a
// time.
type View struct {
	r    *reading
	root item
	err  error
}

// Item is one match of a selector or of an expression: an element, an attribute, or a text.
type Item struct{ item }

// Look parses a page. It fails if the page is neither HTML nor XML, is not well-formed, or exceeds
// a bound. Such an error wraps [seine.ErrFinal]. The end of ctx ends Look and each search.
func Look(ctx context.Context, page *seine.Page) (*View, error) {
	w := watch(ctx, 0)
	defer w.stop()
	r := &reading{ctx: w.ctx, watch: w, page: page}
	doc, err := r.document()
	switch {
	case err != nil:
		r.release()
		return nil, ended(ctx, err)
	case doc == nil:
		return nil, fmt.Errorf("%w: %w", seine.ErrFinal, r.noDoc)
	}
	r.ctx, r.watch = ctx, &stopwatch{ctx: ctx} // the budgets of steps bound the searches
	v := &View{r: r, root: item{node: doc}}
	runtime.AddCleanup(v, func(leave func()) { leave() }, r.leave)
	return v, nil
}

// Close gives back the memory that the tree has reserved. Without it, the garbage collector does.
func (v *View) Close() { v.r.release() }

// Err returns the first error of a search.
func (v *View) Err() error { return v.err }

// Root returns the document.
func (v *View) Root() Item { return Item{v.root} }

func (v *View) fail(format string, args ...any) {
	if v.err == nil {
		v.err = fmt.Errorf(format, args...)
	}
}

// CSS returns at most n elements that a selector matches inside an item, in document order. A
// negative n returns all of them.
func (v *View) CSS(in Item, selector string, n int) []Item {
	find, err := selectorSource(selector)
	if err != nil {
		v.fail("%w: selector %.60q: %w", seine.ErrFinal, selector, err)
		return nil
	}
	return v.items(find, in, n)
}

// XPath returns at most n results of an expression on an item.
func (v *View) XPath(in Item, expression string, n int) []Item {
	find, _, err := xpathSource(expression)
	if err != nil {
		v.fail("%w: expression %.60q: %w", seine.ErrFinal, expression, err)
		return nil
	}
	return v.items(find, in, n)
}

// items collects the matches of a source. After an error there are none, because a part of a list
// looks like a whole one.
func (v *View) items(find source, in Item, n int) (out []Item) {
	if v.err != nil {
		return nil
	}
	over := false
	err := find(v.r, in.item, func(it item) bool {
		if n < 0 && len(out) == maxItems {
			over = true
			return false
		}
		out = append(out, Item{it})
		return n < 0 || len(out) < n
	})
	switch {
	case over:
		v.fail("%w: more than %d matches", seine.ErrFinal, maxItems)
	case err != nil:
		v.fail("%w", ended(v.r.ctx, err))
	default:
		return out
	}
	return nil
}

// plainField reads a value as a field without type and match does.
var plainField = field{trim: true}

// Text returns the visible text of an item, or the text that an expression selected.
func (v *View) Text(it Item) string { return v.text(it, "") }

// Attr returns an attribute of an element. A reference such as href is absolute.
func (v *View) Attr(it Item, name string) string {
	if it.node == nil {
		return ""
	}
	return v.text(it, name)
}

func (v *View) text(it Item, attr string) string {
	if v.err != nil || it.node == nil && it.item.text == "" {
		return ""
	}
	f := plainField
	f.attr = attr
	value, err := f.value(v.r, it.item)
	if err != nil {
		v.fail("%w: %w", seine.ErrFinal, err)
	}
	text, _ := value.(string)
	return strings.Clone(text) // a program may keep it, and with it the page
}

// Meta returns the content of the first meta element with a name, property or itemprop.
func (v *View) Meta(name string) string {
	for _, it := range v.items(metaSource(name), v.Root(), -1) {
		if text := v.Text(it); text != "" {
			return text
		}
	}
	return ""
}

// JSONLD returns the values at a path of the things of a type in the JSON-LD of the page.
func (v *View) JSONLD(typ, path string) []any {
	var out []any
	f := plainField
	for _, it := range v.items(jsonldSource(typ, path), v.Root(), -1) {
		value, err := f.value(v.r, it.item)
		if err != nil {
			v.fail("%w: %w", seine.ErrFinal, err)
			return nil
		}
		if value != nil {
			out = append(out, value)
		}
	}
	return out
}

// Structured returns the values at a path of the things of a source, such as microdata.
func (v *View) Structured(key, typ, path string) []any {
	var out []any
	f := plainField
	for _, it := range v.items(structuredSource(key, typ, path), v.Root(), -1) {
		value, err := f.value(v.r, it.item)
		if err != nil {
			v.fail("%w: %w", seine.ErrFinal, err)
			return nil
		}
		if value != nil {
			out = append(out, value)
		}
	}
	return out
}

// Table returns the texts of the cells that belong to a header.
func (v *View) Table(header string) []string {
	find, err := tableSource(header, defaultTables)
	if err != nil {
		v.fail("%w: header %.60q: %w", seine.ErrFinal, header, err)
		return nil
	}
	var out []string
	for _, it := range v.items(find, v.Root(), -1) {
		if text := v.Text(it); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// Resolve makes a reference on the page absolute, by the page's base element.
func (v *View) Resolve(ref string) (string, error) { return v.r.resolve(ref) }

// Base returns the URL by which references on the page are resolved.
func (v *View) Base() string {
	v.r.references()
	return v.r.base
}

// Resolver returns a function that makes references on a page absolute, by the page's base element.
// It parses the page only if that may have one that is not known.
func Resolver(ctx context.Context, page *seine.Page) func(ref string) (string, error) {
	w := watch(ctx, 0)
	defer w.stop()
	r := &reading{ctx: w.ctx, watch: w, page: page}
	switch {
	case page.Base != "":
		r.base, r.baseDone = page.Base, true
	case !bytes.Contains(bytes.ToLower(page.Body), []byte("<base")):
		r.base, r.baseDone = page.URL, true
	}
	r.references()
	r.release()
	r.tree = nil
	return r.resolve
}
