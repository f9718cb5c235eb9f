package xpath

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/markup"
)

func index(t testing.TB, text string, xml bool) *Tree {
	t.Helper()
	parse := markup.HTML
	if xml {
		parse = markup.XML
	}
	d, err := parse(t.Context(), []byte(text), markup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return NewTree(d.Root, xml)
}

// differs lists expressions whose value differs from libxml2's, with the reason.
var differs = map[string]string{
	"string(1 div 3)":             "libxml2 writes 15 digits, the recommendation as many as are needed",
	"//v > 100":                   "libxml2 reads exponents, the recommendation has none",
	"//v[number(.)!=number(.)]":   "libxml2 reads exponents, the recommendation has none",
	"list.html //*[lang(\"en\")]": "libxml2 heeds xml:lang alone",
	"nested.xml id(\"i3\")":       "libxml2 wants a document type that declares ids",
	"nested.xml id(\"i3\")/y":     "libxml2 wants a document type that declares ids",
	"nested.xml id(\"i1 i4\")":    "libxml2 wants a document type that declares ids",
	"nested.xml id(//x/@id)":      "libxml2 wants a document type that declares ids",
}

// Every expression gives what libxml2 gives (testdata/golden/generate.py).
func TestGolden(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/golden/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var docs map[string]struct {
		Text   string
		Values map[string]any
	}
	if err := json.Unmarshal(text, &docs); err != nil {
		t.Fatal(err)
	}
	for name, doc := range docs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := index(t, doc.Text, strings.HasSuffix(name, ".xml"))
			if len(doc.Values) < 700 {
				t.Errorf("only %d expressions", len(doc.Values))
			}
			root := 0
			for !tree.isElement(root) {
				root++
			}
			for src, want := range doc.Values {
				e, err := Compile(src)
				if err != nil {
					t.Errorf("%s: %v", src, err)
					continue
				}
				v, err := tree.eval(t.Context(), e, node(root), node(0), nil)
				if err != nil {
					t.Errorf("%s: %v", src, err)
					continue
				}
				if differs[src]+differs[name+" "+src] != "" {
					continue
				}
				if diff := cmp.Diff(described(tree, v), want); diff != "" {
					t.Errorf("%s (-got +want):\n%s", src, diff)
				}
			}
		})
	}
}

// described writes a value as generate.py does.
func described(tree *Tree, v Value) any {
	switch v.Kind {
	case String:
		return v.String
	case Boolean:
		return v.Bool
	case Number:
		if v.Number == 0 && math.Signbit(v.Number) {
			return "-0"
		}
		if math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
			return FormatNumber(v.Number)
		}
		return v.Number
	}
	numbers := map[*html.Node]int{}
	for _, e := range tree.nodes {
		if e.n.Type == html.ElementNode {
			numbers[e.n] = len(numbers)
		}
	}
	list := []any{}
	for _, n := range v.Nodes {
		switch {
		case n.Inner:
			list = append(list, fmt.Sprintf("%d@%s=%s", numbers[n.N], n.Name, n.Value))
		case n.N.Type == html.ElementNode:
			list = append(list, fmt.Sprintf("%d %s", numbers[n.N], n.N.Data))
		case n.N.Type == html.TextNode:
			list = append(list, "text "+n.N.Data)
		case n.N.Type == html.CommentNode:
			list = append(list, "comment "+n.N.Data)
		case n.N.Type == html.RawNode:
			list = append(list, "instruction "+n.N.Data)
		}
	}
	return list
}
