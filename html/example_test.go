package html_test

import (
	"context"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
)

var shoe = &seine.Page{URL: "https://shop.example/p/7", Status: 200, Type: "text/html", Body: []byte(`
	<h1>Blue  shoe</h1> <img src="/img/7.jpg">
	<ul> <li>42 <li>43 <li hidden>44 </ul>
	<script type="application/ld+json">{"@type": "Product", "offers": {"price": 59.90}}</script>`)}

func ExampleParse() {
	doc, err := html.Parse(shoe)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer doc.Close()
	fmt.Println(doc.First("h1").Text())
	fmt.Println(doc.First("img").Attr("src"))
	for _, size := range doc.All("li") {
		fmt.Printf("%q\n", size.Text())
	}
	fmt.Println(doc.XPath("count(//li)")[0].Text())
	fmt.Println(doc.JSONLD("Product", "offers.price"))
	// Output:
	// Blue shoe
	// https://shop.example/img/7.jpg
	// "42"
	// "43"
	// ""
	// 3
	// [59.90]
}

func ExampleScraperFunc() {
	var scraper seine.Scraper = html.ScraperFunc(func(_ context.Context, task seine.Task, doc *html.Document) (seine.Result, error) {
		name := doc.First("h1").Text()
		if name == "" {
			return seine.Result{}, seine.MarkStale("no name")
		}
		return seine.Result{Records: []seine.Record{{Fields: map[string]any{"name": name}}}}, nil
	})
	result, err := scraper.Scrape(context.Background(), seine.Task{ID: "7"}, shoe)
	fmt.Println(result.Records[0].Fields, err)
	// Output: map[name:Blue shoe] <nil>
}
