package shopsite

import (
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// apiAnswer is an answer of the API.
type apiAnswer struct {
	Items  []Item
	Cursor *string `json:"next_cursor"`
	Error  string
}

func TestAPI(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{Quota: 3})
	now := time.Unix(1000, 0)
	s.quota.now = func() time.Time { return now }
	h := s.Pages()
	var got []Item
	uri, refused := "/api/products?limit=40", 0
	for uri != "" {
		w := ask(h, http.MethodGet, uri, "")
		var a apiAnswer
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		if w.Code == http.StatusTooManyRequests {
			if w.Header().Get("Retry-After") != "1" || w.Header().Get("RateLimit-Remaining") != "0" {
				t.Errorf("headers of a refusal: %v", w.Header())
			}
			refused++
			now = now.Add(window)
			continue
		}
		got = append(got, a.Items...)
		if uri = ""; a.Cursor != nil {
			uri = "/api/products?limit=40&cursor=" + *a.Cursor
		}
	}
	want := s.Items(0)
	for i := range want {
		want[i].Images, want[i].OptOut = s.absolute(want[i].Images), nil
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("items (-want +got)\n%s", d)
	}
	if refused == 0 {
		t.Error("no request was refused")
	}
	for _, query := range []string{"cursor=x", "cursor=aXRlbTotMQ", "limit=0", "limit=-1", "limit=1000", "limit=x"} {
		now = now.Add(window)
		if w := ask(h, http.MethodGet, "/api/products?"+query, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%s answers HTTP %d", query, w.Code)
		}
	}
}

func TestGraphQL(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{Quota: 1000})
	h := s.Pages()
	post := func(query string, variables map[string]any) string {
		t.Helper()
		body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
		if err != nil {
			t.Fatal(err)
		}
		return ask(h, http.MethodPost, "/graphql", string(body)).Body.String()
	}
	const query = `query Q($after: String, $n: Int!) { products(first: $n, after: $after) { nodes { sku price } pageInfo { hasNextPage endCursor } } }`
	var got []string
	var after any
	for {
		var a struct {
			Data struct {
				Products struct {
					Nodes    []map[string]string
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
				}
			}
		}
		text := post(query, map[string]any{"after": after, "n": 50})
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatal(err)
		}
		for _, node := range a.Data.Products.Nodes {
			got = append(got, fmt.Sprint(node))
		}
		if after = a.Data.Products.PageInfo.EndCursor; !a.Data.Products.PageInfo.HasNextPage {
			break
		}
	}
	var want []string
	for _, x := range s.Items(0) {
		want = append(want, fmt.Sprint(map[string]string{"sku": x.SKU, "price": x.Price}))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("items (-want +got)\n%s", d)
	}
	first := s.Items(0)[0]
	if got, want := post(`{products(first: 1, after: null) {nodes {name}}}`, nil), `{"data":{"products":{"nodes":[{"name":"`+first.Name+`"}]}}}`; got != want {
		t.Errorf("a query without variables gives %s; want %s", got, want)
	}
	for _, wrong := range []string{
		``, `{`, `{}`, `{products}`, `{products {}}`, `{products(first: 1 {nodes {sku}}}`, `{products(first) {nodes {sku}}}`, `{products {nodes {nothing}}}`,
		`{products {nodes}}`, `{orders {nodes {sku}}}`, `{products(first: 1000) {nodes {sku}}}`, `{products(after: "x") {nodes {sku}}}`,
		strings.Repeat(`{products`, 20) + strings.Repeat(`}`, 20),
	} {
		if got := post(wrong, nil); !strings.HasPrefix(got, `{"errors":`) {
			t.Errorf("%s gives %s", wrong, got)
		}
	}
}

func TestSitemaps(t *testing.T) {
	t.Parallel()
	s := newSite(t, Config{Products: perSitemap + 100})
	s.SetRevision(1)
	h := s.Pages()
	load := func(uri string, into any) {
		t.Helper()
		w := ask(h, http.MethodGet, strings.TrimPrefix(uri, s.PagesURL), "")
		var from io.Reader = w.Body
		if strings.HasSuffix(uri, ".gz") {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			from = z
		}
		if err := xml.NewDecoder(from).Decode(into); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: HTTP %d, %v", uri, w.Code, err)
		}
	}
	var index sitemapIndex
	load("/sitemap.xml", &index)
	got, want := map[string]bool{}, map[string]bool{}
	for _, at := range index.Sitemaps {
		var set urlSet
		load(at.Loc, &set)
		for _, u := range set.URLs {
			got[strings.TrimPrefix(u.Loc, s.PagesURL)] = true
		}
	}
	for _, path := range s.Categories() {
		want[path] = true
	}
	for _, x := range s.Items(1) {
		want["/p/"+x.Product] = true
	}
	if d := cmp.Diff(want, got); d != "" || len(index.Sitemaps) != 3 {
		t.Errorf("%d sitemaps; pages (-want +got)\n%s", len(index.Sitemaps), d)
	}
	for _, file := range []string{"products-0.xml.gz", "products-3.xml.gz", "x"} {
		if w := ask(h, http.MethodGet, "/sitemaps/"+file, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s answers HTTP %d", file, w.Code)
		}
	}
	if text := ask(h, http.MethodGet, "/robots.txt", "").Body.String(); !strings.Contains(text, "Sitemap: "+s.PagesURL+"/sitemap.xml\n") {
		t.Errorf("robots.txt names no sitemap:\n%s", text)
	}
}
