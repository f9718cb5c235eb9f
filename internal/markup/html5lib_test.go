package markup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine/internal/markup"
)

// unsupported lists inputs of the suite whose result needs insertion steps of elements, which a
// parser does not run.
var unsupported = []string{"<selectedcontent>"}

// The tests of tree construction that browsers share, but for fragments.
func TestTreeConstruction(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/html5lib/*.dat")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	ran := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range strings.Split("\n"+string(text), "\n#data\n")[1:] {
			input, rest, ok := strings.Cut("\n"+c, "\n#errors\n")
			input = strings.TrimPrefix(input, "\n")
			if !ok || strings.Contains(rest, "#document-fragment\n") || slices.ContainsFunc(unsupported, func(s string) bool { return strings.Contains(input, s) }) {
				continue
			}
			flags, want, _ := strings.Cut("\n"+rest, "\n#document\n")
			d, err := markup.HTML(t.Context(), []byte(input), markup.Options{Scripting: !strings.Contains(flags, "#script-off")})
			if err != nil {
				t.Errorf("%s, test %d, %q: %v", file, i, input, err)
				continue
			}
			if got, want := dump(d.Root), strings.TrimRight(want, "\n")+"\n"; got != want {
				t.Errorf("%s, test %d, %q: got\n%s\nwant\n%s", file, i, input, got, want)
			}
			checkLinks(t, d.Root)
			ran++
		}
	}
	if ran < 1400 {
		t.Errorf("ran %d tests, want at least 1400", ran)
	}
}

// dump writes a tree in the format of the suite.
func dump(root *html.Node) string {
	var b strings.Builder
	depth := 0
	for n := root.FirstChild; n != nil; {
		line := "| " + strings.Repeat("  ", depth)
		down := 1
		switch n.Type {
		case html.ElementNode:
			b.WriteString(line + "<" + strings.TrimPrefix(n.Namespace+" "+n.Data, " ") + ">\n")
			attr := slices.Clone(n.Attr)
			slices.SortFunc(attr, func(a, b html.Attribute) int { return strings.Compare(a.Key, b.Key) })
			for _, a := range attr {
				fmt.Fprintf(&b, "%s  %s=\"%s\"\n", line, strings.TrimPrefix(a.Namespace+" "+a.Key, " "), a.Val)
			}
			if n.Namespace == "" && n.DataAtom == atom.Template {
				b.WriteString(line + "  content\n")
				down = 2
			}
		case html.TextNode:
			b.WriteString(line + "\"" + n.Data + "\"\n")
		case html.CommentNode:
			b.WriteString(line + "<!-- " + n.Data + " -->\n")
		case html.RawNode:
			b.WriteString(line + "<?" + n.Data + " " + n.Attr[0].Val + ">\n")
		case html.DoctypeNode:
			b.WriteString(line + "<!DOCTYPE " + n.Data)
			if len(n.Attr) > 0 {
				ids := map[string]string{}
				for _, a := range n.Attr {
					ids[a.Key] = a.Val
				}
				if ids["public"]+ids["system"] != "" {
					fmt.Fprintf(&b, " \"%s\" \"%s\"", ids["public"], ids["system"])
				}
			}
			b.WriteString(">\n")
		}
		if n.FirstChild != nil {
			n = n.FirstChild
			depth += down
			continue
		}
		for n.NextSibling == nil && n.Parent != root {
			n = n.Parent
			depth--
			if n.Namespace == "" && n.DataAtom == atom.Template {
				depth--
			}
		}
		n = n.NextSibling
	}
	return b.String()
}

// checkLinks checks that the links of all nodes agree.
func checkLinks(t *testing.T, root *html.Node) {
	t.Helper()
	for n := root; n != nil; {
		if n.FirstChild != nil && (n.FirstChild.Parent != n || n.FirstChild.PrevSibling != nil || n.LastChild == nil) {
			t.Fatalf("first child of %q has wrong links", n.Data)
		}
		if s := n.NextSibling; s != nil && (s.PrevSibling != n || s.Parent != n.Parent) {
			t.Fatalf("sibling of %q has wrong links", n.Data)
		}
		if n.FirstChild != nil {
			n = n.FirstChild
			continue
		}
		for n != root && n.NextSibling == nil {
			n = n.Parent
		}
		if n == root {
			return
		}
		n = n.NextSibling
	}
}
