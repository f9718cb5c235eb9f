package httpfetch

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/weburl"
)

// refreshOf returns the refresh of a page. Its Refresh header and its meta elements are the
// candidates, and [fetch.Soonest] chooses. It reads the page as a browser without scripts does:
// with the content of noscript, without comments, scripts and templates.
func refreshOf(p *seine.Page) (fetch.Refresh, bool) {
	m := metaSearch{page: p, base: p.URL}
	for _, v := range p.Header.Values("Refresh") {
		if r, ok := fetch.ParseRefresh(v, p.URL, p.URL, p.Charset); ok {
			m.found = []fetch.Refresh{r}
			break
		}
	}
	if (p.Type == "text/html" || p.Type == "application/xhtml+xml") && hasRefresh(p.Body) {
		m.search(p.Body)
	}
	return fetch.Soonest(m.found)
}

// hasRefresh reports whether there is anything to search for. Few pages have it.
func hasRefresh(body []byte) bool {
	// A q is rare in a page, and a regular expression over the whole page costs as much as to parse
	// it.
	for _, q := range []byte("qQ") {
		for at := 0; ; at++ {
			i := bytes.IndexByte(body[at:], q)
			if i < 0 {
				break
			}
			at += i
			if begin := at - len("http-e"); begin >= 0 && refreshWord.Match(body[begin:min(at+1000, len(body))]) {
				return true
			}
		}
	}
	return false
}

var refreshWord = regexp.MustCompile(`^(?i)http-equiv\s*=\s*["']?refresh`)

// metaSearch looks for the meta elements with a refresh.
type metaSearch struct {
	page      *seine.Page
	base      string
	hasBase   bool
	templates int // that are open
	found     []fetch.Refresh
}

func (m *metaSearch) search(body []byte) {
	z := html.NewTokenizer(bytes.NewReader(body))
	noscript := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			// The tokenizer takes the content of noscript for a text.
			if noscript {
				m.search(slices.Clone(z.Raw()))
			}
			noscript = false
		case html.EndTagToken:
			noscript = false
			if name, _ := z.TagName(); string(name) == "template" && m.templates > 0 {
				m.templates--
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			noscript = string(name) == "noscript"
			switch string(name) {
			case "template":
				m.templates++
			case "base":
				m.setBase(attributesOf(z, more))
			case "meta":
				m.meta(attributesOf(z, more))
			}
		default:
		}
	}
}

func (m *metaSearch) setBase(attrs map[string]string) {
	href, ok := attrs["href"]
	if m.hasBase || !ok || m.templates > 0 {
		return
	}
	m.hasBase = true
	if base, err := weburl.ResolveIn(m.page.URL, href, m.page.Charset); err == nil {
		m.base = base
	}
}

func (m *metaSearch) meta(attrs map[string]string) {
	if m.templates > 0 || !strings.EqualFold(attrs["http-equiv"], "refresh") {
		return
	}
	if r, ok := fetch.ParseRefresh(attrs["content"], m.base, m.page.URL, m.page.Charset); ok {
		m.found = append(m.found, r)
	}
}

// attributesOf returns a tag's attributes; the first of a name counts.
func attributesOf(z *html.Tokenizer, more bool) map[string]string {
	attrs := map[string]string{}
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		if _, has := attrs[string(k)]; !has {
			attrs[string(k)] = string(v)
		}
	}
	return attrs
}
