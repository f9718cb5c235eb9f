package extract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

// glob is a pattern of tests: a text that the URL holds.
type glob string

func (g glob) Match(url string) bool { return strings.Contains(url, string(g)) }
func (g glob) String() string        { return string(g) }

func compiled(t *testing.T, kinds ...Rules) *Scraper {
	t.Helper()
	s, problems := Compile(kinds...)
	if problems != nil {
		t.Fatal(problems)
	}
	return s
}

func listed(body string, header ...string) *seine.Page {
	p := &seine.Page{
		URL: "https://shop.example/c/shoes", Status: 200, Type: "text/html", Body: []byte(body), Header: http.Header{},
		Via: seine.ViaHTTP,
	}
	if strings.HasPrefix(body, "{") {
		p.Type = "application/json"
	}
	for i := 0; i+1 < len(header); i += 2 {
		p.Header.Add(header[i], header[i+1])
	}
	return p
}

func scrapeAt(t *testing.T, s *Scraper, kind string, meta map[string]any, p *seine.Page) seine.Result {
	t.Helper()
	task := seine.Task{Key: p.URL, ID: p.URL, URL: p.URL, Page: kind, Meta: meta, Attempt: 1}
	got, err := s.Scrape(t.Context(), task, p)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// links writes the links of a result for a comparison.
func links(r seine.Result) []string {
	out := []string{}
	for _, f := range r.Follow {
		s := f.URL
		if f.Page != "" {
			s += " → " + f.Page
		}
		if f.Send != nil {
			s += fmt.Sprintf(" %s %s %v", f.Send.Method, f.Send.Body, f.Send.Header)
		}
		if f.Meta != nil {
			s += fmt.Sprint(" ", f.Meta)
		}
		out = append(out, s)
	}
	for _, l := range r.LeftOut {
		out = append(out, "left out: "+l.URL+": "+l.Reason)
	}
	return out
}

// Each rule about links gives the links of its source, resolved against the page.
func TestFollow(t *testing.T) {
	t.Parallel()
	title := []Field{{Name: "title", CSS: "h1"}, {Name: "n", CSS: "b", Type: "int"}}
	const html = `<base href="/base/"><h1>Shoes</h1><b>7</b>
<a class=p href="p/1?a=b#x">1</a><a class=p href="/p/2">2</a><a class=p href="/p/2#again">2</a><a class=p rel="noopener nofollow" href=/p/3>3</a>
<a class=m href="mailto:a@b">m</a><a class=j href="javascript:x()">j</a><a class=bad href="http://:80/">b</a><a class=none>none</a>
<i data-u="//cdn.example/x">x</i>`
	for _, tt := range []struct {
		name string
		rule FollowRule
		page *seine.Page
		meta map[string]any
		want []string
	}{
		{"href of css", FollowRule{Source: Field{CSS: ".p"}}, listed(html), nil, []string{"https://shop.example/base/p/1?a=b", "https://shop.example/p/2", "https://shop.example/p/3"}},
		{"a page kind", FollowRule{Source: Field{CSS: ".p"}, To: "product", Limit: 1}, listed(html), nil, []string{"https://shop.example/base/p/1?a=b → product", "left out: https://shop.example/p/2: over the limit of its rule", "left out: https://shop.example/p/2: over the limit of its rule", "left out: https://shop.example/p/3: over the limit of its rule"}},
		{"other schemes are no links", FollowRule{Source: Field{CSS: ".m, .j, .none"}}, listed(html), nil, []string{}},
		{"a malformed link is counted", FollowRule{Source: Field{CSS: ".bad"}}, listed(html), nil, []string{"left out: http://:80/: malformed URL"}},
		{"another attribute", FollowRule{Source: Field{CSS: "i", Attr: "data-u"}}, listed(html), nil, []string{"https://cdn.example/x"}},
		{"xpath", FollowRule{Source: Field{XPath: "//a[@class='p']/@href"}, Match: []URLPattern{glob("/p/2")}}, listed(html), nil, []string{"https://shop.example/p/2"}},
		{"not", FollowRule{Source: Field{CSS: ".p"}, Not: []URLPattern{glob("/p/2"), glob("?")}}, listed(html), nil, []string{"https://shop.example/p/3"}},
		{"when it is false", FollowRule{Source: Field{CSS: ".p"}, When: "n > 7"}, listed(html), nil, []string{}},
		{"when it is true", FollowRule{Source: Field{CSS: ".p"}, When: "n == 7", Match: []URLPattern{glob("/p/3")}}, listed(html), nil, []string{"https://shop.example/p/3"}},
		{"meta", FollowRule{Source: Field{CSS: ".p"}, Match: []URLPattern{glob("/p/3")}, Meta: []Named{{"category", "title"}, {"from", "value"}, {"next", "n + 1"}}}, listed(html), nil, []string{"https://shop.example/p/3 map[category:Shoes from:/p/3 next:8]"}},
		{"a cursor", FollowRule{Source: Field{JSON: "next"}, URL: "https://api.example/items?cursor={value}&k={meta.k}"}, listed(`{"next": "a b&c=="}`), map[string]any{"k": "ü/1"}, []string{"https://api.example/items?cursor=a%20b%26c%3D%3D&k=%C3%BC%2F1"}},
		{"a cursor that stands still", FollowRule{Source: Field{JSON: "next"}, URL: "/c/{value}"}, listed(`{"next": "shoes"}`), nil, []string{"left out: https://shop.example/c/shoes: pagination does not advance"}},
		{"a next that points to itself", FollowRule{Rel: "next"}, listed(`{}`, "Link", `<#x>; rel=next`), nil, []string{"left out: https://shop.example/c/shoes: pagination does not advance"}},
		{"a link to the page itself", FollowRule{Source: Field{CSS: "a"}}, listed(`<a href="#x">`), nil, []string{"https://shop.example/c/shoes"}},
		{"another body at the same URL", FollowRule{Source: Field{JSON: "next"}, URL: "/c/shoes", Method: "POST", Body: "{value}"}, listed(`{"next": "a"}`), nil, []string{"https://shop.example/c/shoes POST a map[]"}},
		{"a cursor that is false", FollowRule{Source: Field{JSON: "next"}, URL: "/c?c={value}"}, listed(`{"next": false}`), nil, []string{}},
		{"a cursor that is an object", FollowRule{Source: Field{JSON: "next"}, URL: "/c?c={value}"}, listed(`{"next": {"a": 1}}`), nil, []string{"left out: : no value for {value}"}},
		{"no cursor", FollowRule{Source: Field{JSON: "next"}, URL: "https://api.example/items?cursor={value}"}, listed(`{"next": null}`), nil, []string{}},
		{"a page number", FollowRule{URL: "/items?page={meta.page}", Meta: []Named{{"page", "int(meta.page ?? 1) + 1"}}}, listed(`{"items": []}`), map[string]any{"page": 4}, []string{"https://shop.example/items?page=5 map[page:5]"}},
		{"a value that is missing", FollowRule{URL: "/items?page={meta.page}"}, listed(`{}`), nil, []string{"left out: : no value for {meta.page}"}},
		{"the Link header", FollowRule{Rel: "next"}, listed(`{}`, "Link", `<https://api.example/a,b?page=1>; rel="prev first", <?page=3>; title="a, b"; rel="foo NEXT"`), nil, []string{"https://shop.example/c/shoes?page=3"}},
		{"GraphQL", FollowRule{Source: Field{JSON: "end"}, URL: "/graphql", Method: "POST", Body: `{"query": "{ items{id} }", "after": "{value}", "n": {meta.n}}`, Header: []Named{{"X-After", "{value}"}}}, listed(`{"end": "a\"b"}`), map[string]any{"n": 12}, []string{`https://shop.example/graphql POST {"query": "{ items{id} }", "after": "a\"b", "n": 12} map[X-After:[a"b]]`}},
		{"a form", FollowRule{Source: Field{JSON: "end"}, URL: "/list", Method: "POST", Body: "q={value}&id={id}"}, listed(`{"end": "a&b"}`), nil, []string{"https://shop.example/list POST q=a%26b&id={id} map[]"}},
		{"a regular expression", FollowRule{Source: Field{Regex: `"(/p/\d+)"`}}, listed(`{"a": "/p/1", "b": ["/p/2", "/p/1"]}`), nil, []string{"https://shop.example/p/1", "https://shop.example/p/2"}},
		{"JSON-LD", FollowRule{Source: Field{JSONLDType: "ListItem", JSONLD: "url"}}, listed(`<script type="application/ld+json">{"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "url": "/p/1"}, {"@type": "ListItem", "url": "/p/2"}]}</script>`), nil, []string{"https://shop.example/p/1", "https://shop.example/p/2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := compiled(t, Rules{Name: "list", Fields: title, EmptyOK: true, Follow: []FollowRule{tt.rule}}, Rules{Name: "product", Fields: title})
			got := scrapeAt(t, s, "list", tt.meta, tt.page)
			if diff := cmp.Diff(tt.want, links(got)); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
		})
	}
}

// A rule that leads nowhere on a page is named. It is not if it does not apply to the page, if it
// found links that are not followed, or if an API says that its list ends.
func TestUnmatchedRules(t *testing.T) {
	t.Parallel()
	const html = `<h1>Shoes</h1><a href=/p/1>1</a><a class=m href=mailto:a@b>m</a><a rel=nofollow href=/p/2>2</a>`
	for name, tt := range map[string]struct {
		rule FollowRule
		page *seine.Page
		want []string
	}{
		"a selector without elements": {FollowRule{Source: Field{CSS: "a.next"}}, listed(html), []string{"follow[0]: css a.next"}},
		"only other links":            {FollowRule{Source: Field{CSS: "a"}, Match: []URLPattern{glob("/q/*")}}, listed(html), []string{"follow[0]: css a"}},
		"no web address":              {FollowRule{Source: Field{CSS: ".m"}}, listed(html), []string{"follow[0]: css .m"}},
		"no link header":              {FollowRule{Rel: "next"}, listed(html), []string{"follow[0]: header link next"}},
		"a path that is not there":    {FollowRule{Source: Field{JSON: "nxt"}, URL: "/c/{value}"}, listed(`{"next": null}`), []string{"follow[0]: json nxt"}},
		"a cursor that is null":       {FollowRule{Source: Field{JSON: "next"}, URL: "/c/{value}"}, listed(`{"next": null}`), nil},
		"a cursor that is false":      {FollowRule{Source: Field{JSON: "next"}, URL: "/c/{value}"}, listed(`{"next": false}`), nil},
		"a link":                      {FollowRule{Source: Field{CSS: "a"}}, listed(html), nil},
		"a link not to follow":        {FollowRule{Source: Field{CSS: "a[rel]"}}, listed(html), nil},
		"a rule that does not apply":  {FollowRule{Source: Field{CSS: "a.next"}, When: "title == 'Hats'"}, listed(html), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := compiled(t, Rules{Fields: []Field{{Name: "title", CSS: "h1"}}, EmptyOK: true, Obey: true, Follow: []FollowRule{tt.rule}})
			if diff := cmp.Diff(tt.want, scrapeAt(t, s, "", nil, tt.page).Unmatched); diff != "" {
				t.Errorf("rules without a link (-want +got):\n%s", diff)
			}
		})
	}
}

// Under robots: obey, a link and a page can ask not to be followed.
func TestNofollow(t *testing.T) {
	t.Parallel()
	const two = `<a href=/1>1</a><a rel="nofollow ugc" href=/2>2</a>`
	all := []string{"left out: https://shop.example/1: nofollow", "left out: https://shop.example/2: nofollow"}
	one := []string{"https://shop.example/1", "left out: https://shop.example/2: nofollow"}
	for name, tt := range map[string]struct {
		page *seine.Page
		want []string
	}{
		"a link":                 {listed(two), one},
		"a meta element":         {listed(`<meta name=Robots content="noindex, NoFollow">` + two), all},
		"for another robot":      {listed(`<meta name=googlebot content=nofollow>` + two), one},
		"for Seine":              {listed(`<meta name=seine content=none>` + two), all},
		"a header":               {listed(two, "X-Robots-Tag", "noindex, nofollow"), all},
		"a header for another":   {listed(two, "X-Robots-Tag", "otherbot: nofollow"), one},
		"a header for this":      {listed(two, "X-Robots-Tag", "seine: nofollow"), all},
		"another rule of robots": {listed(`<meta name=robots content=noarchive>`+two, "X-Robots-Tag", "noindex"), one},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule := Rules{Follow: []FollowRule{{Source: Field{CSS: "a"}}}, EmptyOK: true, Obey: true}
			if diff := cmp.Diff(tt.want, links(scrapeAt(t, compiled(t, rule), "", nil, tt.page))); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
			rule.Obey = false
			if got := links(scrapeAt(t, compiled(t, rule), "", nil, tt.page)); len(got) != 2 || strings.Contains(fmt.Sprint(got), "nofollow") {
				t.Errorf("without obey: %v; want both links", got)
			}
		})
	}
}

// A page that a rule skips may be the only one that leads to wanted pages.
func TestLinksOfUnwantedPages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		rule   VerdictRule
		status int
		want   []string
	}{
		{"skipped", VerdictRule{State: seine.Skipped, When: "true"}, 200, []string{"https://shop.example/p/1"}},
		{"skipped, and there is no such page", VerdictRule{State: seine.Skipped, When: "true"}, 404, []string{}},
		{"skipped by its status", VerdictRule{State: seine.Stale, When: "false"}, 404, []string{}},
		{"stale", VerdictRule{State: seine.Stale, When: "true"}, 200, []string{}},
		{"error", VerdictRule{State: seine.Error, When: "true"}, 200, []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := compiled(t, Rules{Kind: "a", Fields: []Field{{Name: "b", CSS: "b"}}, Verdict: []VerdictRule{tt.rule}, Follow: []FollowRule{{Source: Field{CSS: "a"}}}})
			p := listed(`<b>x</b><a href="/p/1">`)
			p.Status = tt.status
			got := scrapeAt(t, s, "", nil, p)
			if d := cmp.Diff(links(got), tt.want); d != "" || len(got.Records) > 0 {
				t.Errorf("%+v: %s", got.Verdict, d)
			}
		})
	}
}

func TestCanonicalOfPages(t *testing.T) {
	t.Parallel()
	s := compiled(t, Rules{Canonical: true, EmptyOK: true, Fields: []Field{{Name: "t", CSS: "h1"}}})
	for name, tt := range map[string]struct {
		page *seine.Page
		want string
	}{
		"none":               {listed("<h1>a</h1>"), ""},
		"itself":             {listed("<link rel=canonical href='/c/shoes#top'>"), ""},
		"another page":       {listed("<link rel='Canonical' href='../p/1?b=2#x'>"), "https://shop.example/p/1?b=2"},
		"a header":           {listed("", "Link", `<https://shop.example/q>; rel=canonical`), "https://shop.example/q"},
		"no address":         {listed("<link rel=canonical href='javascript:x'>"), ""},
		"empty":              {listed("<link rel=canonical href=''>"), ""},
		"inside a template":  {listed("<template><link rel=canonical href=/p/1></template>"), ""},
		"another rel before": {listed("<link rel=alternate href=/a><link rel='x canonical' href=/b>"), "https://shop.example/b"},
	} {
		if got := scrapeAt(t, s, "", nil, tt.page).Canonical; got != tt.want {
			t.Errorf("%s: %q; want %q", name, got, tt.want)
		}
	}
}

// Each match becomes a record with the page's fields and its own.
func TestEach(t *testing.T) {
	t.Parallel()
	own := []Field{{Name: "sku", CSS: ".", Attr: "data-sku"}, {Name: "price", CSS: ".price", Type: "decimal"}}
	rule := Each{Source: Field{CSS: "li"}, Key: "{sku}", Fields: own}
	const list = `<h1>Shoes</h1><li data-sku=a><b class=price>1.50</b><li data-sku=b><li data-sku=c><b class=price>3</b>`
	records := func(r seine.Result) []string {
		out := []string{}
		for _, rec := range r.Records {
			out = append(out, fmt.Sprint(rec.Kind, " ", rec.Key, " ", rec.Fields))
		}
		for _, a := range r.Assets {
			out = append(out, fmt.Sprint("asset ", a.Name, " of ", a.Record, ": ", a.URL, " at ", a.Path))
		}
		return append(out, strings.TrimSpace(r.Verdict.State.String()+" "+r.Verdict.Reason))
	}
	change := func(f func(*Each)) Each {
		e := rule
		f(&e)
		return e
	}
	for _, tt := range []struct {
		name string
		each Each
		page *seine.Page
		want []string
	}{
		{"all", rule, listed(list), []string{"item a map[price:1.50 sku:a title:Shoes]", "item b map[price:<nil> sku:b title:Shoes]", "item c map[price:3 sku:c title:Shoes]", "done"}},
		{"where", change(func(e *Each) { e.Where = "price != nil && title == 'Shoes'" }), listed(list), []string{"item a map[price:1.50 sku:a title:Shoes]", "item c map[price:3 sku:c title:Shoes]", "done"}},
		{"none that is wanted", change(func(e *Each) { e.Where = "false" }), listed(list), []string{"done"}},
		{"nothing", rule, listed("<h1>Shoes</h1>"), []string{"error no record found: nothing matches css li"}},
		{"a key that is missing", rule, listed("<li data-sku=a><li>"), []string{"error each.key needs sku: missing"}},
		{"a key that occurs twice", rule, listed("<li data-sku=a><li data-sku=a>"), []string{`error each.key: the page has two records "a"`}},
		{"JSON", Each{Source: Field{JSON: "items"}, Key: "{n}", Fields: []Field{{Name: "n", JSON: "id"}, {Name: "tags", JSON: "tags", All: true}}}, listed(`{"items": [{"id": 12345678901234567890, "tags": ["x"]}, {"id": 2}]}`), []string{"item 12345678901234567890 map[n:12345678901234567890 tags:[x] title:<nil>]", "item 2 map[n:2 tags:[] title:<nil>]", "done"}},
		{"JSON-LD", Each{Source: Field{JSONLDType: "Offer"}, Key: "{sku}", Fields: []Field{{Name: "sku", JSON: "sku"}}}, listed(`<script type="application/ld+json">{"@type": "Product", "offers": [{"@type": "Offer", "sku": "x"}, {"@type": "Offer", "sku": "y"}]}</script>`), []string{"item x map[sku:x title:<nil>]", "item y map[sku:y title:<nil>]", "done"}},
		{"files", change(func(e *Each) {
			e.Fields = append(slices.Clone(own), Field{Name: "img", CSS: "img", Attr: "src", All: true})
			e.Assets = []AssetRule{{Name: "photo", URL: "img", All: true, Optional: true}}
		}), listed("<h1>S</h1><li data-sku=a><img src=/1.png><img src=/2.png><li data-sku=b>"), []string{
			"item a map[img:[https://shop.example/1.png https://shop.example/2.png] price:<nil> sku:a title:S]", "item b map[img:[] price:<nil> sku:b title:S]",
			"asset photo_1 of a: https://shop.example/1.png at a_photo_1.{ext}", "asset photo_2 of a: https://shop.example/2.png at a_photo_2.{ext}", "done",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := compiled(t, Rules{Name: "list", Kind: "item", Fields: []Field{{Name: "title", CSS: "h1"}}, Each: []Each{tt.each}})
			if diff := cmp.Diff(tt.want, records(scrapeAt(t, s, "list", nil, tt.page))); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

// A page kind without records is empty only if it leads nowhere.
func TestNoRecord(t *testing.T) {
	t.Parallel()
	s := compiled(t, Rules{Name: "list", NoRecord: true, Fields: []Field{{Name: "t", CSS: "h1"}}, Follow: []FollowRule{{Source: Field{CSS: "a"}}}})
	if got := scrapeAt(t, s, "list", nil, listed("<a href=/1>1</a>")); got.Records != nil || len(got.Follow) != 1 || got.Verdict.State != seine.Done {
		t.Errorf("%+v; want a link and no record", got)
	}
	if got := scrapeAt(t, s, "list", nil, listed("<p>")); got.Verdict.State != seine.Error || !strings.HasPrefix(got.Verdict.Reason, "no field found") {
		t.Errorf("a page without anything: %+v; want an error", got.Verdict)
	}
}

// A page without fields whose body the rules about links cannot read is an error, not a leaf.
func TestUnreadableLinks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule FollowRule
		page *seine.Page
		want string
	}{
		{FollowRule{Source: Field{CSS: "a"}}, listed("<p>"), "done"},
		{FollowRule{Source: Field{CSS: "a"}}, listed(`{"a": 1}`), "error no link found: the body is not HTML or XML: application/json, begins with \"{\\\"a\\\": 1}\""},
		{FollowRule{Source: Field{JSON: "next"}}, listed("<p>maintenance"), "error no link found: the body is not JSON"},
		{FollowRule{Source: Field{JSON: "next"}}, listed(`{"next": null}`), "done"},
	} {
		s := compiled(t, Rules{Name: "list", NoRecord: true, Follow: []FollowRule{tt.rule}})
		v := scrapeAt(t, s, "list", nil, tt.page).Verdict
		if got := strings.TrimSpace(v.State.String() + " " + v.Reason); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s; want %s", tt.page.Body, got, tt.want)
		}
	}
}

func TestProblemsOfSites(t *testing.T) {
	t.Parallel()
	title := []Field{{Name: "title", CSS: "h1"}}
	own := []Field{{Name: "sku", CSS: "b"}}
	for _, tt := range []struct {
		name  string
		rules Rules
		want  string
	}{
		{"no such kind", Rules{Name: "a", Fields: title, Follow: []FollowRule{{Source: Field{CSS: "a"}, To: "produkt"}}}, `pages.a.follow[0].to: there is no page kind "produkt": did you mean "product"?`},
		{"no source", Rules{Name: "a", Fields: title, Follow: []FollowRule{{To: "product"}}}, "pages.a.follow[0]: gives no links; give css, xpath, json, jsonld, regex, header: link with rel, or url"},
		{"two sources", Rules{Name: "a", Fields: title, Follow: []FollowRule{{Source: Field{CSS: "a"}, Rel: "next"}}}, "pages.a.follow[0]: looks in two places, css and header; give one of them"},
		{"a source of texts", Rules{Name: "a", Fields: title, Follow: []FollowRule{{Source: Field{Text: "a"}}}}, "pages.a.follow[0].text: gives no links; give css, xpath, json, jsonld or regex"},
		{"an unknown name", Rules{Name: "a", Fields: title, Follow: []FollowRule{{Source: Field{CSS: "a"}, URL: "/x?{titel}"}}}, `pages.a.follow[0].url: unknown name {titel} in the template: did you mean "title"?`},
		{"a bad expression", Rules{Name: "a", Fields: title, Follow: []FollowRule{{Source: Field{CSS: "a"}, When: "titel == ''"}}}, `pages.a.follow[0].when: unknown name "titel" in the expression: did you mean "title"?`},
		{"a body of a GET", Rules{Name: "a", Fields: title, Follow: []FollowRule{{Source: Field{CSS: "a"}, Body: "x"}}}, "pages.a.follow[0].body: a GET has no body; add method: POST"},
		{"no key", Rules{Name: "a", Each: []Each{{Source: Field{CSS: "li"}, Fields: own}}}, `pages.a.each.key: missing key "key"; a template of the record's own key, such as {sku}`},
		{"one key for all", Rules{Name: "a", Each: []Each{{Source: Field{CSS: "li"}, Key: "{id}", Fields: own}}}, `pages.a.each.key: "{id}" has no field: all records of a page would share a key`},
		{"no source of each", Rules{Name: "a", Each: []Each{{Key: "{sku}", Fields: own}}}, "pages.a.each: gives no records; give css, xpath, json, jsonld, microdata or feed"},
		{"a field of both", Rules{Name: "a", Fields: title, Each: []Each{{Source: Field{CSS: "li"}, Key: "{title}", Fields: title}}}, "pages.a.each.fields.title: the page has a field title too: a record has both, so give one another name"},
		{"assets beside each", Rules{Name: "a", Fields: title, Each: []Each{{Source: Field{CSS: "li"}, Key: "{sku}", Fields: own}}, Assets: []AssetRule{{Name: "x", URL: "title"}}}, "pages.a.assets: each makes several records, and a file belongs to one; move it into each.assets"},
		{"assets without records", Rules{Name: "a", NoRecord: true, Fields: title, Assets: []AssetRule{{Name: "x", URL: "title"}}}, "pages.a.record: none stores no record, and an asset belongs to one; leave out record or assets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, problems := Compile(tt.rules, Rules{Name: "product", Fields: title})
			if len(problems) == 0 || problems[0].String() != tt.want {
				t.Errorf("problems\n%v\nwant\n%s", problems, tt.want)
			}
		})
	}
}
