package extract

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/charset"
	"github.com/seinehq/seine/internal/fetch/chromefetch"
	"github.com/seinehq/seine/internal/weburl"
)

// linkTruth is the truth about one page of testdata/links, in document order. Chromium without
// scripts resolved the references, and package weburl made them canonical.
type linkTruth struct {
	Page        string      `json:"page"`
	URL         string      `json:"url"`
	ContentType string      `json:"content_type"`
	Links       []linkFound `json:"links"`
	NoLinks     []linkFound `json:"no_links"`
}

// linkFound is one element with a reference: a, area, link, "svg a", or "svg a xlink:href".
type linkFound struct {
	Element string  `json:"element"`
	Href    string  `json:"href"`
	Browser *string `json:"browser"` // null if the reference is no URL
	URL     string  `json:"url,omitempty"`
	Why     string  `json:"why,omitempty"`
}

const (
	linkPages = "testdata/links"
	truthFile = linkPages + "/truth.json"
)

// followed are the elements that "follow: all" follows.
var followed = map[string]bool{"a": true, "area": true, "svg a": true, "svg a xlink:href": true}

var updateLinks = flag.Bool("update-links", false, "ask Chromium for the truth about testdata/links")

// TestLinkTruth compares the links that "follow: all" finds with the browser's.
func TestLinkTruth(t *testing.T) {
	t.Parallel()
	if *updateLinks {
		writeLinkTruth(t)
	}
	text, err := os.ReadFile(truthFile)
	if err != nil {
		t.Fatal(err)
	}
	var truth []linkTruth
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	s, problems := Compile(Rules{Follow: []FollowRule{{Source: Field{CSS: EveryLink}}}})
	if problems != nil {
		t.Fatal(problems)
	}
	for _, p := range truth {
		body, err := os.ReadFile(filepath.Join(linkPages, p.Page))
		if err != nil {
			t.Fatal(err)
		}
		_, label, _ := strings.Cut(p.ContentType, "charset=")
		utf8, c := charset.ToUTF8(body, "text/html", label)
		page := &seine.Page{URL: p.URL, Status: 200, Type: "text/html", Body: utf8, Charset: c.Name}
		result, err := s.Scrape(t.Context(), seine.Task{Key: p.URL}, page)
		if err != nil {
			t.Errorf("%s: %v", p.Page, err)
		}
		var got, want []string
		for _, f := range result.Follow {
			got = append(got, f.URL)
		}
		for _, l := range p.Links {
			if followed[l.Element] && !slices.Contains(want, l.URL) {
				want = append(want, l.URL)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", p.Page, d)
		}
	}
}

// writeLinkTruth asks Chromium for every reference of the pages.
func writeLinkTruth(t *testing.T) {
	t.Helper()
	browser, err := chromefetch.Find("")
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(linkPages + "/*.html")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Base(r.URL.Path)
		w.Header().Set("Content-Type", linkContentType(name))
		http.ServeFile(w, r, filepath.Join(linkPages, name))
	}))
	defer server.Close()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(browser), chromedp.NoSandbox,
		chromedp.Flag("host-resolver-rules", "MAP * "+strings.TrimPrefix(server.URL, "http://")))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	ctx, stop = context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	off := emulation.SetScriptExecutionDisabledParams{Value: true}
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, off); err != nil {
		t.Fatal(err)
	}
	var truth []linkTruth
	for _, name := range names {
		name = filepath.Base(name)
		p := linkTruth{Page: name, URL: "http://site.example/dir/" + name + "?q=1", ContentType: linkContentType(name), Links: []linkFound{}, NoLinks: []linkFound{}}
		if err := chromedp.Do(ctx, chromedp.Navigate(p.URL)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found, err := chromedp.Run(ctx, chromedp.Evaluate[[]linkFound](referencesScript))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, l := range found {
			if l.URL, l.Why = truthOf(l.Browser); l.Why == "" {
				p.Links = append(p.Links, l)
			} else {
				p.NoLinks = append(p.NoLinks, l)
			}
		}
		truth = append(truth, p)
	}
	f, err := os.Create(truthFile)
	if err != nil {
		t.Fatal(err)
	}
	e := json.NewEncoder(f)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := errors.Join(e.Encode(truth), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func linkContentType(name string) string {
	if name == "charset-http.html" {
		return "text/html; charset=windows-1251"
	}
	return "text/html"
}

// truthOf returns the canonical form of a URL of the browser, or why it is no link.
func truthOf(browser *string) (url, why string) {
	if browser == nil {
		return "", "no URL"
	}
	url, err := weburl.Canonical(*browser)
	switch {
	case errors.Is(err, weburl.ErrNotWeb):
		return "", "not http or https"
	case errors.Is(err, weburl.ErrUserInfo):
		return "", "user name or password"
	case err != nil:
		return "", err.Error()
	}
	return url, ""
}

const referencesScript = `[...document.querySelectorAll('a[*|href], area[href], link[href]')].map(e => {
	const svg = e.namespaceURI === 'http://www.w3.org/2000/svg'
	const old = !e.hasAttribute('href')
	const href = old ? e.getAttributeNS('http://www.w3.org/1999/xlink', 'href') : e.getAttribute('href')
	let browser = null
	try { browser = svg ? new URL(href, e.baseURI).href : new URL(e.href).href } catch {}
	return {element: (svg ? 'svg ' : '') + e.localName + (old ? ' xlink:href' : ''), href, browser}
})`
