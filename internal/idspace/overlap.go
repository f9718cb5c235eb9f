package idspace

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"
)

// Overlap is an ID in two spaces of a list, the Of-th and the earlier With-th.
type Overlap struct {
	Of, With int
	ID       string
}

// Overlaps lists the spaces that have an ID in common with an earlier one, as
// [Space.Overlaps] reports.
func Overlaps(spaces []Space) (out []Overlap) {
	out, _ = overlaps(spaces)
	return out
}

// overlaps also returns the unused part of overlapWalk.
func overlaps(spaces []Space) (out []Overlap, left int64) {
	order := make([]int, len(spaces))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, k int) int { return cmp.Compare(spaces[i].Prefix, spaces[k].Prefix) })
	var (
		walked []Overlap // that it takes a walk to tell
		around []int     // of the spaces so far those whose prefix begins this one's
	)
	for _, i := range order {
		for len(around) > 0 && !strings.HasPrefix(spaces[i].Prefix, spaces[around[len(around)-1]].Prefix) {
			around = around[:len(around)-1]
		}
		for _, k := range around {
			of, with := max(i, k), min(i, k)
			id, overlap, known := spaces[of].reckoned(&spaces[with])
			switch {
			case !known:
				walked = append(walked, Overlap{Of: of, With: with})
			case overlap:
				out = append(out, Overlap{of, with, id})
			}
		}
		around = append(around, i)
	}
	// Short walks go first, because the number of inspected IDs has one bound for all.
	length := func(o Overlap) int64 { return min(spaces[o.Of].Len(), spaces[o.With].Len()) }
	slices.SortStableFunc(walked, func(a, b Overlap) int { return cmp.Compare(length(a), length(b)) })
	left = overlapWalk
	for _, o := range walked {
		if id, overlap := spaces[o.Of].walked(&spaces[o.With], &left); overlap {
			out = append(out, Overlap{o.Of, o.With, id})
		}
	}
	slices.SortFunc(out, func(a, b Overlap) int { return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.With, b.With)) })
	return out, left
}

// plain reports that a space holds every number between its bounds, in digits whose order is the
// order of their bytes.
func (s *Space) plain() bool {
	return s.Date == "" && s.Check == "" && s.step() == 1 && slices.IsSorted([]byte(s.alphabet()))
}

func (s *Space) alphabet() string {
	if s.Alphabet == "" {
		return decimals
	}
	return s.Alphabet
}

// crosses is whether two plain spaces have an id in common. For each length, the common IDs form a
// range in the order of bytes, in digits of both spaces.
func (s *Space) crosses(o *Space) (id string, crosses bool) {
	for n := max(len(s.Key(s.From)), len(o.Key(o.From))); n <= min(len(s.Key(s.To)), len(o.Key(o.To))); n++ {
		lo1, hi1, ok1 := s.ofLength(n)
		lo2, hi2, ok2 := o.ofLength(n)
		if !ok1 || !ok2 {
			continue
		}
		lo, hi := max(lo1, lo2), min(hi1, hi2)
		digits := func(at int) []byte { // that an id of both may have there
			var out []byte
			for c := range 256 {
				if c := byte(c); s.mayHave(c, at) && o.mayHave(c, at) {
					out = append(out, c)
				}
			}
			return out
		}
		if id, ok := least(lo, n, digits); ok && id <= hi {
			return id, true
		}
	}
	return "", false
}

// mayHave reports whether an ID may have a byte at a position.
func (s *Space) mayHave(c byte, at int) bool {
	if at < len(s.Prefix) {
		return s.Prefix[at] == c
	}
	return strings.IndexByte(s.alphabet(), c) >= 0
}

// ofLength returns the first and the last ID with a given number of bytes.
func (s *Space) ofLength(n int) (first, last string, ok bool) {
	digits, base := n-len(s.Prefix), int64(len(s.alphabet()))
	if digits < max(s.Width, 1) {
		return "", "", false
	}
	from, to, least := s.From, s.To, int64(1)
	for range digits - 1 {
		if least > math.MaxInt64/base {
			return "", "", false
		}
		least *= base
	}
	if digits > max(s.Width, 1) {
		from = max(from, least)
	}
	if least <= math.MaxInt64/base {
		to = min(to, least*base-1)
	}
	return s.Key(from), s.Key(to), from <= to
}

// least is the first string of n bytes, in the order of bytes, that is not before
// lo and has at each place one of its digits.
func least(lo string, n int, digits func(at int) []byte) (string, bool) {
	out := make([]byte, 0, n)
	for at := range n { // as lo, as long as it goes
		d := digits(at)
		if len(d) == 0 {
			return "", false
		}
		if !slices.Contains(d, lo[at]) {
			break
		}
		out = append(out, lo[at])
	}
	if len(out) == n {
		return lo, true
	}
	// From the position where it cannot continue, take the next greater digit, or the previous one.
	for at := len(out); at >= 0; at-- {
		d := digits(at)
		i := slices.IndexFunc(d, func(c byte) bool { return c > lo[at] })
		if i < 0 {
			continue
		}
		out = append(out[:at], d[i])
		for k := at + 1; k < n; k++ {
			d := digits(k)
			if len(d) == 0 {
				return "", false
			}
			out = append(out, d[0])
		}
		return string(out), true
	}
	return "", false
}

// overlapWalk is the number of IDs to look up in another space with another notation, which takes
// half a second if those are dates. For a larger space, overlapSample IDs are looked up.
const (
	overlapWalk   = 1_000_000
	overlapSample = 1000
)

// Overlaps reports whether two spaces have an id in common, and names one. It is exact with one
// exception: if the IDs have different notations with a step, a check digit, a date or an unusual
// digit order, and each space has more than a million IDs, it inspects a sample.
func (s *Space) Overlaps(o *Space) (id string, overlaps bool) {
	id, overlaps, known := s.reckoned(o)
	if !known {
		left := int64(overlapWalk)
		return s.walked(o, &left)
	}
	return id, overlaps
}

// walked looks up the IDs of the shorter space in the other one, up to the limit left or for a
// sample of both.
func (s *Space) walked(o *Space, left *int64) (id string, overlaps bool) {
	few, many := s, o
	if few.Len() > many.Len() {
		few, many = many, few
	}
	from, to := few.asLong(many)
	if to-from <= *left {
		*left -= to - from
		for i := from; i < to; i++ {
			if id := few.At(i); many.has(id) {
				return id, true
			}
		}
		return "", false
	}
	for _, x := range [][2]*Space{{s, o}, {o, s}} {
		n := x[0].Len()
		for k := range min(n, overlapSample) {
			i := k
			if n > overlapSample {
				i = int64(float64(n-1) * float64(k) / (overlapSample - 1))
			}
			if id := x[0].At(i); x[1].has(id) {
				return id, true
			}
		}
	}
	return "", false
}

// asLong returns the positions, from and before to, of the IDs whose length occurs in another
// space. If one of the spaces holds dates, it returns all positions.
func (s *Space) asLong(o *Space) (from, to int64) {
	n := s.Len()
	if s.Date != "" || o.Date != "" {
		return 0, n
	}
	first := func(bytes int) int64 { // that has at least so many
		lo, hi := int64(0), n
		for lo < hi {
			if mid := lo + (hi-lo)/2; len(s.At(mid)) < bytes {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		return lo
	}
	from = first(len(o.At(0)))
	return from, max(from, first(len(o.At(o.Len()-1))+1))
}

// reckoned returns the result that needs no look at the IDs. known is false if that is not enough.
func (s *Space) reckoned(o *Space) (id string, overlaps, known bool) {
	switch {
	case !strings.HasPrefix(s.Prefix, o.Prefix) && !strings.HasPrefix(o.Prefix, s.Prefix):
		return "", false, true
	case s.same(o):
		id, overlaps = s.meets(o)
		return id, overlaps, true
	case s.plain() && o.plain():
		id, overlaps = s.crosses(o)
		return id, overlaps, true
	}
	return "", false, false
}

// meets is whether two spaces whose ids are written alike have one in common.
func (s *Space) meets(o *Space) (id string, overlaps bool) {
	lo, hi := max(s.From, o.From), min(s.To, o.To)
	if lo > hi {
		return "", false
	}
	if w := max(s.Width, o.Width); s.Date == "" && max(s.Width, 1) != max(o.Width, 1) {
		base := int64(len(decimals))
		if s.Alphabet != "" {
			base = int64(len(s.Alphabet))
		}
		for least := int64(1); w > 1; w-- { // shorter numbers are padded differently
			if least > math.MaxInt64/base {
				return "", false
			}
			least *= base
			lo = max(lo, least)
		}
	}
	// The first n from lo on that is From + k × Step of both.
	a, b := big.NewInt(s.step()), big.NewInt(o.step())
	g := new(big.Int).GCD(nil, nil, a, b)
	gap := big.NewInt(o.From - s.From)
	k, rest := new(big.Int).QuoRem(gap, g, new(big.Int))
	if lo > hi || rest.Sign() != 0 {
		return "", false
	}
	bg := new(big.Int).Quo(b, g)
	inverse := new(big.Int).ModInverse(new(big.Int).Quo(a, g), bg)
	if inverse == nil { // bg is 1
		inverse = new(big.Int)
	}
	k.Mul(k, inverse).Mod(k, bg)
	n := new(big.Int).Add(big.NewInt(s.From), k.Mul(k, a))
	period := new(big.Int).Mul(a, bg)
	if below := new(big.Int).Sub(big.NewInt(lo), n); below.Sign() > 0 {
		below.Add(below, period).Sub(below, big.NewInt(1)).Quo(below, period)
		n.Add(n, below.Mul(below, period))
	} else {
		n.Sub(n, below.Neg(below).Quo(below, period).Mul(below, period))
	}
	if n.Cmp(big.NewInt(hi)) > 0 {
		return "", false
	}
	return s.Key(n.Int64()), true
}
