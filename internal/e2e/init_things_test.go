package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// Each page of a shop shows an accessory before its product, as microdata. The records hold the
// product of each page, with a price in the language of the page.
func TestInitOfTheMainItem(t *testing.T) {
	t.Parallel()
	pages := map[string]string{"/": `<html lang="de"><h1>Leuchten</h1>`}
	for i := range 4 {
		at := fmt.Sprintf("/p/%d", i)
		pages["/"] += fmt.Sprintf(`<div class="card"><a href="%s">Lampe %d</a></div>`, at, i)
		pages[at] = fmt.Sprintf(`<html lang="de"><title>Lampe %[1]d</title><aside itemscope itemtype="https://schema.org/Product"><b itemprop="name">Glühbirne</b>
<i itemprop="price">4,99</i></aside><div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Lampe %[1]d</h1>
<p itemprop="description">Text %[1]d</p><div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><i itemprop="price">1.%[1]d99,50</i></div></div>`, i)
	}
	job, records := initialized(t, paths(t, pages)+"/", "--kind", "shop")
	for i := range 4 {
		for _, want := range []string{fmt.Sprintf(`"name":"Lampe %d"`, i), fmt.Sprintf(`"price":1%d99.50`, i), fmt.Sprintf(`"description":"Text %d"`, i)} {
			if !strings.Contains(records, want) {
				t.Errorf("no %s in\n%s\n%s", want, records, job)
			}
		}
	}
	if strings.Contains(records, "birne") {
		t.Errorf("records of the accessory\n%s\n%s", records, job)
	}
}

// A Japanese shop gives prices with wide figures, and a field of its own for each label.
func TestInitOfAJapanesePage(t *testing.T) {
	t.Parallel()
	job, records := initialized(t, paths(t, map[string]string{
		"/p/1": `<html lang="ja"><h1>靴</h1><p class="price">３，９８０円（税込）</p><table><tr><th>発売日<td>2025年3月4日<tr><th>重量<td>250g</table>`,
	})+"/p/1")
	for _, want := range []string{`"amount":3980`, `"currency":"JPY"`, `"field_1":"2025年3月4日"`, `"field_2":"250g"`} {
		if !strings.Contains(records, want) {
			t.Errorf("no %s in %s", want, records)
		}
	}
	if !strings.Contains(job, "{table: '重量'}   # 重量") {
		t.Errorf("no label in %s", job)
	}
}
