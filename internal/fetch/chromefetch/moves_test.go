//go:build unix

package chromefetch

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// lateTarget answers late, so an early read would return another page.
func lateTarget(w http.ResponseWriter, r *http.Request) {
	time.Sleep(200 * time.Millisecond)
	html("<h1>Target</h1>")(w, r)
}

func onload(script string) http.HandlerFunc {
	return html("<h1>First</h1><script>onload = () => { " + script + " }</script>")
}

// A navigation that is scheduled or under way is awaited, in whatever way it began.
func TestThePageIsWhereItLeads(t *testing.T) {
	t.Parallel()
	pages := map[string]http.HandlerFunc{
		"/script at once":       html(`<h1>First</h1><script>location = "/target"</script>`),
		"/script at load":       onload(`location = "/target"`),
		"/script after load":    onload(`setTimeout(() => { location.replace("/target") }, 0)`),
		"/script a little late": onload(`setTimeout(() => { location.assign("/target") }, 20)`),
		"/a form":               html(`<h1>First</h1><form action=/target></form><script>onload = () => { document.forms[0].submit() }</script>`),
		"/a link":               html(`<h1>First</h1><a href=/target>x</a><script>onload = () => { document.links[0].click() }</script>`),
		"/meta":                 html(`<h1>First</h1><meta http-equiv=refresh content="0;url=/target">`),
		"/meta after a second":  html(`<h1>First</h1><meta http-equiv=refresh content="1;url=/target">`),
		"/meta by a script":     onload(`document.body.insertAdjacentHTML("beforeend", "<meta http-equiv=refresh content='0;/target'>")`),
		"/header": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Refresh", "0;url=/target")
			html("<h1>First</h1>")(w, r)
		},
		"/twice": onload(`location = "/script%20at%20load"`),
	}
	handlers := map[string]http.HandlerFunc{"/target": lateTarget}
	for path, h := range pages {
		handlers[path] = h
	}
	s := serve(t, handlers)
	f := fetcher(t, shared, Job{})
	for path := range pages {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			url := s.URL + strings.ReplaceAll(path, " ", "%20")
			for range 3 { // each time
				p := get(t, f, url)
				if !strings.HasPrefix(p.URL, s.URL+"/target") || !strings.Contains(string(p.Body), "Target") || p.Redirects[0] != url {
					t.Fatalf("Fetch(%s) = %s after %q: %s", path, p.URL, p.Redirects, p.Body)
				}
			}
		})
	}
}

// A navigation that leads nowhere keeps the page and costs none of its time.
func TestThePageStaysWhereNothingComes(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/mailto":   onload(`location = "mailto:a@b.example"`),
		"/tel":      html(`<h1>First</h1><a href="tel:123">x</a><script>onload = () => { document.links[0].click() }</script>`),
		"/intent":   onload(`location = "intent://x#Intent;scheme=foo;end"`),
		"/data":     onload(`location = "data:text/html,<h1>x</h1>"`),
		"/none":     onload(`location = "/204"`),
		"/same":     onload(`location = "/304"`),
		"/fragment": onload(`location = "#x"`),
		"/204":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"/304":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) },
	})
	f := fetcher(t, shared, Job{})
	for _, path := range []string{"/mailto", "/tel", "/intent", "/data", "/none", "/same", "/fragment"} {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			p := get(t, f, s.URL+path)
			if p.URL != s.URL+path || p.Status != 200 || len(p.Redirects) != 0 || !strings.Contains(string(p.Body), "First") {
				t.Errorf("Fetch(%s) = %d %s after %q: %s", path, p.Status, p.URL, p.Redirects, p.Body)
			}
		})
	}
	for path, status := range map[string]int{"/204": 204, "/304": 304} {
		if p := get(t, f, s.URL+path); p.Status != status || p.URL != s.URL+path || len(p.Body) != 0 {
			t.Errorf("Fetch(%s) = %+v; want HTTP %d without a body", path, p, status)
		}
	}
}

// The browser keeps half of a document whose own script ends it. That is no page, and the fetch
// does not wait for its timeout.
func TestAPageThatStopsItself(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/mailto": html(`<h1>First</h1><script>location = "mailto:a@b.example"</script><p>Rest`),
		"/stop":   html(`<h1>First</h1><script>stop()</script><p>Rest`),
	})
	f := fetcher(t, shared, Job{})
	for _, path := range []string{"/mailto", "/stop"} {
		if p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path}); fetch.Reason(err) != fetch.PageStopped {
			t.Errorf("Fetch(%s) = %v, %v; want %q", path, p, err, fetch.PageStopped)
		}
	}
}

// Statuses that are none are the page's, too, whatever the browser makes of them.
func TestStatusesOfPages(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"000", "099", "206", "302", "600", "999"} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = http.ReadRequest(bufio.NewReader(c))
				_, _ = fmt.Fprintf(c, "HTTP/1.1 %s X\r\nContent-Type: text/html\r\nTransfer-Encoding: identity\r\n\r\n<h1>x</h1>", status)
				_ = c.Close()
			}
		}()
		p := get(t, fetcher(t, shared, Job{}), "http://"+l.Addr().String()+"/")
		if _, decided := seine.PageVerdict(p); fmt.Sprintf("%03d", p.Status) != status || !decided || !strings.Contains(string(p.Body), "<h1>x</h1>") {
			t.Errorf("HTTP %s = %d, decided %v: %s", status, p.Status, decided, p.Body)
		}
	}
}

func TestAPageThatLeavesTheWebIsAFault(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/blank":  onload(`location = "about:blank"`),
		"/blob":   onload(`location = URL.createObjectURL(new Blob(["<h1>B</h1>"], { type: "text/html" }))`),
		"/script": onload(`location = "javascript:'<h1>J</h1>'"`),
	})
	f := fetcher(t, shared, Job{})
	for path, want := range map[string]string{"/blank": "page left for about:blank", "/blob": "page left for blob:", "/script": "page left for javascript:"} {
		if p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path}); fetch.Reason(err) != want {
			t.Errorf("Fetch(%s) = %v, %v; want %q", path, p, err, want)
		}
	}
}

func TestRefreshesThatAreNotFollowedAreNoted(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/late":   html(`<h1>First</h1><meta http-equiv=refresh content="30;url=/target">`),
		"/reload": html(`<h1>First</h1><meta http-equiv=refresh content=0>`),
		"/gone": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, `<h1>First</h1><meta http-equiv=refresh content="0;url=/target">`)
		},
		"/template": html(`<h1>First</h1><template><meta http-equiv=refresh content="0;url=/target"></template>`),
		"/noscript": html(`<h1>First</h1><noscript><meta http-equiv=refresh content="0;url=/target"></noscript>`),
		"/check": func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Cookie"), "seen=1") {
				html("<h1>Item</h1>")(w, r)
				return
			}
			w.Header().Set("Set-Cookie", "seen=1")
			html(`<h1>First</h1><meta http-equiv=refresh content=0>`)(w, r)
		},
		"/target": lateTarget,
	})
	f := fetcher(t, shared, Job{})
	for path, want := range map[string][]string{
		"/late":     {"leads to " + s.URL + "/target after 30s: a refresh is a redirect up to 5s"},
		"/reload":   {"reloads itself at once: the page is taken as it stands"},
		"/gone":     {"leads to " + s.URL + "/target at once: not followed from an HTTP 404"},
		"/template": nil,
		"/noscript": nil,
	} {
		p := get(t, f, s.URL+path)
		if diff := cmp.Diff(want, p.Notes); diff != "" || p.URL != s.URL+path || len(p.Redirects) != 0 || !strings.Contains(string(p.Body), "First") {
			t.Errorf("Fetch(%s) = %s after %q: %s; notes (-want +got):\n%s", path, p.URL, p.Redirects, p.Body, diff)
		}
	}
	if s.Count("/target") > 0 {
		t.Error("a refresh was followed")
	}
	if p := get(t, f, s.URL+"/check"); !strings.Contains(string(p.Body), "Item") {
		t.Errorf("a page that sets a cookie and reloads = %s", p.Body)
	}
}

// The wait for a host's turn is no part of the page's time, nor of the time in
// which a page must answer.
func TestAMoveMayWaitForItsTurn(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": onload(`location = "/target"`), "/meta": html(`<meta http-equiv=refresh content="0;url=/target">`), "/target": lateTarget})
	f := fetcher(t, shared, Job{})
	wait := func(ctx context.Context, _, _ string) error {
		select {
		case <-time.After(11 * time.Second):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, path := range []string{"/a", "/meta"} {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, Timeout: 10 * time.Second, OnRedirect: wait})
			if err != nil || !strings.Contains(string(p.Body), "Target") {
				t.Errorf("Fetch(%s) = %+v, %v; want the target", path, p, err)
			}
		})
	}
}

func TestHalfADocumentIsNoPage(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	defer close(ended)
	hang := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-ended:
		case <-r.Context().Done():
		}
	}
	s := serve(t, map[string]http.HandlerFunc{
		"/head":  html(`<html><head><script src=/hang></script></head><body><h1>Title</h1></body></html>`),
		"/body":  html(`<html><body><h1>Title</h1><script src=/hang></script><p>text</p></body></html>`),
		"/move":  onload(`location = "/hang"`),
		"/image": html(`<h1>Title</h1><iframe src=/hang></iframe>`),
		"/hang":  hang,
	})
	f := fetcher(t, shared, Job{})
	for _, path := range []string{"/head", "/body", "/move"} {
		p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, Timeout: 1500 * time.Millisecond})
		if fetch.Reason(err) != fetch.Timeout {
			t.Errorf("Fetch(%s) = %v, %v; want %q", path, p, err, fetch.Timeout)
		}
	}
	// A fully parsed document is a page, even if one of its images is missing.
	if p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/image", Timeout: 10 * time.Second}); err != nil {
		t.Errorf("Fetch(/image) = %v, %v; want a page", p, err)
	}
}

func chunked(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.(http.Flusher).Flush()
		_, _ = fmt.Fprint(w, body)
	}
}

func gzipped(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = fmt.Fprint(z, body)
		_ = z.Close()
	}
}

// A text that is not HTML arrives byte by byte, up to the bound.
func TestTextsComeAsTheyWereSent(t *testing.T) {
	t.Parallel()
	const max = 20 << 20 // the browser's own bound is 18 MiB
	large := `{"a":"` + strings.Repeat("x", max-8) + `"}`
	medium := large[:4<<20]
	send := func(contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = strings.Split(contentType, "|")
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			_, _ = fmt.Fprint(w, body)
		}
	}
	s := serve(t, map[string]http.HandlerFunc{
		"/json":    send("application/json", "{\"a\":\"Zürich\xe9\"}"),
		"/large":   send("application/json", large),
		"/larger":  send("application/json", large+" "),
		"/csv":     send("text/csv; charset=windows-1251", "\xca\xee\xf2"),
		"/feed":    send("application/rss+xml", "<rss><link>a</link></rss>"),
		"/atom":    send("application/atom+xml; charset=utf-8", "<feed/>"),
		"/plain":   send("text/plain", "Zürich"),
		"/types":   send("text/plain|application/json", `{"a":1}`),
		"/stream":  chunked("application/json", medium),
		"/streams": chunked("application/json", large+" "),
		"/rows":    chunked("text/csv", "Zürich;\xe9"),
		"/cyr":     chunked("text/plain; charset=windows-1251", "\xca\xee\xf2"),
		"/zip":     gzipped("text/plain", "Zürich € ‰"),
		"/to":      onload(`location = "/json"`),
		"/refused": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = fmt.Fprint(w, "no")
		},
		"/short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "100")
			_, _ = fmt.Fprint(w, `{"a":`)
		},
		"/chunk": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, `{"a":`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
	})
	f := fetcher(t, shared, Job{})
	for path, want := range map[string]struct{ body, typ, charset string }{
		"/json":    {"{\"a\":\"Zürich\uFFFD\"}", "application/json", "utf-8"},
		"/csv":     {"Кот", "text/csv", "windows-1251"},
		"/feed":    {"<rss><link>a</link></rss>", "application/rss+xml", "utf-8"},
		"/atom":    {"<feed/>", "application/atom+xml", "utf-8"},
		"/plain":   {"Zürich", "text/plain", "utf-8"},
		"/types":   {`{"a":1}`, "application/json", "utf-8"},
		"/to":      {"{\"a\":\"Zürich\uFFFD\"}", "application/json", "utf-8"},
		"/stream":  {medium, "application/json", "utf-8"},
		"/rows":    {"Zürich;\uFFFD", "text/csv", "utf-8"},
		"/cyr":     {"Кот", "text/plain", "windows-1251"},
		"/zip":     {"Zürich € ‰", "text/plain", "utf-8"},
		"/large":   {large, "application/json", "utf-8"},
		"/refused": {"no", "text/plain", "utf-8"},
	} {
		p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, MaxBody: max})
		if err != nil || string(p.Body) != want.body || p.Type != want.typ || p.Charset != want.charset {
			t.Errorf("Fetch(%s) = %+.200v, %v; want %.60q as %s in %s", path, p, err, want.body, want.typ, want.charset)
		}
	}
	for _, path := range []string{"/larger", "/streams"} {
		if p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, MaxBody: max}); !errors.Is(err, seine.ErrTooLarge) {
			t.Errorf("Fetch(%s) = %.200v, %v; want ErrTooLarge", path, p, err)
		}
	}
	for _, path := range []string{"/short", "/chunk"} {
		if p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path}); fetch.Reason(err) != fetch.Truncated {
			t.Errorf("Fetch(%s) = %+v, %v; want %q", path, p, err, fetch.Truncated)
		}
	}
}
