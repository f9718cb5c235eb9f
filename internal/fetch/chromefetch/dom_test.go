//go:build unix

package chromefetch

import (
	"net/http"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/css"
	"github.com/seinehq/seine/internal/markup"
)

// scripted builds trees by script that no HTML gives, below names and scripts that hinder readers.
const scripted = `<!DOCTYPE html><title>t</title><h1>Shop</h1><div id=root></div>
<form id=f><input name=firstChild><input name=nextSibling><input name=attributes><input name=shadowRoot><input name=nodeType><p class=inform>in form</p></form>
<img name=documentElement><form name=querySelectorAll></form><img name=childNodes><img name=doctype>
<my-card id=card><p>light</p></my-card><plain-host id=plain></plain-host><template id=t><p class=hidden>x</p></template>
<input id=box type=checkbox><input id=unbox type=checkbox checked><select id=sel><option>1</option><option>2</option></select><input id=ph placeholder=x>
<svg><a id=link xlink:href="/l"></a></svg><script>
const e = (t, c, ...k) => { const n = document.createElement(t); n.className = c; n.append(...k); return n; };
root.append(e("p", "desc", e("div", "inner", "the description")), e("a", "card", e("span", "t", "title"), e("a", "more", "more")),
  e("table", "t", e("tr", "r1", e("td", "c", "cell"))), e("div", "rows", e("tr", "r2", e("td", "c", "loose cell"))), e("button", "b1", e("button", "b2", "buy")),
  e("ul", "u", e("ul", "u2", "x")), e("select", "s", e("div", "ins", "y")), e("p", "", e("h2", "inp", "z")), e("option", "", e("b", "bopt", "b")),
  e("form", "f1", e("form", "f2", "g")), e("title", "", e("i", "ti", "i")), e("head", "hd", "h"), e("body", "bd", "b"));
const nul = document.createElement("div"); nul.setAttribute("data-n", "a\u0000b\r\nc"); nul.className = "nul"; nul.append("r\rs", "", "t\u0001"); root.append(nul);
root.append(document.createElementNS("u:x", "x:Item"), document.createComment("c --> d"));
let deep = root; for (let i = 0; i < 700; i++) { const d = document.createElement("div"); deep.append(d); deep = d; } deep.append(e("em", "deep", "deep"));
card.attachShadow({ mode: "open" }).innerHTML = "<h2>shown</h2><slot>none</slot>";
plain.attachShadow({ mode: "open" }).append("only text");
box.checked = true; unbox.checked = false; sel.selectedIndex = 1; ph.value = "typed";
box.setCustomValidity(""); customElements.define("my-card", class extends HTMLElement {});
Array.prototype.push = () => 0; JSON.stringify = () => "[]"; Object.defineProperty(Node.prototype, "firstChild", { get: () => null });
Element.prototype.matches = () => false; Set.prototype.has = () => true;
</script>`

// Each wait holds in the browser. So the same selector finds the element in the tree
// that the page brings.
var scriptedSelectors = []string{
	"p.desc > div.inner", "a.card a.more", "table.t > tr.r1 > td", "div.rows tr.r2 td", "button.b1 button.b2", "ul.u > ul.u2", "select.s > div.ins", "p > h2.inp",
	"option > b.bopt", "form.f1 > form.f2", "title > i.ti", "div > head.hd", "div > body.bd", "form > p.inform", "div.nul[data-n]", "*|Item", "em.deep",
	"div div div div > em.deep:only-child", "my-card > p:last-child", "my-card > p:only-child", "my-card:not(:has(h2))", "plain-host:empty", "my-card > h2", "my-card h2:first-of-type", "#box:checked",
	"#unbox:not(:checked)", "option:checked:last-child", "input:not(:placeholder-shown)#ph", "my-card:defined", "plain-host:not(:defined)", `a[*|href="/l"]`, "h1:has(+ #root)",
	"#root > *:nth-child(2 of p)", "html > body > h1", ":root > body", "#t:empty",
}

func TestWhatAWaitSeesIsInTheTree(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/": html(scripted)})
	f := fetcher(t, shared, Job{})
	var waits []seine.Wait
	for _, css := range scriptedSelectors {
		waits = append(waits, seine.Wait{CSS: css})
	}
	p := get(t, f, s.URL, waits...)
	d, err := markup.DOM(t.Context(), p.DOM, markup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range p.Waits {
		if !w.OK {
			t.Fatalf("the wait for %s does not hold", w.Wait)
		}
		if finds(t, d, scriptedSelectors[i]) == 0 {
			t.Errorf("%s holds in the browser, and finds nothing in the tree", scriptedSelectors[i])
		}
	}
	for _, none := range []string{"p.hidden", "#unbox:checked", "#nosuch"} {
		if n := finds(t, d, none); n != 0 {
			t.Errorf("%s finds %d elements", none, n)
		}
	}
	if len(p.Body) == 0 || !strings.Contains(string(p.Body), "the description") {
		t.Error("the page has no HTML")
	}
	for n := markup.Next(d.Root, d.Root); n != nil; n = markup.Next(n, d.Root) {
		for _, a := range n.Attr {
			if a.Key == "class" && a.Val == "nul" && (n.FirstChild == nil || n.FirstChild.Data != "r\rst\x01" || n.FirstChild.NextSibling != nil) {
				t.Errorf("the texts of %s are not one as they are: %q", n.Data, n.FirstChild.Data)
			}
		}
		if n.Type == nethtml.TextNode && n.Data == "" {
			t.Error("an empty text is in the tree")
		}
	}
}

func finds(t *testing.T, d *markup.Document, selector string) (count int) {
	t.Helper()
	s, err := css.Parse(selector)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Find(t.Context(), d, d.Root, nil, func(*nethtml.Node) bool { count++; return true }); err != nil {
		t.Fatal(err)
	}
	return count
}

// XHTML keeps its case, and quirks mode is reported.
func TestTreesOfOtherDocuments(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{
		"/x": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/xhtml+xml")
			_, _ = w.Write([]byte(`<html xmlns="http://www.w3.org/1999/xhtml"><body><Big id="a"/><svg xmlns="http://www.w3.org/2000/svg"><linearGradient/></svg><![CDATA[x<]]></body></html>`))
		},
		"/q": html("<p class=Big>x"),
	})
	f := fetcher(t, shared, Job{})
	for _, tt := range []struct {
		path, finds, none string
		xml, quirks       bool
	}{
		{"/x", "body > Big", "big", true, false},
		{"/q", "p.big", "p.bug", false, true},
	} {
		d, err := markup.DOM(t.Context(), get(t, f, s.URL+tt.path).DOM, markup.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d.XML != tt.xml || d.Quirks != tt.quirks || finds(t, d, tt.finds) != 1 || finds(t, d, tt.none) != 0 {
			t.Errorf("%s: XML %v, quirks %v, %d, %d", tt.path, d.XML, d.Quirks, finds(t, d, tt.finds), finds(t, d, tt.none))
		}
	}
}
