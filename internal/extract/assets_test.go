package extract

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/number"
)

var images = Field{Name: "images", CSS: "img", Attr: "src", All: true}

// asset names, URLs and keys of a result, one a line.
func owedOf(got seine.Result) string {
	var lines []string
	for _, a := range got.Assets {
		lines = append(lines, strings.Join([]string{a.Name, a.URL, a.Path, a.OriginalPath}, " "))
	}
	return strings.Join(lines, "\n")
}

func TestListsOfAssets(t *testing.T) {
	t.Parallel()
	const three = `<img src=/a.png><img src=b.png><img><img src=/a.png><img src="https://c.example/c.png">`
	whole := `photo_1 https://a.example/a.png k_photo_1.{ext} 
photo_2 https://a.example/b.png k_photo_2.{ext} 
photo_3 https://c.example/c.png k_photo_3.{ext} `
	for _, tt := range []struct {
		name  string
		rule  AssetRule
		key   string
		body  string
		want  string
		error string
	}{
		{name: "a field", rule: AssetRule{URL: "images", All: true}, want: whole},
		{name: "an expression", rule: AssetRule{URL: "images[1:]", All: true}, want: "photo_1 https://a.example/b.png k_photo_1.{ext} \nphoto_2 https://a.example/a.png k_photo_2.{ext} \nphoto_3 https://c.example/c.png k_photo_3.{ext} "},
		{name: "a source", rule: AssetRule{Source: &Field{CSS: "img", Attr: "src"}, All: true}, want: whole},
		{name: "a source of one", rule: AssetRule{Source: &Field{CSS: "img", Attr: "src"}}, want: "photo https://a.example/a.png k_photo.{ext} "},
		{name: "alternatives", rule: AssetRule{Source: &Field{First: []Field{{CSS: "video", Attr: "poster"}, {CSS: "img", Attr: "src"}}}}, want: "photo https://a.example/a.png k_photo.{ext} "},
		{name: "alternatives that are lists", rule: AssetRule{All: true, Source: &Field{First: []Field{{CSS: "video", Attr: "poster"}, {CSS: "img", Attr: "src"}}}}, want: whole},
		{name: "numbers in the key", rule: AssetRule{URL: "images[:2]", All: true}, key: "{id}/{n}.{ext}", want: "photo_1 https://a.example/a.png k/1.{ext} \nphoto_2 https://a.example/b.png k/2.{ext} "},
		{name: "one file and a number", rule: AssetRule{URL: "images[0]"}, key: "{id}/{n}.{ext}", want: "photo https://a.example/a.png k/1.{ext} "},
		{name: "originals", rule: AssetRule{URL: "images[:1]", All: true, Image: &seine.Image{Keep: seine.KeepOriginal}}, want: "photo_1 https://a.example/a.png k_photo_1.{ext} k_photo_1_original.{ext}"},
		{name: "an empty list", rule: AssetRule{URL: "images", All: true}, body: "<p>x", error: "asset photo needs images: missing"},
		{name: "an optional empty list", rule: AssetRule{URL: "images", All: true, Optional: true}, body: "<p>x"},
		{name: "a source without a match", rule: AssetRule{Source: &Field{CSS: "video", Attr: "src"}, All: true}, error: "asset photo needs css video: missing"},
		{name: "what is no URL", rule: AssetRule{URL: "[1]", All: true}, error: "asset photo: [1] gives a number, not a URL"},
		{name: "a list without all", rule: AssetRule{URL: "meta.list"}, error: "asset photo: meta.list gives a list: add all: true to store each file"},
		{name: "a list with a fragment", rule: AssetRule{URL: "['/a.png', '/a.png#x', '/b.png#y']", All: true}, want: "photo_1 https://a.example/a.png k_photo_1.{ext} \nphoto_2 https://a.example/b.png#y k_photo_2.{ext} "},
		{name: "a list with what is no URL", rule: AssetRule{URL: "['/a.png', 'javascript:1', '/b.png']", All: true}, error: "asset photo: ['/a.png', 'javascript:1', '/b.png'] gives a URL that is not http, https, data or blob"},
		{name: "a kept list with what is no URL", rule: AssetRule{URL: "['/a.png', 'javascript:1', 'http://[']", All: true, OnFailure: "keep"}, want: "photo_1 https://a.example/a.png k_photo_1.{ext} \nphoto_2 javascript:1 k_photo_2.{ext} \nphoto_3 http://[ k_photo_3.{ext} "},
		{name: "an optional list with what is no URL", rule: AssetRule{URL: "['javascript:1', '/b.png']", All: true, Optional: true}, want: "photo_1 https://a.example/b.png k_photo_1.{ext} "},
		{name: "JSON's own list", rule: AssetRule{URL: "json", All: true}, want: "photo_1 https://a.example/j k_photo_1.{ext} "},
		{name: "the page itself", rule: AssetRule{Body: true}, want: "photo https://a.example/x k_photo.{ext} "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.rule.Name = "photo"
			s := compile(t, Rules{Fields: []Field{images, {Name: "json", Column: "list"}}, Assets: []AssetRule{tt.rule}, Key: tt.key, EmptyOK: true})
			p := page(three)
			if tt.body != "" {
				p = page(tt.body)
			}
			got, err := s.Scrape(t.Context(), seine.Task{Key: "k", Meta: map[string]any{"list": []any{"j"}}}, p)
			if err != nil || got.Verdict.Reason != tt.error || (got.Verdict.State == seine.Done) != (tt.error == "") {
				t.Fatalf("verdict %+v, %v; want %q", got.Verdict, err, tt.error)
			}
			if owed := owedOf(got); owed != tt.want {
				t.Errorf("assets\n%s\nwant\n%s", owed, tt.want)
			}
		})
	}
}

// A page that is stored as a file needs no field.
func TestAPageThatIsAFileNeedsNoField(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{Fields: []Field{{Name: "title", CSS: "h1"}}, Assets: []AssetRule{{Name: "file", Body: true}}})
	p := &seine.Page{URL: "https://a.example/x.pdf", Status: 200, Type: "application/pdf", Body: []byte("%PDF-1.4\n\xff")}
	got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, p)
	if err != nil || got.Verdict.State != seine.Done || len(got.Assets) != 1 || !got.Assets[0].Body {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAListOfAssetsHasABound(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{Fields: []Field{images}, Assets: []AssetRule{{Name: "photo", URL: "images", All: true}}})
	for n, want := range map[int]string{seine.MaxAssets: "", seine.MaxAssets + 1: "asset photo has more than 1000 files"} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<img src=/%d.png>", i)
		}
		got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page(b.String()))
		if err != nil || got.Verdict.Reason != want {
			t.Errorf("%d files: %+v, %v; want %q", n, got.Verdict, err, want)
		}
		if want == "" && len(got.Assets) != n {
			t.Errorf("%d assets; want %d", len(got.Assets), n)
		}
	}
}

func TestBlobURLs(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{Fields: []Field{images}, Assets: []AssetRule{{Name: "photo", URL: "images[0]"}}})
	p := page(`<img src="blob:https://a.example/1-2">`)
	got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, p)
	if want := "asset photo: images[0] gives a blob: URL, which exists only in a browser: set fetch.via to chrome"; err != nil || got.Verdict.Reason != want || !got.Verdict.Final {
		t.Errorf("over http: %+v, %v; want %q", got.Verdict, err, want)
	}
	p.Via = seine.ViaChrome
	if got, err = s.Scrape(t.Context(), seine.Task{Key: "k"}, p); err != nil || owedOf(got) != "photo blob:https://a.example/1-2 k_photo.{ext} " {
		t.Errorf("in a browser: %+v, %v", got, err)
	}
}

// A column keeps its text, including decimal digits.
func TestColumnsOfTheTask(t *testing.T) {
	t.Parallel()
	var meta any
	if err := number.Unmarshal([]byte(`{"price":1.10,"big":12345678901234567890.120,"text":" a ","Release date":"2020-01-02","csv":"1,299.50","tags":["x","y"],"o":{"a":2.50},"none":null,"yes":true}`), &meta); err != nil {
		t.Fatal(err)
	}
	s := compile(t, Rules{Fields: []Field{
		{Name: "title", CSS: "h1"},
		{Name: "price", Column: "price"}, {Name: "big", Column: "big"}, {Name: "text", Column: "text"}, {Name: "date", Column: "Release date"},
		{Name: "csv", Column: "csv", Type: "decimal"}, {Name: "tags", Column: "tags", All: true}, {Name: "o", Column: "o"}, {Name: "none", Column: "none", Or: "-"},
		{Name: "yes", Column: "yes"}, {Name: "year", Column: "Release date", Match: `^\d+`, Type: "int"}, {Name: "gone", Column: "gone"},
		{Name: "both", First: []Field{{CSS: "b"}, {Column: "text"}}},
	}, Verdict: []VerdictRule{{State: seine.Skipped, When: "price > 1.1"}}})
	task := seine.Task{Key: "k", Meta: meta.(map[string]any)}
	got, err := s.Scrape(t.Context(), task, page("<h1>x</h1>"))
	if err != nil || len(got.Records) != 1 {
		t.Fatalf("%+v, %v", got.Verdict, err)
	}
	text, err := number.Marshal(got.Records[0].Fields)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"big":12345678901234567890.120,"both":"a","csv":1299.50,"date":"2020-01-02","gone":null,"none":"-","o":{"a":2.50},"price":1.10,"tags":["x","y"],"text":"a","title":"x","year":2020,"yes":true}`
	if string(text) != want {
		t.Errorf("fields\n%s\nwant\n%s", text, want)
	}
	// A column is not content of the page, so a page without any other field still counts as empty.
	s2 := compile(t, Rules{Fields: []Field{{Name: "title", CSS: "h1"}, {Name: "price", Column: "price"}}})
	if got, err = s2.Scrape(t.Context(), task, page("<p>x")); err != nil || got.Verdict.State != seine.Error || !strings.HasPrefix(got.Verdict.Reason, "no field found: title") {
		t.Errorf("an empty page: %+v, %v", got.Verdict, err)
	}
	_, trace, err := s.Explain(t.Context(), seine.Task{Key: "k"}, page("<h1>x</h1>"))
	if i := slices.IndexFunc(trace.Fields, func(f FieldTrace) bool { return f.Name == "gone" }); err != nil || trace.Fields[i].Why != `the task came without a column "gone"` {
		t.Errorf("why: %+v, %v", trace.Fields[i], err)
	}
}

// The record names the fields that its stored assets fill in.
func TestFieldsOfStoredAssets(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{
		Fields: []Field{images, {Name: "w", Asset: "front.original_width", Or: int64(0)}, {Name: "all", Asset: "photo.bytes", All: true}},
		Assets: []AssetRule{{Name: "front", URL: "images[0]"}, {Name: "photo", URL: "images", All: true}},
	})
	got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page("<img src=a>"))
	want := []seine.AssetField{{Field: "w", Asset: "front", Property: "original_width", Or: int64(0)}, {Field: "all", Asset: "photo", Property: "bytes", All: true}}
	if err != nil || len(got.Records) != 1 || !reflect.DeepEqual(got.Records[0].AssetFields, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if text, _ := json.Marshal(got.Records[0].Fields); string(text) != `{"all":null,"images":["https://a.example/a"],"w":null}` {
		t.Errorf("fields %s", text)
	}
}

func TestMistakesOfAssets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		rules Rules
		want  string
	}{
		{"no place", Rules{Assets: []AssetRule{{Name: "a"}}}, "assets.a: does not name the file: give url, or body: true for the page itself"},
		{"body and url", Rules{Assets: []AssetRule{{Name: "a", URL: "url", Body: true}}}, "assets.a.url: does not go with body: true"},
		{"body and keep", Rules{Assets: []AssetRule{{Name: "a", Body: true, OnFailure: "keep"}}}, "assets.a.on_failure: does not go with body: true"},
		{"body and all", Rules{Assets: []AssetRule{{Name: "a", Body: true, All: true}}}, "assets.a.all: does not go with body: true"},
		{"optional and keep", Rules{Assets: []AssetRule{{Name: "a", URL: "url", Optional: true, OnFailure: "keep"}}}, "assets.a.on_failure: does not go with optional: true"},
		{"a word", Rules{Assets: []AssetRule{{Name: "a", URL: "url", OnFailure: "kep"}}}, `assets.a.on_failure: unknown word "kep": keep: did you mean "keep"?`},
		{"a type", Rules{Assets: []AssetRule{{Name: "a", URL: "url", Types: []string{"image/*", "pdf"}}}}, `assets.a.types[1]: "pdf" is not a media type`},
		{"a field that is none", Rules{Fields: []Field{{Name: "title", CSS: "h1"}}, Assets: []AssetRule{{Name: "a", URL: "title", All: true}}}, "assets.a.url: title is not a list: give the field all: true"},
		{"an object", Rules{Assets: []AssetRule{{Name: "a", Source: &Field{CSS: "p", Fields: []Field{{Name: "x", CSS: "b"}}}}}}, "assets.a.url.fields: an object is no URL"},
		{"a source without a place", Rules{Assets: []AssetRule{{Name: "a", Source: &Field{Attr: "src"}}}}, "assets.a.url: gives no place to look"},
		{"a list in one key", Rules{Fields: []Field{images}, Assets: []AssetRule{{Name: "a", URL: "images", All: true}}, Key: "{id}.{ext}"}, `store.key: "{id}.{ext}" has neither {asset} nor {n}`},
		{"a name of the list", Rules{Fields: []Field{images}, Assets: []AssetRule{{Name: "a", URL: "images", All: true}, {Name: "A_2", URL: "url"}}}, "assets.A_2: the name is one of the list a, whose files are a_1, a_2 and so on"},
		{"a bound", Rules{Assets: []AssetRule{{Name: "a", URL: "url", Image: &seine.Image{MaxPixels: -1}}}}, "assets.a.image.max_pixels: -1 is negative"},
		{"no such asset", Rules{Fields: []Field{{Name: "w", Asset: "fornt.width"}}, Assets: []AssetRule{{Name: "front", URL: "url"}}}, `fields.w.asset: there is no asset "fornt": did you mean "front"?`},
		{"no such property", Rules{Fields: []Field{{Name: "w", Asset: "a.widht"}}, Assets: []AssetRule{{Name: "a", URL: "url"}}}, `did you mean "width"?`},
		{"no property", Rules{Fields: []Field{{Name: "w", Asset: "a"}}, Assets: []AssetRule{{Name: "a", URL: "url"}}}, `fields.w.asset: "a" is not a property: write NAME.PROPERTY`},
		{"one of a list", Rules{Fields: []Field{images, {Name: "w", Asset: "a.width"}}, Assets: []AssetRule{{Name: "a", URL: "images", All: true}}}, "fields.w.asset: a is a list of files: give the field all: true"},
		{"a list of one", Rules{Fields: []Field{{Name: "w", Asset: "a.width", All: true}}, Assets: []AssetRule{{Name: "a", URL: "url"}}}, "fields.w.all: a is one file: leave all out"},
		{"a verdict", Rules{Fields: []Field{{Name: "w", Asset: "a.width"}}, Assets: []AssetRule{{Name: "a", URL: "url"}}, Verdict: []VerdictRule{{State: seine.Skipped, When: "w > 1"}}}, "verdict[0].skip: w is known only when its asset is stored"},
		{"the key", Rules{Fields: []Field{{Name: "w", Asset: "a.width"}}, Assets: []AssetRule{{Name: "a", URL: "url"}}, Key: "{id}_{w}.{ext}"}, "store.key: {w} is known only when the file is stored: name another field"},
		{"a column in an element", Rules{Fields: []Field{{Name: "a", CSS: "p", Fields: []Field{{Name: "b", Column: "c"}}}}}, "fields.a.fields.b.column: a column belongs to the task"},
		{"an asset in an element", Rules{Fields: []Field{{Name: "a", CSS: "p", Fields: []Field{{Name: "b", Asset: "f.width"}}}}}, "fields.a.fields.b.asset: is for a field of the record itself"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, problems := Compile(tt.rules)
			var all []string
			for _, p := range problems {
				all = append(all, p.String())
			}
			if len(all) != 1 || !strings.Contains(all[0], tt.want) {
				t.Errorf("problems %q; want %q alone", all, tt.want)
			}
		})
	}
}

// A field called n goes before the number.
func TestAFieldCalledN(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{Fields: []Field{{Name: "n", CSS: "b"}}, Assets: []AssetRule{{Name: "a", URL: "'/x'"}}, Key: "{id}_{n}.{ext}"})
	got, err := s.Scrape(t.Context(), seine.Task{Key: "k"}, page("<b>seven</b>"))
	if diff := cmp.Diff(owedOf(got), "a https://a.example/x k_seven.{ext} "); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestLayoutOfLists(t *testing.T) {
	t.Parallel()
	list := AssetRule{Name: "photo", Source: &Field{CSS: "img", Attr: "src"}, All: true}
	kept := list
	kept.Image = &seine.Image{Keep: seine.KeepOriginal}
	for _, tt := range []struct {
		key, path string
		rule      AssetRule
		want      string
	}{
		{"{id}_{asset}.{ext}", "7_photo_12.png", list, "7 photo_12"},
		{"{id}_{asset}.{ext}", "7_photo.png", list, ""},
		{"{id}_{asset}.{ext}", "7_photo_0.png", list, ""},
		{"{id}_{asset}.{ext}", "7_photo_1_original.jpg", kept, "7 photo_1_original"},
		{"{id}/{n}.{ext}", "7/3.png", list, "7 photo_3"},
		{"{id}/{n}.{ext}", "7/x.png", list, ""},
	} {
		l := layoutOf(t, tt.key, tt.rule)
		place, ok := l.Parse(tt.path)
		if got := strings.TrimSpace(place.ID + " " + place.Asset); got != tt.want || ok != (tt.want != "") {
			t.Errorf("Parse(%q) by %q: %q, %v; want %q", tt.path, tt.key, got, ok, tt.want)
		}
		if ok && !l.Fits(tt.path, place.ID, place.Asset, func(string) (string, bool) { return "", false }) {
			t.Errorf("%q does not fit %q", tt.path, tt.key)
		}
	}
	l := layoutOf(t, "{id}/{n}.{ext}", list)
	if l.Fits("7/2.png", "7", "photo_1", func(string) (string, bool) { return "", false }) {
		t.Error("another number fits")
	}
	if !slices.Equal(l.Required("record", nil), []string{"photo_1"}) || len(l.Assets()) != 0 || !slices.Equal(l.Lists(), []string{"photo"}) {
		t.Errorf("required %q, assets %q, lists %q", l.Required("record", nil), l.Assets(), l.Lists())
	}
}
