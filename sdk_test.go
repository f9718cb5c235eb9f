package seine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

func scraper(reason string) seine.Scraper {
	return seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) {
		return seine.Result{Verdict: seine.Skip(reason)}, nil
	})
}

func TestRouter(t *testing.T) {
	t.Parallel()
	r := seine.Router{"list": scraper("a list"), "product": scraper("a product")}
	got, err := r.Scrape(t.Context(), seine.Task{Page: "product"}, &seine.Page{})
	if err != nil || got.Verdict.Reason != "a product" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := r.Scrape(t.Context(), seine.Task{Page: "other"}, &seine.Page{}); !errors.Is(err, seine.ErrFinal) || !strings.Contains(err.Error(), `page kind "other"`) {
		t.Error(err)
	}
	job := seine.Job{Name: "j", Scraper: r, Pages: []seine.PageKind{{Name: "list"}, {Name: "product"}}}
	if _, err := job.Normal(); err != nil {
		t.Error(err)
	}
	job.Pages = []seine.PageKind{{Name: "list"}, {Name: "seller"}}
	_, err = job.Normal()
	want := "job j: the router has no scraper for the page kind \"seller\"\njob j: the router names the page kind \"product\", which Pages does not have"
	if err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	page := &seine.Page{URL: "https://shop.example/dir/page?q=1"}
	for ref, want := range map[string]string{
		"a?b=1#c": "https://shop.example/dir/a?b=1#c", "/a": "https://shop.example/a", "?x": "https://shop.example/dir/page?x",
		"//cdn.example/a": "https://cdn.example/a", " \n a\tb ": "https://shop.example/dir/ab", "": "https://shop.example/dir/page?q=1",
		"http://other.example/": "http://other.example/",
	} {
		if got, err := page.Resolve(ref); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", ref, got, err, want)
		}
	}
	for _, ref := range []string{"mailto:a@b.example", "javascript:void(0)", "data:,a", "https://"} {
		if got, err := page.Resolve(ref); !errors.Is(err, seine.ErrNotWeb) {
			t.Errorf("%q: %q, %v; want %v", ref, got, err, seine.ErrNotWeb)
		}
	}
	if _, err := page.Resolve("%zz"); err == nil || !strings.HasPrefix(err.Error(), "malformed URL: ") {
		t.Error(err)
	}
	page.Base = "https://cdn.example/x/"
	if got, err := page.Resolve("a"); err != nil || got != "https://cdn.example/x/a" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestPaces(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ delay, want seine.Span }{
		{seine.NoDelay, seine.Span{}},
		{seine.Every(3 * time.Second), seine.Span{Min: 3 * time.Second, Max: 3 * time.Second}},
		{seine.Every(0), seine.Span{}},
		{seine.Between(0, time.Second), seine.Span{Max: time.Second}},
		{seine.Between(time.Second, 2*time.Second), seine.Span{Min: time.Second, Max: 2 * time.Second}},
		{seine.Span{}, seine.Span{Min: time.Second, Max: time.Second}}, // the default
	} {
		job, err := seine.Job{Name: "j", Scraper: scraper(""), Pace: seine.Pace{Delay: tt.delay}}.Normal()
		if err != nil || job.Pace.Delay != tt.want {
			t.Errorf("%v: %v, %v; want %v", tt.delay, job.Pace.Delay, err, tt.want)
		}
	}
	if _, err := (seine.Job{Name: "j", Scraper: scraper(""), Pace: seine.Pace{Delay: seine.Between(2, 1)}}).Normal(); err == nil {
		t.Error("a delay from 2ns to 1ns passes")
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ got, want seine.Verdict }{
		{seine.Skip("a"), seine.Verdict{State: seine.Skipped, Reason: "a"}},
		{seine.MarkStale("a"), seine.Verdict{State: seine.Stale, Reason: "a"}},
		{seine.Retry("a"), seine.Verdict{State: seine.Error, Reason: "a"}},
		{seine.RetryAfter(time.Hour, "a"), seine.Verdict{State: seine.Error, Reason: "a", After: time.Hour}},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Error(diff)
		}
		if want := tt.want.State.String() + ": a"; tt.got.Error() != want {
			t.Errorf("%s; want %s", tt.got.Error(), want)
		}
	}
}

// A job that can't mean what it says is rejected.
func TestNormalRejects(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*seine.Job){
		"pace.delay: -1s is negative: give None for no time":        func(j *seine.Job) { j.Pace.Delay = seine.Every(-time.Second) },
		"pace.assets.delay: -2s is negative: give None for no time": func(j *seine.Job) { j.Pace.Assets.Delay = seine.Between(-2*time.Second, time.Second) },
		"retry.backoff: -1s is negative: give None for no time":     func(j *seine.Job) { j.Retry.Backoff = -time.Second },
		"no scraper: give fields in the job file, or a Scraper in Go": func(j *seine.Job) {
			j.Scraper = seine.ScraperFunc(nil)
		},
		`the router has no scraper for the page kind "list"`: func(j *seine.Job) {
			j.Pages, j.Scraper = []seine.PageKind{{Name: "list"}}, seine.Router{"list": seine.ScraperFunc(nil)}
		},
	} {
		job := seine.Job{Name: "j", Scraper: scraper("")}
		change(&job)
		if _, err := job.Normal(); err == nil || err.Error() != "job j: "+want {
			t.Errorf("%v; want %s", err, want)
		}
	}
	job := seine.Job{Name: "j", Scraper: scraper(""), Pace: seine.Pace{Delay: seine.Every(0)}, Retry: seine.Retries{Backoff: seine.None}}
	if job, err := job.Normal(); err != nil || job.Pace.Delay != (seine.Span{}) {
		t.Errorf("%+v, %v", job.Pace.Delay, err)
	}
	if _, err := seine.ScraperFunc(nil).Scrape(t.Context(), seine.Task{}, &seine.Page{}); !errors.Is(err, seine.ErrFinal) {
		t.Error(err)
	}
}
