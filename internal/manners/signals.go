package manners

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/net/html"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/challenge"
	"github.com/seinehq/seine/internal/consent"
	"github.com/seinehq/seine/internal/robots"
)

// Challenge returns the name of the challenge or ban page that a response is, or an empty text. own
// is the job's condition, or nil. The error means that the condition cannot be evaluated.
func Challenge(page *seine.Page, own seine.PageTest) (string, error) {
	if name, ok := challenge.Of(challenge.Page{Status: page.Status, Header: page.Header, Body: page.Body}); ok {
		return name, nil
	}
	if own == nil {
		return "", nil
	}
	ok, err := own(page)
	switch {
	case err != nil:
		return "", fmt.Errorf("challenge: %w", err)
	case ok:
		return "challenge of the job file", nil
	}
	return "", nil
}

// Signals returns the signals of a page against the use of its content, from its header, its meta
// elements and the lines of robots.txt.
func Signals(page *seine.Page, usages []robots.Usage, kind consent.Kind) []consent.Signal {
	out := consent.Of(page.Header, metas(page), kind)
	for _, u := range usages {
		out = append(out, consent.OfRobots(u.Name, u.Value, kind)...)
	}
	return out
}

// maxMetas is the number of meta elements that are read.
const maxMetas = 100

// maxHead is the number of bytes that are read of a page before it is searched for signals. Most
// heads end before, and to read them costs less than to search the page.
const maxHead = 16 << 10

// metas returns the named meta elements of a page, up to its body.
func metas(page *seine.Page) []consent.Meta {
	if page.Type != "text/html" && page.Type != "application/xhtml+xml" {
		return nil
	}
	var out []consent.Meta
	z := html.NewTokenizer(bytes.NewReader(page.Body))
	for read, searched := 0, false; len(out) < maxMetas; {
		token := z.Next()
		read += len(z.Raw())
		if read > maxHead && !searched {
			if !hasMeta(page.Body) {
				return nil
			}
			searched = true
		}
		switch token {
		case html.ErrorToken:
			return out
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			if string(name) == "body" {
				return out
			}
			if string(name) != "meta" || !more {
				continue
			}
			var (
				m     consent.Meta
				equiv string
			)
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				switch string(key) {
				case "name":
					m.Name = string(value)
				case "http-equiv":
					equiv = strings.ToLower(strings.TrimSpace(string(value)))
				case "content":
					m.Content = string(value)
				}
			}
			if m.Name == "" {
				m.Name = headers[equiv]
			}
			if m.Name != "" {
				out = append(out, m)
			}
		case html.TextToken, html.EndTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
	return out
}

// headers are the headers that a meta element may state with http-equiv, and the names of their
// meta elements.
var headers = map[string]string{
	"x-robots-tag": "robots", "content-usage": "content-usage", "content-signal": "content-signal",
	"tdm-reservation": "tdm-reservation", "tdm-policy": "tdm-policy",
}

// hasMeta reports whether a page may hold a signal, so that other pages are not read.
func hasMeta(body []byte) bool {
	lower := bytes.ToLower(body)
	for _, word := range []string{"robots", "seine", "tdm-", "content-usage", "content-signal"} {
		if bytes.Contains(lower, []byte(word)) {
			return true
		}
	}
	return false
}
