package propose

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/seinehq/seine/html"
)

// priced are the selectors of elements that show a price, and money is an amount with a currency.
const priced = `[class*="price" i], [class*="preis" i], [class*="prix" i], [class*="precio" i], [class*="prezzo" i], [class*="prijs" i], [id*="price" i], [class*="kakaku" i], [class*="nedan" i]`

var money = regexp.MustCompile(`^\P{Nd}{0,12}\p{Nd}[\p{Nd}.,'’，．\s]*\P{Nd}{0,12}$`)

// Words in the class of a current price, and of an old or compared price.
var (
	priceNow = regexp.MustCompile(`(?i)now|current|sale|special|final|actual|reduced|aktuell|angebot|neu|jetzt|promo|deal|today`)
	priceWas = regexp.MustCompile(`(?i)was|old|before|regular|list|rrp|uvp|msrp|strike|crossed|original|alt\b|statt|compare|previous|barre|antes|unit|per-|shipping|saving|discount-amount`)
)

// shownPrice is a price that a page shows.
type shownPrice struct {
	node     html.Node
	shown    string
	was, now bool
}

// price proposes the price of the page's main thing, and the current price before an old one. It is
// read in the language of the page.
func price(doc *html.Document, f *fields) {
	all := prices(doc)
	if len(all) == 0 {
		return
	}
	best := slices.MinFunc(all, func(a, b shownPrice) int {
		return cmp.Or(first01(a.was, b.was), first01(b.now, a.now))
	})
	selector := selectorFor(doc, best.node)
	if selector == "" {
		f.note("the page shows the price %q, and no selector tells it from others", best.shown)
		return
	}
	pairs := []pair{{"css", text(selector)}, {"type", "price"}}
	if f.lang != "" {
		pairs = append(pairs, pair{"locale", text(f.lang)})
	}
	f.add("price", rule(pairs...))
	var shown []string
	for _, p := range all {
		if !slices.Contains(shown, p.shown) {
			shown = append(shown, p.shown)
		}
	}
	if len(shown) > 1 {
		f.note("the page shows several prices (%s): price reads %s", strings.Join(shown[:min(len(shown), 5)], ", "), best.shown)
	}
}

// prices returns the prices of a page that are not beside its content.
func prices(doc *html.Document) (out []shownPrice) {
	selected := doc.All(":is(" + priced + "):not(" + besideAny() + ")")
	if len(selected) == 0 {
		selected = doc.All(priced)
	}
	for i, n := range selected {
		if i == 50 {
			break
		}
		shown := strings.Join(strings.Fields(n.Text()), " ")
		if !money.MatchString(shown) || !strings.ContainsFunc(shown, isCurrency) || len(n.XPath("ancestor::a")) > 0 {
			continue
		}
		words := n.Attr("class") + " " + n.Attr("id")
		for _, parent := range n.XPath("..") {
			words += " " + parent.Attr("class")
		}
		own := n.Attr("class") + " " + n.Attr("id")
		out = append(out, shownPrice{
			node: n, shown: shown, now: priceNow.MatchString(own),
			was: !priceNow.MatchString(own) && priceWas.MatchString(words) || len(n.XPath("ancestor-or-self::del | ancestor-or-self::s | ancestor-or-self::strike")) > 0,
		})
	}
	return out
}

// selectorFor returns a selector whose first element is n, or an empty text.
func selectorFor(doc *html.Document, n html.Node) string {
	var options []string
	name := nameOf(n)
	if id := n.Attr("id"); word.MatchString(id) {
		options = append(options, "#"+id)
	}
	var own []string
	for _, class := range strings.Fields(n.Attr("class")) {
		if word.MatchString(class) {
			own = append(own, name+"."+class)
		}
	}
	if s := selectorOf(n); s != "" && !slices.Contains(own, s) {
		own = append(own, s)
	}
	options = append(options, own...)
	for _, s := range own {
		options = append(options, "main "+s, s+":not("+within+")")
	}
	for _, above := range n.XPath("ancestor::*[@class or @id]") {
		at := ""
		if id := above.Attr("id"); word.MatchString(id) {
			at = "#" + id
		} else if class := classOf(above); class != "" {
			at = nameOf(above) + "." + class
		}
		for _, s := range own {
			if at != "" {
				options = append(options, at+" "+s)
			}
		}
	}
	for _, s := range own {
		options = append(options, s+":not("+besideAny()+")")
	}
	want := ordinal(n)
	for _, css := range options[:min(len(options), 60)] {
		if first := doc.First(css); first.Found() && ordinal(first) == want {
			return css
		}
	}
	return ""
}

var language = regexp.MustCompile(`^[a-z]{2}(-[A-Za-z]{2})?$`)

// isCurrency reports a sign of a currency, or a letter of its code.
func isCurrency(r rune) bool {
	return unicode.Is(unicode.Sc, r) || unicode.IsUpper(r) || r == '円' || r == '元'
}
