package extract

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

func TestCompileNamesEveryProblem(t *testing.T) {
	t.Parallel()
	title := Field{Name: "title", CSS: "h1"}
	images := Field{Name: "images", CSS: "img", Attr: "src", All: true}
	rows := Field{Name: "rows", CSS: "li", All: true, Fields: []Field{{Name: "name", CSS: "b"}}}
	fields := func(f ...Field) Rules { return Rules{Fields: f} }
	when := func(src string) Rules {
		return Rules{Fields: []Field{title, images, rows}, Verdict: []VerdictRule{{State: seine.Skipped, When: src}}}
	}
	asset := func(a AssetRule) Rules { return Rules{Fields: []Field{title, images, rows}, Assets: []AssetRule{a}} }
	key := func(src string) Rules { return Rules{Fields: []Field{title, images, rows}, Key: src} }
	for _, tt := range []struct {
		name  string
		rules Rules
		want  []string
	}{
		{"right", Rules{Fields: []Field{title, images, rows}, Verdict: []VerdictRule{{State: seine.Done, When: "rows[0].name == title"}}}, nil},
		{"bad selector", fields(Field{Name: "a", CSS: "p["}), []string{`fields.a.css: bad selector "p["`}},
		{"bad pattern", fields(Field{Name: "a", CSS: "p", Match: "("}), []string{"fields.a.match: bad regular expression"}},
		{"bad regex", fields(Field{Name: "a", Regex: "("}), []string{"fields.a.regex: bad regular expression"}},
		{"bad XPath", fields(Field{Name: "a", XPath: "//a["}), []string{"fields.a.xpath: bad xpath"}},
		{"XPath that the library panics on", fields(Field{Name: "a", XPath: "position(1,"}), []string{"fields.a.xpath: bad xpath"}},
		{"attribute of a number", fields(Field{Name: "a", XPath: "count(//a)", Attr: "href"}), []string{`fields.a.xpath: "count(//a)" selects no elements`}},
		{"path with a dollar sign", fields(Field{Name: "a", JSON: "$.a"}), []string{"fields.a.json: bad path"}},
		{"filter of a path with a large number", fields(Field{Name: "a", JSON: `x.#(id==9007199254740993).n`}), []string{"fields.a.json: bad path"}},
		{"filter of a path with a long fraction", fields(Field{Name: "a", JSONLD: `x.#(price > 0.30000000000000001)#.n`}), []string{"fields.a.jsonld: bad path"}},
		{"filters of a path that compare exactly", fields(Field{Name: "a", JSON: `x.#(id==900719925474099)#.y.#(t=="a=9007199254740993").9007199254740993`}), nil},
		{"path without an end", fields(Field{Name: "a", JSON: `a.#(b=="c`}), []string{"fields.a.json: bad path"}},
		{"attribute of a text", fields(Field{Name: "a", Text: "p", Attr: "href"}), []string{"fields.a.attr: an attribute needs css or xpath"}},
		{"attribute alone", fields(Field{Name: "a", Attr: "href"}), []string{"fields.a: gives no place to look", "fields.a.attr"}},
		{"wrong type", fields(Field{Name: "a", CSS: "p", Type: "integer"}), []string{`fields.a.type: unknown type "integer": string, int, float, decimal, bool, date or price: did you mean "int"?`}},
		{"a default that is a list", fields(Field{Name: "a", CSS: "p", Or: []any{"x"}}), []string{"fields.a.or: a list cannot replace a missing single value"}},
		{"a list's default that is none", fields(Field{Name: "a", CSS: "p", All: true, Or: "x"}), []string{"fields.a.or: the field is a list"}},
		{"alternatives of two shapes", fields(Field{Name: "a", First: []Field{{CSS: "p"}, {CSS: "b", All: true}}}), []string{"fields.a.first[1]: all alternatives must be lists"}},
		{"options beside alternatives", fields(Field{Name: "a", Match: "x", First: []Field{{CSS: "p"}}}), []string{"fields.a.first: next to first only or, type"}},
		{"no alternatives", fields(Field{Name: "a", First: []Field{}}), []string{"fields.a.first: has no alternatives"}},
		{"a wrong alternative", fields(Field{Name: "a", First: []Field{{CSS: "p"}, {CSS: "p["}}}), []string{"fields.a.first[1].css: bad selector"}},
		{"a wrong nested field", fields(Field{Name: "a", CSS: "p", Fields: []Field{{Name: "b", CSS: "p["}}}), []string{"fields.a.fields.b.css: bad selector"}},
		{"json in an element", fields(Field{Name: "a", CSS: "p", Fields: []Field{{Name: "b", JSON: "c"}}}), []string{"fields.a.fields.b.json: can't look inside"}},
		{"css in JSON", fields(Field{Name: "a", JSON: "p", Fields: []Field{{Name: "b", CSS: "c"}}}), []string{"fields.a.fields.b.css: can't look inside"}},
		{"a block of an attribute", fields(Field{Name: "a", CSS: "p", Attr: "x", Fields: []Field{{Name: "b", CSS: "c"}}}), []string{"fields.a.attr: does not go with fields"}},
		{"a block without fields", fields(Field{Name: "a", CSS: "p", Fields: []Field{}}), []string{"fields.a.fields: is empty"}},
		{"a nested field that is not kept", fields(Field{Name: "a", CSS: "p", Fields: []Field{{Name: "b", CSS: "c", Drop: true}}}), []string{"fields.a.fields.b.keep: only a whole field"}},
		{"a field twice", fields(title, title), []string{"fields.title: field title is defined twice"}},
		{"a taken name", fields(Field{Name: "meta", CSS: "p"}), []string{"fields.meta: the name meta is reserved for the task"}},
		{"a name with a dash", fields(Field{Name: "a-b", CSS: "p"}), []string{`fields.a-b: "a-b" is not a name`}},
		{"unknown name", when("titel == nil"), []string{`verdict[0].skip: unknown name "titel" in the expression: did you mean "title"?`}},
		{"two unknown names", when("titel == imges"), []string{`"titel"`, `"imges"`}},
		{"unknown function", when("lowr(title) == 'a'"), []string{`unknown name "lowr" in the expression: did you mean "lower"?`}},
		{"unknown nested field", when("rows[0].nmae == 'a'"), []string{"verdict[0].skip: does not compile: unknown field nmae"}},
		{"a way around the names", when("$env['x'] == 1"), []string{`unknown name "$env"`}},
		{"syntax", when("title =="), []string{"verdict[0].skip: does not compile: unexpected token EOF"}},
		{"empty", when(" "), []string{"verdict[0].skip: the expression is empty"}},
		{"not true or false", when("title"), []string{"verdict[0].skip: does not compile: expected bool, but got string"}},
		{"a number against a text", when("title > 5"), []string{"verdict[0].skip: title is a text: add type: float to the field"}},
		{"a list as a text", when("lower(images) == 'a'"), []string{"cannot use list as argument (type string)"}},
		{"an index on a text", when("title[0] == 'a'"), []string{"title is not a list: give the field all: true"}},
		{"a state that no rule gives", Rules{Verdict: []VerdictRule{{State: seine.InProgress, When: "true"}}}, []string{"verdict[0]: a rule gives skip"}},
		{"a field that failed is not unknown", Rules{
			Fields:  []Field{{Name: "price", CSS: "p[", Type: "float"}},
			Verdict: []VerdictRule{{State: seine.Skipped, When: "price > 5"}},
		}, []string{"fields.price.css: bad selector"}},
		{"a field that failed has no type to blame", Rules{
			Fields:  []Field{{Name: "price", CSS: "p", Type: "number"}},
			Verdict: []VerdictRule{{State: seine.Skipped, When: "price > 5"}},
		}, []string{"fields.price.type: unknown type"}},
		{"a list as a URL", asset(AssetRule{Name: "a", URL: "images"}), []string{"assets.a.url: images is a list: add all: true to store each file, or name one: images[0]"}},
		{"an asset's name", asset(AssetRule{Name: "a/b", URL: "title"}), []string{`assets.a/b: "a/b" is not a name`}},
		{"an upgrade of nothing", asset(AssetRule{Name: "a", URL: "title", Upgrade: &seine.Upgrade{To: "x"}}), []string{"assets.a.upgrade.from: is empty"}},
		{"an upgrade to itself", asset(AssetRule{Name: "a", URL: "title", Upgrade: &seine.Upgrade{From: "x", To: "x"}}), []string{"assets.a.upgrade.to"}},
		{"an unknown format", asset(AssetRule{Name: "a", URL: "title", Image: &seine.Image{To: "pgn"}}), []string{`assets.a.image.to: unknown format "pgn": png, jpeg, webp: did you mean "png"?`}},
		{"an unknown effort", asset(image(seine.Image{PNG: "smal"})), []string{`assets.a.image.png: unknown effort "smal": fast, balanced, small: did you mean "small"?`}},
		{"keeping what is not known", asset(image(seine.Image{Keep: "orginal"})), []string{`assets.a.image.keep: unknown word "orginal": original: did you mean "original"?`}},
		{"a quality over its range", asset(image(seine.Image{To: "jpeg", Quality: 101})), []string{"assets.a.image.quality: 101 is not 1 to 100"}},
		{"a quality of a PNG", asset(image(seine.Image{Quality: 80})), []string{"assets.a.image.quality: is for JPEG"}},
		{"an effort of a JPEG", asset(image(seine.Image{To: "jpeg", PNG: "fast"})), []string{"assets.a.image.png: is for PNG"}},
		{"a resize to nothing", asset(image(seine.Image{Resize: &seine.Size{Width: 5}})), []string{"assets.a.image.resize: 5x0 holds no image"}},
		{"all of an image", asset(image(seine.Image{To: "jpeg", Quality: 80, Resize: &seine.Size{Width: 5, Height: 5}, Keep: "original"})), nil},
		{"an original named as another asset", Rules{Fields: []Field{title}, Assets: []AssetRule{image(seine.Image{Keep: "original"}), {Name: "A_original", URL: "title"}}}, []string{"assets.A_original: asset A_original is defined twice"}},
		{"an original whose name is too long", asset(imageOf(strings.Repeat("a", 55), seine.Image{Keep: "original"})), []string{"at most 54"}},
		{"a key that says PNG of a JPEG", keyed("{id}_{asset}.png", seine.Image{To: "jpeg"}), []string{`store.key: "{id}_{asset}.png" ends in .png, and a is stored as jpeg: end it in .{ext} or .jpg`}},
		{"a key that says JPEG of a PNG", keyed("{id}_{asset}.jpg", seine.Image{}), []string{`ends in .jpg, and a is stored as png`}},
		{"a key that says an original's type", keyed("{id}_{asset}.png", seine.Image{Keep: "original"}), []string{"the original of a has a type of its own: end it in .{ext}"}},
		{"a key that an original shares", keyed("{id}.{ext}", seine.Image{Keep: "original"}), []string{"has no {asset}: a and its original would share a file"}},
		{"keys that say the type", keyed("v1.2/{id}.JPEG", seine.Image{To: "jpeg"}), nil},
		{"keys that say no type", keyed("v1.2/{id}_{asset}", seine.Image{To: "jpeg"}), nil},
		{"a crop over an edge", asset(crop(10, 10, 0, 0, 11, 5)), []string{"assets.a.image.crop.box: the box [0, 0, 11, 5] is outside the reference of 10x10"}},
		{"a crop before an edge", asset(crop(10, 10, -1, 0, 5, 5)), []string{"is outside the reference"}},
		{"an empty crop", asset(crop(10, 10, 5, 0, 5, 5)), []string{"is empty"}},
		{"a reference of nothing", asset(crop(0, 10, 0, 0, 5, 5)), []string{"assets.a.image.crop.of: the reference is 0x10"}},
		{"the whole reference", asset(crop(10, 10, 0, 0, 10, 10)), nil},
		{"assets that differ in case", Rules{Fields: []Field{title}, Assets: []AssetRule{{Name: "a", URL: "title"}, {Name: "A", URL: "title"}}}, []string{"assets.A: asset A is defined twice"}},
		{"an unknown name in the key", key("{titel}/{id}"), []string{`store.key: unknown name {titel} in the key: did you mean "title"?`}},
		{"a list in the key", key("{images}/{id}"), []string{"store.key: {images} is a list or an object"}},
		{"an object in the key", key("{rows}/{id}"), []string{"store.key: {rows} is a list or an object"}},
		{"a key without the task", key("{title}.png"), []string{"has neither {id} nor {key}"}},
		{"a key above the store", key("a/../{id}"), []string{`has the path element ".."`}},
		{"a key from the root", key("/{id}"), []string{"begins with a slash"}},
		{"a key with an empty element", key("a//{id}"), []string{"has an empty path element"}},
		{"a key that is a folder", key("{id}/"), []string{"has an empty path element"}},
		{"a key with a backslash", key(`a\{id}`), []string{"has a backslash"}},
		{"a brace that is open", key("{id"), []string{"opens a brace that is not closed"}},
		{"a brace that closes", key("id}"), []string{"closes a brace that is not open"}},
		{"a brace without a name", key("{}{id}"), []string{"has braces without a name"}},
		{"two assets in one file", Rules{
			Fields: []Field{title}, Key: "{id}.png",
			Assets: []AssetRule{{Name: "a", URL: "title"}, {Name: "b", URL: "title"}},
		}, []string{"has no {asset}"}},
		{"one asset needs no name", Rules{Fields: []Field{title}, Key: "{id}.png", Assets: []AssetRule{{Name: "a", URL: "title"}}}, nil},
		{"a kind that is no name", Rules{Kind: "a b"}, []string{`kind: "a b" is not a name`}},
		{"a pattern of too many bytes", fields(Field{Name: "a", Regex: strings.Repeat("a", maxSource+1)}), []string{"fields.a.regex: has 8193 bytes; at most 8192"}},
		{"a selector of too many bytes", fields(Field{Name: "a", CSS: strings.Repeat(":not(", maxSource/5+1)}), []string{"fields.a.css: has"}},
		{"an expression of too many bytes", when(strings.Repeat("(", maxSource+1)), []string{"verdict[0].skip: the expression has"}},
		{"blocks in blocks", fields(deep(20)), []string{"fields stand more than 8 blocks deep"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, problems := Compile(tt.rules)
			if (s != nil) != (len(tt.want) == 0) || len(problems) != len(tt.want) {
				t.Fatalf("scraper %v, problems %v; want %q", s != nil, problems, tt.want)
			}
			for i, want := range tt.want {
				if got := problems[i].String(); !strings.Contains(got, want) {
					t.Errorf("problem %d is %q; want %q in it", i, got, want)
				}
			}
		})
	}
}

func image(i seine.Image) AssetRule { return imageOf("a", i) }

func imageOf(name string, i seine.Image) AssetRule {
	return AssetRule{Name: name, URL: "title", Image: &i}
}

// keyed are rules with a key and one asset.
func keyed(src string, i seine.Image) Rules {
	return Rules{Fields: []Field{{Name: "title", CSS: "h1"}}, Key: src, Assets: []AssetRule{image(i)}}
}

func crop(ofWidth, ofHeight, left, top, right, bottom int) AssetRule {
	return AssetRule{Name: "a", URL: "title", Image: &seine.Image{Crop: &seine.Crop{
		OfWidth: ofWidth, OfHeight: ofHeight, Left: left, Top: top, Right: right, Bottom: bottom,
	}}}
}

// deep returns fields in fields.
func deep(n int) Field {
	f := Field{Name: "a", CSS: "p"}
	if n > 0 {
		f.Fields = []Field{deep(n - 1)}
	}
	return f
}

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"fetch", "fields", "frontier", "patience", "strategy", "id", "int", "png"}
	got := map[string]string{}
	for _, word := range []string{"fetchh", "feilds", "FIELDS", "patience_", "ids", "integer", "nothing", "", "pgn", "strat"} {
		got[word] = Nearest(word, words)
	}
	want := map[string]string{
		"fetchh": "fetch", "feilds": "fields", "FIELDS": "fields", "patience_": "patience", "ids": "id",
		"integer": "int", "nothing": "", "": "", "pgn": "png", "strat": "strategy",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("nearest (-got +want):\n%s", diff)
	}
}
