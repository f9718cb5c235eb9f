package markup_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/markup"
)

func TestDOM(t *testing.T) {
	t.Parallel()
	const list = `[1,2,8,"html","","about:x",7,"c",1,"html",1,"lang","en",1,"body",0,1,"p",1,"class","a\"b",1,"div",0,"te\u00e9xt\ud800",0,0,` +
		`1,"x-y",0,6,128,0,2,"svg",1,"viewBox","0",5,"xlink:href","/l",0,3,"math",0,0,4,"u:x","x:y",0,9,"pi","d",0,10,1,"b",0,10,"s",0,0,0]`
	d, err := markup.DOM(t.Context(), []byte(list), markup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkLinks(t, d.Root)
	want := `| <!DOCTYPE html "" "about:x">
| <!-- c -->
| <html>
|   lang="en"
|   <body>
|     <p>
|       class="a"b"
|       <div>
|         "teéxt` + "\ufffd" + `"
|     <x-y>
|     <svg svg>
|       xlink href="/l"
|       viewBox="0"
|     <math math>
|     <u:x x:y>
|       <?pi d>
|     <b>
|       "s"
`
	if got := dump(d.Root); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !d.Quirks || d.XML || !d.Scripting || len(d.States) != 1 || len(d.Shadow) != 2 {
		t.Errorf("%+v", d)
	}
	for n, s := range d.States {
		if n.Data != "x-y" || s != markup.Defined {
			t.Errorf("state %d of %s", s, n.Data)
		}
	}
	for n := range d.Shadow {
		if n.Data != "b" && n.Data != "s" {
			t.Errorf("%s is in a shadow root", n.Data)
		}
	}
	if d, err := markup.DOM(t.Context(), []byte(`[1,1,1,"p",0,0,1,"nosuch",0,0]`), markup.Options{}); err != nil || !d.XML || d.Root.LastChild.Namespace == "" || d.Root.FirstChild.Namespace != "" {
		t.Errorf("XHTML: %v", err)
	}
}

// A list that was cut off or changed is an error, at every byte.
// A state may be a larger number than a short list has bytes.
func TestDOMOfAShortPageWithAnInput(t *testing.T) {
	t.Parallel()
	d, err := markup.DOM(t.Context(), []byte(`[1,2,1,"input",0,6,511,0]`), markup.Options{})
	if err != nil || d.States[d.Root.FirstChild] != 511 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestDOMThatIsNotWhole(t *testing.T) {
	t.Parallel()
	const list = `[1,0,1,"p",1,"a","b\u0041",5,"x:y","z",6,1,"t",7,"c",0]`
	for i := range len(list) {
		if _, err := markup.DOM(t.Context(), []byte(list[:i]), markup.Options{}); err == nil || !strings.Contains(err.Error(), "is not complete: byte") {
			t.Errorf("%s: %v", list[:i], err)
		}
	}
	for _, bad := range []string{`[2,0]`, `[1,0,0]`, `[1,0,11]`, `[1,0,"a",5,"b","c"]`, `[1,0,6,1]`, `[1,0,1,"p",99999999,0]`, `[1,0,1,"p",0]`, `{}`, `[1,0,-1]`} {
		if _, err := markup.DOM(t.Context(), []byte(bad), markup.Options{}); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
	if _, err := markup.DOM(t.Context(), []byte(`[1,0`+strings.Repeat(`,1,"p",0,0`, 20)+`]`), markup.Options{MaxNodes: 19}); err == nil || err.Error() != "page has more than 19 nodes" {
		t.Errorf("too many nodes: %v", err)
	}
}

func FuzzDOM(f *testing.F) {
	f.Add([]byte(`[1,0,1,"p",1,"a","b\u0041",5,"x:y","z",6,1,10,"t",7,"c",0,8,"h","",""]`))
	f.Fuzz(func(t *testing.T, list []byte) {
		d, err := markup.DOM(t.Context(), list, markup.Options{MaxNodes: 10_000})
		if err != nil {
			if _, ok := errors.AsType[*markup.Error](err); !ok {
				t.Fatal(err)
			}
			return
		}
		for n := d.Root; n != nil; n = markup.Next(n, d.Root) {
			if n.Type == html.ErrorNode {
				t.Fatal("a node without a type")
			}
		}
	})
}
