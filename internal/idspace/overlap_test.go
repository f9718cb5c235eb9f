package idspace

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seinehq/seine"
)

// Overlaps agrees with a comparison of all IDs, in every notation.
func TestOverlapsAreExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	overlaps := 0
	for range 20_000 {
		var s [2]Space
		for i := range s {
			s[i] = Space{Prefix: []string{"", "", "A", "A1", "Ä", "0"}[r.IntN(6)], Alphabet: []string{"", seine.Letters, seine.Alphanumerics, "AB", "1A"}[r.IntN(5)], Width: r.IntN(4)}
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
	a, b := Space{From: 1, To: 99999999999, Prefix: "A"}, Space{From: 10 * 36 * 36 * 36 * 36 * 36, To: 36*36*36*36*36*36 - 1, Alphabet: seine.Alphanumerics, Width: 6}
	if id, got := a.Overlaps(&b); !got || id != "A10000" {
		t.Errorf("overlap %q, %v; want A10000", id, got)
	}
}

// The same holds if the notations differ so much that the IDs must be inspected, and if few of very
// many IDs overlap.
func TestOverlapsOfOtherForms(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	overlaps := 0
	for range 1000 {
		var s [2]Space
		for i := range s {
			s[i] = Space{Prefix: []string{"", "1", "19"}[r.IntN(3)], From: r.Int64N(3000), Step: 1 + r.Int64N(9)}
			switch r.IntN(4) {
			case 0:
				s[i].Date, s[i].From = []string{"20060102", "060102"}[r.IntN(2)], r.Int64N(20_000)
			case 1:
				s[i].Check = "luhn"
			case 2:
				s[i].Alphabet = "9876543210"
			default:
				s[i].From, s[i].Step, s[i].Width = r.Int64N(20_000_000), 1+r.Int64N(9999), r.IntN(9)
			}
			s[i].To = s[i].From + r.Int64N(3000)*s[i].Step
		}
		in := map[string]bool{}
		for i := range s[0].Len() {
			in[s[0].At(i)] = true
		}
		want := false
		for i := range s[1].Len() {
			want = want || in[s[1].At(i)] && s[0].has(s[1].At(i)) && s[1].has(s[1].At(i))
		}
		id, got := s[0].Overlaps(&s[1])
		if got != want || got && !(s[0].has(id) && s[1].has(id)) {
			t.Fatalf("%+v and %+v overlap: %v, in %q; want %v", s[0], s[1], got, id, want)
		}
		if got {
			overlaps++
		}
	}
	if overlaps < 50 {
		t.Errorf("%d pairs overlap: the test says little", overlaps)
	}
	dates := Space{From: 0, To: seine.Day(time.Date(2030, 3, 1, 0, 0, 0, 0, time.UTC)), Date: "20060102"}
	numbers := Space{From: 1, To: 90_000_000, Step: 9002}
	if id, got := dates.Overlaps(&numbers); !got || id != "19840409" {
		t.Errorf("overlap %q, %v; want 19840409", id, got)
	}
	if got := Overlaps([]Space{dates, numbers}); len(got) != 1 {
		t.Errorf("overlaps %v; want one", got)
	}
}

// An overlap check that needs a walk has the same bound for many spaces of that length.
func TestWalksAreBounded(t *testing.T) {
	t.Parallel()
	var spaces []Space
	for i := range int64(10) {
		spaces = append(spaces, Space{From: 10_000_000 * i, To: 10_000_000*i + 900_000, Check: []seine.Check{"", "luhn", "damm", "mod11"}[i%4], Step: 1 + i%2})
	}
	spaces = append(spaces, Space{From: -10_000, To: 990_000, Date: "2006x01x02"})
	if _, left := overlaps(spaces); left < 0 {
		t.Errorf("the walks inspect %d IDs; at most %d", overlapWalk-left, overlapWalk)
	}
}

// Many spaces are checked soon.
func TestManySpacesAreCheckedSoon(t *testing.T) {
	t.Parallel()
	var many, ranges []seine.IDSpace
	for i := range int64(1000) {
		many = append(many, seine.IDSpace{From: 1, To: 1_000_000, Prefix: fmt.Sprintf("P%04d-", i)})
		ranges = append(ranges, seine.IDSpace{From: i * 1_000_000, To: i*1_000_000 + 999_999})
	}
	for _, spaces := range [][]seine.IDSpace{many, ranges} {
		if errs := Check(spaces); len(errs) > 0 {
			t.Error(errs)
		}
	}
}
