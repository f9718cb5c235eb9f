package worker_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/worker"
)

// A function returns the neighbors of a chain, here the issues of a magazine with four issues per
// year, starting from one known issue.
func ExampleRun_neighbor() {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := path.Base(r.URL.Path); id < "2023-3" || id > "2024-2" {
			http.NotFound(w, r)
		}
	}))
	defer site.Close()
	dir, err := os.MkdirTemp("", "seine")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	found := make(chan string, 10)
	job := seine.Job{
		Name:  "issues",
		Seeds: seine.Seeds{URLs: []string{site.URL + "/2023-4"}},
		Explore: seine.Explore{
			Strategy: seine.StrategyChain,
			Neighbor: func(task seine.Task, _ *seine.Page, dir int) string {
				base, id := path.Split(task.URL)
				year, quarter, _ := strings.Cut(id, "-")
				y, _ := strconv.Atoi(year)
				q, _ := strconv.Atoi(quarter)
				n := 4*y + q - 1 + dir
				return fmt.Sprintf("%s%d-%d", base, n/4, n%4+1)
			},
		},
		Scraper: seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
			if page.Status == http.StatusNotFound {
				return seine.Result{Verdict: seine.Verdict{State: seine.Skipped, Reason: "no such issue"}}, nil
			}
			found <- path.Base(task.URL)
			return seine.Result{}, nil
		}),
		Pace:  seine.Pace{Delay: seine.Span{Min: seine.None, Max: seine.None}},
		Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
		Store: seine.Store{URL: "file:" + filepath.Join(dir, "files")},
	}
	err = worker.Run(context.Background(), worker.Config{
		Jobs: []seine.Job{job}, Frontier: "sqlite:" + filepath.Join(dir, "seine.db"), Migrate: true, UntilDone: true,
	})
	close(found)
	for id := range found {
		fmt.Println(id)
	}
	if err != nil {
		fmt.Println(err)
	}
	// Unordered output:
	// 2023-3
	// 2023-4
	// 2024-1
	// 2024-2
}
