// Package seinetest tests scrapers and whole jobs, without a network, a browser or a PostgreSQL.
//
//	func TestShoe(t *testing.T) {
//		page := seinetest.Page("https://shop.example/p/7", "<h1>Blue shoe</h1>")
//		result := seinetest.Scrape(t, scraper, page)
//		…
//	}
//
// [Page] and [PageFile] make pages, and [Scrape] runs a scraper on one. [Site] serves a small site,
// and [Run] runs a job against it to its end and returns the records.
package seinetest

import (
	"cmp"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/wiring"
)

// FetchedAt is the time of the pages that this package makes.
var FetchedAt = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// Page returns a page with the status 200. Its media type is detected from the body, and a test may
// change every field.
func Page(url, body string) *seine.Page {
	return &seine.Page{
		URL: url, Status: http.StatusOK, Body: []byte(body), Type: typeOf("", []byte(body)), Header: http.Header{},
		Via: seine.ViaHTTP, FetchedAt: FetchedAt,
	}
}

// PageFile returns a page whose body is a file. The media type follows from the name of the file,
// or else from its content. A file that ends in .txtar is one that `try --save` wrote, which has a
// URL, a status and a header of its own. The test ends if the file can't be read.
func PageFile(t testing.TB, url, path string) *seine.Page {
	t.Helper()
	body, err := os.ReadFile(path) //nolint:gosec // the path is the test's own
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(path) != ".txtar" {
		page := Page(url, string(body))
		page.Type = typeOf(path, body)
		return page
	}
	example, err := recording.ParseExample(body)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	example.Page.URL = cmp.Or(url, example.Page.URL)
	return example.Page
}

// Scrape runs a scraper on a page as a worker does: a panic is an error, a verdict that is returned
// as an error is the verdict of the result, relative URLs are absolute, and records have their
// defaults. The test ends if the scraper fails. The task has the page's URL as its key.
func Scrape(t testing.TB, s seine.Scraper, page *seine.Page) seine.Result {
	t.Helper()
	return ScrapeTask(t, s, seine.Task{}, page)
}

// ScrapeTask is [Scrape] for a task with an ID, a page kind or meta. The key and URL of the task
// default to the page's URL, and the attempt to 1.
func ScrapeTask(t testing.TB, s seine.Scraper, task seine.Task, page *seine.Page) seine.Result {
	t.Helper()
	task.Job = cmp.Or(task.Job, "test")
	task.URL = cmp.Or(task.URL, page.URL)
	task.Key = cmp.Or(task.Key, task.ID, task.URL)
	task.Attempt = max(task.Attempt, 1)
	result, err := wiring.Scrape(t.Context(), s, task, page)
	if err != nil {
		t.Fatalf("scrape %s: %v", task.Key, err)
	}
	return result
}

// typeOf returns the media type of a body, by its name or else by its content.
func typeOf(name string, body []byte) string {
	switch ext := filepath.Ext(name); ext {
	case ".html", ".htm":
		return "text/html"
	case ".json":
		return "application/json"
	case ".xml":
		return "application/xml"
	}
	found, _, _ := strings.Cut(http.DetectContentType(body), ";")
	if text := strings.TrimSpace(string(body)); found == "text/plain" && strings.HasPrefix(text, "<") {
		return "text/html"
	} else if found == "text/plain" && (strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")) {
		return "application/json"
	}
	return found
}
