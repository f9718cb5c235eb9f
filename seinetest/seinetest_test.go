package seinetest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/seinetest"
)

// shoes scrapes a list that leads to products.
var shoes = seine.Router{
	"list": html.ScraperFunc(func(_ context.Context, _ seine.Task, doc *html.Document) (seine.Result, error) {
		var out seine.Result
		for _, a := range doc.All("a") {
			out.Follow = append(out.Follow, seine.Follow{URL: a.Attr("href"), Page: "product"})
		}
		return out, nil
	}),
	"product": html.ScraperFunc(func(_ context.Context, task seine.Task, doc *html.Document) (seine.Result, error) {
		name := doc.First("h1").Text()
		if name == "" {
			return seine.Result{}, seine.Skip("sold out")
		}
		return seine.Result{
			Records: []seine.Record{{Fields: map[string]any{"name": name}}},
			Assets:  []seine.Asset{{Name: "photo", URL: "/photo.bin"}},
		}, nil
	}),
}

func shoeJob(site string) seine.Job {
	return seine.Job{
		Name: "shoes", Seeds: seine.Seeds{Pages: []seine.SeedPage{{URL: site + "/", Page: "list"}}},
		Pages: []seine.PageKind{{Name: "list"}, {Name: "product"}}, Scraper: shoes,
		Store: seine.Store{Key: "photos/{name}_{asset}"},
	}
}

func TestScrape(t *testing.T) {
	t.Parallel()
	page := seinetest.Page("https://shop.example/p/7", "<h1>Blue shoe</h1>")
	got := seinetest.ScrapeTask(t, shoes, seine.Task{ID: "7", Page: "product"}, page)
	want := seine.Result{
		Verdict: seine.Verdict{State: seine.Done},
		Records: []seine.Record{{Key: "7", Kind: "record", URL: page.URL, Fields: map[string]any{"name": "Blue shoe"}, FetchedAt: seinetest.FetchedAt}},
		Assets:  []seine.Asset{{Name: "photo", URL: "https://shop.example/photo.bin", Path: "7_photo.{ext}"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	page = seinetest.Page("https://shop.example/", "<a href=p/1>")
	if got := seinetest.ScrapeTask(t, shoes, seine.Task{Page: "list"}, page); got.Follow[0].URL != "https://shop.example/p/1" {
		t.Errorf("%+v", got.Follow)
	}
	page = seinetest.Page("https://shop.example/p/8", "<p>none")
	if got := seinetest.Scrape(t, shoes["product"], page); got.Verdict != seine.Skip("sold out") {
		t.Errorf("%+v", got.Verdict)
	}
}

func TestPageFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.json")
	for body, want := range map[string]string{`{"a": 1}`: "application/json", "<p>a": "text/html", "%PDF-1.7": "application/pdf", "a": "text/plain", "<?xml version='1.0'?>": "text/xml"} {
		if got := seinetest.Page("https://shop.example/", body).Type; got != want {
			t.Errorf("%s is %s; want %s", body, got, want)
		}
	}
	if err := os.WriteFile(path, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if page := seinetest.PageFile(t, "https://shop.example/a", path); page.Type != "application/json" || page.URL != "https://shop.example/a" {
		t.Errorf("%+v", page)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	site := seinetest.Site(t, map[string]string{
		"/": "<a href=/p/1>1</a> <a href=/p/2>2</a> <a href=/p/3>3</a>", "/p/1": "<h1>Blue</h1>", "/p/2": "<h1>Red</h1>", "/p/3": "<p>", "/photo.bin": "photo",
	})
	out := seinetest.RunAll(t, shoeJob(site))
	var got []string
	for _, r := range out.Records {
		got = append(got, fmt.Sprint(strings.TrimPrefix(r.Key, site), r.Fields, r.FetchedAt.IsZero()))
	}
	if diff := cmp.Diff([]string{"/p/1map[name:Blue] true", "/p/2map[name:Red] true"}, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	got = nil
	for _, x := range out.Tasks {
		got = append(got, fmt.Sprint(strings.TrimPrefix(x.Key, site), " ", x.Page, " ", x.State, " ", x.Reason))
	}
	if diff := cmp.Diff([]string{"/ list done ", "/p/1 product done ", "/p/2 product done ", "/p/3 product skipped sold out"}, got); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"photos/Blue_photo", "photos/Red_photo"}, out.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if body, err := os.ReadFile(filepath.Join(out.Dir, "photos", "Blue_photo")); err != nil || string(body) != "photo" {
		t.Errorf("%s, %v", body, err)
	}
	if n := len(seinetest.Run(t, shoeJob(site))); n != 2 {
		t.Errorf("%d records", n)
	}
}

// A run asks no other machine.
func TestRunHasNoNetwork(t *testing.T) {
	t.Parallel()
	job := shoeJob("http://shop.example")
	out := seinetest.RunAll(t, job)
	if len(out.Tasks) != 1 || out.Tasks[0].State != seine.Error || out.Tasks[0].Reason != "address refused" {
		t.Errorf("%+v", out.Tasks)
	}
}

// failing records the failures of a test.
type failing struct {
	testing.TB
	errors []string
}

func (f *failing) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *failing) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// failures returns the failures that a function reports.
func failures(t *testing.T, of func(testing.TB)) []string {
	f := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		of(f)
	}()
	<-done
	return f.errors
}

func TestFailuresAreReported(t *testing.T) {
	t.Parallel()
	broken := seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) {
		return seine.Result{}, errors.New("no price")
	})
	page := seinetest.Page("https://shop.example/", "a")
	if got := failures(t, func(tb testing.TB) { seinetest.Scrape(tb, broken, page) }); !cmp.Equal(got, []string{"scrape https://shop.example/: no price"}) {
		t.Errorf("%v", got)
	}
	site := seinetest.Site(t, map[string]string{"/": "a"})
	job := seine.Job{Name: "j", Seeds: seine.Seeds{URLs: []string{site + "/"}}, Scraper: broken, Retry: seine.Retries{Error: 2}}
	if got := failures(t, func(tb testing.TB) { seinetest.Run(tb, job) }); len(got) != 1 || got[0] != "task "+site+"/ ended in error: scrape: no price" {
		t.Errorf("%v", got)
	}
	if got := failures(t, func(tb testing.TB) { seinetest.Run(tb, seine.Job{Name: "j"}) }); len(got) != 1 || !strings.HasPrefix(got[0], "run job j: job j: no scraper") {
		t.Errorf("%v", got)
	}
}
