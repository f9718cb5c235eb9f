//go:build unix

package chromefetch

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/testkit"
)

// A page gets the cookies of the session and returns them with its changes. The cookies of another
// site in a frame do not belong to it, and the site of the frame gets none of the session.
func TestCookiesOfTheSession(t *testing.T) {
	t.Parallel()
	other := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "tracker", Value: "1", Path: "/"})
	})
	s := serve(t, map[string]http.HandlerFunc{"/a/page": func(w http.ResponseWriter, q *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "gone", Path: "/", MaxAge: -1})
		http.SetCookie(w, &http.Cookie{Name: "late", Value: "2", Path: "/", MaxAge: 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<p>%s</p><iframe src="%s/frame"></iframe><script>document.cookie = "script=3; path=/b"</script>`,
			q.Header.Get("Cookie"), strings.Replace(other.URL, "127.0.0.1", "localhost", 1))
	}})
	host := func(name, value, path string) seine.Cookie {
		return seine.Cookie{Name: name, Value: value, Domain: "127.0.0.1", HostOnly: true, Path: path}
	}
	elsewhere := seine.Cookie{Name: "sub", Value: "x", Domain: "shop.example", Path: "/", Secure: true, HTTPOnly: true, SameSite: "Strict",
		Expires: time.Now().Add(time.Hour).UTC().Truncate(time.Second)}
	given := []seine.Cookie{host("sid", "1", "/"), host("gone", "1", "/"), host("deep", "1", "/b"), elsewhere}
	f := fetcher(t, shared, Job{})
	p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a/page", Cookies: given})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(p.Body), "<p>sid=1; gone=1</p>") {
		t.Errorf("the page got other cookies: %s", p.Body)
	}
	late := host("late", "2", "/")
	late.HTTPOnly, late.SameSite, late.Expires = true, "Lax", time.Now().Add(time.Hour).UTC()
	want := []seine.Cookie{host("sid", "1", "/"), host("deep", "1", "/b"), elsewhere, late, host("script", "3", "/b")}
	less := func(a, b seine.Cookie) bool { return a.Name < b.Name }
	if diff := cmp.Diff(want, p.Cookies, cmpopts.SortSlices(less), cmpopts.EquateApproxTime(time.Minute)); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	if got := other.Header("/frame").Get("Cookie"); got != "" {
		t.Errorf("the other site got %q", got)
	}
	if p := get(t, f, s.URL+"/a/page"); p.Cookies != nil || !strings.Contains(string(p.Body), "<p></p>") {
		t.Errorf("a page without a session has cookies %v, %s", p.Cookies, p.Body)
	}
}
