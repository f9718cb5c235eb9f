package dataset_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/dataset"
)

type counted struct {
	values     []dataset.ValueCount
	total      int64
	incomplete []dataset.Incomplete
	double     []dataset.Double
}

func (f *fixture) count(by string) counted {
	f.Helper()
	n, err := f.Count(f.Context(), by)
	f.check(err)
	out := counted{values: n.Values, total: n.Total}
	f.check(n.Incomplete(f.Context(), func(i dataset.Incomplete) error { out.incomplete = append(out.incomplete, i); return nil }))
	f.check(n.Double(f.Context(), func(d dataset.Double) error { out.double = append(out.double, d); return nil }))
	if int64(len(out.incomplete)) != n.IncompleteTotal || int64(len(out.double)) != n.DoubleTotal {
		f.Errorf("%d incomplete of %d, %d double of %d", len(out.incomplete), n.IncompleteTotal, len(out.double), n.DoubleTotal)
	}
	f.check(n.Close())
	return out
}

func TestCountIsInNumericOrder(t *testing.T) {
	each(t, func(f *fixture) {
		f.fill(23)
		f.done("7", "9", "front")
		f.done("8", "9.5", "front", "back")
		f.done("9", "NM-MT 8", "front", "back")
		want := "[{1 3} {2 2} {3 2} {4 2} {5 2} {6 2} {7 2} {8 2} {9 2} {9.5 1} {10 2} {NM-MT 8 1} {unknown 2}]"
		got := f.count("grade")
		if fmt.Sprint(got.values) != want || got.total != 25 || fmt.Sprint(got.incomplete) != "[{7 [front]}]" || got.double != nil {
			t.Errorf("%+v; want %s", got, want)
		}
		// A requeued task is not complete until it is done again.
		f.gone(path("1000", "1", "back"))
		f.audit(dataset.AuditOptions{Fix: true})
		if got := f.count(""); got.total != 24 || got.values[0] != (dataset.ValueCount{Value: "1", Complete: 2}) {
			t.Errorf("after a task was sent back: %+v", got)
		}
	})
}

func TestCountBucketOnly(t *testing.T) {
	each(t, func(f *fixture) {
		f.Frontier = nil
		for _, p := range []string{
			path("1", "10", "front"), path("1", "10", "back"), path("2", "9", "front"), path("2", "9", "back"), path("2", "10", "front"), path("2", "10", "back"),
			path("3", "9", "front"), path("4", "2", "back"), path("4", "unknown", "front"), path("5", "unknown", "front"), path("5", "unknown", "back"), "png/9/x", "y",
		} {
			f.put(p, []byte("x"))
		}
		got := f.count("")
		if fmt.Sprint(got.values) != "[{9 1} {10 2} {unknown 1}]" || got.total != 3 ||
			fmt.Sprint(got.incomplete) != "[{3 [front]} {4 [back front]}]" || fmt.Sprint(got.double) != "[{2 [9 10]} {4 [2 unknown]}]" {
			t.Errorf("%+v", got)
		}
	})
}

// In a bucket that Seine did not fill, a field may hold any text, and skipped files are reported.
func TestCountOfAForeignBucket(t *testing.T) {
	each(t, func(f *fixture) {
		f.Frontier = nil
		for _, p := range []string{
			"png/GEM MT 10/500_front.png", "png/GEM MT 10/500_back.png", "png/PR (1)/501_front.png", "png/PR (1)/501_back.png",
			"png/9/104_front.PNG", "png/9/103_side.png", "png/.thumbs/500_front.png", "png/9/105_front.png.17ab.tmp", "other",
		} {
			f.put(p, []byte("x"))
		}
		n, err := f.Count(f.Context(), "")
		f.check(err)
		defer func() { f.check(n.Close()) }()
		if fmt.Sprint(n.Values) != "[{GEM MT 10 1} {PR (1) 1}]" || n.Total != 2 || n.IncompleteTotal != 0 {
			t.Errorf("%+v", n)
		}
		if want := (dataset.Strangers{Number: 3, Example: "png/.thumbs/500_front.png"}); n.Strangers != want {
			t.Errorf("passed over %+v; want %+v", n.Strangers, want)
		}
	})
}

// The counts by records and by paths equal an independent count of a random set.
func TestCountEqualsAnotherCount(t *testing.T) {
	each(t, func(f *fixture) {
		r := rand.New(rand.NewPCG(1, 2))
		for i := range 300 {
			assets := []string{"front", "back", "slab"}
			f.done(fmt.Sprint(i), fmt.Sprint(r.IntN(12)), slices.DeleteFunc(assets, func(a string) bool { return r.IntN(10) == 0 })...)
		}
		files := map[string]map[string]int{} // by grade and id
		for _, p := range f.paths() {
			part := strings.Split(p, "/")
			id, asset, _ := strings.Cut(strings.TrimSuffix(part[2], ".png"), "_")
			if files[part[1]] == nil {
				files[part[1]] = map[string]int{}
			}
			files[part[1]][id] += map[string]int{"front": 1, "back": 2}[asset]
		}
		want, total := map[string]int64{}, int64(0)
		for grade, ids := range files {
			for _, n := range ids {
				if n == 3 {
					want[grade]++
					total++
				}
			}
		}
		check := func() {
			t.Helper()
			got := map[string]int64{}
			n := f.count("grade")
			for _, v := range n.values {
				got[v.Value] = v.Complete
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || n.total != total || int64(len(n.incomplete)) < 10 {
				t.Errorf("%v, total %d; want %v, %d", got, n.total, want, total)
			}
		}
		check()
		f.Frontier = nil
		check()
	})
}

func TestCountRefusesWhatIsNoField(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), true)
	for _, tt := range []struct {
		by, want string
		f        dataset.Frontier
	}{{"grades", `did you mean "grade"?`, f.Frontier}, {"note", "is not in store.key", nil}} {
		f.Frontier = tt.f
		if _, err := f.Count(t.Context(), tt.by); !errors.Is(err, dataset.ErrField) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("by %s: %v; want %s", tt.by, err, tt.want)
		}
	}
}
