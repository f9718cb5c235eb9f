package extract

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"codeberg.org/readeck/go-readability/v2"
	"github.com/tidwall/gjson"
	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/dates"
	"github.com/seinehq/seine/internal/markup"
	"github.com/seinehq/seine/internal/pdftext"
)

// maxArticle is the most elements of a page whose article is searched. The library's time is not
// linear in them, and it can't be stopped.
const maxArticle = 50_000

// article returns the article of the page as Mozilla's reader view finds it. Its times are those of
// the page's JSON-LD and meta elements.
func (r *reading) article() ([]gjson.Result, error) {
	doc, err := r.document()
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, r.noDoc
	}
	elements := 0
	for n := markup.Next(doc, doc); n != nil; n = markup.Next(n, doc) {
		if n.Type == html.ElementNode {
			elements++
		}
	}
	if elements > maxArticle {
		return nil, nothing{fmt.Sprintf("the page has %d elements; an article is searched in at most %d", elements, maxArticle)}
	}
	base, err := url.Parse(r.page.URL)
	if err != nil {
		base = nil
	}
	parser := readability.NewParser()
	found, err := readable(&parser, readerDocument(doc), base)
	if err != nil || found.Node == nil {
		return nil, nothing{"the page has no article"}
	}
	text := r.sight().visibleText(found.Node)
	if strings.TrimSpace(text) == "" {
		return nil, nothing{"the page has no article"}
	}
	one, err := thing(dropEmpty(map[string]any{
		"title": found.Title(), "text": strings.TrimSpace(text), "byline": found.Byline(), "excerpt": found.Excerpt(),
		"site": found.SiteName(), "language": found.Language(), "image": found.ImageURL(),
		"published": r.articleTime("datePublished", "article:published_time"),
		"modified":  r.articleTime("dateModified", "article:modified_time"),
	}))
	return []gjson.Result{one}, err
}

// readable calls the library, which changes the document and may panic on a page that it does not
// expect.
func readable(p *readability.Parser, doc *html.Node, base *url.URL) (out readability.Article, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("search the article: %v", v)
		}
	}()
	return p.ParseAndMutate(doc, base)
}

// articleTime returns the first date of a property of JSON-LD, or of a meta element.
func (r *reading) articleTime(property, meta string) string {
	reader, err := dates.New("", "")
	if err != nil {
		return ""
	}
	out := ""
	take := func(s string) bool {
		if date, err := reader.Parse(s); err == nil {
			out = date
		}
		return out == ""
	}
	if linked, err := r.linkedData(); err == nil {
		for _, thing := range linked.things {
			if inThing(thing, property, func(it item) bool { return take(it.json.String()) }); out != "" {
				return out
			}
		}
	}
	if doc, err := r.document(); err == nil {
		_ = metaSource(meta)(r, item{node: doc}, func(it item) bool { return take(it.text) })
	}
	return out
}

// pdf returns the text and the metadata of a page that is a PDF.
func (r *reading) pdf() ([]gjson.Result, error) {
	if !strings.Contains(string(r.page.Body[:min(len(r.page.Body), 1024)]), "%PDF-") {
		return nil, &unreadableError{what: "a PDF", why: described(r.page.Type, r.page.Body)}
	}
	r.watch.pause()
	err := pdftext.Ready()
	r.watch.resume()
	if err != nil {
		return nil, err
	}
	doc, err := pdftext.Read(r.ctx, r.page.Body)
	switch {
	case r.ctx.Err() != nil:
		return nil, r.watch.tick()
	case errors.Is(err, pdftext.ErrBroken), errors.Is(err, pdftext.ErrEncrypted), errors.Is(err, pdftext.ErrTooLarge):
		return nil, err
	case err != nil:
		return nil, err
	}
	moment := func(s string) string { date, _ := pdftext.Date(s); return date }
	m := dropEmpty(map[string]any{
		"title": doc.Title, "author": doc.Author, "subject": doc.Subject, "keywords": doc.Keywords, "creator": doc.Creator,
		"producer": doc.Producer, "created": moment(doc.Created), "modified": moment(doc.Modified),
		"text": strings.TrimSpace(strings.Join(doc.Pages, "\n\n")),
	})
	m["pages"], m["count"] = doc.Pages, len(doc.Pages)
	one, err := thing(m)
	return []gjson.Result{one}, err
}
