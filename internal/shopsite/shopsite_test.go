package shopsite

import (
	"bytes"
	"fmt"
	"image"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newSite(t *testing.T, cfg Config) *Site {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.PagesURL, s.ImagesURL = "http://shop.example", "http://images.example"
	return s
}

// ask requests a page. Headers are pairs of names and values.
func ask(h http.Handler, method, uri, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, uri, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPlanIsDecidedByItsSeed(t *testing.T) {
	t.Parallel()
	cfg := Config{Seed: 7, Products: 120}
	one, two, other := newSite(t, cfg), newSite(t, cfg), newSite(t, Config{Seed: 8, Products: 120})
	if d := cmp.Diff(one.Items(3), two.Items(3)); d != "" {
		t.Errorf("two shops of one seed differ: %s", d)
	}
	if cmp.Equal(one.Items(0), other.Items(0)) {
		t.Error("two seeds give one shop")
	}
	for _, n := range []int{-1, maxProducts + 1} {
		if _, err := New(Config{Products: n}); err == nil {
			t.Errorf("%d products are accepted", n)
		}
	}
}

// The default shop shows each case, and a large one has no two products of one name.
func TestCases(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{})
	n := map[string]int{}
	for i := range s.products {
		p := &s.products[i]
		n["products"]++
		n["with variants"] += count(len(p.skus) > 1)
		n["with pages of reviews"] += count(len(p.reviews) > reviewsPerPage)
		n["without reviews"] += count(len(p.reviews) == 0)
	}
	for _, x := range s.Items(0) {
		n["sold out"] += count(x.Availability == "SoldOut")
		n["on request"] += count(x.Price == "")
		n["several images"] += count(len(x.Images) > 1)
		n["opt-outs"] += len(x.OptOut)
	}
	for _, status := range s.Removed(3) {
		n[fmt.Sprint("removed ", status)]++
	}
	before := s.Items(0)
	for _, x := range s.Items(1) {
		i := slices.IndexFunc(before, func(b Item) bool { return b.SKU == x.SKU })
		n["price changes"] += count(before[i].Price != x.Price)
	}
	n["second pages"] = len(s.ListPages()) - len(s.leaves)
	for _, what := range []string{
		"products", "with variants", "with pages of reviews", "without reviews", "sold out", "on request", "several images",
		"opt-outs", "removed 404", "removed 410", "price changes", "second pages",
	} {
		if n[what] == 0 {
			t.Errorf("no %s in %v", what, n)
		}
	}

	slugs, skus := map[string]bool{}, map[string]bool{}
	large := newSite(t, Config{Products: 12_000})
	for _, x := range large.Items(0) {
		slugs[x.Product], skus[x.SKU] = true, true
		if strings.ContainsAny(x.Product, "0123456789") {
			t.Fatalf("%s has a digit, so that products are one family of URLs", x.Product)
		}
	}
	if len(slugs) != 12_000 || len(skus) != len(large.Items(0)) {
		t.Errorf("%d slugs and %d SKUs of %d items", len(slugs), len(skus), len(large.Items(0)))
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

var (
	href      = regexp.MustCompile(`<a (rel="nofollow" )?[^>]*?href="([^"]*)"`)
	canonical = regexp.MustCompile(`<link rel="canonical" href="([^"]*)">`)
)

// A polite walk along the links reaches exactly the known pages, and the calendar has no end.
func TestLinksReachEverything(t *testing.T) {
	t.Parallel()
	for _, n := range []int{5, 120, 700} {
		s := newSite(t, Config{Products: n})
		h := s.Pages()
		const months = 30
		got, duplicates, left := map[string]bool{}, map[string]bool{}, months
		queue, seen := []string{"/"}, map[string]bool{"/": true}
		for ; len(queue) > 0; queue = queue[1:] {
			w := ask(h, http.MethodGet, queue[0], "")
			if w.Code != http.StatusOK {
				t.Fatalf("%s answers HTTP %d", queue[0], w.Code)
			}
			at := meaning(queue[0])
			if m := canonical.FindStringSubmatch(w.Body.String()); m != nil && m[1] != s.PagesURL+at {
				duplicates[at] = true
				continue
			}
			if got[at] = true; strings.Contains(w.Body.String(), "nofollow\">\n") {
				continue
			}
			for _, m := range href.FindAllStringSubmatch(w.Body.String(), -1) {
				to := strings.ReplaceAll(m[2], "&amp;", "&")
				if m[1] != "" || !strings.HasPrefix(to, "/") || Forbidden(to) || strings.HasPrefix(to, "/account") || seen[meaning(to)] {
					continue
				}
				if Calendar(to) {
					if left--; left < 0 {
						continue
					}
				}
				seen[meaning(to)] = true
				queue = append(queue, to)
			}
		}
		want := map[string]bool{"/": true, "/partners": true}
		for _, uris := range [][]string{s.Categories(), s.ListPages(), s.ReviewPages()} {
			for _, uri := range uris {
				want[uri] = true
			}
		}
		for _, x := range s.Items(0) {
			want["/p/"+x.Product] = true
		}
		for i := range months {
			want[fmt.Sprintf("/calendar/%d/%d", 2026+(10+i)/12, (10+i)%12+1)] = true
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%d products (-want +got)\n%s", n, d)
		}
		known := slices.Sorted(slices.Values(s.Duplicates()))
		if d := cmp.Diff(known, slices.Sorted(maps.Keys(duplicates))); d != "" {
			t.Errorf("%d products, duplicates (-want +got)\n%s", n, d)
		}
		if left >= 0 {
			t.Errorf("the calendar ends %d months before the bound", left+1)
		}
	}
}

// meaning takes the parameters out that do not count.
func meaning(uri string) string {
	path, query, _ := strings.Cut(uri, "?")
	values, _ := url.ParseQuery(query)
	for _, name := range []string{"utm_source", "utm_medium", "ref", "sid"} {
		values.Del(name)
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func TestRevisions(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{})
	h := s.Pages()
	answers := func() map[string]*httptest.ResponseRecorder {
		out := map[string]*httptest.ResponseRecorder{}
		for i := range s.products {
			out["/p/"+s.products[i].slug] = ask(h, http.MethodGet, "/p/"+s.products[i].slug, "")
		}
		return out
	}
	before := answers()
	const revision = 3
	s.SetRevision(revision)
	after, removed := answers(), s.Removed(revision)
	unchanged, changed := 0, 0
	for path, was := range before {
		now := after[path]
		if status := removed[path]; status != 0 {
			if now.Code != status {
				t.Errorf("%s answers HTTP %d; want %d", path, now.Code, status)
			}
			continue
		}
		same := bytes.Equal(was.Body.Bytes(), now.Body.Bytes())
		for _, header := range []string{"If-None-Match", "If-Modified-Since"} {
			validator := map[string]string{"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}[header]
			w := ask(h, http.MethodGet, path, "", header, was.Header().Get(validator))
			if want := map[bool]int{true: 304, false: 200}[same]; w.Code != want {
				t.Errorf("%s with %s answers HTTP %d; want %d", path, header, w.Code, want)
			}
		}
		unchanged, changed = unchanged+count(same), changed+count(!same)
	}
	if unchanged == 0 || changed == 0 {
		t.Errorf("%d pages are unchanged and %d changed", unchanged, changed)
	}
	for path, status := range removed {
		if w := ask(h, http.MethodGet, path+"/reviews", ""); w.Code != status && w.Code != http.StatusNotFound {
			t.Errorf("%s/reviews answers HTTP %d", path, w.Code)
		}
	}
	if w := ask(h, http.MethodGet, "/p/no-such-thing", ""); w.Code != http.StatusNotFound {
		t.Errorf("an unknown product answers HTTP %d", w.Code)
	}
}

// The redesign moves the names of the classes and the price of the JSON-LD, and keeps the items.
func TestRedesign(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{})
	h := s.Pages()
	path := "/p/" + s.Items(0)[0].Product
	before := ask(h, http.MethodGet, path, "")
	items := s.Items(0)
	s.Redesign()
	after := ask(h, http.MethodGet, path, "", "If-None-Match", before.Header().Get("ETag"), "If-Modified-Since", before.Header().Get("Last-Modified"))
	for text, want := range map[string][2]bool{
		`class="product-name"`: {true, false}, `class="headline"`: {false, true}, `"priceSpecification"`: {false, true},
		`"@graph"`: {false, true}, `itemprop="price"`: {true, true}, items[0].Name: {true, true}, "€ " + items[0].Price: {true, true},
	} {
		if got := [2]bool{strings.Contains(before.Body.String(), text), strings.Contains(after.Body.String(), text)}; got != want {
			t.Errorf("%s stands on the page before and after: %v; want %v", text, got, want)
		}
	}
	if d := cmp.Diff(items, s.Items(0)); d != "" {
		t.Errorf("the items changed\n%s", d)
	}
}

func TestImages(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{})
	h := s.Images()
	formats, bodies := map[string]int{}, map[string]string{}
	for _, x := range s.Items(0) {
		for _, path := range x.Images {
			w := ask(h, http.MethodGet, path, "")
			body := w.Body.String()
			img, format, err := image.DecodeConfig(strings.NewReader(body))
			if err != nil || img.Width != Width || img.Height != Height || w.Header().Get("Content-Type") != "image/"+format {
				t.Fatalf("%s: %dx%d %s, %v, %v", path, img.Width, img.Height, format, w.Header(), err)
			}
			if refuses := w.Header().Get("X-Robots-Tag") != ""; refuses != slices.Contains(x.OptOut, path) {
				t.Errorf("%s opts out: %v", path, refuses)
			}
			formats[format]++
			if other := bodies[body]; other != "" {
				t.Errorf("%s and %s are equal", path, other)
			}
			bodies[body] = path
		}
	}
	if formats["jpeg"] == 0 || formats["png"] == 0 {
		t.Errorf("formats %v", formats)
	}
	if w := ask(h, http.MethodGet, "/i/S00000/9.jpg", ""); w.Code != http.StatusNotFound {
		t.Errorf("an unknown image answers HTTP %d", w.Code)
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{})
	h := s.Pages()
	ask(h, http.MethodGet, "/robots.txt", "")
	ask(h, http.MethodGet, "/c/shoes?sid=1", "", "User-Agent", "one")
	ask(h, http.MethodGet, "/c/none", "", "If-None-Match", "x")
	want := []Entry{
		{Host: "pages", Method: "GET", URI: "/c/shoes?sid=1", Status: 200, UserAgent: "one"},
		{Host: "pages", Method: "GET", URI: "/c/none", Status: 404, Conditional: true},
	}
	if d := cmp.Diff(want, s.Journal()); d != "" {
		t.Errorf("journal (-want +got)\n%s", d)
	}
	if s.Forget(); len(s.Journal()) != 0 {
		t.Error("the journal is not empty after Forget")
	}
}
