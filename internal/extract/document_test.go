package extract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/markup"
)

// scraped returns the fields that rules read from a page.
func scraped(t *testing.T, p *seine.Page, fields ...Field) map[string]any {
	t.Helper()
	s := compile(t, Rules{Fields: fields})
	got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, p)
	if err != nil || len(got.Records) != 1 {
		t.Fatalf("Scrape(%.80q): %+v, %v", p.Body, got.Verdict, err)
	}
	return got.Records[0].Fields
}

func TestFormOfABody(t *testing.T) {
	t.Parallel()
	const doc = "<!DOCTYPE html><title>t</title><h1>Typed</h1>"
	for _, tt := range []struct {
		name, typ, body string
		want            any
	}{
		{name: "text/plain", typ: "text/plain", body: doc, want: "Typed"},
		{name: "text/htm", typ: "text/htm", body: doc, want: "Typed"},
		{name: "octet-stream", typ: "application/octet-stream", body: doc, want: "Typed"},
		{name: "binary", typ: "binary/octet-stream", body: doc, want: "Typed"},
		{name: "no type", typ: "", body: doc, want: "Typed"},
		{name: "an invented type", typ: "application/x-page", body: doc, want: "Typed"},
		{name: "JSON that is HTML", typ: "application/json", body: doc, want: "Typed"},
		{name: "no doctype", typ: "text/plain", body: "<HTML><h1>Typed", want: "Typed"},
		{name: "only a fragment", typ: "text/plain", body: "<section class=a><h1>Typed", want: "Typed"},
		{name: "a fragment that begins with the element", typ: "text/plain", body: "<h1>Typed", want: "Typed"},
		{name: "space before", typ: "text/plain", body: "\r\n\t <html><h1>Typed", want: "Typed"},
		{name: "a byte order mark before", typ: "text/plain", body: "\ufeff\n<html><h1>Typed", want: "Typed"},
		{name: "comments before", typ: "application/octet-stream", body: "<!-- a -->\n<!-- b --><html><h1>Typed", want: "Typed"},
		{name: "an XML declaration before", typ: "text/plain", body: "<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC 'x'><html><h1>Typed</h1>", want: "Typed"},
		{name: "windows-1252", typ: "application/octet-stream", body: "<html><h1>caf\xe9", want: "café"},
		{name: "a charset of a meta element", typ: "application/octet-stream", body: "<meta charset=windows-1251><h1>\xcf\xf0", want: "Пр"},
		{name: "UTF-16", typ: "binary/octet-stream", body: "\xff\xfe<\x00h\x001\x00>\x00\xe9\x00", want: "é"},
		{name: "plain text", typ: "text/plain", body: "Typed <h1>no</h1>", want: nil},
		{name: "a less-than sign", typ: "text/plain", body: "<3 <h1>no</h1>", want: nil},
		{name: "a PDF", typ: "application/pdf", body: "%PDF-1.7 <h1>no</h1>", want: nil},
		{name: "JSON", typ: "application/json", body: `{"a": "<h1>no</h1>"}`, want: nil},
		{name: "text/html that is no HTML", typ: "text/html", body: "a <h1>Typed", want: "Typed"},
		{name: "XHTML as text/html", typ: "text/html", body: "<?xml version='1.0'?><html><h1>Typed</H1>", want: "Typed"},
		{name: "XHTML", typ: "application/xhtml+xml", body: "<html xmlns='http://www.w3.org/1999/xhtml'><body><h1>Typed&nbsp;x</h1></body></html>", want: "Typed x"},
		{name: "HTML as XML", typ: "text/xml", body: "<!doctype html><br><h1>Typed", want: "Typed"},
		{name: "HTML as XML without a doctype", typ: "application/xml", body: "<HTML><br><h1>Typed", want: "Typed"},
		{name: "XHTML that is not well-formed", typ: "application/xhtml+xml", body: "<html><br><h1>Typed</html>", want: "Typed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := page(tt.body)
			p.Type = tt.typ
			r := newReading(t, p)
			defer r.release()
			s := compile(t, Rules{Fields: []Field{{Name: "h1", CSS: "h1"}}})
			v, _, err := s.pages[0].fields[0].read(r, scopeOf(t, r))
			if err != nil || v != tt.want {
				t.Errorf("got %v, %v; want %v", v, err, tt.want)
			}
			if none := r.unreadable(); (none != nil) != (tt.want == nil) {
				t.Errorf("unreadable: %v", none)
			}
		})
	}
}

func scopeOf(t *testing.T, r *reading) item {
	t.Helper()
	doc, err := r.document()
	if err != nil {
		t.Fatal(err)
	}
	return item{node: doc}
}

func TestUnreadableSaysWhatTheBodyIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ typ, body, want string }{
		{"application/pdf", "%PDF-1.7\n%\x01 and more than sixty bytes of what a reader does not need to see", `the body is not HTML or XML: application/pdf, begins with "%PDF-1.7 %  and more than sixty bytes of what a reader does …"`},
		{"text/plain", "", "the body is not HTML or XML: text/plain, empty"},
		{"application/json", ` {"a": 1}`, `the body is not HTML or XML: application/json, begins with "{\"a\": 1}"`},
	} {
		p := page(tt.body)
		p.Type = tt.typ
		r := newReading(t, p)
		if err := r.unreadable(); err == nil || err.Error() != tt.want {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, head, want string }{
		{"none", "", "https://a.example/x"},
		{"one", "<base href=/b/>", "https://a.example/b/x"},
		{"in a template", "<template><base href=/b/></template>", "https://a.example/x"},
		{"in a template before one that counts", "<template><base href=/b/></template><base href=/c/>", "https://a.example/c/x"},
		{"without href first", "<base target=_top><base href=/b/>", "https://a.example/b/x"},
		{"two", "<base href=/b/><base href=/c/>", "https://a.example/b/x"},
		{"in the body", "<body><p><base href=/b/>", "https://a.example/b/x"},
		{"in SVG", "<svg><base href=/b/></svg>", "https://a.example/x"},
		{"in noscript", "<noscript><p><base href=/b/></noscript>", "https://a.example/b/x"},
		{"no web address", "<base href=data:x><base href=/b/>", "https://a.example/x"},
		{"empty", "<base href=''><base href=/b/>", "https://a.example/x"},
		{"in a comment", "<!-- <base href=/b/> -->", "https://a.example/x"},
	} {
		got := scraped(t, page(tt.head+"<a href=x>"), Field{Name: "a", CSS: "a", Attr: "href"})["a"]
		if got != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, got, tt.want)
		}
	}
}

func TestNoscript(t *testing.T) {
	t.Parallel()
	const body = `<body><figure><img src=/small.jpg><noscript><img src="/big.jpg" alt=b></noscript></figure>
		<noscript><p class=price>EUR 12</p></noscript><p>seen</p>`
	fields := []Field{
		{Name: "img", CSS: "noscript img", Attr: "src"}, {Name: "ximg", XPath: "//noscript//img/@src"},
		{Name: "price", CSS: "p.price"}, {Name: "itself", XPath: "//body/noscript"}, {Name: "all", CSS: "body"},
		{Name: "raw", XPath: "string(//figure/noscript)"},
	}
	want := map[string]any{
		"img": "https://a.example/big.jpg", "ximg": "https://a.example/big.jpg", "price": "EUR 12", "itself": "EUR 12", "all": "seen", "raw": nil,
	}
	if diff := cmp.Diff(scraped(t, page(body), fields...), want); diff != "" {
		t.Errorf("over http (-got +want):\n%s", diff)
	}
	p := page(body)
	p.Via = seine.ViaChrome
	want = map[string]any{"img": nil, "ximg": nil, "price": nil, "itself": nil, "all": "seen", "raw": `<img src="/big.jpg" alt=b>`}
	if diff := cmp.Diff(scraped(t, p, fields...), want); diff != "" {
		t.Errorf("in a browser (-got +want):\n%s", diff)
	}
}

func TestPreKeepsItsLines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ body, want string }{
		{"<pre>line 1\n  line 2</pre>", "line 1\n  line 2"},
		{"<pre>\na\n\n\tb\n</pre>", "a\n\n\tb"},
		{"<p>a  b</p><pre>c  d\n</pre>\n<p>e\nf", "a b\nc  d\ne f"},
		{"<pre><code><span>a</span>\n<span>  b</span></code></pre>", "a\n  b"},
		{"<pre>a<br>b</pre>", "a\nb"},
		{"<pre>a\n<div>b</div>c</pre>", "a\nb\nc"},
		{"<textarea>a\n b</textarea>", "a\n b"},
		{"<listing>\na\nb</listing>", "a\nb"},
		{"a <xmp>b\n<c></xmp>", "a\nb\n<c>"},
		{"<pre hidden>a\nb</pre>c", "c"},
	} {
		if got := scraped(t, page(tt.body), Field{Name: "b", CSS: "body"})["b"]; got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.body, got, tt.want)
		}
	}
	if got := scraped(t, page("<pre>a\n<b> b\n c</b></pre>"), Field{Name: "b", CSS: "b"})["b"]; got != "b\n c" {
		t.Errorf("an element in pre: got %q", got)
	}
}

// Comments and processing instructions are values that an expression can select.
func TestOtherNodes(t *testing.T) {
	t.Parallel()
	got := scraped(t, page("<!-- price: 5 --><p>x"), Field{Name: "c", XPath: "//comment()[contains(., 'price')]", Match: `price: (\d+)`})
	p := page(`<?style href="a.xsl"?><r/>`)
	p.Type = "text/xml"
	pi := scraped(t, p, Field{Name: "p", XPath: "/processing-instruction('style')"})
	if got["c"] != "5" || pi["p"] != `href="a.xsl"` {
		t.Errorf("got %v and %v", got["c"], pi["p"])
	}
}

func TestAttributeNames(t *testing.T) {
	t.Parallel()
	const body = `<svg viewBox="0 0 1 1"><a xlink:href="/link" data-A=1>L</a></svg><p xlink:href=q></p>`
	got := scraped(t, page(body),
		Field{Name: "full", CSS: "svg a", Attr: "xlink:href"}, Field{Name: "local", CSS: "svg a", Attr: "href"},
		Field{Name: "html", CSS: "p", Attr: "xlink:href"}, Field{Name: "box", CSS: "svg", Attr: "viewBox"},
		Field{Name: "lower", CSS: "svg", Attr: "viewbox"}, Field{Name: "upper", CSS: "svg a", Attr: "DATA-A"})
	want := map[string]any{"full": "/link", "local": "https://a.example/link", "html": "q", "box": "0 0 1 1", "lower": "0 0 1 1", "upper": "1"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// Text and base of a tree of any depth are read without recursion.
func TestDeepPage(t *testing.T) {
	t.Parallel()
	for _, open := range []string{"<div>", "<b>", "<ul><li>", "<p><font size=2>", "<svg>", "<object>"} {
		got := scraped(t, page("<h1>Top</h1>"+strings.Repeat(open, 100_000)+"deep"), Field{Name: "h1", CSS: "h1"}, Field{Name: "all", CSS: "body"})
		if got["h1"] != "Top" || got["all"] != "Top\ndeep" && got["all"] != "Topdeep" {
			t.Errorf("%s: %.60v", open, got)
		}
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	g := newGate(100 * nodeBytes)
	leave, err := g.enter(t.Context(), 1_000_000) // has the gate alone
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the time is up")
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, cause)
	defer cancel()
	if _, err := g.enter(ctx, 1); !errors.Is(err, cause) {
		t.Errorf("beside a large tree: %v, want %v", err, cause)
	}
	leave()
	leave()
	for range 4 {
		if _, err := g.enter(t.Context(), 25); err != nil {
			t.Fatal(err)
		}
	}
	if g.free.TryAcquire(1) {
		t.Error("the gate is not full after four quarters")
	}
}

// A page with more nodes than its tags suggest is parsed again with more room.
func TestReservationGrows(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("<h1>x</h1><p>")
	for i := range 200 {
		fmt.Fprintf(&b, "<b a=%d>", i)
	}
	b.WriteString("</p>" + strings.Repeat("<p>x", 1500))
	r := newReading(t, page(b.String()))
	defer r.release()
	if got := scopeOf(t, r); got.node == nil {
		t.Error("no document")
	}
	p := page("<p>" + strings.Repeat("<b>", 3))
	p.Body = append(p.Body, strings.Repeat("<p>x", 2_000_000/5)...)
	r = newReading(t, p)
	if _, err := r.document(); err == nil {
		t.Error("more than two million nodes are read")
	} else if e, ok := errors.AsType[*markup.Error](err); !ok || e.Line != 0 {
		t.Errorf("got %v", err)
	}
}

// Rules use the tree of the browser, not the tree that a parser makes of its HTML.
func TestBrowsersTree(t *testing.T) {
	t.Parallel()
	p := page(`<p class="a"><div>in</div></p><noscript><b>no</b></noscript>`)
	p.Via = seine.ViaChrome
	p.DOM = []byte(`[1,0,1,"html",0,1,"body",0,1,"p",1,"class","a",1,"div",0,"in",0,0,1,"noscript",0,"<b>no</b>",0,0,0]`)
	got := scraped(t, p, Field{Name: "css", CSS: "p.a > div"}, Field{Name: "xpath", XPath: "//p/div"}, Field{Name: "regex", Regex: "i(n)"}, Field{Name: "none", CSS: "b"})
	want := map[string]any{"css": "in", "xpath": "in", "regex": "n", "none": nil}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	p.DOM = []byte(`[1,0,1,"html"`)
	s := compile(t, Rules{Fields: []Field{{Name: "a", CSS: "a"}}})
	if _, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, p); err == nil || !strings.Contains(err.Error(), "the browser's tree of the page is not complete") {
		t.Errorf("a tree that was cut off: %v", err)
	}
}

func TestXMLPages(t *testing.T) {
	t.Parallel()
	const feed = `<?xml version="1.0"?><rss xmlns:dc="u:dc" xmlns:xlink="u:x"><channel><item isPermaLink="1"><title><![CDATA[A & <b>]]></title><link>/n/1</link>` +
		`<pubDate>d</pubDate><dc:creator>C</dc:creator><enclosure url="/e.mp3" xlink:href="/x"/><stock/><price>4</price></item></channel></rss>`
	fields := []Field{
		{Name: "title", CSS: "item > title"}, {Name: "link", CSS: "item link"}, {Name: "date", CSS: "pubDate"}, {Name: "xdate", XPath: "//item/pubDate"},
		{Name: "creator", CSS: "dc|creator"}, {Name: "local", CSS: "creator"}, {Name: "xcreator", XPath: "//dc:creator"}, {Name: "attr", CSS: "item", Attr: "isPermaLink"},
		{Name: "full", CSS: "enclosure", Attr: "xlink:href"}, {Name: "file", XPath: "//enclosure/@url"}, {Name: "stock", CSS: "stock"}, {Name: "price", CSS: "price", Type: "float"},
		{Name: "whole", CSS: "item"},
	}
	want := map[string]any{
		"title": "A & <b>", "link": "/n/1", "date": "d", "xdate": "d", "creator": "C", "local": "C", "xcreator": "C", "attr": "1", "full": "/x", "file": "/e.mp3",
		"stock": nil, "price": 4.0, "whole": "A & <b>/n/1dC4",
	}
	for _, tt := range []struct {
		typ string
		via seine.Via
	}{
		{"application/rss+xml", seine.ViaHTTP}, {"text/xml", seine.ViaHTTP}, {"application/xml", seine.ViaChrome}, {"text/plain", seine.ViaChrome},
		{"", seine.ViaHTTP}, {"application/octet-stream", seine.ViaHTTP}, {"text/html", seine.ViaHTTP}, {"image/svg+xml", seine.ViaHTTP},
	} {
		p := page("\ufeff\n" + feed)
		p.Type, p.Via = tt.typ, tt.via
		if diff := cmp.Diff(scraped(t, p, fields...), want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", tt.typ, diff)
		}
	}
	s := compile(t, Rules{Fields: []Field{{Name: "a", CSS: "a"}}})
	p := page("<rss>\n<a>AT&T</a></rss>")
	p.Type = "application/rss+xml"
	if _, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, p); err == nil || !strings.HasSuffix(err.Error(), "the page is not well-formed XML: line 2, column 6: & begins no entity: as text it is &amp;") {
		t.Errorf("XML that is not well-formed: %v", err)
	}
}

func newReading(t *testing.T, p *seine.Page) *reading {
	t.Helper()
	w := watch(t.Context(), 0)
	t.Cleanup(w.stop)
	return &reading{ctx: w.ctx, watch: w, page: p}
}
