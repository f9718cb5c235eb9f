package jobfile

import (
	"fmt"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	forager "github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/idspace"
)

// nest writes an example of the last key of a path. It adds the keys around it, the required keys
// of each mapping, and the keys that the tags `beside` and `top` name. An empty example leaves the
// key out.
func nest(path []step, example string) string {
	var top []string
	for i := len(path) - 1; i >= 0; i-- {
		s := path[i]
		if s.owner == nil {
			switch {
			case s.example == "[]":
				example = "[" + example + "]"
			default:
				example = "{" + s.example + ": " + example + "}"
			}
			continue
		}
		if line := s.field.Tag.Get("top"); line != "" && !slices.Contains(top, line) {
			top = append(top, line)
		}
		if i == 0 {
			break
		}
		example = "{" + strings.Join(besides(s, example), ", ") + "}"
	}
	if example != "" {
		top = append(top, path[0].example+": "+example)
	}
	return strings.Join(top, "\n")
}

// besides returns the key of a step with the keys that it needs in the same mapping.
func besides(s step, example string) []string {
	var pairs []string
	needed := s.field.Tag.Get("beside")
	if needed != "" {
		pairs = append(pairs, needed)
	}
	for f := range s.owner.Fields() {
		switch {
		case f.Name == s.field.Name && example != "":
			pairs = append(pairs, key(f)+": "+example)
		case f.Name != s.field.Name && (f.Tag.Get("required") == "true" || f.Tag.Get("required") == unlessBody && s.field.Name != "Body") && !strings.Contains(" "+needed, " "+key(f)+": "):
			pairs = append(pairs, key(f)+": "+quote(f.Tag.Get("example"), f.Type))
		}
	}
	return pairs
}

var needsQuotes = regexp.MustCompile("[][{},:#&*!|>'\"%@`\\\\]")

func quote(example string, t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if (t.Kind() == reflect.String || t == reflect.TypeFor[assetURL]()) && needsQuotes.MatchString(example) {
		return "'" + strings.ReplaceAll(example, "'", "''") + "'"
	}
	return example
}

// complete returns a job file of an example and the smallest job around it.
func complete(example string) string {
	for _, line := range []string{"job: sample", "seeds: {urls: [https://shop.example/a]}", "fields: {title: {css: h1}}"} {
		name, _, _ := strings.Cut(line, ":")
		if name == "fields" && regexp.MustCompile(`(?m)^(pages|each):`).MatchString(example) {
			continue
		}
		if !regexp.MustCompile(`(?m)^` + name + `:`).MatchString(example) {
			example = line + "\n" + example
		}
	}
	return example + "\n"
}

func TestEachExampleOfTheReferenceIsValid(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/jobfile.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)\n```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 100 {
		t.Fatalf("the reference has %d examples; want at least 100", len(blocks))
	}
	for _, b := range blocks {
		if got := mistakes(t, complete(b[1])); got != "" {
			t.Errorf("the example\n%s\nis rejected:\n%s", b[1], got)
		}
	}
}

// undecidable are the defaults that no value of the key can express.
var undecidable = []string{
	"fetch.user_agent", "session.cookies", "fetch.proxy", "challenge", "pages.NAME.challenge", "fields.NAME.decimal", "fields.NAME.locale", "fields.NAME.type", "fields.NAME.format", "fields.NAME.currency", "seeds.ids.check", "seeds.ids.date", "seeds.ids.prefix",
	"assets.NAME.image.keep", "assets.NAME.types", "assets.NAME.on_failure", "assets.NAME.body", "verdict[].why",
	"each.where", "pages.NAME.follow[].attr", "pages.NAME.follow[].url", "pages.NAME.follow[].to", "pages.NAME.follow[].match", "pages.NAME.follow[].not", "pages.NAME.follow[].when", "pages.NAME.follow[].limit", "pages.NAME.follow[].priority",
	"scope.hosts", "scope.match", "scope.not", "scope.depth", "pages.NAME.via", "pages.NAME.wait", "pages.NAME.record", "pages.NAME.priority",
}

// applied lists the defaults that stay zero in the job and are applied by the package that uses the
// value. See TestAppliedDefaults, worker.DefaultFrontier, and TestZeroImageHasTheStatedDefaults of
// package asset.
var applied = []string{
	"seeds.ids.step", "seeds.ids.base", "frontier", "explore.max", "explore.blocks", "explore.hit", "explore.absent", "kind", "store.key", "assets.NAME.image.to", "assets.NAME.image.quality", "assets.NAME.image.png", "assets.NAME.image.min", "assets.NAME.image.max_pixels",
}

func TestAppliedDefaults(t *testing.T) {
	t.Parallel()
	zero, one := seine.IDSpace{From: 5, To: 9}, seine.IDSpace{From: 5, To: 9, Step: 1}
	if idspace.Of(&zero).At(1) != idspace.Of(&one).At(1) {
		t.Errorf("the second id of 5 to 9 without a step is %s", idspace.Of(&zero).At(1))
	}
	const numbers = "seeds: {ids: {from: 1, to: 9%s}, url: 'https://shop.example/{id}'}"
	if diff := cmp.Diff(parsed(t, fmt.Sprintf(numbers, "")), parsed(t, fmt.Sprintf(numbers, ", base: 10")), cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("base: 10 differs from the absent key:\n%s", diff)
	}
	explored := reflect.TypeFor[explore]()
	for name, value := range map[string]int{"Max": forager.DefaultMax, "Blocks": forager.DefaultBlocks} {
		if f, _ := explored.FieldByName(name); f.Tag.Get("default") != fmt.Sprint(value) {
			t.Errorf("explore.%s has the default %d; the reference states %s", name, value, f.Tag.Get("default"))
		}
	}
	hit, _ := explored.FieldByName("Hit")
	match, problems := extract.CompileHit(hit.Tag.Get("default"))
	if problems != nil || !match("1", seine.Verdict{State: seine.Done}) || match("1", seine.Verdict{State: seine.Skipped}) {
		t.Errorf("the stated default of explore.hit does not mean done pages: %v", problems)
	}
	gone, _ := explored.FieldByName("Absent")
	match, problems = extract.CompileHit(gone.Tag.Get("default"))
	if problems != nil || !match("1", seine.Verdict{State: seine.Skipped, Reason: "HTTP 404"}) || match("1", seine.Verdict{State: seine.Done}) {
		t.Errorf("the stated default of explore.absent does not mean status 404: %v", problems)
	}
	result := func(more string) string {
		f, err := Parse("job.yaml", []byte(complete("fields: {images: {css: img, attr: src, all: true}}\nassets: {front: {url: 'images[0]'}}\n"+more)), noEnv)
		if err != nil {
			t.Fatal(err)
		}
		page := &seine.Page{URL: "https://shop.example/a", Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<img src=a.png>")}
		got, err := f.Scraper.Scrape(t.Context(), seine.Task{Key: "a"}, page)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(got.Records[0].Kind, " ", got.Assets[0].Path)
	}
	if got, want := result(""), result("kind: record\nstore: {key: '{id}_{asset}.{ext}'}\n"); got != want {
		t.Errorf("the result without kind and store.key is %s; want %s", got, want)
	}
}

// A default that the reference states has the effect of the key's absence.
func TestStatedDefaultsAreThoseOfTheJob(t *testing.T) {
	t.Parallel()
	compared := 0
	var walk func(t reflect.Type, path []step)
	check := func(path []step) {
		f := path[len(path)-1].field
		stated, name := f.Tag.Get("default"), shown(path)
		if stated == "" || slices.Contains(undecidable, name) || slices.Contains(applied, name) {
			return
		}
		value, _, _ := strings.Cut(stated, ",")
		value, _, _ = strings.Cut(value, ";")
		value = strings.ReplaceAll(value, "JOB", "sample")
		if value == "none" {
			value = "[]"
		}
		with := parsed(t, nest(path, quote(value, f.Type)))
		without := parsed(t, nest(path, ""))
		sameTest := cmp.Comparer(func(a, b seine.PageTest) bool { return (a == nil) == (b == nil) })
		if diff := cmp.Diff(without, with, sameTest, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("%s: the stated default %s differs from the absent key:\n%s", name, value, diff)
		}
		compared++
	}
	seen := map[reflect.Type]bool{}
	walk = func(typ reflect.Type, path []step) {
		for typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		switch {
		case typ.Kind() == reflect.Slice && strings.HasPrefix(typ.Name(), "entries["):
			value, _ := typ.Elem().FieldByName("value")
			walk(value.Type, append(path[:len(path):len(path)], step{shown: ".NAME", example: "name"}))
		case strings.HasPrefix(typ.Name(), "several["):
			walk(typ.Elem(), path)
		case typ == reflect.TypeFor[follows]():
			walk(reflect.TypeFor[[]followKeys](), path)
		case typ.Kind() == reflect.Slice:
			walk(typ.Elem(), append(path[:len(path):len(path)], step{shown: "[]", example: "[]"}))
		case isKeys(typ) && !seen[typ]:
			seen[typ] = true
			for f := range typ.Fields() {
				at := append(path[:len(path):len(path)], step{shown: "." + key(f), example: key(f), owner: typ, field: f})
				check(at)
				walk(f.Type, at)
			}
		}
	}
	walk(reflect.TypeFor[document](), nil)
	if compared < 35 {
		t.Errorf("compared %d defaults; want at least 35", compared)
	}
}

// both is a job file's result.
type both struct {
	Job   seine.Job
	Rules any
}

func parsed(t *testing.T, example string) both {
	t.Helper()
	src := complete(example)
	f, err := Parse("job.yaml", []byte(src), noEnv)
	if err != nil {
		t.Fatalf("%s\n%v", src, err)
	}
	job := f.Job
	job.Digest, job.Scraper = nil, nil
	r := &report{file: "job.yaml"}
	root := parseTree([]byte(src), r)
	root.prune()
	d := &decoder{report: r, keys: map[string]place{}, values: map[string]place{}}
	var doc document
	d.decode(reflect.ValueOf(&doc).Elem(), root, "", limits{})
	rules := (&assembly{decoder: d, doc: &doc, root: root}).site()
	for i := range rules {
		if rules[i].Timeout == 0 {
			rules[i].Timeout = job.Fetch.Timeout // both defaults are 20s
		}
	}
	job.Scope.Leave, job.Scope.Family = nil, nil
	return both{Job: job, Rules: rules}
}
