package seinetest_test

import (
	"fmt"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/seinetest"
)

// The test of a scraper, and the test of a whole job.
func Example() {
	_ = func(t *testing.T) {
		page := seinetest.Page("https://shop.example/p/7", "<h1>Blue shoe</h1>")
		result := seinetest.Scrape(t, shoes["product"], page)
		if result.Records[0].Fields["name"] != "Blue shoe" {
			t.Error(result.Records)
		}
	}
	_ = func(t *testing.T) {
		site := seinetest.Site(t, map[string]string{"/": "<a href=/p/7>", "/p/7": "<h1>Blue shoe</h1>"})
		var records []seine.Record = seinetest.Run(t, shoeJob(site)) //nolint:staticcheck // the example shows the type
		if len(records) != 1 {
			t.Error(records)
		}
	}
}

func ExamplePage() {
	page := seinetest.Page("https://api.example/p/7", `{"name": "Blue shoe"}`)
	fmt.Println(page.Status, page.Type)
	// Output: 200 application/json
}
