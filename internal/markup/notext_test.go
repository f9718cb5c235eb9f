package markup_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine/internal/markup"
)

// withoutText removes the text that NoText leaves out from a tree.
func withoutText(root *html.Node, scripting bool) {
	for n := root; n != nil; {
		next := n.FirstChild
		for m := n; next == nil && m != root; m = m.Parent {
			next = m.NextSibling
		}
		if n.Type == html.TextNode && n.Parent.Namespace == "" {
			switch n.Parent.DataAtom {
			case atom.Title, atom.Textarea, atom.Style, atom.Script, atom.Xmp, atom.Iframe, atom.Noembed, atom.Noframes:
			case atom.Noscript:
				if !scripting {
					n.Parent.RemoveChild(n)
				}
			default:
				n.Parent.RemoveChild(n)
			}
		}
		n = next
	}
}

func sameWithoutText(t *testing.T, doc string, scripting bool) {
	t.Helper()
	full, err := markup.HTML(t.Context(), []byte(doc), markup.Options{Scripting: scripting})
	if err != nil {
		t.Fatalf("%q: %v", doc, err)
	}
	got, err := markup.HTML(t.Context(), []byte(doc), markup.Options{Scripting: scripting, NoText: true})
	if err != nil {
		t.Fatalf("%q without text: %v", doc, err)
	}
	checkLinks(t, got.Root)
	withoutText(full.Root, scripting)
	if want, got := dump(full.Root), dump(got.Root); got != want {
		t.Fatalf("%q (scripting %v): got\n%s\nwant\n%s", doc, scripting, got, want)
	}
}

// tags are what the random documents are made of: elements that tree construction moves, repeats,
// closes or ignores, and text that decides about them.
var tags = strings.Fields(`<a> </a> <a> <b> </b> <i> </i> <nobr> <p> </p> <div> </div> <ul> <li> </li> <h1> </h2> <table> </table> <tr> <td> </td> <caption> <tbody>
	<col> <select> </select> <option> <button> </button> <form> </form> <frameset> <frame> </frameset> <noframes> </noframes> <template> </template> <svg> </svg> <title> </title>
	<foreignObject> </foreignObject> <desc> <math> </math> <mi> <annotation-xml> <noscript> </noscript> <script> </script> <style> </style> <textarea> </textarea> <xmp> </xmp>
	<iframe> </iframe> <plaintext> <pre> <br> </br> <html> <head> </head> <body> </body> </html> <base> <meta> <image> <input> <applet> </applet> <ruby> <rt> <!--c--> x y&amp; &#32; &#0;`)

// The tree without text is the tree with text, less its text.
func TestNoText(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/html5lib/*.dat")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for c := range strings.SplitSeq(string(text), "\n#data\n") {
			input, _, _ := strings.Cut(c, "\n#errors\n")
			sameWithoutText(t, input, false)
			sameWithoutText(t, input, true)
		}
	}
	const seed = 1
	random := rand.New(rand.NewPCG(seed, 3))
	for range 20_000 {
		var b strings.Builder
		for range 1 + random.IntN(30) {
			b.WriteString(tags[random.IntN(len(tags))])
			if random.IntN(3) == 0 {
				b.WriteString([]string{" ", "\n", "text", "\x00"}[random.IntN(4)])
			}
		}
		sameWithoutText(t, b.String(), random.IntN(2) == 0)
	}
}
