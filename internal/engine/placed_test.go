package engine

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
)

func TestAssetsOfCodeHavePaths(t *testing.T) {
	t.Parallel()
	keep := &seine.Image{Keep: seine.KeepOriginal}
	record := seine.Record{Fields: map[string]any{"grade": 9, "shop": "../a b", "token": "x-s3cret-y"}}
	for name, tt := range map[string]struct {
		template, key string
		assets        []seine.Asset
		want          []string // paths and paths of originals; an error if it begins with "!"
	}{
		"the default":          {"", "7", []seine.Asset{{Name: "front"}, {Name: "back"}}, []string{"7_front.{ext}", "7_back.{ext}"}},
		"fields":               {"png/{grade}/{id}_{asset}.png", "7", []seine.Asset{{Name: "front"}}, []string{"png/9/7_front.png"}},
		"a path of its own":    {"", "7", []seine.Asset{{Name: "front", Path: "mine"}, {Name: "back"}}, []string{"mine", "7_back.{ext}"}},
		"an original":          {"", "7", []seine.Asset{{Name: "front", Image: keep}}, []string{"7_front.{ext}", "7_front_original.{ext}"}},
		"another record":       {"", "7", []seine.Asset{{Name: "front", Record: "8"}}, []string{"8_front.{ext}"}},
		"a URL":                {"", "https://shop.example/p?id=7", []seine.Asset{{Name: "front"}}, []string{"https___shop.example_p_id_7-8a3d1f1b3cf2e6b3_front.{ext}"}},
		"a value with slashes": {"{shop}/{id}_{asset}", "7", []seine.Asset{{Name: "front"}}, []string{"_.._a_b-"}},
		"a secret":             {"{token}_{asset}", "7", []seine.Asset{{Name: "front"}}, []string{"x-xxxxx-y_front"}},
		"no such field":        {"{size}/{id}_{asset}", "7", []seine.Asset{{Name: "front"}}, []string{"!asset front: key needs field size: missing"}},
		"no name":              {"", "7", []seine.Asset{{}}, []string{"!asset : key needs asset: missing"}},
		"one path twice":       {"{id}", "7", []seine.Asset{{Name: "front"}, {Name: "back"}}, []string{"!the assets front and back have the path 7: give them names of their own, and put {asset} into store.key"}},
		"a bad template":       {"{id", "7", []seine.Asset{{Name: "front"}}, []string{"!asset front: store.key: \"{id\" opens a brace that is not closed"}},
		"outside of the store": {"../{id}", "7", []seine.Asset{{Name: "front"}}, []string{"!asset front: store.key: has the path element \"..\""}},
	} {
		job := seine.Job{Secrets: []string{"s3cret"}, Store: seine.Store{Key: tt.template}}
		result := seine.Result{Records: []seine.Record{record}, Assets: tt.assets}
		if err := placed(&job, tt.key, &result); err != nil {
			if got := "!" + err.Error(); got != tt.want[0] {
				t.Errorf("%s: %s; want %s", name, got, tt.want[0])
			}
			continue
		}
		var got []string
		for _, a := range result.Assets {
			got = append(got, a.Path)
			if a.OriginalPath != "" {
				got = append(got, a.OriginalPath)
			}
		}
		switch name {
		case "a URL": // its hash tells it apart from any other
			if !strings.HasSuffix(got[0], "_front.{ext}") || len(got[0]) < 32+len("_front.{ext}") || strings.Contains(got[0], "/") {
				t.Errorf("%s: %q", name, got)
			}
		case "a value with slashes":
			if strings.Count(got[0], "/") != 1 || strings.HasPrefix(got[0], ".") {
				t.Errorf("%s: %q", name, got)
			}
		default:
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("%s: paths (-want +got):\n%s", name, d)
			}
		}
	}
}
