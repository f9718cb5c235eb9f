package manners

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/fetch/httpfetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/hosts"
	"github.com/seinehq/seine/internal/testkit"
)

// open registers a job for a site and returns a book of each worker.
func open(t *testing.T, site *testkit.Site, f frontier.Frontier, workers int) []*Book {
	t.Helper()
	job := seine.Job{
		Name: "j", Seeds: seine.Seeds{URLs: []string{site.URL + "/"}},
		Fetch:   seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}, Timeout: 5 * time.Second},
		Pace:    seine.Pace{Delay: seine.Span{Min: seine.None, Max: seine.None}, Concurrency: seine.Unlimited},
		Scraper: seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) { return seine.Result{}, nil }),
	}
	job, err := job.Normal()
	if err != nil {
		t.Fatal(err)
	}
	id, err := f.Register(t.Context(), frontier.SpecOf(&job, []byte(`{}`)), false)
	if err != nil {
		t.Fatal(err)
	}
	http1 := httpfetch.New(httpfetch.Config{Guard: fetch.Guard{Allow: job.Fetch.AllowPrivate}})
	t.Cleanup(func() { _ = http1.Close() })
	client := fetch.New(job, "1", map[seine.Via]seine.Fetcher{seine.ViaHTTP: http1})
	log := slog.New(slog.DiscardHandler)
	var out []*Book
	for range workers {
		gate := hosts.New(hosts.Config{Frontier: f, Job: &job, ID: id, Log: log, Lanes: hosts.NewLanes(f, &job, id)})
		out = append(out, NewBook(Config{Store: f, Job: &job, ID: id, Gate: gate, Fetcher: client, Log: log}))
	}
	return out
}

func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

// reason is why a URL is declined, or an empty text.
func reason(t *testing.T, b *Book, url string) string {
	t.Helper()
	err := b.Allowed(t.Context(), url)
	var no *hosts.DeclinedError
	if errors.As(err, &no) {
		if (no.After > 0) != (no.Reason != disallowed) {
			t.Errorf("%s: %q after %v; only a failure of robots.txt is tried again", url, no.Reason, no.After)
		}
		return no.Reason
	}
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return ""
}

// Each answer to the request for robots.txt counts as RFC 9309 states.
func TestRobotsAnswers(t *testing.T) {
	t.Parallel()
	rules := "User-agent: *\nDisallow: /private\n\nUser-agent: seine\nDisallow: /no\nAllow: /no/but\n"
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		page   string
		want   string
	}{
		"an allowed page":   {text(200, rules), "/yes", ""},
		"a disallowed page": {text(200, rules), "/no?x=1", disallowed},
		"the longer rule":   {text(200, rules), "/no/but/x", ""},
		"rules for others":  {text(200, rules), "/private", ""},
		"robots.txt itself": {text(200, "User-agent: *\nDisallow: /"), "/robots.txt", ""},
		"HTTP 404":          {text(404, rules), "/no", ""},
		"HTTP 403":          {text(403, rules), "/no", ""},
		"HTTP 429":          {text(429, rules), "/yes", "robots.txt: HTTP 429"},
		"HTTP 503":          {text(503, rules), "/yes", "robots.txt: HTTP 503"},
		"binary":            {text(200, "\x00\x01\xff"+strings.Repeat("\x00", 1000)), "/yes", ""},
		"5 MB":              {text(200, rules+strings.Repeat("# comment\n", 500_000)), "/no", disallowed},
		"HTML":              {text(200, "<!doctype html><title>404</title>"), "/yes", ""},
		"a body that breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = fmt.Fprint(w, rules)
		}, "/yes", "robots.txt: truncated body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := testkit.Serve(t, http.NotFound)
			site.Robots(tt.answer)
			f, _ := testkit.SQLite(t, nil)
			book := open(t, site, f, 1)[0]
			for range 2 {
				if got := reason(t, book, site.URL+tt.page); got != tt.want {
					t.Errorf("%q; want %q", got, tt.want)
				}
			}
			if n := site.RobotsAsked(); n > 1 {
				t.Errorf("robots.txt was requested %d times; want once", n)
			}
		})
	}
}

// Five redirects are followed. More have no rules.
func TestRobotsRedirects(t *testing.T) {
	t.Parallel()
	for hops, want := range map[int]string{1: disallowed, 5: disallowed, 6: "", 100: ""} {
		t.Run(fmt.Sprint(hops), func(t *testing.T) {
			t.Parallel()
			left := hops
			site := testkit.Serve(t, func(w http.ResponseWriter, q *http.Request) {
				if left--; left > 0 {
					http.Redirect(w, q, fmt.Sprint("/hop/", left), http.StatusFound)
					return
				}
				text(200, "User-agent: *\nDisallow: /no")(w, q)
			})
			f, _ := testkit.SQLite(t, nil)
			site.Robots(func(w http.ResponseWriter, q *http.Request) {
				http.Redirect(w, q, "/hop/first", http.StatusMovedPermanently)
			})
			if got := reason(t, open(t, site, f, 1)[0], site.URL+"/no"); got != want {
				t.Errorf("%q; want %q", got, want)
			}
		})
	}
}

// A fleet requests robots.txt once, whatever the number of workers.
func TestRobotsOnceForTheFleet(t *testing.T) {
	t.Parallel()
	for _, postgres := range []bool{false, true} {
		t.Run(fmt.Sprint("postgres ", postgres), func(t *testing.T) {
			t.Parallel()
			site := testkit.Serve(t, http.NotFound)
			site.Robots(text(200, "User-agent: *\nDisallow: /no\nCrawl-delay: 7"))
			f, _ := testkit.SQLite(t, nil)
			if postgres {
				f = testkit.Postgres(t)
			}
			var wg sync.WaitGroup
			books := open(t, site, f, 5)
			for _, b := range books {
				for range 3 {
					wg.Go(func() {
						if got := reason(t, b, site.URL+"/no"); got != disallowed {
							t.Errorf("%q; want %q", got, disallowed)
						}
					})
				}
			}
			wg.Wait()
			if n := site.RobotsAsked(); n != 1 {
				t.Errorf("robots.txt was requested %d times; want once", n)
			}
			for i, b := range books {
				if d := b.Delay(hostOf(site.URL)); d != 7*time.Second || b.Delay("other.example:80") != 0 {
					t.Errorf("worker %d knows a delay of %v; want 7s", i, d)
				}
			}
			files, err := f.RobotsFiles(t.Context(), 1, 10)
			if err != nil || len(files) != 1 || files[0].CrawlDelay != 7*time.Second || files[0].Status != 200 {
				t.Errorf("stored: %+v, %v; want one file with a delay of 7s", files, err)
			}
		})
	}
}

// A task whose page is fetched waits for a robots.txt that another worker holds, and a task whose
// page is not returns to the queue.
func TestRobotsThatAnotherWorkerHolds(t *testing.T) {
	t.Parallel()
	site := testkit.Serve(t, http.NotFound)
	f, _ := testkit.SQLite(t, nil)
	b := open(t, site, f, 1)[0]
	held, mine, err := f.Robots(t.Context(), b.cfg.ID, site.URL, hold)
	if err != nil || !mine {
		t.Fatalf("%+v, %v, %v; want to hold the file", held, mine, err)
	}
	behind := make(chan error, 1)
	go func() { behind <- b.AllowedBehind(t.Context(), site.URL+"/a.png") }()
	var busy *hosts.BusyError
	if err := b.Allowed(t.Context(), site.URL+"/"); !errors.As(err, &busy) {
		t.Errorf("%v; want that the host is busy", err)
	}
	<-time.After(time.Second) // it began at the same time
	select {
	case err := <-behind:
		t.Fatalf("it returned with %v before the file was there", err)
	default:
	}
	if err := f.SetRobots(t.Context(), b.cfg.ID, frontier.RobotsFile{Origin: site.URL, Status: http.StatusNotFound, Reason: "robots.txt: HTTP 404", TTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if err := <-behind; err != nil || site.RobotsAsked() != 0 {
		t.Errorf("%v after %d requests for robots.txt; want the file of the other worker", err, site.RobotsAsked())
	}
}
