package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/fetch/chromefetch"
)

// built is the site of this repository, in a folder.
func built(t *testing.T) (*site, string) {
	t.Helper()
	s, err := load(filepath.Join("..", ".."), sections)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := s.write(dir); err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// Every Markdown page for users is in the navigation.
func TestEveryPageIsInTheNavigation(t *testing.T) {
	t.Parallel()
	s, _ := built(t)
	names := s.names()
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md", "examples/*/*.md", "deploy/*.md"} {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pattern)))
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			name := strings.TrimPrefix(filepath.ToSlash(file), "../../")
			if !slices.Contains(names, name) {
				t.Errorf("%s is not in pages.go", name)
			}
		}
	}
}

// Every page is valid HTML with one heading of the first level, its anchors are unique, its
// pictures have a text, and each of its links leads to a page, an anchor or a file of the site.
func TestPagesAndLinks(t *testing.T) {
	t.Parallel()
	s, dir := built(t)
	docs, anchors := map[string]*html.Node{}, map[string]map[string]bool{}
	for _, p := range s.pages {
		text, err := os.ReadFile(filepath.Join(dir, p.out()))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := html.Parse(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := html.Render(&again, doc); err != nil {
			t.Fatal(err)
		}
		// A parser that meets a mistake moves, closes or adds elements.
		if d := cmp.Diff(tags(text), tags(again.Bytes())); d != "" {
			t.Errorf("%s: invalid HTML (-page +as browsers read it):\n%s", p.out(), d)
		}
		docs[p.out()], anchors[p.out()] = doc, map[string]bool{}
		titles := 0
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			if id := attr(n, "id"); id != "" {
				if anchors[p.out()][id] {
					t.Errorf("%s has two elements %s", p.out(), id)
				}
				anchors[p.out()][id] = true
			}
			switch n.Data {
			case "h1":
				titles++
			case "img":
				if attr(n, "alt") == "" {
					t.Errorf("%s: the picture %s has no text", p.out(), attr(n, "src"))
				}
			}
		}
		if titles != 1 {
			t.Errorf("%s has %d headings of the first level", p.out(), titles)
		}
	}
	links := 0
	for name, doc := range docs {
		for n := range doc.Descendants() {
			for _, key := range []string{"href", "src", "srcset"} {
				at := attr(n, key)
				u, err := url.Parse(at)
				if err != nil {
					t.Errorf("%s: link %s: %v", name, at, err)
					continue
				}
				if at == "" || u.IsAbs() {
					continue
				}
				links++
				target := name
				if u.Path != "" {
					target = path.Join(path.Dir(name), u.Path)
				}
				if _, err := os.Stat(filepath.Join(dir, target)); err != nil {
					t.Errorf("%s: link %s: %v", name, at, err)
				} else if u.Fragment != "" && !anchors[target][u.Fragment] {
					t.Errorf("%s: link %s: no such anchor", name, at)
				}
			}
		}
	}
	if links < 3000 {
		t.Errorf("%d links were checked", links)
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// tags lists the tags of a page.
func tags(page []byte) (out []string) {
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			out = append(out, string(name))
		case html.EndTagToken:
			name, _ := z.TagName()
			out = append(out, "/"+string(name))
		}
	}
}

// A link to nothing is an error, with the page that has it.
func TestBrokenLinks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[a](none.md)":           "a.md: the link none.md leads to nothing",
		"[a](#none)":             "a.md: no heading #none on the page",
		"[a](b.md#none)":         "a.md: the link b.md#none names no heading of b.md",
		"![a](none.png)":         "a.md: no picture none.png",
		"![a](https://h/p.png)":  "a.md: the picture https://h/p.png is on another host",
		"<img src=\"none.png\">": "a.md: no picture none.png",
	} {
		dir := t.TempDir()
		for file, body := range map[string]string{"a.md": "# A\n\n" + text + "\n", "b.md": "# B\n\n## Two words\n\n[a](a.md#a)\n"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := load(dir, []section{{"S", []string{"a.md", "b.md"}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.write(t.TempDir()); err == nil || err.Error() != want {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
}

// axe finds no serious fault on the longest pages, in both themes.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	_, dir := built(t)
	file := os.Getenv("SEINE_TEST_AXE")
	if file == "" {
		t.Fatal("SEINE_TEST_AXE is not set: run the tests by `make test`, or set it to the file that scripts/axe prints")
	}
	axe, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	browser, err := chromefetch.Find("")
	if err != nil {
		t.Fatal(err)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(browser), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	const judge = `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.filter(v => ["serious", "critical"].includes(v.impact)).map(v => [v.id, v.nodes[0].html, v.nodes[0].failureSummary])))`
	for _, page := range []string{"index.html", "docs/operations.html", "docs/first-ten-minutes.html"} {
		for _, theme := range []string{"light", "dark"} {
			if err := chromedp.Do(ctx, media(theme), chromedp.Navigate("file://"+filepath.Join(dir, page)), chromedp.Evaluate[chromedp.Void](string(axe)+";0")); err != nil {
				t.Fatal(err)
			}
			raw, err := chromedp.Run(ctx, chromedp.Evaluate[string](judge, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatal(err)
			}
			var found [][]string
			if err := json.Unmarshal([]byte(raw), &found); err != nil {
				t.Fatal(err)
			}
			for _, v := range found {
				t.Errorf("axe on %s, %s: %q", page, theme, v)
			}
			if out := os.Getenv("SEINE_SCREENSHOTS"); out != "" {
				image, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
				if err == nil {
					err = os.WriteFile(filepath.Join(out, fmt.Sprintf("%s-%s.png", strings.ReplaceAll(page, "/", "-"), theme)), image, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func media(theme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
		return err
	})
}
