package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

// compile returns a scraper of rules that must be right.
func compile(t testing.TB, rules Rules) *Scraper {
	t.Helper()
	s, problems := Compile(rules)
	if problems != nil {
		t.Fatal(problems)
	}
	return s
}

func page(body string) *seine.Page {
	return &seine.Page{URL: "https://a.example/x", Status: 200, Type: "text/html", Body: []byte(body)}
}

func TestTheRecordIsOneWithTheTasksKey(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{Kind: "card", Fields: []Field{{Name: "a", CSS: "p"}, {Name: "b", CSS: "p", Drop: true}}})
	got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page("<p>x"))
	want := seine.Result{
		Verdict: seine.Verdict{State: seine.Done},
		Records: []seine.Record{{Key: "k", Kind: "card", Fields: map[string]any{"a": "x"}}},
	}
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("%v; result (-got +want):\n%s", err, diff)
	}
}

func TestExpressionsSeeTheTask(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{Verdict: []VerdictRule{{
		State: seine.Skipped,
		When:  `id == "7" && key == "k" && url == "https://a.example/x" && status == 200 && meta.set == "base" && meta.none == nil`,
	}}})
	task := seine.Task{ID: "7", Key: "k", Meta: map[string]any{"set": "base"}}
	got, err := s.Scrape(t.Context(), task, page(""))
	if err != nil || got.Verdict.State != seine.Skipped {
		t.Errorf("verdict %+v, %v; want skipped", got.Verdict, err)
	}
	if got, err := s.Scrape(t.Context(), seine.Task{Key: "7"}, page("")); err != nil || got.Verdict.State != seine.Done {
		t.Errorf("without meta: verdict %+v, %v; want done", got.Verdict, err)
	}
}

func TestExplainTellsHowItCameAbout(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{
		Fields: []Field{{Name: "a", First: []Field{{CSS: "b"}, {CSS: "p"}}}, {Name: "c", CSS: "i", Drop: true}},
		Verdict: []VerdictRule{
			{State: seine.Skipped, When: "a == nil"},
			{State: seine.Done, When: "status == 503", Why: "wanted"},
			{State: seine.Skipped, When: "true"},
		},
		Assets: []AssetRule{{Name: "f", URL: "a"}, {Name: "g", URL: "c", Optional: true}},
	})
	p := page("<p>x")
	p.Status = 503
	_, got, err := s.Explain(t.Context(), seine.Task{Key: "k"}, p)
	want := &Trace{
		Fields: []FieldTrace{{Name: "a", Value: "x", From: "first[1]: css p", Kept: true}, {Name: "c", Why: "nothing matches css i"}},
		Rules: []RuleTrace{
			{State: "skipped", Rule: "a == nil", Note: "not considered at HTTP 503, because it does not mention status"},
			{State: "done", Rule: "status == 503", Held: true},
		},
		Links: []LinkTrace{},
		Assets: []AssetTrace{
			{Name: "f", From: "a", URL: "https://a.example/x", Path: "k_f.{ext}"},
			{Name: "g", From: "c", Note: "asset g needs c: missing"},
		},
	}
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("%v; trace (-got +want):\n%s", err, diff)
	}
}

func TestAPageOverABoundIsAnErrorNeverCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"more than two million nodes", strings.Repeat("<p>", 2_000_001), "parse page: page has more than 2,000,000 nodes"},
		{"a list of more than 10,000", strings.Repeat("<p>x</p>", maxItems+1), "field ps: more than 10000 values"},
		{"a value over 1 MiB", "<h1>" + strings.Repeat("x", maxField+1), "field h1: longer than 1048576 bytes"},
		{"fields of 16 MiB together", strings.Repeat("<p>"+strings.Repeat("x", maxField-1)+"</p>", 17), "16777216 bytes together"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, Rules{Fields: []Field{{Name: "h1", CSS: "h1"}, {Name: "ps", CSS: "p", All: true}}})
			got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page(tt.body))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%+v, %v; want an error with %q", got.Verdict, err, tt.want)
			}
			p := page(tt.body)
			p.Status = 404
			if got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, p); err != nil || got.Verdict.State != seine.Skipped {
				t.Errorf("with 404: %+v, %v; want skipped", got.Verdict, err)
			}
		})
	}
	t.Run("10,000 values are no problem", func(t *testing.T) {
		t.Parallel()
		s := compile(t, Rules{Fields: []Field{{Name: "ps", CSS: "p", All: true}, {Name: "xs", Regex: "x", All: true}}})
		got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page(strings.Repeat("<p>x</p>", maxItems)))
		if err != nil || len(got.Records[0].Fields["ps"].([]any)) != maxItems || len(got.Records[0].Fields["xs"].([]any)) != maxItems {
			t.Errorf("%v; want all of them", err)
		}
	})
}

// A page can be made so that a selector or an expression looks at each element
// from each other one.
func TestACanceledScrapeStops(t *testing.T) {
	t.Parallel()
	body := page(strings.Repeat("<p>x</p>", 100_000))
	for name, f := range map[string]Field{
		"css":   {Name: "a", CSS: "p:has(~ .x)"},
		"xpath": {Name: "a", XPath: "//p[count(preceding-sibling::p) > 1000000]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := compile(t, Rules{Fields: []Field{f}})
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := s.Scrape(ctx, seine.Task{Key: "k"}, body)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v; want the deadline", err)
			}
		})
	}
}

func TestAScraperServesManyAtOnce(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{
		Fields: []Field{
			{Name: "css", CSS: "b"},
			{Name: "xpath", XPath: "//b"},
			{Name: "count", XPath: "count(//b)", Type: "int"},
			{Name: "regex", Regex: `n(\d+)`},
		},
		Verdict: []VerdictRule{{State: seine.Skipped, When: "css != id"}},
	})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				id := fmt.Sprintf("n%d", i*100+j)
				got, err := s.Scrape(t.Context(), seine.Task{Key: id, ID: id}, page(strings.Repeat("<b>"+id+"</b>", j+1)))
				if err != nil || got.Verdict.State != seine.Done {
					t.Errorf("%s: %+v, %v", id, got.Verdict, err)
					return
				}
				want := map[string]any{"css": id, "xpath": id, "count": int64(j + 1), "regex": id[1:]}
				if diff := cmp.Diff(got.Records[0].Fields, want); diff != "" {
					t.Errorf("%s (-got +want):\n%s", id, diff)
				}
			}
		})
	}
	wg.Wait()
}

func TestNothingIsSelectedInATemplate(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{Fields: []Field{
		{Name: "css", CSS: "img", Attr: "alt"}, {Name: "xpath", XPath: "//img/@alt"}, {Name: "element", XPath: "//img", Attr: "alt"},
	}})
	got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page("<template><p><img alt=no></p></template><img alt=yes>"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"css": "yes", "xpath": "yes", "element": "yes"}
	if diff := cmp.Diff(got.Records[0].Fields, want); diff != "" {
		t.Errorf("fields (-got +want):\n%s", diff)
	}
}

func TestAPageWithoutATypeIsSniffed(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{EmptyOK: true, Fields: []Field{{Name: "h", CSS: "p"}, {Name: "j", JSON: "a"}}})
	for body, want := range map[string]map[string]any{
		"<p>x":                 {"h": "x", "j": nil},
		" {\"a\": 1}":          {"h": nil, "j": int64(1)},
		"\ufeff{\"a\": \"b\"}": {"h": nil, "j": "b"},
		"":                     {"h": nil, "j": nil},
	} {
		p := page(body)
		p.Type = ""
		got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, p)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got.Records[0].Fields, want); diff != "" {
			t.Errorf("%q (-got +want):\n%s", body, diff)
		}
	}
}

// storable reports whether texts are UTF-8 without NUL, which PostgreSQL refuses.
func storable(v any) bool {
	switch v := v.(type) {
	case string:
		return utf8.ValidString(v) && !strings.Contains(v, "\x00")
	case []any:
		return !slices.ContainsFunc(v, func(each any) bool { return !storable(each) })
	case map[string]any:
		for key, each := range v {
			if !storable(key) || !storable(each) {
				return false
			}
		}
	}
	return true
}

// FuzzScrape checks that each page gives a verdict or an error, that JSON and every database can
// hold the values, and that a path stays inside the store.
func FuzzScrape(f *testing.F) {
	s := compile(f, Rules{
		Fields: []Field{
			{Name: "title", First: []Field{{CSS: "h1"}, {Meta: "title"}, {CSS: "title"}}, Or: "none"},
			{Name: "text", Text: "body"},
			{Name: "price", CSS: ".price", Type: "float"},
			{Name: "n", Regex: `\d+`, Type: "int"},
			{Name: "links", CSS: "a", Attr: "href", All: true},
			{Name: "set", CSS: "img", Attr: "srcset"},
			{Name: "x", XPath: "//td[2]/following-sibling::td/text()", All: true},
			{Name: "rows", CSS: "tr", All: true, Fields: []Field{{Name: "c", CSS: "td", All: true}, {Name: "id", Attr: "id"}}},
			{Name: "j", JSON: "a"},
			{Name: "js", JSON: "b", All: true, Fields: []Field{{Name: "c", JSON: "c.0"}}},
			{Name: "ld", JSONLD: "name"},
		},
		Verdict: []VerdictRule{{State: seine.Stale, When: "len(links) > 5 && price > 3"}},
		Assets:  []AssetRule{{Name: "a", URL: "links[0]", Optional: true}},
		Key:     "x/{title}/{id}.{ext}",
	})
	for _, body := range []string{
		"", "<p>x", "<h1>../..</h1><a href=/x>y</a>", "<tr id=a><td>1<td>2<td>3", `{"a": "\u0000", "b": [{"c": [1]}]}`,
		"<script type=application/ld+json>{\"name\": \"\\ud800\"}</script>", strings.Repeat("<div>", 600), strings.Repeat("[", 20_000),
		"<svg><title>a</svg><template><h1>x</template>\xff\x00", "<base href='http://[x'><a href=y>", "<h1>{ext}</h1><a href='data:,'>",
	} {
		for _, kind := range []string{"text/html", "application/json", "text/plain", ""} {
			f.Add([]byte(body), kind, 200)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, kind string, status int) {
		task := seine.Task{Key: "7", ID: "7"}
		p := &seine.Page{URL: "https://a.example/x/y", Status: status, Type: kind, Body: body}
		got, trace, err := s.Explain(t.Context(), task, p)
		if err != nil {
			return
		}
		if got.Verdict.State == seine.Pending || (got.Verdict.State == seine.Done) != (len(got.Records) == 1) {
			t.Fatalf("verdict %+v with %d records", got.Verdict, len(got.Records))
		}
		for _, r := range got.Records {
			if _, err := json.Marshal(r.Fields); err != nil || !storable(r.Fields) {
				t.Fatalf("fields %q, %v", r.Fields, err)
			}
		}
		for _, a := range got.Assets {
			elements := strings.Split(strings.TrimSuffix(a.Path, ".{ext}"), "/")
			if len(elements) != 3 || unsafe(elements[1]) != "" || !strings.HasPrefix(a.URL, "http") && !hasScheme(a.URL, "data:") {
				t.Fatalf("asset %+v", a)
			}
		}
		if again, err := s.Scrape(t.Context(), task, p); err != nil || !cmp.Equal(again, got) {
			t.Fatalf("Scrape %+v, %v differs from Explain %+v (%+v)", again, err, got, trace)
		}
	})
}

func BenchmarkScrape(b *testing.B) {
	s := compile(b, Rules{Fields: []Field{
		{Name: "title", CSS: "h1"},
		{Name: "text", Text: "body"},
		{Name: "links", CSS: "a", Attr: "href", All: true},
	}, Verdict: []VerdictRule{{State: seine.Skipped, When: "!(lower(text) contains 'row')"}}})
	p := page("<h1>x</h1>" + strings.Repeat("<div class=row><a href=/x>row</a> and some more text</div>", 200))
	for b.Loop() {
		if _, err := s.Scrape(b.Context(), seine.Task{Key: "k"}, p); err != nil {
			b.Fatal(err)
		}
	}
}
