package extract

import (
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/seinehq/seine"
)

// memoryEnv holds the name of the pages that a child process reads.
const memoryEnv = "SEINE_TEST_PAGES"

// hostile are pages of at most 8 MiB, which is max_body by default, made to take as
// much memory as they can.
var hostile = map[string]func() *seine.Page{
	"plain": func() *seine.Page {
		return page(repeated("<div class=card><h2>Title</h2><p>Some words of text</p><a href=/x>more</a></div>\n", 8<<20))
	},
	"reopened elements": func() *seine.Page {
		var b strings.Builder
		b.WriteString("<p>")
		for i := range 400 {
			fmt.Fprintf(&b, "<b a=%d>", i)
		}
		return page(b.String() + "</p>" + strings.Repeat("<p>x", 40_000))
	},
	"paragraphs":      func() *seine.Page { return page(repeated("<p>x", 8<<20)) },
	"open paragraphs": func() *seine.Page { return page(repeated("<i><p>", 8<<20)) },
	"nested":          func() *seine.Page { return page(repeated("<div>", 8<<20)) },
	"attributes": func() *seine.Page {
		return page(repeated("<p a b c d e f g h i j k l m n o p q r s t u v w x y z>", 8<<20))
	},
	"one element":      func() *seine.Page { return page("<p " + repeated("a1 b2 c3 d4 ", 8<<20)) },
	"unquoted values":  func() *seine.Page { return page(repeated("<p a=b c=d>", 8<<20)) },
	"comments":         func() *seine.Page { return page(repeated("<!---->", 8<<20)) },
	"foreign elements": func() *seine.Page { return page("<svg>" + repeated("<a/>", 8<<20)) },
	"XML": func() *seine.Page {
		p := page("<r>" + repeated("<a/>", 8<<20-10) + "</r>")
		p.Type = "text/xml"
		return p
	},
	"JSON lists": func() *seine.Page {
		return jsonPage(`{"items":[` + repeated(`{"id":1,"a":[]},`, 8<<20-20) + `{}]}`)
	},
	"JSON members": func() *seine.Page {
		return jsonPage("{" + members() + "}")
	},
	"JSON-LD": func() *seine.Page {
		return page(`<h1>x</h1><script type="application/ld+json">{"@type":"Product",` + members() + `}</script>`)
	},
	"a table": func() *seine.Page {
		return page("<table><tr><th>a<th>b</tr>" + strings.Repeat("<tr><td colspan=1000>x", 1000) + "</table>")
	},
	"microdata": func() *seine.Page {
		return page("<div itemscope itemtype=Product>" + repeated("<p itemprop=a>x", 8<<20) + "</div>")
	},
	"a browser's tree": func() *seine.Page {
		p := page("")
		p.DOM, p.Via = []byte("[1,0"+repeated(`,1,"p",0,0`, 8<<20)+"]"), seine.ViaChrome
		return p
	},
}

// members returns 8 MB of the members of an object.
func members() string {
	var b strings.Builder
	for i := range 640_000 {
		fmt.Fprintf(&b, `"k%d":0,`, i)
	}
	return b.String() + `"z":0`
}

// quick are the pages that are read without SEINE_STRESS: all take two minutes.
var quick = map[string]bool{"plain": true, "reopened elements": true, "JSON members": true}

// repeated returns s up to a length. Without SEINE_STRESS it is at most 3 MiB, of
// which sixteen trees still do not fit.
func repeated(s string, most int) string {
	if os.Getenv("SEINE_STRESS") == "" {
		most = min(most, 3<<20)
	}
	return strings.Repeat(s, most/len(s))
}

// Sixteen pages at once, which is the default concurrency, stay within a container
// of 1 GiB, whatever they are made of.
func TestSixteenPagesInOneGiB(t *testing.T) {
	if name := os.Getenv(memoryEnv); name != "" {
		readSixteen(t, hostile[name])
		return
	}
	t.Parallel()
	for name := range hostile {
		if !quick[name] && os.Getenv("SEINE_STRESS") == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSixteenPagesInOneGiB$", "-test.v")
			cmd.Env = append(os.Environ(), memoryEnv+"="+name)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			_, peak, _ := strings.Cut(string(out), "peak ")
			kib, err := strconv.Atoi(strings.Fields(peak + " x")[0])
			if err != nil || kib > 1<<20 {
				t.Errorf("peak %s KiB, want at most 1 GiB", peak)
			}
			t.Logf("%s: %d MiB", name, kib>>10)
		})
	}
}

// readSixteen scrapes a page sixteen times at once and prints the most memory that the process had.
// The limit is the default of the command in a container of 1 GiB.
func readSixteen(t *testing.T, make func() *seine.Page) {
	debug.SetMemoryLimit(850 << 20)
	s := compile(t, Rules{Fields: []Field{
		{Name: "css", CSS: "p:nth-child(2) ~ p"}, {Name: "has", CSS: "body:has(> q)"}, {Name: "xpath", XPath: "//p[last()]"}, {Name: "text", Regex: "nosuch(x)"},
		{Name: "json", JSON: "@this"}, {Name: "ids", JSON: "items.#.id", All: true},
		{Name: "name", JSONLDType: "Product", JSONLD: "name"}, {Name: "cells", Table: "a", All: true},
		{Name: "micro", Structured: "microdata", StructuredType: "Product", Path: "a"}, {Name: "article", Structured: "article", Path: "text"},
	}})
	var wg sync.WaitGroup
	for range 16 {
		p := make()
		wg.Go(func() { _, _ = s.Scrape(t.Context(), seine.Task{Key: "k"}, p) })
	}
	wg.Wait()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	fmt.Println("peak", strings.Fields(after)[0])
}

func jsonPage(body string) *seine.Page {
	p := page(body)
	p.Type = "application/json"
	return p
}
