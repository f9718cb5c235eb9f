package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/css"
	"github.com/seinehq/seine/internal/markup"
	"github.com/seinehq/seine/internal/weburl"
	"github.com/seinehq/seine/internal/xpath"
)

// These bounds limit the data from one page, so that a hostile page cannot fill the memory or the
// database.
const (
	maxItems = 10_000
	maxField = 1 << 20
	maxTotal = 16 << 20
)

// maxTexts bounds the texts kept for reuse, for example by two fields that read main.
const maxTexts = 16

// reading is the state of one page while its fields are read. Each part is made at its first use.
type reading struct {
	ctx   context.Context //nolint:containedctx // lives as long as the call that it belongs to
	watch *stopwatch
	page  *seine.Page
	task  seine.Task

	noText  bool // the tree needs no text
	tree    *markup.Document
	noDoc   *unreadableError
	noTag   bool // the body was sent as HTML and holds none
	docErr  error
	docDone bool
	leave   func()       // gives back what tree has reserved
	indexed *xpath.Tree  // tree, as XPath sees it
	steps   xpath.Budget // of all expressions of XPath
	finds   css.Budget   // of all selectors

	base     string
	baseDone bool
	baseErr  error        // the base leads to no page
	from     *weburl.Base // base, parsed

	json     []gjson.Result // the values of the body
	jsonErr  error
	jsonDone bool

	linked     *linkedData
	structured map[string]held
	grids      map[*html.Node]*grid

	// why is the reason for the current field's missing value. broken reports that its source is
	// unreadable. missing holds the reasons of the fields without a value, brokenPage whether one
	// of them could not be read.
	why        string
	broken     bool
	left       int // matches of the list that is read that have no value
	missing    map[string]string
	brokenPage bool

	texts map[*html.Node]string
	spent int
}

// kind is the format by which a page's body is read.
type kind int

const (
	kindHTML kind = iota
	kindJSON
	kindOther
)

func (r *reading) kind() kind {
	t := r.page.Type
	switch {
	case isJSONType(t), t == "" && seemsJSON(r.body()):
		return kindJSON
	case t == "text/html", t == "application/xml", t == "text/xml", strings.HasSuffix(t, "+xml"), t == "":
		return kindHTML
	}
	return kindOther
}

// body is the page's without a byte order mark.
func (r *reading) body() []byte { return bytes.TrimPrefix(r.page.Body, []byte("\ufeff")) }

// resolve makes a reference on the page absolute.
func (r *reading) resolve(ref string) (string, error) {
	from := r.references()
	if r.baseErr != nil {
		return r.absolute(ref)
	}
	return from.Resolve(ref)
}

// references returns the base of the references on the page.
func (r *reading) references() *weburl.Base {
	if !r.baseDone {
		r.baseDone = true
		r.base = r.page.URL
		if doc, err := r.document(); err == nil && doc != nil {
			r.base, r.baseErr = baseURL(r.page, doc)
		}
	}
	if r.from == nil {
		r.from = weburl.NewBase(r.base, r.page.Charset)
	}
	return r.from
}

// absolute resolves a reference on a page with a base that leads to no page. An absolute reference
// gives the same URL on any page.
func (r *reading) absolute(ref string) (string, error) {
	one, err := weburl.ResolveIn("http://base.invalid/", ref, r.page.Charset)
	if err != nil {
		return "", err
	}
	if other, err := weburl.ResolveIn("https://base.invalid/", ref, r.page.Charset); err != nil || other != one {
		return "", r.baseErr
	}
	return one, nil
}

// canonicalLink makes a link on the page absolute and canonical.
func (r *reading) canonicalLink(ref string) (string, error) {
	from := r.references()
	if r.baseErr != nil {
		abs, err := r.absolute(ref)
		if err != nil {
			return "", err
		}
		return weburl.Canonical(abs)
	}
	return from.Canonical(ref)
}

// baseURL returns the base URL of references on a page: the href of the first base element with
// one, else the page's URL. The content of a template is no part of the page. It fails if the base
// is a URL that leads to no page, such as ftp or a URL with a password. A base that is malformed,
// data or a script does not count.
func baseURL(page *seine.Page, doc *html.Node) (string, error) {
	for n := markup.Next(doc, doc); n != nil; n = markup.Next(n, doc) {
		if n.DataAtom != atom.Base || n.Namespace != "" {
			continue
		}
		href, ok := attribute(n, "href")
		if !ok {
			continue
		}
		base, err := weburl.ResolveIn(page.URL, href, page.Charset)
		scheme, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(href)), ":")
		switch {
		case err == nil:
			return base, nil
		case errors.Is(err, weburl.ErrUserInfo), errors.Is(err, weburl.ErrNotWeb) && scheme != "data" && scheme != "javascript":
			return page.URL, err
		}
		return page.URL, nil
	}
	return page.URL, nil
}

// text returns the visible text of n.
func (r *reading) text(n *html.Node) string {
	if s, ok := r.texts[n]; ok {
		return s
	}
	s := r.sight().visibleText(n)
	if len(r.texts) < maxTexts {
		if r.texts == nil {
			r.texts = map[*html.Node]string{}
		}
		r.texts[n] = s
	}
	return s
}

// body or visible text of the whole page, for a regex.
func (r *reading) whole() (string, error) {
	if r.kind() != kindHTML {
		return clean(string(r.body())), nil
	}
	doc, err := r.document()
	if err != nil {
		return "", err
	}
	return r.text(doc), nil
}

// looseJSON is [looseJSON] in memory that a gate reserves, by the number of members and for copies
// of the text.
func (r *reading) looseJSON(text []byte) ([][]byte, error) {
	r.watch.pause()
	leave, err := texts().enter(r.ctx, bytes.Count(text, []byte(":"))+4*len(text)/nodeBytes)
	r.watch.resume()
	if err != nil {
		return nil, err
	}
	defer leave()
	return looseJSON(text)
}

// bodyJSON returns the JSON values of the body. NDJSON has several.
func (r *reading) bodyJSON() ([]gjson.Result, error) {
	if !r.jsonDone {
		r.jsonDone = true
		values, err := r.looseJSON(r.body())
		switch {
		case r.ctx.Err() != nil:
			r.jsonErr = context.Cause(r.ctx)
		case err == nil:
			for _, v := range values {
				r.json = append(r.json, gjson.ParseBytes(v))
			}
		case len(bytes.TrimSpace(r.body())) == 0:
			r.jsonErr = errors.New("the body is empty")
		default:
			r.jsonErr = fmt.Errorf("the body is not JSON: %w", err)
		}
	}
	return r.json, r.jsonErr
}

// attribute returns an attribute of n by its written name, such as href or xlink:href. A name
// without a prefix also finds an attribute with one, and case matters only if two attributes differ
// in nothing else.
func attribute(n *html.Node, name string) (string, bool) {
	best, found := 0, -1
	for i, a := range n.Attr {
		full := a.Key
		if a.Namespace != "" {
			full = a.Namespace + ":" + a.Key
		}
		fits := 0
		switch {
		case full == name:
			return a.Val, true
		case strings.EqualFold(full, name):
			fits = 3
		case a.Key == name:
			fits = 2
		case strings.EqualFold(a.Key, name):
			fits = 1
		}
		if fits > best {
			best, found = fits, i
		}
	}
	if found < 0 {
		return "", false
	}
	return n.Attr[found].Val, true
}

// references are the attributes that hold a URL.
var references = map[string]bool{
	"src": true, "href": true, "srcset": true, "action": true, "poster": true, "cite": true, "data": true,
}

// reference returns the absolute URL that an attribute holds; empty when it holds none. A URL of
// another scheme (mailto:, data:) is absolute already.
func (r *reading) reference(name, value string) string {
	value = strings.TrimSpace(value)
	if name == "srcset" {
		value = firstCandidate(value)
	}
	if value == "" {
		return ""
	}
	abs, err := r.resolve(value)
	switch {
	case errors.Is(err, weburl.ErrNotWeb):
		return value
	case err != nil:
		return ""
	}
	return abs
}

// firstCandidate returns the URL of the first candidate of a srcset. A URL may
// hold commas, but does not end with one.
func firstCandidate(srcset string) string {
	fields := strings.Fields(strings.TrimLeft(srcset, ", \t\n\f\r"))
	if len(fields) == 0 {
		return ""
	}
	return strings.TrimRight(fields[0], ",")
}

// clean returns s in a form that every frontier can store: valid UTF-8 without NUL, which
// PostgreSQL refuses.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "�")
}

// spend counts the bytes that fields take.
func (r *reading) spend(n int) error {
	r.spent += n
	if r.spent > maxTotal {
		return fmt.Errorf("fields are longer than %d bytes together", maxTotal)
	}
	return nil
}
