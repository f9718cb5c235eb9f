package httpfetch

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// A URL that is asked again with other cookies is no circle.
func TestFetchGoesBackWithANewCookie(t *testing.T) {
	t.Parallel()
	item := func(cookie string) func(r *http.Request) bool {
		return func(r *http.Request) bool { return strings.Contains(r.Header.Get("Cookie"), cookie) }
	}
	for _, tt := range []struct {
		name string
		has  func(r *http.Request) bool
		// hops maps each page that is no item to its redirect target and its cookie.
		hops map[string][2]string
		asks []string
	}{
		{"the item sets it", item("seen=1"), map[string][2]string{"/item": {"/check", "seen=1; Path=/"}, "/check": {"/item"}}, []string{"/item", "/check", "/item"}},
		{"a page between sets it", item("ok=1"), map[string][2]string{"/item": {"/ask"}, "/ask": {"/thanks", "ok=1; Path=/"}, "/thanks": {"/item"}}, []string{"/item", "/ask", "/thanks", "/item"}},
		{"JSON", item(`p={"lang":"en"}`), map[string][2]string{"/item": {"/item", `p={"lang":"en"}`}}, []string{"/item", "/item"}},
		{"a bracket in the name", item("ab[c]=1"), map[string][2]string{"/item": {"/item", "ab[c]=1"}}, []string{"/item", "/item"}},
		{"bytes above 127", item("a=Z\xfcrich"), map[string][2]string{"/item": {"/item", "a=Z\xfcrich"}}, []string{"/item", "/item"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var j journal
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				j.add(r)
				if r.URL.Path == "/item" && tt.has(r) {
					return
				}
				hop := tt.hops[r.URL.Path]
				if hop[1] != "" {
					w.Header()["Set-Cookie"] = []string{hop[1]}
				}
				to(w, http.StatusFound, hop[0])
			})
			p := get(t, open(t, Config{}), s.URL+"/item")
			if p.Status != http.StatusOK || len(p.Redirects) != len(tt.asks)-1 {
				t.Errorf("Fetch = %d after %q", p.Status, p.Redirects)
			}
			var want []string
			for _, a := range tt.asks {
				want = append(want, "GET "+a)
			}
			if diff := cmp.Diff(want, j.take()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
	// A cookie that changes nothing, or is not for the page, has no effect.
	for _, cookie := range []string{"a=1; Path=/", "a=1; Path=/elsewhere"} {
		var j journal
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			j.add(r)
			w.Header().Set("Set-Cookie", cookie)
			to(w, http.StatusFound, "/")
		})
		_, err := open(t, Config{}).Fetch(t.Context(), seine.Request{URL: s.URL})
		if got := len(j.take()); fetch.Reason(err) != fetch.ManyRedirects || got > 2 {
			t.Errorf("%s: %v after %d requests; want %q after at most 2", cookie, err, got, fetch.ManyRedirects)
		}
	}
}
