package propose_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/propose"
)

// Each page holds things besides its main thing. The values are of the main thing, and a
// note names what is left out.
func TestItemOfTheMainThing(t *testing.T) {
	t.Parallel()
	const (
		crumbs  = `<ol itemscope itemtype="https://schema.org/BreadcrumbList"><li itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem"><a itemprop="item" href="/"><span itemprop="name">Home</span></a><meta itemprop="position" content="1"></ol>`
		product = `<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Red shoe</h1><div itemprop="review" itemscope itemtype="https://schema.org/Review"><b itemprop="author">Tom</b><p itemprop="description">good</p></div>` +
			`<p itemprop="description">A shoe.</p><div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><span itemprop="price">49,90 €</span></div></div>`
		accessory = `<div itemscope itemtype="http://schema.org/Product"><b itemprop="name">Bulb</b><span itemprop="price">4,99 €</span></div>`
	)
	for name, c := range map[string]struct {
		body string
		want []string // the first fields
		note string
	}{
		"microdata after breadcrumbs, with a review": {
			"<html lang=de>" + crumbs + product, []string{"name Red shoe", "price map[amount:49.90 currency:EUR note:<nil>]", "description A shoe."}, "",
		},
		"microdata after an accessory": {
			"<html lang=de><aside>" + accessory + "</aside>" + product, []string{"name Red shoe", "price map[amount:49.90 currency:EUR note:<nil>]", "description A shoe."}, "",
		},
		"microdata of main": {
			"<html lang=de>" + accessory + "<main>" + product + "</main>", []string{"name Red shoe", "price map[amount:49.90 currency:EUR note:<nil>]", "description A shoe."},
			`microdata has 2 items of the type Product: the fields read the one of the title, "Red shoe"`,
		},
		"a price beside related ones": {
			`<div class="related"><span class="price">$4.99</span></div><h1>x</h1><p class="price-was">$30.00</p><p class="price-now">$19.99</p>`,
			[]string{"title x", "price map[amount:19.99 currency:<nil> note:currency \"$\" is not certain]"}, "several prices ($30.00, $19.99): price reads $19.99",
		},
		"a price that is crossed out": {
			`<h1>x</h1><div class="box"><del class="price">30,00 €</del> <b class="price sale">19.99 €</b></div>`,
			[]string{"title x", "price map[amount:19.99 currency:EUR note:<nil>]"}, "several prices",
		},
		"variants": {
			`<script type="application/ld+json">{"@graph": [{"@type": "ProductGroup", "name": "Tee", "brand": {"name": "B"}, "hasVariant": [
{"@type": "Product", "sku": "r", "name": "Tee red", "offers": {"price": "19.00"}}, {"@type": "Product", "sku": "b", "name": "Tee blue", "offers": {"price": "24.00"}}]}]}</script>`,
			[]string{"name Tee", "brand B", "prices [19.00 24.00]"}, `2 variants (19.00, 24.00): the record is of the whole`,
		},
		"several offers": {
			`<script type="application/ld+json">{"@type": "Product", "name": "x", "offers": [{"price": 99}, {"price": 89}], "author": [{"name": "A"}, {"name": "B"}]}</script>`,
			[]string{"name x", "price 99", "author [A B]"}, `2 offers (99, 89): the fields read the first one. All prices: {jsonld: {type: Product, path: offers.price}, all: true}`,
		},
		"things of other pages in JSON-LD": {
			`<h1>Two</h1><script type="application/ld+json">[{"@type": "Product", "name": "One", "sku": "1"}, {"@type": "Product", "name": "Two", "sku": "2"}]</script>`,
			[]string{"title Two"}, `JSON-LD is not used: it has 2 things of the type Product`,
		},
		"labels with types": {
			`<html lang=de><h1>x</h1><dl><dt>Verfügbar seit<dd>3. März 2025<dt>Größe<dd>1,5<dt>Wert<dd>1.201,00 €<dt>Art.-Nr.<dd>0815</dl>`,
			[]string{"title x", "verfugbar_seit 2025-03-03", "grosse 1.5", "wert map[amount:1201.00 currency:EUR note:<nil>]", "art_nr 0815"}, "",
		},
		"labels of another script": {
			`<html lang=ja><h1>靴</h1><p class="price">¥1,200（税込）</p><table><tr><th>発売日<td>2025年3月4日<tr><th>重量<td>250g</table>`,
			[]string{"title 靴", "price map[amount:1200 currency:JPY note:<nil>]", "field_1 2025年3月4日", "field_2 250g"}, "",
		},
		"a paper": {
			`<h1>P</h1><meta name="citation_author" content="A"><meta name="citation_author" content="B"><meta name="citation_doi" content="10.1/x"><meta name="citation_publication_date" content="2024/03/05">`,
			[]string{"title P", "published 2024-03-05", "doi 10.1/x", "authors [A B]"}, "",
		},
		"a date with two meanings": {`<h1>x</h1><dl><dt>Issued<dd>04/05/2025<dt>a<dd>b</dl>`, []string{"title x", "issued 04/05/2025"}, `issued is a text: "04/05/2025" may be two dates`},
	} {
		doc := parsed(t, "https://a.example/p/1", c.body)
		list, notes := propose.Item(doc)
		list, left, err := propose.Check(t.Context(), doc.Page, list)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range list {
			got = append(got, fmt.Sprintf("%s %v", f.Name, f.Value))
		}
		if len(got) < len(c.want) || !slices.Equal(got[:len(c.want)], c.want) {
			t.Errorf("%s: %q; want %q\n%s\nleft %+v", name, got, c.want, rules(list), left)
		}
		if said := strings.Join(notes, "\n"); !strings.Contains(said, c.note) || c.note == "" && said != "" {
			t.Errorf("%s: notes %q; want %q", name, said, c.note)
		}
	}
}

// The foot of a table is no record, a dash is no value, and a column in another script has a name.
func TestTableWithAFoot(t *testing.T) {
	t.Parallel()
	list, ok, err := propose.Table(t.Context(), parsed(t, "https://a.example/", `<table><thead><tr><th>Land<th>Zahl<th>数量</thead>`+
		`<tbody><tr><td>A<td>1<td>5<tr><td>B<td>–<td>6<tr><td>C<td>3<td>7</tbody><tfoot><tr><td>Sum<td>4<td>18</tfoot></table>`))
	if want := "land {css: 'td:nth-child(1)'}, zahl {css: 'td:nth-child(2)', type: int}, field_3 {css: 'td:nth-child(3)', type: int}"; err != nil || !ok || list.Items != 3 || rules(list.Fields) != want {
		t.Errorf("%d rows with %s, %v; want %s", list.Items, rules(list.Fields), err, want)
	}
	if list.Each != "css: 'table tr:has(> td):not(tfoot *)'" {
		t.Error(list.Each)
	}
}
