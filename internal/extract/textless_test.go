package extract

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

// textless is a page on which each selector of the test finds something.
const textless = `<!doctype html><title>A &amp; B</title><meta name=description content="d"><meta property="og:title" content="t">
<link rel=canonical href=/c><script type="application/ld+json">{"@type": "Product", "name": "N", "offers": {"price": 12.50}}</script>
<body><h1 class=name>Name</h1><p></p><p>x</p><ul><li data-id=1><a href=/1>one</a><li data-id=2><a href=/2>two</a></ul>
<svg><title>of svg</title></svg><img src=/a.png alt=A><p>text <b>bold<p>more</b>`

// Rules that need no text are known, and find the same without it.
func TestTextIsLeftOutOnlyWhereNoRuleReadsIt(t *testing.T) {
	t.Parallel()
	one := func(f Field) Rules { f.Name = "a"; return Rules{Fields: []Field{f}} }
	for name, c := range map[string]struct {
		rules Rules
		text  bool
	}{
		"nothing":             {Rules{EmptyOK: true}, false},
		"title":               {one(Field{CSS: "title", All: true}), false},
		"attribute":           {one(Field{CSS: "ul > li:nth-child(2)", Attr: "data-id"}), false},
		"attribute of some":   {one(Field{CSS: "li:has(> a[href$='2'])", Attr: "data-id"}), false},
		"meta":                {one(Field{Meta: "description"}), false},
		"json-ld":             {one(Field{JSONLD: "offers.price", Type: "decimal"}), false},
		"json-ld type":        {one(Field{JSONLDType: "Product"}), false},
		"opengraph":           {one(Field{Structured: "opengraph", Path: "title"}), false},
		"column":              {one(Field{Column: "x", Or: "none"}), false},
		"objects":             {one(Field{CSS: "li", All: true, Fields: []Field{{Name: "id", Attr: "data-id"}, {Name: "to", CSS: "a", Attr: "href"}}}), false},
		"first":               {one(Field{First: []Field{{Meta: "none"}, {CSS: "img", Attr: "alt"}}}), false},
		"links":               {Rules{NoRecord: true, Follow: []FollowRule{{Source: Field{CSS: EveryLink}}}}, false},
		"records":             {Rules{Each: []Each{{Source: Field{CSS: "li"}, Key: "{n}", Fields: []Field{{Name: "n", Attr: "data-id"}}}}}, false},
		"assets":              {Rules{EmptyOK: true, Key: "{id}.{ext}", Assets: []AssetRule{{Name: "p", Source: &Field{CSS: "img", Attr: "src"}}}}, false},
		"text":                {one(Field{CSS: "h1"}), true},
		"text of the class":   {one(Field{CSS: ".name"}), true},
		"empty":               {one(Field{CSS: "p:empty", Attr: "class", Or: "none"}), true},
		"contains":            {one(Field{CSS: "a:contains('two')", Attr: "href"}), true},
		"contains inside":     {one(Field{CSS: "li:not(:has(a:contains('two')))", Attr: "data-id"}), true},
		"of contains":         {one(Field{CSS: "li:nth-child(1 of :contains('two'))", Attr: "data-id"}), true},
		"xpath":               {one(Field{XPath: "//li[a = 'two']", Attr: "data-id"}), true},
		"regex":               {one(Field{Regex: "N(am)e"}), true},
		"label":               {one(Field{Text: "p", All: true}), true},
		"microdata":           {one(Field{Structured: "microdata", Path: "name", Or: "none"}), true},
		"text in objects":     {one(Field{CSS: "li", All: true, Fields: []Field{{Name: "t", CSS: "a"}}}), true},
		"text in first":       {one(Field{First: []Field{{Meta: "none"}, {CSS: "h1"}}}), true},
		"links by their text": {Rules{NoRecord: true, Follow: []FollowRule{{Source: Field{XPath: "//a[. = 'two']/@href"}}}}, true},
		"text of records":     {Rules{Each: []Each{{Source: Field{CSS: "li"}, Key: "{n}", Fields: []Field{{Name: "n", CSS: "a"}}}}}, true},
	} {
		s := compile(t, c.rules)
		for _, p := range s.pages {
			if p.noText == c.text {
				t.Errorf("%s: text is needed: %v; want %v", name, !p.noText, c.text)
			}
		}
		got, err := s.Scrape(t.Context(), seine.Task{ID: "7", Key: "k"}, page(textless))
		for _, p := range s.pages {
			p.noText = false
		}
		want, e := s.Scrape(t.Context(), seine.Task{ID: "7", Key: "k"}, page(textless))
		if err != nil || e != nil || want.Verdict.State != seine.Done {
			t.Errorf("%s: %v and %v; %+v", name, err, e, want.Verdict)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s: result (-without text +with text):\n%s", name, diff)
		}
	}
}
