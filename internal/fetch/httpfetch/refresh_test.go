package httpfetch

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

func TestFetchFollowsRefreshes(t *testing.T) {
	t.Parallel()
	const html = "text/html; charset=utf-8"
	for _, tt := range []struct {
		name, header, typ, body string
		status                  int
		url, note               string // of the page that comes; "/to" is the target
	}{
		{name: "meta", body: `<meta http-equiv=refresh content="0;url=/to">`, url: "/to"},
		{name: "meta in capitals, in quotes, after 3 s", body: `<META HTTP-EQUIV="Refresh" CONTENT="3; URL='/to'">`, url: "/to"},
		{name: "meta in the body", body: `<body><p>x<meta content="0;/to" http-equiv='refresh'>`, url: "/to"},
		{name: "header", header: "0; url=/to", url: "/to"},
		{name: "header of a text", typ: "text/plain", header: "0;url=/to", url: "/to"},
		{name: "header and a later meta", header: "0;url=/to", body: `<meta http-equiv=refresh content="1;url=/other">`, url: "/to"},
		{name: "header and an equal meta, as in Chromium", header: "0;url=/other", body: `<meta http-equiv=refresh content="0;url=/to">`, url: "/to"},
		{name: "the last meta of two equal ones", body: `<meta http-equiv=refresh content="0;url=/other"><meta http-equiv=refresh content="0;url=/to">`, url: "/to"},
		{name: "the first that is one", body: `<meta http-equiv=refresh content="x"><meta http-equiv=refresh content="0;url=/to">`, url: "/to"},
		{name: "against the base", body: `<base href=/dir/><meta http-equiv=refresh content="0;url=../to">`, url: "/to"},
		{name: "a sooner one behind", body: `<meta http-equiv=refresh content="20;url=/late"><meta http-equiv=refresh content="0;url=/to">`, url: "/to"},
		{name: "in noscript", body: `<noscript><meta http-equiv=refresh content="0;url=/to"></noscript>`, url: "/to"},
		{name: "in noscript, in a comment", body: `<noscript><!--<meta http-equiv=refresh content="0;url=/to">--></noscript>`, url: "/"},
		{name: "in a comment", body: `<!--<meta http-equiv=refresh content="0;url=/to">-->`, url: "/"},
		{name: "in a script", body: `<script>"<meta http-equiv=refresh content='0;url=/to'>"</script>`, url: "/"},
		{name: "in a template", body: `<template><meta http-equiv=refresh content="0;url=/to"></template>`, url: "/"},
		{name: "after a template", body: `<template></template><meta http-equiv=refresh content="0;url=/to">`, url: "/to"},
		{name: "in a text", typ: "text/plain", body: `<meta http-equiv=refresh content="0;url=/to">`, url: "/"},
		{name: "in an attribute", body: `<p title="<meta http-equiv=refresh content='0;url=/to'>">`, url: "/"},
		{name: "after a minute", body: `<meta http-equiv=refresh content="60;url=/to">`, url: "/", note: "leads to {url}/to after 1m0s: a refresh is a redirect up to 5s"},
		{name: "header, after six seconds", header: "6;url=/to", url: "/", note: "leads to {url}/to after 6s: a refresh is a redirect up to 5s"},
		{name: "a reload", body: `<meta http-equiv=refresh content=0>`, url: "/", note: "reloads itself at once: the page is taken as it stands"},
		{name: "to itself", body: `<meta http-equiv=refresh content="2;url=/">`, url: "/", note: "reloads itself after 2s: the page is taken as it stands"},
		{name: "to a script", body: `<meta http-equiv=refresh content="0;url=javascript:go()">`, url: "/"},
		{name: "of a page that is not there", status: 404, body: `<meta http-equiv=refresh content="0;url=/to">`, url: "/", note: "leads to {url}/to at once: not followed from an HTTP 404"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", html)
				if r.URL.Path != "/" {
					return
				}
				if tt.typ != "" {
					w.Header().Set("Content-Type", tt.typ)
				}
				if tt.header != "" {
					w.Header().Set("Refresh", tt.header)
				}
				if tt.status != 0 {
					w.WriteHeader(tt.status)
				}
				_, _ = w.Write([]byte(tt.body))
			})
			var starts []string
			p, err := open(t, Config{}).Fetch(t.Context(), seine.Request{URL: s.URL, OnRedirect: func(_ context.Context, from, to string) error {
				starts = append(starts, from+" "+to)
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			if p.URL != s.URL+tt.url {
				t.Errorf("Fetch of %q = %s; want %s", tt.header+tt.body, p.URL, tt.url)
			}
			var wantStarts, wantFrom, wantNotes []string
			if tt.url == "/to" {
				wantStarts, wantFrom = []string{s.URL + "/ " + s.URL + "/to"}, []string{s.URL + "/"}
			}
			if tt.note != "" {
				wantNotes = []string{strings.Replace(tt.note, "{url}", s.URL, 1)}
			}
			if diff := cmp.Diff([][]string{wantStarts, wantFrom, wantNotes}, [][]string{starts, p.Redirects, p.Notes}); diff != "" {
				t.Errorf("starts, redirects and notes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFetchBoundsRefreshes(t *testing.T) {
	t.Parallel()
	var j journal
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		j.add(r)
		next := map[string]string{"/a": "/b", "/b": "/a", "/cookie": "/cookie"}[r.URL.Path]
		if r.URL.Path == "/cookie" && r.Header.Get("Cookie") == "seen=1" || r.URL.Path == "/image" {
			next = ""
		}
		w.Header().Set("Set-Cookie", "seen=1; Path=/cookie")
		switch next {
		case "":
			w.Header().Set("Content-Type", "image/png")
			w.Header().Set("Refresh", "600;url=/")
		default:
			w.Header().Set("Refresh", "0;url="+next)
		}
	})
	f := open(t, Config{})
	if p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a"}); fetch.Reason(err) != fetch.ManyRedirects {
		t.Errorf("a circle of refreshes = %v, %v; want %q", p, err, fetch.ManyRedirects)
	}
	if diff := cmp.Diff([]string{"GET /a", "GET /b"}, j.take()); diff != "" {
		t.Errorf("a circle asks (-want +got):\n%s", diff)
	}
	// A page that sets a cookie and reloads is another one then.
	get(t, f, s.URL+"/cookie")
	if diff := cmp.Diff([]string{"GET /cookie", "GET /cookie"}, j.take()); diff != "" {
		t.Errorf("a check of cookies asks (-want +got):\n%s", diff)
	}
	if _, err := open(t, Config{MaxRedirects: -1}).Fetch(t.Context(), seine.Request{URL: s.URL + "/a"}); fetch.Reason(err) != fetch.ManyRedirects {
		t.Errorf("no redirect allowed: %v; want %q", err, fetch.ManyRedirects)
	}
	j.take()
	p, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Raw: true})
	if err != nil || len(p.Redirects) != 0 || len(j.take()) != 1 {
		t.Errorf("an asset = %v, %v; want no refresh", p, err)
	}
}

// A job's credentials for a site do not follow a refresh to another site.
func TestRefreshKeepsSecretsOnTheirSite(t *testing.T) {
	t.Parallel()
	got := make(chan http.Header, 1)
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Clone() })
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "own=1")
		w.Header().Set("Refresh", "0;url="+other.URL)
	})
	header := http.Header{"Authorization": {"Bearer s3cr3t"}, "Cookie": {"job=s3cr3t"}, "X-Key": {"s3cr3t"}, "Accept-Language": {"de"}}
	if _, err := open(t, Config{}).Fetch(t.Context(), seine.Request{URL: s.URL, Header: header}); err != nil {
		t.Fatal(err)
	}
	h := <-got
	for k, v := range h {
		if strings.Contains(strings.Join(v, " "), "s3cr3t") {
			t.Errorf("the other site got %s: %s", k, v)
		}
	}
	if h.Get("Accept-Language") != "de" {
		t.Errorf("the other site got %v; want the language", h)
	}
}
