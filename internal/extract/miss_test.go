package extract

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

const chairPage = `<!doctype html><script type="application/ld+json">`

func TestJSONLDAsSitesWriteIt(t *testing.T) {
	t.Parallel()
	for name, html := range map[string]string{
		"a type with a parameter":   `<script type="application/ld+json; charset=utf-8">{"@type":"Product","name":"Oak chair"}</script>`,
		"an upper-case type":        `<script type=" Application/LD+JSON ">{"@type":"Product","name":"Oak chair"}</script>`,
		"a single object as @graph": chairPage + `{"@context":"x","@graph":{"@type":"Product","name":"Oak chair"}}</script>`,
		"a list in a list":          chairPage + `[[{"@type":"Product","name":"Oak chair"}]]</script>`,
		"a raw newline":             chairPage + "{\"@type\":\"Product\",\"x\":\"a\nb\",\"name\":\"Oak chair\"}</script>",
		"an HTML comment":           chairPage + "<!--\n{\"@type\":\"Product\",\"name\":\"Oak chair\"}\n--></script>",
		"CDATA":                     chairPage + "//<![CDATA[\n{\"@type\":\"Product\",\"name\":\"Oak chair\"}\n//]]></script>",
		"a semicolon":               chairPage + `{"@type":"Product","name":"Oak chair"};</script>`,
		"entities":                  chairPage + `{&quot;@type&quot;:&quot;Product&quot;,&quot;name&quot;:&quot;Oak chair&quot;}</script>`,
		"two objects":               chairPage + `{"@type":"Crumb"}{"@type":"Product","name":"Oak chair"}</script>`,
		"an IRI as type":            chairPage + `{"@type":["http://schema.org/Product"],"name":"Oak chair"}</script>`,
		"inside another thing":      chairPage + `{"@type":"Page","mainEntity":{"@type":"Product","name":"Oak chair"}}</script>`,
		"another block is broken":   chairPage + `{"a": </script>` + chairPage + `{"@type":"Product","name":"Oak chair"}</script>`,
	} {
		s := compile(t, Rules{Fields: []Field{{Name: "name", JSONLD: "name", JSONLDType: "Product"}}})
		got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page(html))
		if err != nil || got.Verdict.State != seine.Done {
			t.Errorf("%s: %+v, %v", name, got.Verdict, err)
			continue
		}
		if v := got.Records[0].Fields["name"]; v != "Oak chair" {
			t.Errorf("%s: name is %v", name, v)
		}
	}
}

func TestAPathOfJSONLDLooksIntoLists(t *testing.T) {
	t.Parallel()
	html := chairPage + `[{"@type":"Offer","price":1},{"@type":"Product","offers":[{"price":2.50},{"price":3}]}]</script>`
	s := compile(t, Rules{Fields: []Field{
		{Name: "price", JSONLDType: "Product", JSONLD: "offers.price", Type: "float"},
		{Name: "prices", JSONLDType: "Product", JSONLD: "offers.price", Type: "float", All: true},
		{Name: "second", JSONLDType: "Product", JSONLD: "offers.1.price"},
		{Name: "types", JSONLD: "@type", All: true},
	}})
	got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page(html))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"price": 2.5, "prices": []any{2.5, 3.0}, "second": int64(3), "types": []any{"Offer", "Product"}}
	if diff := cmp.Diff(got.Records[0].Fields, want); diff != "" {
		t.Errorf("fields (-got +want):\n%s", diff)
	}
}

func TestAPageWithoutAFieldEndsInError(t *testing.T) {
	t.Parallel()
	type want struct {
		state  seine.State
		reason string
		final  bool
	}
	for _, c := range []struct {
		name, typ, body string
		rules           Rules
		attempt         int
		want            want
	}{
		{"nothing matches", "", "<p>x", Rules{Fields: []Field{{Name: "h", CSS: "h1"}}}, 1, want{seine.Error, "no field found: h: nothing matches css h1", false}},
		{"nothing matches again", "", "<p>x", Rules{Fields: []Field{{Name: "h", CSS: "h1"}}}, 2, want{seine.Error, "no field found: h: nothing matches css h1", true}},
		{"empty: ok", "", "<p>x", Rules{EmptyOK: true, Fields: []Field{{Name: "h", CSS: "h1"}}}, 1, want{seine.Done, "", false}},
		{"a rule decides", "", "<p>x", Rules{Fields: []Field{{Name: "h", CSS: "h1"}}, Verdict: []VerdictRule{{State: seine.Done, When: "h == nil"}}}, 1, want{seine.Done, "", false}},
		{"a default of a readable page", "", "<p>x", Rules{Fields: []Field{{Name: "h", CSS: "h1", Or: "none"}}}, 1, want{seine.Done, "", false}},
		{"a default of an unreadable page", "application/json", `{"a": x}`, Rules{Fields: []Field{{Name: "h", JSON: "a", Or: "none"}}}, 1, want{seine.Error, `no field found: h: the body is not JSON: line 1, column 7: not JSON: "x}"`, true}},
		{"an empty list", "", "<p>x", Rules{Fields: []Field{{Name: "h", CSS: "h1", All: true}}}, 2, want{seine.Error, "no field found: h: nothing matches css h1", true}},
		{"one field is there", "", "<p>x", Rules{Fields: []Field{{Name: "h", CSS: "h1"}, {Name: "p", CSS: "p"}}}, 1, want{seine.Done, "", false}},
		{"one field is there, but not kept", "", "<p>x", Rules{Fields: []Field{{Name: "h", CSS: "h1"}, {Name: "p", CSS: "p", Drop: true}}}, 2, want{seine.Error, "no field found: h: nothing matches css h1", true}},
		{"an empty body", "application/json", "", Rules{Fields: []Field{{Name: "h", JSON: "a"}}}, 1, want{seine.Error, "no field found: h: the body is empty", true}},
		{"JSON sent as HTML", "text/html", `{"h1": 1, "a": "1 < 2"}`, Rules{Fields: []Field{{Name: "h", CSS: "h1"}}}, 1, want{seine.Error, `no field found: h: nothing matches css h1: the body holds no HTML: text/html, begins with "{\"h1\": 1, \"a\": \"1 < 2\"}"`, false}},
		{"an empty page", "text/html", "", Rules{Fields: []Field{{Name: "h", XPath: "//h1"}}}, 1, want{seine.Error, "no field found: h: nothing matches xpath //h1: the body holds no HTML: text/html, empty", false}},
		{"gzip sent as HTML", "text/html", "\x1f‹\x08 <a>", Rules{Fields: []Field{{Name: "h", CSS: "h1"}}}, 1, want{seine.Error, `no field found: h: nothing matches css h1: the body holds no HTML: text/html, begins with " ‹  <a>"`, false}},
		{"JSON-LD that is broken", "", chairPage + `{"name": </script>`, Rules{Fields: []Field{{Name: "h", JSONLD: "name"}}}, 1, want{seine.Error, "no field found: h: JSON-LD block 1 is not JSON: line 1, column 9: the text ends inside a value", true}},
		{"fail ends at once", "", "<p>x", Rules{Fields: []Field{{Name: "p", CSS: "p"}}, Verdict: []VerdictRule{{State: seine.Error, Final: true, When: "p == 'x'"}}}, 1, want{seine.Error, "p == 'x'", true}},
		{"a rule on a missing value", "", "<p>x", Rules{Fields: []Field{{Name: "p", CSS: "p"}, {Name: "n", CSS: "b", Type: "int"}}, Verdict: []VerdictRule{{State: seine.Skipped, When: "n > 1"}}}, 1, want{seine.Error, "verdict needs n: missing", true}},
	} {
		p := page(c.body)
		if c.typ != "" {
			p.Type = c.typ
		}
		got, err := compile(t, c.rules).Scrape(t.Context(), seine.Task{Key: "k", Attempt: c.attempt}, p)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if v := (want{got.Verdict.State, got.Verdict.Reason, got.Verdict.Final}); v != c.want {
			t.Errorf("%s: %+v; want %+v", c.name, v, c.want)
		}
	}
}

func TestErrorRulesDoNotReplaceWhatAStatusMeans(t *testing.T) {
	t.Parallel()
	for when, want := range map[string]seine.State{"h == nil": seine.Skipped, "h == nil and status > 0": seine.Error} {
		for _, final := range []bool{false, true} {
			s := compile(t, Rules{Fields: []Field{{Name: "h", CSS: "h1"}}, Verdict: []VerdictRule{{State: seine.Error, Final: final, When: when}}})
			p := page("<p>gone")
			p.Status = 404
			got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, p)
			if err != nil || got.Verdict.State != want {
				t.Errorf("%s: %+v, %v; want %v", when, got.Verdict, err, want)
			}
		}
	}
}

func TestAPageOverABoundIsFinal(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{Fields: []Field{{Name: "p", CSS: "p", NoTrim: true, Attr: "title"}}})
	_, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page(`<p title="`+string(make([]byte, maxField+1))+`">`))
	if !errors.Is(err, seine.ErrFinal) {
		t.Errorf("error is %v; want ErrFinal", err)
	}
}

// A list that drops some of its matches reports them, because the positions of later values change.
func TestAListTellsWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	html := `<i>1</i><i>free</i><i></i><i>4</i><b><u>x</u></b><b></b>`
	s := compile(t, Rules{Fields: []Field{
		{Name: "all", CSS: "i", Type: "int", All: true},
		{Name: "none", CSS: "s", Type: "int", All: true},
		{Name: "full", CSS: "u", All: true},
		{Name: "nested", CSS: "b", All: true, Fields: []Field{{Name: "u", CSS: "u"}}},
		{Name: "default", CSS: "i.x", Type: "int", All: true, Or: []any{int64(1)}},
	}})
	_, trace, err := s.Explain(t.Context(), seine.Task{Key: "k"}, page(html))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range trace.Fields {
		got[f.Name] = f.Why
	}
	want := map[string]string{
		"all": `left out: 2 matches without a value: "free" is no int`, "none": "nothing matches css s", "full": "",
		"nested": "left out: 1 match without a value", "default": "",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("reasons (-got +want):\n%s", diff)
	}
}

// A page that lacks a record or the URL of an asset is fetched once more, not retry.error times. A
// record without its key can't change.
func TestAPageThatLacksAValueIsFinalAtTheSecondAttempt(t *testing.T) {
	t.Parallel()
	item := Each{Source: Field{CSS: "li"}, Key: "{k}", Fields: []Field{{Name: "k", CSS: ".", Attr: "data-k"}}}
	for _, c := range []struct {
		rules  Rules
		body   string
		reason string
		once   bool
	}{
		{Rules{Kind: "r", Fields: []Field{{Name: "t", CSS: "h1"}}, Each: []Each{item}}, "<h1>x</h1>", "no record found: nothing matches css li", false},
		{Rules{Kind: "r", Each: []Each{{Source: Field{JSON: "a"}, Key: "{k}", Fields: []Field{{Name: "k", JSON: "k"}}}}}, "<h1>x</h1>", `no record found: the body is not JSON`, true},
		{Rules{Kind: "r", Each: []Each{item}}, "<li>x", "each.key needs k: missing", true},
		{Rules{Fields: []Field{{Name: "t", CSS: "h1"}, {Name: "i", CSS: "img", Attr: "src"}}, Assets: []AssetRule{{Name: "p", URL: "i"}}}, "<h1>x</h1>", "asset p needs i: missing", false},
	} {
		s := compile(t, c.rules)
		for attempt := 1; attempt <= 2; attempt++ {
			got, err := s.Scrape(t.Context(), seine.Task{Key: "k", Attempt: attempt}, page(c.body))
			v := got.Verdict
			if err != nil || !strings.HasPrefix(v.Reason, c.reason) || v.Final != (c.once || attempt == 2) {
				t.Errorf("attempt %d of %q: %+v, %v; want %q", attempt, c.body, v, err, c.reason)
			}
		}
	}
}
