//go:build unix

package chromefetch

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// Waits end early, and the page never has the time that the request gives it.
func TestWaitsEndEarly(t *testing.T) {
	t.Parallel()
	later := func(text string) string {
		return `<p>here</p><script>setTimeout(() => document.body.insertAdjacentHTML("beforeend", '` + text + `'), 150)</script>`
	}
	busy := `<script>setInterval(() => { document.body.dataset.n = Math.random(); }, 20)</script>`
	missing := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprint(w, later(`<b class=late>late</b>`))
	}
	s := serve(t, map[string]http.HandlerFunc{
		"/hit": html(later(`<h1 class=title>a</h1>`)), "/miss": html(later(`<i class=none>none</i>`) + busy), "/404": missing,
		"/shadow": html(`<x-a></x-a><script>setTimeout(() => { document.querySelector("x-a").attachShadow({ mode: "open" }).innerHTML = "<i class=none>none</i>"; }, 100)</script>`),
	})
	title, none := seine.Wait{CSS: ".title"}, seine.Wait{CSS: ".none", Matches: regexp.MustCompile("^none$")}
	stable := seine.Wait{Stable: 20 * time.Second}
	const never = "css: .never"
	for _, tt := range []struct {
		name, path string
		waits      []seine.Wait
		want       []seine.Waited
		has        string
	}{
		{"any: the first", "/hit", []seine.Wait{{Any: []seine.Wait{title, none}}}, []seine.Waited{{Wait: "any: [css: .title; css: .none, matches: ^none$]", OK: true, By: "css: .title"}}, "title"},
		{"any: the second", "/miss", []seine.Wait{{Any: []seine.Wait{title, none}}}, []seine.Waited{{Wait: "any: [css: .title; css: .none, matches: ^none$]", OK: true, By: "css: .none, matches: ^none$"}}, "class=\"none\""},
		{"any: in a shadow root", "/shadow", []seine.Wait{{Any: []seine.Wait{title, none}}}, []seine.Waited{{Wait: "any: [css: .title; css: .none, matches: ^none$]", OK: true, By: "css: .none, matches: ^none$"}}, ""},
		{"any: beside stable", "/miss", []seine.Wait{{Any: []seine.Wait{stable, none}}}, []seine.Waited{{Wait: "any: [stable: 20s; css: .none, matches: ^none$]", OK: true, By: "css: .none, matches: ^none$"}}, ""},
		{"unless ends all", "/miss", []seine.Wait{{CSS: "p"}, {CSS: ".never", Unless: ".none"}, stable}, []seine.Waited{{Wait: "css: p", OK: true}, {Wait: never + ", unless: .none", By: "unless: .none"}, {Wait: "stable: 20s", By: "unless: .none"}}, "none"},
		{"unless of stable", "/miss", []seine.Wait{{Stable: 20 * time.Second, Unless: ".none"}}, []seine.Waited{{Wait: "stable: 20s, unless: .none", By: "unless: .none"}}, "none"},
		{"unless in a shadow root", "/shadow", []seine.Wait{{CSS: ".never", Unless: ".none"}}, []seine.Waited{{Wait: never + ", unless: .none", By: "unless: .none"}}, ""},
		{"unless that does not match", "/hit", []seine.Wait{{CSS: ".title", Unless: ".none"}}, []seine.Waited{{Wait: "css: .title, unless: .none", OK: true}}, "title"},
		{"the condition goes first", "/hit", []seine.Wait{{CSS: "p", Unless: "p"}, {CSS: ".title"}}, []seine.Waited{{Wait: "css: p, unless: p", OK: true}, {Wait: "css: .title", OK: true}}, ""},
		{"404", "/404", []seine.Wait{{CSS: ".never"}, stable}, []seine.Waited{{Wait: never, By: "HTTP 404"}, {Wait: "stable: 20s", By: "HTTP 404"}}, "here"},
		{"404 with always", "/404", []seine.Wait{{CSS: ".never"}, {CSS: ".late", Always: true}}, []seine.Waited{{Wait: never, By: "HTTP 404"}, {Wait: "css: .late", OK: true}}, "late"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := fetcher(t, shared, Job{}).Fetch(t.Context(), seine.Request{URL: s.URL + tt.path, Timeout: enough, Wait: tt.waits})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, p.Waits, cmpopts.IgnoreFields(seine.Waited{}, "Took")); d != "" {
				t.Errorf("waits (-want +got):\n%s", d)
			}
			if !strings.Contains(string(p.Body), tt.has) {
				t.Errorf("the page has no %s: %s", tt.has, p.Body)
			}
			if p.Took > enough*3/4 {
				t.Errorf("it took %v of its %v", p.Took, enough)
			}
		})
	}
}

func TestAPageIsBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/long": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			for range 1000 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		},
		"/grows": html(`<script>document.write("<p>" + "x".repeat(200000) + "</p>")</script>`),
	})
	f := fetcher(t, shared, Job{})
	for _, path := range []string{"/long", "/grows"} {
		_, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + path, MaxBody: 100_000})
		if !errors.Is(err, seine.ErrTooLarge) || fetch.Reason(err) != fetch.TooLarge {
			t.Errorf("%s: %v; want %v", path, err, seine.ErrTooLarge)
		}
	}
}
