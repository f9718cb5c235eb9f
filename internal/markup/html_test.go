package markup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/markup"
)

// parse parses HTML that no bound refuses.
func parse(t *testing.T, text string, o markup.Options) *markup.Document {
	t.Helper()
	d, err := markup.HTML(t.Context(), []byte(text), o)
	if err != nil {
		t.Fatalf("HTML(%.60q): %v", text, err)
	}
	checkLinks(t, d.Root)
	return d
}

// shape writes the nesting of nodes: each with its change of depth, and runs counted.
func shape(root *html.Node) string {
	type run struct {
		step  string
		count int
	}
	var runs []run
	depth, last := -1, 0
	for n := root; ; {
		if n != root && n.Type != html.DoctypeNode {
			name := n.Data
			switch n.Type {
			case html.TextNode:
				name = "#" + n.Data
			case html.CommentNode:
				name = "!"
			}
			step := fmt.Sprintf("%s %d", name, depth-last)
			last = depth
			if i := len(runs) - 1; i >= 0 && runs[i].step == step {
				runs[i].count++
			} else {
				runs = append(runs, run{step, 1})
			}
		}
		if n.FirstChild != nil {
			n = n.FirstChild
			depth++
			continue
		}
		for n != root && n.NextSibling == nil {
			n = n.Parent
			depth--
		}
		if n == root {
			break
		}
		n = n.NextSibling
	}
	lines := make([]string, len(runs))
	for i, r := range runs {
		lines[i] = fmt.Sprintf("%s*%d", r.step, r.count)
	}
	return strings.Join(lines, "\n")
}

// The nesting of documents with more than 512 open elements is Chromium's
// (testdata/depth/generate.py).
func TestDepthIsThatOfChromium(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/depth/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct{ HTML, Shape string }
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 20 {
		t.Fatalf("%d cases", len(cases))
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := shape(parse(t, c.HTML, markup.Options{}).Root); got != c.Shape {
				t.Errorf("got\n%s\nwant\n%s", got, c.Shape)
			}
		})
	}
}

// Unclosed elements in any number cost at most linear time, so none of these inputs reaches the
// bound on steps.
func TestManyOpenElements(t *testing.T) {
	t.Parallel()
	const n = 30_000
	for _, open := range []string{
		"<div>", "<span>", "<x>", "<b>", "<p><div>", "<ul><li>", "<div><li>", "<dl><dd>", "<table><tr><td>", "<svg>", "<button><div>",
		"<div>x", "<p><b></p><div>x", "<section></p>", "<div></span>", "<div><table></table>", "<select><div>", "<a><div>", "<i><p>",
		"<template>", "<math><mi>", "<h1>", "<form><div>", "<ruby><rt>", "<noscript>", "<object>",
	} {
		text := strings.Repeat(open, n)
		if _, err := markup.HTML(t.Context(), []byte(text), markup.Options{}); err != nil {
			t.Errorf("%d × %s: %v", n, open, err)
		}
		// With a formatting element below all of them.
		if _, err := markup.HTML(t.Context(), []byte("<p><font></p>"+text), markup.Options{}); err != nil {
			t.Errorf("<font>, %d × %s: %v", n, open, err)
		}
	}
}

func TestBounds(t *testing.T) {
	// This test is not parallel, because it measures memory.
	var attack strings.Builder
	attack.WriteString("<p>")
	for i := range 400 {
		fmt.Fprintf(&attack, "<b a=%d>", i)
	}
	attack.WriteString("</p>" + strings.Repeat("<p>x", 40_000))
	for _, c := range []struct {
		name, text, want string
		o                markup.Options
	}{
		{"reopened elements", attack.String(), "page opens formatting elements such as <b> that it does not close more than 500,000 times again", markup.Options{}},
		{"nodes", strings.Repeat("<p>", 2_000_001), "page has more than 2,000,000 nodes", markup.Options{}},
		{"few nodes", "<p>a<p>b", "page has more than 6 nodes", markup.Options{MaxNodes: 6}},
		{"attributes", strings.Repeat("<a b c d e f g h i j k l m n o p q r s t u v w x y z>", 10), "page has more than 100 nodes and attributes", markup.Options{MaxNodes: 100}},
		{"attributes of body", strings.Repeat("<body b c d e f g h i j k l m n o p q r s t u v w x y z>", 20), "page has more than 100 nodes and attributes", markup.Options{MaxNodes: 100}},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, err := markup.HTML(t.Context(), []byte(c.text), c.o)
		runtime.ReadMemStats(&after)
		if e, ok := errors.AsType[*markup.Error](err); !ok || e.Message != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; c.name == "reopened elements" && used > 100<<20 {
			t.Errorf("%s: %d MiB allocated", c.name, used>>20)
		}
	}
	if d := parse(t, "<p>a<p>b", markup.Options{MaxNodes: 7}); dump(d.Root) == "" {
		t.Error("7 nodes are not read")
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	cause := errors.New("the time is up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := markup.HTML(ctx, []byte("<p>x"), markup.Options{}); !errors.Is(err, cause) {
		t.Errorf("got %v, want %v", err, cause)
	}
}

func TestNoscript(t *testing.T) {
	t.Parallel()
	const text = `<head><noscript><link href=a></noscript></head><body><noscript><p>b</p></noscript>`
	for _, c := range []struct {
		scripting bool
		want      string
	}{
		{false, "html 0*1\nhead 1*1\nnoscript 1*1\nlink 1*1\nbody -2*1\nnoscript 1*1\np 1*1\n#b 1*1"},
		{true, "html 0*1\nhead 1*1\nnoscript 1*1\n#<link href=a> 1*1\nbody -2*1\nnoscript 1*1\n#<p>b</p> 1*1"},
	} {
		if got := shape(parse(t, text, markup.Options{Scripting: c.scripting}).Root); got != c.want {
			t.Errorf("scripting %v: got\n%s\nwant\n%s", c.scripting, got, c.want)
		}
	}
}

// A newline is left out only if it follows the tag directly.
func TestNewlineAtTheBeginOfPre(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"<pre>\nx": "x", "<pre>\n\nx": "\nx", "<pre></b>\nx": "\nx", "<textarea>\r\nx": "x", "<listing>\nx": "x", "<p>\nx": "\nx",
	} {
		if got := dump(parse(t, text, markup.Options{}).Root); !strings.Contains(got, "\""+want+"\"") {
			t.Errorf("%q: got\n%s", text, got)
		}
	}
}

// A template in SVG used to end the document in the parser that ours is made of.
func TestTemplateInForeignContent(t *testing.T) {
	t.Parallel()
	const text = `<svg><foreignObject><div><template><p>a</template></div></foreignObject></svg><p>after`
	if got := dump(parse(t, text, markup.Options{}).Root); !strings.Contains(got, `"after"`) {
		t.Errorf("text after the template is lost:\n%s", got)
	}
}

func TestQuirks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"<p>": true, "<!DOCTYPE html><p>": false, "<!doctype html PUBLIC '-//W3C//DTD HTML 3.2//EN'>": true} {
		if got := parse(t, text, markup.Options{}).Quirks; got != want {
			t.Errorf("%s: quirks %v, want %v", text, got, want)
		}
	}
}

// Any bytes give a tree that is linked right, or one of the errors.
func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"<p>x", "<table><b><tr><td></b>x", "<svg><template><desc><t><svg></template>", "<math><template><mo><template>",
		"<template><svg><foo><template><foreignObject><div></template><div>", "<select><option><table></select>", "<frameset><frame>",
	} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, scripting bool) {
		d, err := markup.HTML(t.Context(), text, markup.Options{Scripting: scripting, MaxNodes: 10_000})
		if err != nil {
			if e, ok := errors.AsType[*markup.Error](err); !ok || strings.Contains(e.Message, "too long") {
				t.Fatalf("%v", err)
			}
			return
		}
		checkLinks(t, d.Root)
	})
}
