package propose_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/propose"
)

func parsed(t testing.TB, at, body string) *html.Document {
	t.Helper()
	doc, err := html.Parse(&seine.Page{URL: at, Status: 200, Type: "text/html", Header: http.Header{}, Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(doc.Close)
	return doc
}

func item(doc *html.Document) []propose.Field {
	list, _ := propose.Item(doc)
	return list
}

func rules(list []propose.Field) string {
	var out []string
	for _, f := range list {
		out = append(out, f.Name+" "+f.Rule)
	}
	return strings.Join(out, ", ")
}

func TestItem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"JSON-LD": {
			`<h1>x</h1><script type="application/ld+json">{"@type": "Product", "name": "Boot", "sku": "007", "gtin13": "4006381333931",
 "releaseDate": "5 March 2026", "offers": {"@type": "Offer", "price": "29.90", "priceCurrency": "EUR"}, "aggregateRating": {"ratingValue": 4.5, "reviewCount": 12},
 "image": ["https://a.example/1.jpg", "https://a.example/2.jpg"], "inStock": true, "review": [{"name": "no"}]}</script>`,
			[]string{"name Boot", "sku 007", "price 29.90", "currency EUR", "rating 4.5", "reviews 12", "gtin13 4006381333931", "image [https://a.example/1.jpg https://a.example/2.jpg]", "in_stock true", "release_date 2026-03-05"},
		},
		"microdata": {
			`<div itemscope itemtype="https://schema.org/Book"><h1 itemprop="name">A book</h1><meta itemprop="isbn" content="978-3-16-148410-0">
 <div itemprop="author" itemscope><span itemprop="alternateName">B.</span></div><time itemprop="datePublished" datetime="2020-01-02">2 Jan</time></div>`,
			[]string{"name A book", "isbn 978-3-16-148410-0", "published 2020-01-02", "alternate_name B."},
		},
		"labels and meta elements": {
			`<head><meta property="og:image" content="/i.jpg"><meta name="description" content="about it"></head>
 <h1>Title</h1><table><tr><th>Year:</th><td>1999</td></tr><tr><th>Set "x"</th><td>no</td></tr></table><dl><dt>Card No.</dt><dd>7</dd><dt>id</dt><dd>9</dd></dl>`,
			[]string{"title Title", "description about it", "image /i.jpg", "year 1999", "set_x no", "card_no 7", "item_id 9"},
		},
		"a price in a text": {
			`<html lang=de><h1>Stuhl</h1><div class="price-box"><span class="preis">1.299,00 €</span></div>`,
			[]string{"title Stuhl", "price map[amount:1299.00 currency:EUR note:<nil>]", "text Stuhl\n1.299,00 €"},
		},
		"microdata with a price": {
			`<div itemscope><b itemprop=name>x</b><i itemprop=price content="1.90">$1.90</i><i itemprop=isbn>0010</i></div>`,
			[]string{"name x", "isbn 0010", "price 1.90"},
		},
		"a page without structure": {`<p>only a text</p>`, []string{"text only a text"}},
		"an empty page":            {``, nil},
	} {
		doc := parsed(t, "https://a.example/p/1", c.body)
		list, _, err := propose.Check(t.Context(), doc.Page, item(doc))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range list {
			got = append(got, fmt.Sprintf("%s %v", f.Name, f.Value))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q; want %q", name, got, c.want)
		}
	}
}

// repeated writes a block n times, with its number for #.
func repeated(n int, block string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(block, "#", fmt.Sprint(i+1)))
	}
	return b.String()
}

func TestLinks(t *testing.T) {
	t.Parallel()
	nav := `<nav>` + repeated(20, `<li class="nav"><a href="/n/#">A long entry of the menu, number #</a></li>`) + `</nav>`
	for name, c := range map[string]struct{ body, follow, next, first string }{
		"by class": {
			nav + repeated(5, `<article class="card big"><a href="/tag/x">x</a><h3><a href="/p/#?a=1">Thing #</a></h3></article>`) + `<a rel="next" href="?page=2">more</a>`,
			`{css: article.card a, match: '/p/*', to: item}`, `{css: 'a[rel~="next"]', to: list}`, "https://a.example/p/1?a=1",
		},
		"by the parent": {
			nav + `<ul id="r">` + repeated(4, `<li><a href="/2020/#/">Post #</a></li>`) + `</ul><div class="pagination"><a href="/page/2">2</a></div>`,
			`{css: '#r > li a', match: '/2020/*/', to: item}`, `{css: .pagination a, to: list}`, "https://a.example/2020/1/",
		},
		"in main": {
			nav + `<main><ul>` + repeated(3, `<li><a href="#.html">Post #</a></li>`) + `</ul></main>`,
			`{css: 'main ul > li a', match: '/c/*.html', to: item}`, "", "https://a.example/c/1.html",
		},
		"pages before files": {
			repeated(4, `<li class="hit"><a href="d#.html">Paper #</a> <a href="d#.epub">EPUB</a></li>`),
			`{css: li.hit a, match: '/c/*.html', to: item}`, "", "https://a.example/c/d1.html",
		},
		"two are no list":        {nav + repeated(2, `<div class="c"><a href="/p/#">Thing #</a></div>`), "", "", ""},
		"links to another host":  {repeated(5, `<div class="c"><a href="https://b.example/p/#">Thing #</a></div>`), "", "", ""},
		"one link for all of it": {repeated(5, `<div class="c"><a href="/same">Thing #</a></div>`), "", "", ""},
	} {
		list, ok := propose.Links(parsed(t, "https://a.example/c/", c.body))
		if ok != (c.follow != "") || list.Follow != c.follow || list.Next != c.next || list.First != c.first {
			t.Errorf("%s: %+v, %t; want %s", name, list, ok, c.follow)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	body := `<table class="results"><tr><th>Team</th><th>Won</th><th>#</th></tr>` + repeated(4, `<tr><td>Same</td><td>1#</td><td></td></tr>`) + `</table>`
	list, ok, _ := propose.Table(t.Context(), parsed(t, "https://a.example/", body))
	if !ok || list.Each != "css: 'table.results tr:has(> td)'" || list.Key != "{won}" || len(list.Fields) != 2 || list.Items != 4 {
		t.Errorf("%+v, %t", list, ok)
	}
	if _, ok, _ := propose.Table(t.Context(), parsed(t, "https://a.example/", strings.ReplaceAll(body, "1#", "same"))); ok && !strings.Contains(body, "1") {
		t.Error("a table without a column of different values has a key")
	}
}

func TestColumnTypes(t *testing.T) {
	t.Parallel()
	body := `<table><tr><th>City<th>People<th>Area<th>Code<th>Weight<th>Note</tr><tr><td>Oslo<td>709,037<td>454.0<td>007<td>1.234<td></tr>` +
		`<tr><td>Bergen<td>291<td>465<td>12<td>2.5<td></tr><tr><td>Moss<td><td>-8.5<td>13<td>3.5<td></tr></table>`
	list, _, _ := propose.Table(t.Context(), parsed(t, "https://a.example/", body))
	var got []string
	for _, f := range list.Fields {
		got = append(got, f.Rule)
	}
	want := []string{
		"{css: 'td:nth-child(1)'}", "{css: 'td:nth-child(2)', type: int}", "{css: 'td:nth-child(3)', type: decimal}",
		"{css: 'td:nth-child(4)'}", "{css: 'td:nth-child(5)'}", "{css: 'td:nth-child(6)'}",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
}

func TestColumnsOfALanguage(t *testing.T) {
	t.Parallel()
	body := `<table><tr><th>Artikel<th>Preis<th>Bestand<th>Datum<th>Tag<th>Code</tr>` +
		`<tr><td>Stuhl 1<td>1.299 €<td>1.100<td>1.3.2024<td>03/04/2026<td>1.2.3</tr>` +
		`<tr><td>Stuhl 2<td>49,90 €<td>12<td>2.3.2024<td>05/04/2026<td>1.2.4</tr>` +
		`<tr><td>Stuhl 3<td>auf Anfrage<td>1.300<td><td>04/03/2026<td>1.2.5</tr></table>`
	for lang, want := range map[string][]string{
		"de": {
			"{css: 'td:nth-child(1)'}", "{css: 'td:nth-child(2)', type: price, locale: de}", "{css: 'td:nth-child(3)', type: int, locale: de}",
			"{css: 'td:nth-child(4)', type: date, locale: de}", "{css: 'td:nth-child(5)', type: date, locale: de}", "{css: 'td:nth-child(6)'}",
		},
		"": {
			"{css: 'td:nth-child(1)'}", "{css: 'td:nth-child(2)'}", "{css: 'td:nth-child(3)'}",
			"{css: 'td:nth-child(4)', type: date}", "{css: 'td:nth-child(5)'}", "{css: 'td:nth-child(6)'}",
			"preis is a text: its prices have another value in another language: if you know it, add type and locale, as in {type: price, locale: de}",
			`tag is a text: "04/03/2026" may be two dates: give locale or format`,
		},
	} {
		list, _, err := propose.Table(t.Context(), parsed(t, "https://a.example/", `<html lang="`+lang+`">`+body))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range list.Fields {
			got = append(got, f.Rule)
		}
		if got = append(got, list.Notes...); !slices.Equal(got, want) {
			t.Errorf("%s: %q; want %q", lang, got, want)
		}
	}
}

// English without a region has two orders of day and month, and sites of each state it.
func TestDatesOfEnglish(t *testing.T) {
	t.Parallel()
	body := `<table><tr><th>Name<th>Joined<th>Born</tr><tr><td>Ann<td>04/05/2025<td>4 May 1990</tr><tr><td>Bob<td>07/08/2025<td>7 August 1991</tr><tr><td>Eve<td>09/10/2025<td>9 October 1992</tr></table>`
	const name = "{css: 'td:nth-child(1)'}"
	for lang, want := range map[string][]string{
		"en":    {name, "{css: 'td:nth-child(2)'}", "{css: 'td:nth-child(3)', type: date}", `joined is a text: "09/10/2025" may be two dates: give locale or format`},
		"en-GB": {name, "{css: 'td:nth-child(2)', type: date, locale: en-GB}", "{css: 'td:nth-child(3)', type: date, locale: en-GB}"},
	} {
		list, _, err := propose.Table(t.Context(), parsed(t, "https://a.example/", `<html lang="`+lang+`">`+body))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range list.Fields {
			got = append(got, f.Rule)
		}
		if got = append(got, list.Notes...); !slices.Equal(got, want) {
			t.Errorf("%s: %q; want %q", lang, got, want)
		}
	}
}

// A price that has another value in another language is left out with the reason.
func TestCheckTellsWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	doc := parsed(t, "https://a.example/p/1", `<h1>Stuhl</h1><b class="price">1.299 €</b>`)
	_, left, err := propose.Check(t.Context(), doc.Page, item(doc))
	if err != nil || len(left) != 1 || left[0].Name != "price" || !strings.Contains(left[0].Why, "has another value in another language: add locale or decimal") {
		t.Errorf("%+v, %v", left, err)
	}
}

func TestFeed(t *testing.T) {
	t.Parallel()
	feed := func(typ, body string) propose.List {
		page := &seine.Page{URL: "https://a.example/feed", Status: 200, Type: typ, Header: http.Header{}, Body: []byte(body)}
		list, _, err := propose.Feed(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	rss := feed("application/rss+xml", `<?xml version="1.0"?><rss version="2.0"><channel><title>F</title><item><title>A</title><link>https://a.example/1</link>
<pubDate>Wed, 01 May 2024 10:00:00 GMT</pubDate><category>x</category></item><item><title>B</title><guid>b</guid></item></channel></rss>`)
	if rss.Each != "feed: entries" || rss.Key != "{item_id}" || rss.Items != 2 || rules(rss.Fields) !=
		"item_id {json: id}, title {json: title}, link {json: link}, published {json: published, type: date}, categories {json: categories, all: true}" {
		t.Errorf("%+v", rss)
	}
	if list := feed("application/feed+json", `{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "A"}]}`); list.Each != "feed: entries" || len(list.Fields) != 2 {
		t.Errorf("%+v", list)
	}
	for items, want := range map[string][]string{
		"<item><guid>a</guid><title>A</title></item><item><title>B</title></item>":                                          {"{item_id}", "item_id != nil", "[entries without an id (1 of 2)]"},
		"<item><guid>a</guid><link>/1</link></item><item><guid>a</guid><link>/2</link></item>":                              {"{link}", "", "[]"},
		"<item><guid>a</guid><title>A</title></item><item><guid>a</guid><title>B</title></item><item><guid>c</guid></item>": {"{item_id} {title}", "item_id != nil && title != nil", "[entries without an id (1 of 3)]"},
	} {
		list := feed("application/rss+xml", `<rss version="2.0"><channel>`+items+`</channel></rss>`)
		if got := []string{list.Key, list.Where, fmt.Sprint(list.Left)}; !slices.Equal(got, want) {
			t.Errorf("%s: %q; want %q", items, got, want)
		}
	}
	for typ, body := range map[string]string{
		"text/html": "<p>no feed", "application/json": `[{"id": 1}]`,
		"application/rss+xml": `<rss><channel><item><guid>a</guid></item><item><guid>a</guid></item></channel></rss>`,
	} {
		if list := feed(typ, body); list.Each != "" {
			t.Errorf("%s: %+v", body, list)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, each, key, next string }{
		{`{"data": {"items": [{"id": 1, "name": "a", "tags": ["x"]}, {"id": 2, "name": "a", "tags": []}]}, "next_cursor": "n"}`, "json: data.items", "{item_id}", `{json: next_cursor, url: "/v1/items?size=10&cursor={value}"}`},
		{`[{"sku": "a", "price": 1.5}, {"sku": "b", "price": 12345678901234567890.5}]`, `json: '@this'`, "{sku}", ""},
		{`{"results": [{"code": "x"}], "next": "https://a.example/v1/items?page=2"}`, "json: results", "{code}", "{json: next}"},
		{`{"items": [{"a": {"b": 1}}]}`, "json: items", "{a_b}", ""},
		{`{"items": [{"a": {"b": {"c": {"d": 1}}}}]}`, "", "", ""},
		{`{"data": [{"id": 1}], "paging": {"next_cursor": "n"}}`, "json: data", "{item_id}", `{json: paging.next_cursor, url: "/v1/items?size=10&cursor={value}"}`},
		{`{"data": [{"id": 1}], "paging": {"next_cursor": null}}`, "json: data", "{item_id}", `{json: paging.next_cursor, url: "/v1/items?size=10&cursor={value}"}`},
		{`{"data": [{"id": 1}], "meta": {"page": {"next": 2}}}`, "json: data", "{item_id}", `{json: meta.page.next, url: "/v1/items?size=10&cursor=old&page={value}"}`},
		{`{"data": [{"id": 1}], "links": {"next": "/v1/items?page=2"}}`, "json: data", "{item_id}", "{json: links.next}"},
		{`{"data": [{"id": 1}], "_links": {"next": {"href": "?page=2"}}}`, "json: data", "{item_id}", "{json: '_links.next.href'}"},
		{`{"data": [{"id": 1, "next": "/x"}]}`, "json: data", "{item_id}", ""},
		{`{"edges": [{"cursor": "a", "node": {"id": "7"}}], "pageInfo": {"endCursor": "a"}}`, "json: edges", "{cursor}", `{json: pageInfo.endCursor, url: "/v1/items?size=10&cursor={value}"}`},
		{`{"items": [1, 2]}`, "", "", ""},
		{`not json`, "", "", ""},
	} {
		list, ok := propose.JSON("https://a.example/v1/items?size=10&cursor=old", []byte(c.body))
		if ok != (c.key != "") || ok && (list.Each != c.each || list.Key != c.key || list.Next != c.next) {
			t.Errorf("%s: %+v, %t; want %s by %s, then %s", c.body, list, ok, c.each, c.key, c.next)
		}
	}
}

func TestJSONOfNestedObjects(t *testing.T) {
	t.Parallel()
	list, _ := propose.JSON("https://a.example/", []byte(`[
{"id": 7, "author": null, "price": {"amount": 1, "currency": "EUR"}, "a": {"b": {"c": "x"}}, "tags": [], "variants": [{"sku": "a"}]},
{"id": 8, "author": {"login": "u"}, "price": {"amount": 1.5, "currency": "EUR"}, "a": {"b": {"c": {"d": 1}}}, "tags": ["t"], "mixed": [[1]]}]`))
	var got []string
	for _, f := range list.Fields {
		got = append(got, f.Name+" "+f.Rule)
	}
	want := []string{
		"item_id {json: id, type: int}", "tags {json: tags, all: true}", "author_login {json: author.login}",
		"price_amount {json: price.amount, type: decimal}", "price_currency {json: price.currency}",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
	if want := []string{"mixed", "variants", "a.b.c"}; !slices.Equal(list.Left, want) {
		t.Errorf("left out %q; want %q", list.Left, want)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"https://a.example:8080/v2/cert/70000001/psa": `{url: "https://a.example:8080/v2/cert/{id}/psa", ids: {from: 70000001, to: 70000100}}`,
		"https://a.example/x?id=0042":                 `{url: "https://a.example/x?id={id}", ids: {from: 42, to: 141, width: 4}}`,
		"https://a.example/p/7":                       "",
		"https://a.example/99999999999999999999":      "",
	} {
		if got, ok := propose.IDs(at); got != want || ok != (want != "") {
			t.Errorf("%s: %s, %t; want %s", at, got, ok, want)
		}
	}
}

// Whatever a page holds, the proposal is a valid job file, and nothing panics.
func FuzzProposal(f *testing.F) {
	f.Add(`<h1>x</h1><li class="a"><a href="/p/1">1</a></li><li class="a"><a href="/p/2">2</a></li><li class="a"><a href="/p/3">3</a></li>`)
	f.Add(`<script type="application/ld+json">{"@type": "Product", "a'b": "x", "o: {": {"y, z}": 1}}</script>`)
	f.Add(`<table><tr><th>#a: b<th>yes</tr><tr><td>1<td>2</tr><tr><td>2<td>2</tr><tr><td>3<td>2</tr></table>`)
	f.Add(`[{"a\"b": 1, "null": 2}, {"a\"b": 2, "null": 3}]`)
	f.Fuzz(func(t *testing.T, body string) {
		at := "https://a.example/c/x'y/"
		doc, err := html.Parse(&seine.Page{URL: at, Status: 200, Type: "text/html", Header: http.Header{}, Body: []byte(body)})
		if err != nil {
			return
		}
		defer doc.Close()
		fields, _, err := propose.Check(t.Context(), doc.Page, item(doc))
		if err != nil {
			t.Fatal(err)
		}
		fields = append(fields, propose.Field{Name: "zz", Rule: "{css: h1}"})
		jobs := [][]propose.Kind{{{Fields: fields}}}
		if list, ok := propose.Links(doc); ok {
			jobs = append(jobs, []propose.Kind{{Name: "list", None: true, Follow: []string{list.Follow}}, {Name: "item", Match: []string{list.Match}, Fields: fields}})
		}
		if list, ok, err := propose.Table(t.Context(), doc); err != nil {
			t.Fatal(err)
		} else if ok {
			jobs = append(jobs, []propose.Kind{{Each: list.Each, Key: list.Key, Where: list.Where, Fields: list.Fields}})
		}
		if list, ok := propose.JSON(at, []byte(body)); ok {
			jobs = append(jobs, []propose.Kind{{Each: list.Each, Key: list.Key, Where: list.Where, Fields: list.Fields}})
		}
		for _, kinds := range jobs {
			text := propose.Job{Name: "j", URL: at, Seeds: propose.Pages(at), Kinds: kinds}.YAML()
			if _, err := jobfile.Parse("job.yaml", []byte(text), func(string) (string, bool) { return "", false }); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		}
	})
}
