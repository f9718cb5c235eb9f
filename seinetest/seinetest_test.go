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
	"github.com/seinehq/seine/internal/testkit"
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

// A folder's path has a slash at its end, and a path that no request can have ends the test.
func TestSiteOfFolders(t *testing.T) {
	t.Parallel()
	site := seinetest.Site(t, map[string]string{"/list/": "a list", "/list/7": "seven"})
	for at, want := range map[string]string{"/list/": "a list", "/list/7": "seven"} {
		if _, body := testkit.Get(t, site+at); string(body) != want {
			t.Errorf("%s is %q; want %q", at, body, want)
		}
	}
	for _, at := range []string{"p/7", "/p?x=1", "/a//b", "/a/../b"} {
		got := failures(t, func(tb testing.TB) { seinetest.Site(tb, map[string]string{at: "x"}) })
		if len(got) != 1 || !strings.Contains(got[0], "is no path of a page") {
			t.Errorf("%q: %q", at, got)
		}
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

// A file belongs to the only record of its page, whatever the key.
func TestRunGivesTheFileToTheOnlyRecord(t *testing.T) {
	t.Parallel()
	type shoe struct {
		SKU string `seine:"sku,key"`
	}
	site := seinetest.Site(t, map[string]string{"/p/1": "<h1>S-1</h1>", "/photo.bin": "photo"})
	out := seinetest.RunAll(t, seine.Job{
		Name: "shoes", Seeds: seine.Seeds{URLs: []string{site + "/p/1"}},
		Scraper: html.ScraperFunc(func(_ context.Context, _ seine.Task, doc *html.Document) (seine.Result, error) {
			return seine.Result{
				Records: []seine.Record{seine.RecordOf(shoe{doc.First("h1").Text()})},
				Assets:  []seine.Asset{{Name: "photo", URL: "/photo.bin"}},
			}, nil
		}),
	})
	if diff := cmp.Diff([]string{"S-1_photo.txt"}, out.Files); diff != "" || len(out.Records) != 1 || out.Records[0].Key != "S-1" {
		t.Errorf("files of %+v (-want +got):\n%s", out.Records, diff)
	}
}

// A mistake of a scraper ends its task at the first attempt, and no task is lost.
func TestRunOfMistakes(t *testing.T) {
	t.Parallel()
	site := seinetest.Site(t, map[string]string{"/state": "a", "/twice": "a", "/asset": "a"})
	attempts := 0
	out := seinetest.RunAll(t, seine.Job{
		Name: "mistakes", Seeds: seine.Seeds{URLs: []string{site + "/state", site + "/twice", site + "/asset"}}, Concurrency: 1,
		Scraper: seine.ScraperFunc(func(_ context.Context, _ seine.Task, page *seine.Page) (seine.Result, error) {
			attempts++
			switch strings.TrimPrefix(page.URL, site) {
			case "/state":
				return seine.Result{Verdict: seine.Verdict{State: seine.InProgress}}, nil
			case "/twice":
				return seine.Result{Records: []seine.Record{{Key: "a"}, {Key: "a"}}}, nil
			}
			return seine.Result{Records: []seine.Record{{Key: "a"}, {Key: "b"}}, Assets: []seine.Asset{{Name: "photo", URL: "/p"}}}, nil
		}),
	})
	var got []string
	for _, x := range out.Tasks {
		got = append(got, fmt.Sprint(strings.TrimPrefix(x.Key, site), " ", x.State, " ", x.Reason))
	}
	want := []string{
		"/asset error scrape: the asset photo may belong to each of 2 records: set Asset.Record to the Key of one",
		"/state error scrape: the verdict's state is in_progress; give Done, Skipped, Stale or Error",
		`/twice error scrape: the page has two records "a" of the kind record: give each a Key of its own`,
	}
	if diff := cmp.Diff(want, got); diff != "" || attempts != 3 {
		t.Errorf("%d attempts (-want +got):\n%s", attempts, diff)
	}
	if got := failures(t, func(tb testing.TB) {
		seinetest.Scrape(tb, scraperOf(seine.Result{Verdict: seine.Verdict{State: 99}}), seinetest.Page("https://shop.example/", "a"))
	}); len(got) != 1 || !strings.Contains(got[0], "the verdict's state is State(99); give Done, Skipped, Stale or Error") {
		t.Errorf("%q", got)
	}
}

func scraperOf(result seine.Result) seine.Scraper {
	return seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) { return result, nil })
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
