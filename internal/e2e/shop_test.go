package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/examples"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/shopsite"
	"github.com/seinehq/seine/internal/testkit"
)

// calendarMonths is scope.pattern of examples/shop/job.yaml.
const calendarMonths = 60

// shopRun is a folder with a job file for a served shop, and its frontier.
type shopRun struct {
	*shopsite.Served

	dir, job, dsn string
}

// eachFrontier runs a test of a shop on SQLite and on PostgreSQL.
func eachFrontier(t *testing.T, cfg shopsite.Config, example string, test func(t *testing.T, s shopRun)) {
	t.Helper()
	for _, name := range []string{"SQLite", "PostgreSQL"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := shopRun{serveShop(t, cfg), dir, filepath.Join(dir, "shop.yaml"), "sqlite:" + filepath.Join(dir, "seine.db")}
			if name == "PostgreSQL" {
				s.dsn = pgtest.Empty(t)
			}
			text := strings.NewReplacer(
				examples.ShopPages, strings.TrimPrefix(s.PagesURL, "http://"), examples.ShopImages, strings.TrimPrefix(s.ImagesURL, "http://"),
			).Replace(example)
			if err := os.WriteFile(s.job, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			test(t, s)
		})
	}
}

func serveShop(t *testing.T, cfg shopsite.Config) *shopsite.Served {
	t.Helper()
	site, err := shopsite.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := shopsite.Serve(t.Context(), site, "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (s shopRun) seine(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, s.dir, 0, append(args, "--frontier", s.dsn)...)
}

// stored returns the records by kind.
func (s shopRun) stored(t *testing.T) map[string][]frontier.Stored {
	t.Helper()
	f := testkit.Open(t, s.dsn, drivers.Options{})
	jobs, err := f.Jobs(t.Context())
	if err != nil || len(jobs) != 1 {
		t.Fatalf("jobs %+v, %v; want one", jobs, err)
	}
	out := map[string][]frontier.Stored{}
	if err := f.Records(t.Context(), jobs[0].ID, func(r frontier.Stored) error {
		out[r.Kind] = append(out[r.Kind], r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// requests returns how often each page and image was requested. It checks that no request was
// forbidden.
func (s shopRun) requests(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, e := range s.Journal() {
		out[e.URI]++
		if e.Host == "pages" && shopsite.Forbidden(e.URI) {
			t.Errorf("%s was requested", e.URI)
		}
	}
	return out
}

// An example is read in one view.
func TestShopExamplesAreShort(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"job": examples.Shop, "sitemap": examples.ShopSitemap, "api": examples.ShopAPI, "graphql": examples.ShopGraphQL, "account": examples.ShopAccount} {
		if n := strings.Count(text, "\n"); n >= 60 {
			t.Errorf("examples/shop/%s.yaml has %d lines; want fewer than 60", name, n)
		}
	}
}

// The whole shop by its links. The store holds exactly the truth, each page was requested once, and
// nothing forbidden was.
func TestShopByLinks(t *testing.T) {
	t.Parallel()
	eachFrontier(t, shopsite.Config{}, examples.Shop, func(t *testing.T, s shopRun) {
		s.seine(t, "run", s.job)
		records := s.stored(t)
		bySKU := s.compareItems(t, records["product"], s.Items(0))
		s.compareReviews(t, records["review"])
		s.comparePhotos(t, bySKU)

		want := map[string]int{"/": 1, "/partners": 1}
		for _, uris := range [][]string{s.Categories(), s.ListPages(), s.ReviewPages(), s.Duplicates(), s.months()} {
			for _, uri := range uris {
				want[uri] = 1
			}
		}
		for _, x := range s.Items(0) {
			want["/p/"+x.Product] = 1
			for _, image := range x.Images {
				want[image] = 1
			}
		}
		got := map[string]int{}
		for uri, n := range s.requests(t) {
			// A page has several forms, of which the job requests the first that it finds.
			path, query, _ := strings.Cut(uri, "?")
			query = strings.Join(slices.DeleteFunc(strings.Split(query, "&"), func(p string) bool {
				return strings.HasPrefix(p, "utm_") || strings.HasPrefix(p, "ref=") || strings.HasPrefix(p, "sid=")
			}), "&")
			if query != "" {
				path += "?" + query
			}
			got[path] += n
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("requests (-want +got)\n%s", d)
		}
		s.compareReasons(t)
	})
}

// The same items by the sitemaps, the API and GraphQL. The APIs are asked within their quota.
func TestShopByOtherWays(t *testing.T) {
	t.Parallel()
	for name, example := range map[string]string{"sitemap": examples.ShopSitemap, "api": examples.ShopAPI, "graphql": examples.ShopGraphQL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := shopsite.Config{Quota: 8}
			eachFrontier(t, cfg, example, func(t *testing.T, s shopRun) {
				s.seine(t, "run", s.job)
				s.compareItems(t, s.stored(t)["product"], s.Items(0))
				for _, e := range s.Journal() {
					if e.Status != 200 {
						t.Errorf("%s %s was answered by HTTP %d", e.Method, e.URI, e.Status)
					}
				}
				for uri, n := range s.requests(t) {
					if n != 1 && uri != "/graphql" {
						t.Errorf("%s was requested %d times", uri, n)
					}
				}
			})
		})
	}
}

// The orders of the account, whose session expires in the middle. The job signs in twice, and
// requests no more than the pages that then lead to the login again.
func TestShopAccount(t *testing.T) {
	t.Parallel()
	eachFrontier(t, shopsite.Config{}, examples.ShopAccount, func(t *testing.T, s shopRun) {
		s.ExpireAfter(6)
		s.seine(t, "run", s.job)
		want, got := map[string]shopsite.Order{}, map[string]shopsite.Order{}
		for _, o := range s.Orders() {
			want[o.Number] = o
		}
		for _, r := range s.stored(t)["order"] {
			var fields struct {
				Number, SKU string
				Total       float64
			}
			if err := json.Unmarshal(r.Fields, &fields); err != nil {
				t.Fatal(err)
			}
			got[fields.Number] = shopsite.Order{Number: fields.Number, SKU: fields.SKU, Total: fmt.Sprintf("%.2f", fields.Total)}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("orders (-want +got)\n%s", d)
		}
		logins, pages := 0, map[string]int{}
		for _, e := range s.Journal() {
			if e.Method == http.MethodPost {
				logins++
			}
			if e.Status == 200 && strings.HasPrefix(e.URI, "/account/") {
				pages[e.URI]++
			}
		}
		if logins != 2 {
			t.Errorf("%d log-ins; want 2", logins)
		}
		var status struct {
			Session *struct {
				LoggedInAt *string `json:"logged_in_at"`
				Failures   int     `json:"failures"`
			} `json:"session"`
		}
		if err := json.Unmarshal([]byte(s.seine(t, "status", "-o", "json", s.job)), &status); err != nil {
			t.Fatal(err)
		}
		if status.Session == nil || status.Session.LoggedInAt == nil || status.Session.Failures != 0 {
			t.Errorf("session of the status: %+v; want the time of a log-in", status.Session)
		}
		for _, o := range s.Orders() {
			if uri := "/account/orders/" + o.Number; pages[uri] != 1 {
				t.Errorf("%s was sent %d times; want once", uri, pages[uri])
			}
		}
	})
}

// A second visit of each page, after prices changed and products went. Pages without a change
// answer 304. Changed prices are new versions, and the records of products that went are gone.
func TestShopRevisits(t *testing.T) {
	t.Parallel()
	eachFrontier(t, shopsite.Config{Products: 48}, withoutPhotos(t, examples.Shop), func(t *testing.T, s shopRun) {
		s.seine(t, "run", s.job)
		s.Forget()
		const revision = 2
		s.SetRevision(revision)
		s.seine(t, "retry", s.job, "--state", "done")
		s.seine(t, "run", s.job)

		after := s.Items(revision)
		left := map[string]shopsite.Item{}
		for _, x := range after {
			left[x.SKU] = x
		}
		bySKU := map[string]frontier.Stored{}
		var records []frontier.Stored
		changed, gone := 0, 0
		for _, r := range s.stored(t)["product"] {
			bySKU[r.Key] = r
			if !r.Superseded && r.GoneAt.IsZero() {
				records = append(records, r)
			}
		}
		s.compareItems(t, records, after)
		for _, x := range s.Items(0) {
			r, want := bySKU[x.SKU], 1
			now, there := left[x.SKU]
			if r.GoneAt.IsZero() != there {
				t.Errorf("%s is gone at %v; for sale: %v", x.SKU, r.GoneAt, there)
			}
			if !there {
				gone++
				continue
			}
			if now.Price != x.Price {
				changed++
				want = 2
			}
			if r.Version != want {
				t.Errorf("%s has version %d; want %d (%s, then %s)", x.SKU, r.Version, want, x.Price, now.Price)
			}
		}
		if changed == 0 || gone == 0 {
			t.Errorf("%d prices changed and %d items went; the test shows nothing", changed, gone)
		}
		statuses := map[int]int{}
		for _, e := range s.Journal() {
			path, _, _ := strings.Cut(e.URI, "?")
			if strings.HasPrefix(path, "/p/") && !strings.HasSuffix(path, "/reviews") {
				statuses[e.Status]++
				if !e.Conditional {
					t.Errorf("%s was requested without a condition", e.URI)
				}
			}
		}
		if statuses[304] == 0 || statuses[200] == 0 || statuses[404]+statuses[410] != len(s.Removed(revision)) {
			t.Errorf("answers of the second visit: %v", statuses)
		}
	})
}

// withoutPhotos takes the assets out of a job file.
func withoutPhotos(t *testing.T, example string) string {
	t.Helper()
	before, rest, found := strings.Cut(example, "      assets:")
	_, after, _ := strings.Cut(rest, "  review:")
	before2, _, found2 := strings.Cut(before+"  review:"+after, "store:")
	if !found || !found2 {
		t.Fatal("the example has no assets or no store")
	}
	return before2
}
