//go:build unix

package chromefetch

import (
	"net/http"
	"strings"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/testkit"
)

// wait holds an answer back.
func wait(until <-chan struct{}) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-until:
		case <-r.Context().Done():
		}
	}
}

// A document that only asks for a page of the job does not act with its credentials. It does so
// from a frame and as the page, and the page that it asks for brings a document or none.
func TestAForeignDocumentBorrowsNoCredentials(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNoContent, http.StatusOK} {
		for _, start := range []string{"/frame", "/away"} {
			t.Run(start[1:]+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				asked, tried := make(chan struct{}), make(chan struct{})
				var foreign *testkit.Site
				s := serve(t, map[string]http.HandlerFunc{
					"/frame": func(w http.ResponseWriter, r *http.Request) {
						html(`<p>a</p><iframe src="`+foreign.URL+`/evil"></iframe><script src="/own.js"></script><script>
fetch("/end").then(() => document.body.insertAdjacentHTML("beforeend", "<b>"))</script>`)(w, r)
					},
					"/away": func(w http.ResponseWriter, r *http.Request) {
						html(`<script>location = "`+foreign.URL+`/evil"</script>`)(w, r)
					},
					"/slow": func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("Content-Type", "text/html")
						close(asked)
						wait(tried)(w, r)
						if w.WriteHeader(status); status == http.StatusOK {
							_, _ = w.Write([]byte("<b>slow</b>"))
						}
					},
					"/act": func(w http.ResponseWriter, _ *http.Request) {
						w.Header().Set("Access-Control-Allow-Origin", "*")
					},
					"/act-blind": func(http.ResponseWriter, *http.Request) {},
					"/own.js":    html(""),
					"/end":       wait(tried),
				})
				foreign = serve(t, map[string]http.HandlerFunc{
					"/evil": html(`<p>e</p><script>
onload = () => setTimeout(async () => {
  location = "` + s.URL + `/slow";
  await fetch("/asked");
  await fetch("` + s.URL + `/act");
  await fetch("` + s.URL + `/act-blind", {mode: "no-cors", keepalive: true});
  await fetch("/tried");
  document.body.insertAdjacentHTML("beforeend", "<b>");
});
</script>`),
					"/asked": wait(asked),
					"/tried": func(http.ResponseWriter, *http.Request) { close(tried) },
				})
				header := http.Header{"X-Key": {"hush"}, "Authorization": {"Bearer hush"}, "Cookie": {"session=hush"}}
				_, err := fetcher(t, shared, Job{MaxRedirects: 5}).Fetch(t.Context(), seine.Request{URL: s.URL + start, Header: header, Wait: []seine.Wait{{CSS: "b"}}})
				if err != nil {
					t.Error(err)
				}
				for path, wants := range map[string]bool{start: true, "/slow": true, "/act": false, "/act-blind": false, "/own.js": true} {
					h := s.Header(path)
					if h == nil {
						if path != "/own.js" || start == "/frame" {
							t.Errorf("%s was not requested", path)
						}
						continue
					}
					for name := range header {
						if got := h.Get(name); strings.Contains(got, "hush") != wants {
							t.Errorf("%s: %s is %q; want the job's: %v", path, name, got, wants)
						}
					}
				}
			})
		}
	}
}

// The requests of a document and of its workers keep the credentials, however early they come.
func TestCredentialsOfADocumentsRequests(t *testing.T) {
	t.Parallel()
	named := serve(t, map[string]http.HandlerFunc{"/named": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Headers", "*")
	}})
	inFrame := make(chan struct{})
	s := serve(t, map[string]http.HandlerFunc{
		"/a": html(`<script src="/early.js"></script><script>
const worker = new Worker("/w.js"), frame = fetch("/frame-done"), named = fetch("` + named.URL + `/named", {headers: {"X-Page": "1"}});
worker.onmessage = async () => { await frame; await named; document.body.insertAdjacentHTML("beforeend", "<b>") };
</script><body><iframe src="/frame"></iframe>`),
		"/early.js":  script(""),
		"/w.js":      script(`importScripts("/import.js"); fetch("/data").then(() => postMessage(1))`),
		"/import.js": script(""),
		"/data":      html(""),
		"/frame":     html(`<script src="/in-frame.js"></script>`),
		"/in-frame.js": func(w http.ResponseWriter, r *http.Request) {
			script("")(w, r)
			close(inFrame)
		},
		"/frame-done": wait(inFrame),
	})
	header := http.Header{"X-Key": {"hush"}}
	to := []string{s.URL + "/", strings.TrimPrefix(named.URL, "http://")}
	if _, err := fetcher(t, shared, Job{}).Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Header: header, CredentialsTo: to, Wait: []seine.Wait{{CSS: "b"}}}); err != nil {
		t.Fatal(err)
	}
	if got := named.Header("/named").Get("X-Key"); got != "hush" {
		t.Errorf("/named: X-Key is %q", got)
	}
	for _, path := range []string{"/a", "/early.js", "/w.js", "/import.js", "/data", "/frame", "/in-frame.js"} {
		if h := s.Header(path); h == nil || h.Get("X-Key") != "hush" {
			t.Errorf("%s: X-Key is %q", path, h.Get("X-Key"))
		}
	}
}
