package seine_test

import (
	"context"
	"fmt"

	"github.com/seinehq/seine"
)

// A page of results leads to products. Each page kind has a scraper of its own.
func ExampleRouter() {
	list := seine.ScraperFunc(func(_ context.Context, _ seine.Task, _ *seine.Page) (seine.Result, error) {
		return seine.Result{Follow: []seine.Follow{{URL: "/p/1", Page: "product"}}}, nil
	})
	product := seine.ScraperFunc(func(_ context.Context, _ seine.Task, page *seine.Page) (seine.Result, error) {
		if len(page.Body) == 0 {
			return seine.Result{}, seine.Skip("sold out")
		}
		return seine.Result{Records: []seine.Record{{Fields: map[string]any{"text": string(page.Body)}}}}, nil
	})
	job := seine.Job{
		Name:    "shop",
		Pages:   []seine.PageKind{{Name: "list"}, {Name: "product"}},
		Scraper: seine.Router{"list": list, "product": product},
	}
	_, err := job.Scraper.Scrape(context.Background(), seine.Task{Page: "product"}, &seine.Page{})
	fmt.Println(err)
	// Output: skipped: sold out
}

func ExamplePage_Resolve() {
	page := &seine.Page{URL: "https://shop.example/list/2"}
	fmt.Println(page.Resolve("../p/7?size=42"))
	fmt.Println(page.Resolve("mailto:help@shop.example"))
	// Output:
	// https://shop.example/p/7?size=42 <nil>
	//  no web address
}

// The fields, the record and the JSON Schema of a struct.
func ExampleRecordOf() {
	type shoe struct {
		ID    string   `seine:"id,key"`
		Price *float64 `seine:"price"`
		Sizes []int    `seine:"sizes"`
	}
	price := 59.9
	r := seine.RecordOf(shoe{ID: "7", Price: &price, Sizes: []int{42, 43}})
	fmt.Println(r.Key, r.Fields)
	for _, f := range seine.FieldsOf[shoe]() {
		fmt.Println(f.Name, f.Type, f.List)
	}
	// Output:
	// 7 map[id:7 price:59.9 sizes:[42 43]]
	// id string false
	// price float false
	// sizes int true
}
