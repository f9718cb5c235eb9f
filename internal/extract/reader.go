package extract

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/markup"
)

// A banner's name: a token of an id or a class that begins with the word for a consent, or that
// joins it with the word for a box. "tag-cookies" on an article about cookies is neither.
var (
	consentName = regexp.MustCompile(`(?i)^(?:js-|is-|eu-|gdpr-|the-|site-)*(?:cookies?|consent|gdpr|ccpa|dsgvo|onetrust|ot-sdk|cookiebot|cybot|didomi|usercentrics|truste|borlabs|cmplz|sp_message|qc-cmp2?|cmp)(?:$|[-_ ]|[A-Z])`)
	consentBox  = regexp.MustCompile(`(?i)(?:cookies?|consent|gdpr|privacy|dsgvo)[-_]?(?:banner|notice|bar|pop-?up|modal|dialog|overlay|wall|layer|consent|message|box|law|info|hint|prompt|disclaimer)`)
	consentWord = regexp.MustCompile(`(?i)cookie|consent|einwillig|datenschutz|privacy|gdpr|partners|toestemming|samtykke|zgod|クッキー|同意`)
)

// bannerText bounds the text of a block that is judged, in bytes: blocks can be nested.
const bannerText = 8 << 10

// consentShare is the number of words for each of which a block's text needs a word of consent, if
// the name alone does not tell.
const consentShare = 60

// readerDocument copies a document for the search of its article: without dialogs and consent
// banners, and with the page's one main element alone, if it has text. The library judges by the
// amount of text, and a consent dialog often has more of it than the article.
func readerDocument(doc *html.Node) *html.Node {
	out := copyWithout(doc, isBanner)
	if main := onlyMain(out); main != nil {
		if body := firstOf(out, "body"); body != nil && body != main && hasProse(main) {
			main.Parent.RemoveChild(main)
			var kept []*html.Node // what states the page's title, author and dates
			for n := markup.Next(body, body); n != nil; n = markup.Next(n, body) {
				if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "meta") {
					kept = append(kept, n)
				}
			}
			for body.FirstChild != nil {
				body.RemoveChild(body.FirstChild)
			}
			for _, n := range append(kept, main) {
				if n.Parent != nil {
					n.Parent.RemoveChild(n)
				}
				body.AppendChild(n)
			}
		}
	}
	return out
}

// copyWithout copies a tree without the elements that leave holds for. The parser bounds the depth.
func copyWithout(n *html.Node, leave func(*html.Node) bool) *html.Node {
	out := &html.Node{Type: n.Type, DataAtom: n.DataAtom, Data: n.Data, Namespace: n.Namespace, Attr: slices.Clone(n.Attr)}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode || !leave(c) {
			out.AppendChild(copyWithout(c, leave))
		}
	}
	return out
}

// isBanner reports whether an element is a dialog or a consent banner. An element with the page's
// first heading or its main element is none.
func isBanner(n *html.Node) bool {
	switch n.Data {
	case "html", "head", "body", "main", "h1":
		return false
	case "dialog":
		return true
	}
	role := strings.ToLower(valueOf(n, "role"))
	switch {
	case role == "dialog", role == "alertdialog", valueOf(n, "aria-modal") == "true":
		return !holdsPage(n)
	}
	named, boxed := false, false
	for _, name := range append(strings.Fields(valueOf(n, "class")), valueOf(n, "id"), valueOf(n, "aria-label")) {
		named = named || consentName.MatchString(name)
		boxed = boxed || consentBox.MatchString(name)
	}
	if !named && !boxed || holdsPage(n) {
		return false
	}
	text := firstText(n, bannerText)
	words := len(strings.Fields(text))
	return consentShare*len(consentWord.FindAllStringIndex(text, 1+words)) >= words
}

// holdsPage reports whether an element has the page's main element or a first heading in it.
func holdsPage(n *html.Node) bool {
	return firstOf(n, "main") != nil || firstOf(n, "h1") != nil
}

// onlyMain returns the main element of a document that has one and no other.
func onlyMain(doc *html.Node) *html.Node {
	var found *html.Node
	for n := markup.Next(doc, doc); n != nil; n = markup.Next(n, doc) {
		if n.Type != html.ElementNode || n.Data != "main" && !strings.EqualFold(valueOf(n, "role"), "main") {
			continue
		}
		if found != nil && !within(n, found) {
			return nil
		}
		if found == nil {
			found = n
		}
	}
	return found
}

// within reports whether an element is inside another one.
func within(n, outer *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n == outer {
			return true
		}
	}
	return false
}

// hasProse reports whether an element has a paragraph or a first heading with text.
func hasProse(n *html.Node) bool {
	for c := n; c != nil; c = markup.Next(c, n) {
		if c.Type == html.ElementNode && (c.Data == "p" || c.Data == "h1") && strings.TrimSpace(firstText(c, bannerText)) != "" {
			return true
		}
	}
	return false
}

// firstText returns the text in an element, its first bytes at least.
func firstText(n *html.Node, most int) string {
	var b strings.Builder
	for c := n; c != nil && b.Len() < most; c = markup.Next(c, n) {
		if c.Type == html.TextNode && (c.Parent == nil || c.Parent.Data != "script" && c.Parent.Data != "style") {
			b.WriteString(c.Data[:min(len(c.Data), most)])
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// valueOf returns the value of an attribute, or the empty text.
func valueOf(n *html.Node, name string) string {
	v, _ := attribute(n, name)
	return v
}

// firstOf returns the first element of a name in an element.
func firstOf(n *html.Node, name string) *html.Node {
	for c := markup.Next(n, n); c != nil; c = markup.Next(c, n) {
		if c.Type == html.ElementNode && c.Data == name {
			return c
		}
	}
	return nil
}
