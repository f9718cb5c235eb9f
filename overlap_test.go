package seine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// Whether two spaces have an id in common is told as looking at all of them tells
// it, however their ids are written.
func TestOverlapsAreExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	overlaps := 0
	for range 20_000 {
		var s [2]IDSpace
		for i := range s {
			s[i] = IDSpace{Prefix: []string{"", "", "A", "A1", "Ä", "0"}[r.IntN(6)], Alphabet: []string{"", Letters, Alphanumerics, "AB", "1A"}[r.IntN(5)], Width: r.IntN(4)}
			s[i].From = r.Int64N(40)
			if r.IntN(3) == 0 {
				s[i].From = r.Int64N(2000)
			}
			s[i].To = s[i].From + r.Int64N(60)
			if s[i].Alphabet == "" && r.IntN(3) == 0 {
				s[i].Step = 1 + r.Int64N(3)
			}
		}
		in := map[string]bool{}
		for i := range s[0].Len() {
			in[s[0].At(i)] = true
		}
		want := false
		for i := range s[1].Len() {
			want = want || in[s[1].At(i)]
		}
		id, got := s[0].Overlaps(&s[1])
		if got != want || got && !(s[0].has(id) && s[1].has(id)) {
			t.Fatalf("%+v and %+v overlap: %v, in %q; want %v", s[0], s[1], got, id, want)
		}
		if got {
			overlaps++
		}
	}
	if overlaps < 200 {
		t.Errorf("%d pairs overlap: the test says little", overlaps)
	}
	a, b := IDSpace{From: 1, To: 99999999999, Prefix: "A"}, IDSpace{From: 10 * 36 * 36 * 36 * 36 * 36, To: 36*36*36*36*36*36 - 1, Alphabet: Alphanumerics, Width: 6}
	if id, got := a.Overlaps(&b); !got || id != "A10000" {
		t.Errorf("overlap %q, %v; want A10000", id, got)
	}
}

// Many spaces are checked soon.
func TestManySpacesAreCheckedSoon(t *testing.T) {
	t.Parallel()
	var many, ranges []IDSpace
	for i := range int64(1000) {
		many = append(many, IDSpace{From: 1, To: 1_000_000, Prefix: fmt.Sprintf("P%04d-", i)})
		ranges = append(ranges, IDSpace{From: i * 1_000_000, To: i*1_000_000 + 999_999})
	}
	for _, spaces := range [][]IDSpace{many, ranges} {
		began := time.Now()
		if errs := checkSpaces(spaces); len(errs) > 0 {
			t.Error(errs)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("1,000 spaces take %v", took)
		} else {
			t.Log(took)
		}
	}
}
