package jobfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/derived"
)

const shop = `job: shop
permission: by mail
seeds: {urls: ["https://shop.example/c/shoes", {url: "https://shop.example/p/1", page: product}, "https://shop.example/c/{1..3}"]}
scope: {hosts: [shop.example], not: ["/cart/**"], depth: 6, pages: 50000, pattern: 10}
urls: {drop: [utm_*], sort: true}
robots: ignore
pages:
  category:
    match: [/c/**, "re:list"]
    record: none
    follow:
      - {css: a.product, to: product, meta: {category: title, n: 1}, limit: 5, priority: 0}
      - {header: link, rel: next}
    fields: {title: {css: h1}}
  product:
    match: /p/*
    via: [http, chrome]
    wait: [{any: [{css: h1}, {css: .gone}]}, {css: .x, unless: .y, always: true}]
    steps: [{click: "#more"}, {scroll: end, times: 3}, {fill: {css: "#q", value: a}}, {wait: {css: .z}}]
    method: POST
    body: '{"a": {meta.n}}'
    headers: {X-A: b}
    priority: 2
    recrawl: {min: 1h, max: 2d, history: true}
    fields: {name: {jsonld: name}}
`

// Every key of a site reaches the job.
func TestSite(t *testing.T) {
	t.Parallel()
	f, err := Parse("job.yaml", []byte(shop), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	j := f.Job
	if diff := cmp.Diff([]string{"https://shop.example/c/shoes", "https://shop.example/c/1", "https://shop.example/c/2", "https://shop.example/c/3"}, j.Seeds.URLs); diff != "" {
		t.Errorf("seeds (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]seine.SeedPage{{URL: "https://shop.example/p/1", Page: "product"}}, j.Seeds.Pages); diff != "" {
		t.Errorf("seeds of a kind (-want +got):\n%s", diff)
	}
	two := 2
	want := []seine.PageKind{
		{Name: "category"},
		{
			Name: "product", Via: []seine.Via{seine.ViaHTTP, seine.ViaChrome}, Method: "POST", Body: `{"a": {meta.n}}`, Priority: &two,
			Header:  map[string][]string{"X-A": {"b"}},
			Wait:    []seine.Wait{{Any: []seine.Wait{{CSS: "h1"}, {CSS: ".gone"}}}, {CSS: ".x", Unless: ".y", Always: true}},
			Steps:   []seine.Step{{Click: "#more"}, {Scroll: 3}, {Fill: "#q", Value: "a"}, {Wait: &seine.Wait{CSS: ".z"}}},
			Recrawl: seine.Recrawl{Min: 3600e9, Max: 2 * 86400e9, History: true},
		},
	}
	if diff := cmp.Diff(want, j.Pages, cmpopts.IgnoreFields(seine.PageKind{}, "Match")); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	for url, kind := range map[string]string{
		"https://shop.example/c/a/b": "category", "https://shop.example/p/1": "product", "https://shop.example/mylist": "category",
		"https://shop.example/other": "category",
	} {
		if got := j.PageKind("", url).Name; got != kind {
			t.Errorf("%s is of kind %s; want %s", url, got, kind)
		}
	}
	for url, why := range map[string]string{
		"https://shop.example/p/2": "", "https://shop.example/cart/1": "excluded by /cart/**", "https://other.example/": "out of scope",
		"https://shop.example/a/a/a/a": "trap: repeated path segment /a",
	} {
		if got := j.Scope.Leave(url, 1); got != why {
			t.Errorf("%s is left out: %q; want %q", url, got, why)
		}
	}
	if got := j.Scope.Leave("https://shop.example/p/2", 7); got != "deeper than 6" {
		t.Errorf("at depth 7: %q", got)
	}
	if j.Scope.Pages != 50000 || j.Scope.Pattern != 10 || j.Robots != seine.Ignore || j.Consent != seine.ObeyRules || !j.URLs.Sort || j.URLs.Drop[0] != "utm_*" {
		t.Errorf("scope %+v, robots %s, consent %s, urls %+v", j.Scope, j.Robots, j.Consent, j.URLs)
	}
}

// A goal above the number of IDs is possible if an ID leads to several records.
func TestGoalsOfSites(t *testing.T) {
	t.Parallel()
	const head = "job: a\nseeds: {ids: {from: 1, to: 9}, url: 'https://a.example/{id}'}\nlimit: {records: 100}\n"
	for rules, want := range map[string]bool{
		"fields: {t: {css: h1}}\n":                             true,
		"fields: {t: {css: h1}}\nfollow: all\n":                false,
		"each: {css: li, key: '{k}', fields: {k: {css: b}}}\n": false,
	} {
		if got := mistakes(t, head+rules); strings.Contains(got, "limit.records") != want {
			t.Errorf("%s: %q; want a mistake of limit.records: %v", rules, got, want)
		}
	}
}

// A job needs a browser if one of its page kinds does.
func TestRenders(t *testing.T) {
	t.Parallel()
	for rules, want := range map[string]bool{
		"fields: {t: {css: h1}}\n":                                                                    false,
		"fields: {t: {css: h1}}\nfetch: {via: chrome}\n":                                              true,
		"pages: {a: {via: http, fields: {t: {css: h1}}}}\nfetch: {via: chrome}\n":                     false,
		"pages: {a: {via: [http, chrome], fields: {t: {css: h1}}}}\n":                                 true,
		"pages: {a: {fields: {t: {css: h1}}}}\nfetch: {via: chrome}\n":                                true,
		"pages: {a: {fields: {t: {css: h1}}}, b: {match: /b, via: chrome, fields: {t: {css: h1}}}}\n": true,
	} {
		f, err := Parse("job.yaml", []byte("job: a\nseeds: {urls: ['https://a.example/']}\n"+rules), noEnv)
		if err != nil {
			t.Fatal(err)
		}
		if got := derived.Renders(&f.Job); got != want {
			t.Errorf("%s renders: %v; want %v", rules, got, want)
		}
	}
}

// A mistake in a site names its place and the remedy.
func TestMistakesOfSites(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, old, with, want string }{
		{"both forms", "robots: ignore\n", "robots: ignore\nfields: {a: {css: p}}\n", "job.yaml:7:1: fields and pages contradict each other; move fields into a page kind"},
		{"a kind that nothing leads to", "to: product, ", "", ""},
		{"an unreachable kind", "    match: /p/*\n", "    empty: ok\n", ""},
		{"an unknown kind", "to: product", "to: produkt", `job.yaml:12:30: pages.category.follow[0].to: there is no page kind "produkt": did you mean "product"?`},
		{"an unknown kind of a seed", "page: product}", "page: produkt}", `job.yaml:3:88: seeds.urls[1].page: there is no page kind "produkt": did you mean "product"?`},
		{"no permission", "permission: by mail\n", "", "job.yaml:5:9: robots: ignore needs permission: state who allowed it and when"},
		{"a scope without the seeds", "hosts: [shop.example]", "hosts: [other.example]", `job.yaml:3:16: seeds.urls[0]: "https://shop.example/c/shoes" is outside of scope (out of scope); widen scope, or leave the seed out`},
		{"a bad pattern", "match: /p/*", "match: 're:('", "pages.product.match: bad pattern"},
		{"an interval", "{min: 1h, max: 2d, history: true}", "{min: 3d, max: 2d}", "pages.product.recrawl: min 72h0m0s is longer than max 48h0m0s"},
		{"two intervals", "{min: 1h, max: 2d, history: true}", "{every: 1h, max: 2d}", "pages.product.recrawl: every is fixed, and min and max adapt; give one of them"},
		{"a step of two", `{click: "#more"}`, `{click: "#more", scroll: end}`, "pages.product.steps[0]: a step has one of click, fill, select, scroll and wait"},
		{"a step that does not exist", `{click: "#more"}`, `{klick: "#more"}`, `unknown key "klick" in pages.product.steps[0]: did you mean "click"?`},
		{"a body of a GET", "    method: POST\n", "", "pages.product.body: a GET has no body; add method: POST"},
		{"a fetcher", "[http, chrome]", "[http, firefox]", `pages.product.via is "firefox"; it may be http, chrome`},
		{"a header without rel", "{header: link, rel: next}", "{header: link}", "pages.category.follow[1]: header: link and rel go together: {header: link, rel: next}"},
		{"a parameter", "utm_*", "utm_*_x", `urls.drop[0]: "utm_*_x" is no parameter: give a name, or its beginning with * at the end`},
		{"a range", "{1..3}", "{1..200000}", "seeds.urls[2]"},
		{"nothing", "    follow:\n      - {css: a.product, to: product, meta: {category: title, n: 1}, limit: 5, priority: 0}\n      - {header: link, rel: next}\n    fields: {title: {css: h1}}\n", "", "pages.category gives nothing: give fields, each, assets or follow"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			src := strings.Replace(shop, tt.old, tt.with, 1)
			if src == shop {
				t.Fatalf("the example has no %q", tt.old)
			}
			got := mistakes(t, src)
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("mistakes\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
	alone := strings.Replace(strings.Replace(strings.Replace(shop, "    match: /p/*\n", "", 1), "to: product, ", "", 1), `, {url: "https://shop.example/p/1", page: product}`, "", 1)
	if got := mistakes(t, alone); !strings.Contains(got, "pages.product: nothing leads to this page kind") {
		t.Errorf("mistakes %q; want that nothing leads to the kind", got)
	}
}

// A seed may be a host without a path, as people write it.
func TestSeedWithoutPath(t *testing.T) {
	t.Parallel()
	f, err := Parse("job.yaml", []byte("job: j\nseeds: {urls: [https://shop.example]}\nfollow: all\nfields: {title: {css: h1}}\n"), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if why := f.Job.Scope.Leave("https://shop.example/p/1", 1); why != "" {
		t.Errorf("a link of the seed's host is left out: %s", why)
	}
}
