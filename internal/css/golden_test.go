package css

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/markup"
)

func document(t testing.TB, text string, xml bool) *markup.Document {
	t.Helper()
	parse := markup.HTML
	if xml {
		parse = markup.XML
	}
	d, err := parse(t.Context(), []byte(text), markup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// elementsOf lists the elements of a document in document order.
func elementsOf(d *markup.Document) (all []*html.Node) {
	for n := markup.Next(d.Root, d.Root); n != nil; n = markup.Next(n, d.Root) {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func find(t testing.TB, d *markup.Document, src string, scope *html.Node) (found []*html.Node) {
	t.Helper()
	s, err := Parse(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	if err := s.Find(t.Context(), d, scope, nil, func(n *html.Node) bool {
		found = append(found, n)
		return true
	}); err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return found
}

// differs lists selectors whose result differs from Chromium's, with the reason. Null in the golden
// values is a selector that Chromium rejects.
var differs = map[string]string{
	`[xlink\:href]`:   "the whole name finds an attribute with a prefix",
	"[class=1]":       "values need no quotation marks",
	"a|li":            "a prefix needs no declaration",
	"[a|href]":        "a prefix needs no declaration",
	":is()":           "finds nothing in a browser: here it is a mistake",
	`[class="X" s]`:   "the flag s is unknown to Chromium",
	`[type="text" s]`: "the flag s is unknown to Chromium",
	"[type=a s]":      "the flag s is unknown to Chromium",
	":lang(de-CH)":    "Chromium has no extended filtering",
	`:lang("*-CH")`:   "Chromium takes no texts",
	`:lang("de-CH")`:  "Chromium takes no texts",
	`:lang("")`:       "Chromium takes no texts",
	":lang(fr, de)":   "Chromium takes one language",
	"li::before":      "finds nothing in a browser: here it is a mistake",
	"li:before":       "finds nothing in a browser: here it is a mistake",
	"[class=\"x]":     "a browser closes what is open at the end: here it is a mistake",
	"li[class=\"x]":   "a browser closes what is open at the end: here it is a mistake",
	"li[class=x":      "a browser closes what is open at the end: here it is a mistake",
	":is(":            "a browser closes what is open at the end: here it is a mistake",
}

// Every selector finds the same elements as Chromium (testdata/golden/generate.py).
func TestGolden(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/golden/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var docs map[string]struct {
		Type, Text string
		Elements   []string
		Found      map[string][]int
	}
	if err := json.Unmarshal(text, &docs); err != nil {
		t.Fatal(err)
	}
	for name, doc := range docs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := document(t, doc.Text, doc.Type != "text/html")
			all := elementsOf(d)
			if len(all) != len(doc.Elements) || len(doc.Found) < 350 {
				t.Fatalf("%d elements, want %d; %d selectors", len(all), len(doc.Elements), len(doc.Found))
			}
			for src, want := range doc.Found {
				if differs[src] != "" {
					continue
				}
				s, err := Parse(src)
				if err != nil || want == nil {
					if (err != nil) != (want == nil) {
						t.Errorf("%s: %v, want %v", src, err, want)
					}
					continue
				}
				got := []int{}
				if err := s.Find(t.Context(), d, d.Root, nil, func(n *html.Node) bool {
					got = append(got, slices.Index(all, n))
					return true
				}); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s: got %v, %v, want %v", src, got, err, want)
				}
			}
		})
	}
}
