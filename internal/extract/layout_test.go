package extract

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

func layoutOf(t testing.TB, key string, assets ...AssetRule) *Layout {
	t.Helper()
	rules := Rules{Key: key, Assets: assets, Fields: []Field{
		{Name: "grade", CSS: "p"}, {Name: "year", CSS: "b"}, {Name: "hidden", CSS: "i", Drop: true},
	}}
	s, problems := Compile(rules)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return s.Layout()
}

var (
	front    = AssetRule{Name: "front", URL: `"a"`}
	back     = AssetRule{Name: "back", URL: `"a"`}
	bigFront = AssetRule{Name: "big_front", URL: `"a"`, Optional: true}
)

func TestLayoutParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, key, path string
		assets          []AssetRule
		want            Place
		no              bool
	}{
		{name: "the original's", key: "png/{grade}/{id}_{asset}.png", path: "png/10/70000001_front.png", assets: []AssetRule{front, back}, want: Place{"70000001", "front", map[string]string{"grade": "10"}}},
		{name: "an unknown asset", key: "png/{grade}/{id}_{asset}.png", path: "png/10/70000001_side.png", assets: []AssetRule{front, back}, no: true},
		{name: "another extension", key: "png/{grade}/{id}_{asset}.png", path: "png/10/70000001_front.jpg", assets: []AssetRule{front, back}, no: true},
		{name: "a folder too many", key: "png/{grade}/{id}_{asset}.png", path: "png/10/x/70000001_front.png", assets: []AssetRule{front, back}, no: true},
		{name: "any extension", key: "{id}_{asset}.{ext}", path: "7_front.jpeg", assets: []AssetRule{front, back}, want: Place{ID: "7", Asset: "front"}},
		{name: "a temporary file", key: "{id}_{asset}.{ext}", path: "7_front.jpeg.17fe.tmp", assets: []AssetRule{front, back}, no: true},
		{name: "the longer name of two", key: "{id}_{asset}.{ext}", path: "7_big_front.png", assets: []AssetRule{front, bigFront}, want: Place{ID: "7", Asset: "big_front"}},
		{name: "the shorter name of two", key: "{id}_{asset}.{ext}", path: "7_front.png", assets: []AssetRule{front, bigFront}, want: Place{ID: "7", Asset: "front"}},
		{name: "a name that is not written", key: "{id}.{ext}", path: "7.pdf", assets: []AssetRule{front}, want: Place{ID: "7", Asset: "front"}},
		{name: "a value twice", key: "{grade}/{id}/{grade}.{ext}", path: "9/7/9.png", assets: []AssetRule{front}, want: Place{"7", "front", map[string]string{"grade": "9"}}},
		{name: "a value twice that differs", key: "{grade}/{id}/{grade}.{ext}", path: "9/7/8.png", assets: []AssetRule{front}, no: true},
		{name: "a hidden file", key: "{id}.{ext}", path: ".7.png", assets: []AssetRule{front}, no: true},
		{name: "what no value is made to", key: "{id}.{ext}", path: "a b.png", assets: []AssetRule{front}, no: true},
		{name: "what no value is as long as", key: "{id}.{ext}", path: strings.Repeat("a", 101) + ".png", assets: []AssetRule{front}, no: true},
		{name: "no UTF-8", key: "{id}.{ext}", path: "\xff.png", assets: []AssetRule{front}, no: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := layoutOf(t, tt.key, tt.assets...).Parse(tt.path)
			if ok == tt.no || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Parse(%q) by %q = %+v, %v; want %+v, %v", tt.path, tt.key, got, ok, tt.want, !tt.no)
			}
		})
	}
}

func TestForeignLayout(t *testing.T) {
	t.Parallel()
	l := layoutOf(t, "png/{grade}/{id}_{asset}.png", front, back).Foreign()
	for path, want := range map[string]string{
		"png/GEM MT 10/500_front.png": "GEM MT 10", "png/10/500_front.png": "10", "png/#1 (best)/500_front.png": "#1 (best)",
		"png/.thumbs/500_front.png": "", "png/a/b/500_front.png": "", "png/a\x1b/500_front.png": "", "png/10/500_front.PNG": "", "png/10/500 b_front.png": "",
	} {
		got, ok := l.Parse(path)
		if got.Values["grade"] != want || ok != (want != "") {
			t.Errorf("Parse(%q) = %+v, %v; want %q", path, got, ok, want)
		}
	}
}

func TestLayoutTellsItsParts(t *testing.T) {
	t.Parallel()
	l := layoutOf(t, "data/png-{grade}/{year}/{id}_{asset}_{grade}.{ext}", front, bigFront)
	type parts struct {
		Prefix                   string
		Assets, Required, Fields []string
	}
	got := parts{l.Prefix(), l.Assets(), l.Required("record", nil), l.Fields()}
	want := parts{"data/", []string{"front", "big_front"}, []string{"front"}, []string{"grade", "year"}}
	if d := cmp.Diff(got, want); d != "" {
		t.Error(d)
	}
	if p := layoutOf(t, "{id}/x.{ext}", front).Prefix(); p != "" {
		t.Errorf("prefix %q; want none", p)
	}
	kept := AssetRule{Name: "front", URL: `"a"`, Image: &seine.Image{Keep: seine.KeepOriginal}}
	if got := layoutOf(t, "{id}_{asset}.{ext}", kept, back).Required("record", nil); !reflect.DeepEqual(got, []string{"front", "front_original", "back"}) {
		t.Errorf("required %q; want the original too", got)
	}
	s, _ := Compile(Rules{Fields: []Field{{Name: "b", CSS: "p"}, {Name: "hidden", CSS: "i", Drop: true}, {Name: "a", CSS: "b"}}})
	if got := s.Columns(); !reflect.DeepEqual(got, []string{"b", "a"}) {
		t.Errorf("columns %q; want b, a", got)
	}
}

func TestLayoutOfPageKinds(t *testing.T) {
	t.Parallel()
	photo := AssetRule{Name: "photo", URL: `["a"]`, All: true}
	l := compiled(t,
		Rules{Name: "card", Kind: "card", Assets: []AssetRule{front, back, bigFront}},
		Rules{Name: "news", Kind: "news"},
		Rules{Name: "list", Kind: "item", Each: []Each{{Source: Field{CSS: "li"}, Key: `{sku}`, Fields: []Field{{Name: "sku", CSS: "b"}}, Assets: []AssetRule{photo}}}},
	).Layout()
	for _, tt := range []struct {
		name, kind string
		have       string
		want       string
	}{
		{"each kind has files of its own", "card", "", "front back"},
		{"a kind without files", "news", "", ""},
		{"the records of a list", "item", "", "photo_1"},
		{"a kind that the job lost, by its files", "gone", "front", "front back"},
		{"the same, by a file of a list", "gone", "photo_2", "photo_1"},
		{"by an optional file", "gone", "big_front", "front back"},
		{"without files", "gone", "", ""},
	} {
		if got := strings.Join(l.Required(tt.kind, strings.Fields(tt.have)), " "); got != tt.want {
			t.Errorf("%s: required %q; want %q", tt.name, got, tt.want)
		}
	}
}

func TestLayoutFits(t *testing.T) {
	t.Parallel()
	l := layoutOf(t, "png/{grade}/{id}_{asset}.{ext}", front, back)
	ten := func(name string) (string, bool) { return "10", name == "grade" }
	unknown := func(string) (string, bool) { return "", false }
	for _, tt := range []struct {
		path, id, asset string
		value           func(string) (string, bool)
		want            bool
	}{
		{"png/10/7_front.png", "7", "front", ten, true},
		{"png/10/7_front.jpg", "7", "front", ten, true},
		{"png/9/7_front.png", "7", "front", ten, false},
		{"png/9/7_front.png", "7", "front", unknown, true},
		{"png/9/x/7_front.png", "7", "front", unknown, false},
		{"png/10/8_front.png", "7", "front", ten, false},
		{"png/10/7_back.png", "7", "front", ten, false},
		{"png/10/" + Sanitize("a/b") + "_front.png", "a/b", "front", ten, true},
		{"png/10/a_b_front.png", "a/b", "front", ten, false},
		{"png/10/7_front.", "7", "front", ten, false},
	} {
		if got := l.Fits(tt.path, tt.id, tt.asset, tt.value); got != tt.want {
			t.Errorf("Fits(%q, %q, %q) = %v; want %v", tt.path, tt.id, tt.asset, got, tt.want)
		}
	}
}

// A path that the template made is parsed, and a parsed path is the path that the template makes of
// the parsed values.
func FuzzLayout(f *testing.F) {
	f.Add("70000001", "10", "png", "png/10/70000001_front.png")
	f.Add("https://a.example/p?q=1", "NM-MT", "jpeg", "png/../x_front.png")
	f.Add("7_big", ".", "gz", "png/a_b/7_big_front.png")
	l := layoutOf(f, "png/{grade}/{id}_{asset}.{ext}", front, bigFront)
	f.Fuzz(func(t *testing.T, id, grade, ext, path string) {
		for _, a := range l.Assets() {
			made, err := l.key.expand(func(name string) string {
				return map[string]string{"id": id, "grade": grade, "asset": a}[name]
			})
			if err != nil {
				continue
			}
			made = strings.ReplaceAll(made, "{ext}", "png")
			place, ok := l.Parse(made)
			if !ok || place.Values["grade"] != Sanitize(grade) {
				t.Fatalf("Parse(%q) = %+v, %v", made, place, ok)
			}
			if !l.Fits(made, id, a, func(string) (string, bool) { return grade, true }) {
				t.Errorf("%q does not fit %q, %q", made, id, grade)
			}
		}
		place, ok := l.Parse(path)
		if !ok {
			return
		}
		again := "png/" + place.Values["grade"] + "/" + place.ID + "_" + place.Asset + "."
		if got, found := strings.CutPrefix(path, again); !found || strings.ContainsAny(got, "/.") || got == "" {
			t.Errorf("Parse(%q) = %+v, which makes %q", path, place, again)
		}
	})
}

// A layout of another program's files tells tasks and assets apart.
func TestLayoutWith(t *testing.T) {
	t.Parallel()
	l := layoutOf(t, "png/{grade}/{id}_{asset}.png", front, back)
	for key, want := range map[string]string{
		"old/{grade}/{id}_{asset}.png": "", "old/{key}-{asset}.png": "", "old/{grade}": "neither {id} nor {key}", "old/{id}.png": "no {asset}",
	} {
		if _, err := l.With(key); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("With(%q): %v; want %q", key, err, want)
		}
	}
}
