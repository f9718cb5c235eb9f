package worker_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/worker"
)

// A run, and the records that it stored.
func ExampleRecords() {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "<h1>Shoe %s</h1>", filepath.Base(r.URL.Path))
	}))
	defer site.Close()
	dir, err := os.MkdirTemp("", "seine")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, frontier := context.Background(), "sqlite:"+filepath.Join(dir, "seine.db")

	err = worker.Run(ctx, worker.Config{Frontier: frontier, Store: "file:" + dir, Migrate: true, UntilDone: true, Jobs: []seine.Job{{
		Name:    "shoes",
		Seeds:   seine.Seeds{URL: site.URL + "/{id}", IDs: []seine.IDSpace{{From: 1, To: 3}}},
		Explore: seine.Explore{Strategy: seine.StrategyOff},
		Pace:    seine.Pace{Delay: seine.NoDelay},
		Fetch:   seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.1")}},
		Scraper: html.ScraperFunc(func(_ context.Context, _ seine.Task, doc *html.Document) (seine.Result, error) {
			return seine.Result{Records: []seine.Record{{Fields: map[string]any{"name": doc.First("h1").Text()}}}}, nil
		}),
	}}})
	if err != nil {
		fmt.Println(err)
	}
	for r, err := range worker.Records(ctx, frontier, "shoes") {
		fmt.Println(r.Key, r.Fields, err)
	}
	// Output:
	// 1 map[name:Shoe 1] <nil>
	// 2 map[name:Shoe 2] <nil>
	// 3 map[name:Shoe 3] <nil>
}

// The whole command for a program's own jobs.
func ExampleMain() {
	_ = func() { // func main
		worker.Main(seine.Job{
			Name: "shoes",
			// …
		})
	}
}
