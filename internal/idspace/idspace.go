// Package idspace computes with the IDs of ID spaces: the ID at a position, the position of an ID,
// and the spaces that overlap. It is pure.
package idspace

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/seinehq/seine"
)

// Space is an ID space with its arithmetic.
type Space seine.IDSpace

// Of converts a space of a job.
func Of(s *seine.IDSpace) *Space { return (*Space)(s) }

// All returns the spaces of a job.
func All(list []seine.IDSpace) []Space {
	spaces := make([]Space, len(list))
	for i, s := range list {
		spaces[i] = Space(s)
	}
	return spaces
}

// maxWidth is the greatest width, because IDs have to fit a key.
const maxWidth = 64

const decimals = "0123456789"

const secondsADay = 24 * 60 * 60

func (s *Space) step() int64 { return max(s.Step, 1) }

// Len is the number of ids.
func (s *Space) Len() int64 { return (s.To-s.From)/s.step() + 1 }

// At returns the i-th id, from 0.
func (s *Space) At(i int64) string { return s.Key(s.From + i*s.step()) }

// Key returns the id of a number, inside of the space or not.
func (s *Space) Key(n int64) string {
	if s.Date != "" {
		return s.Prefix + time.Unix(n*secondsADay, 0).UTC().Format(s.Date)
	}
	digits := s.digits(n)
	return s.Prefix + digits + checkDigit(s.Check, s.prefixDigits()+digits)
}

// prefixDigits returns the digits of the prefix, which count for a check digit too, as in an ISBN
// that begins with 978.
func (s *Space) prefixDigits() string {
	if s.Check == "" {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s.Prefix)
}

func (s *Space) digits(n int64) string {
	if s.Alphabet == "" || s.Alphabet == decimals {
		if n < 0 {
			return fmt.Sprintf("%0*d", s.Width, n)
		}
		digits := strconv.FormatInt(n, 10)
		return strings.Repeat("0", max(0, s.Width-len(digits))) + digits
	}
	var b [64]byte
	at, base := len(b), int64(len(s.Alphabet))
	for n > 0 || at == len(b) {
		at--
		b[at] = s.Alphabet[n%base]
		n /= base
	}
	return strings.Repeat(s.Alphabet[:1], max(0, s.Width-(len(b)-at))) + string(b[at:])
}

// Number returns the number of an id, inside of the space or not; ok is false
// where it is not written as the space's ids are. Zeros before a decimal number
// may be left out.
func (s *Space) Number(id string) (n int64, ok bool) {
	rest, ok := strings.CutPrefix(id, s.Prefix)
	if !ok {
		return 0, false
	}
	switch {
	case s.Date != "":
		t, err := time.Parse(s.Date, rest)
		n = seine.Day(t)
		return n, err == nil && s.Key(n) == id
	case s.Check != "":
		if rest == "" {
			return 0, false
		}
		digits, check := rest[:len(rest)-1], rest[len(rest)-1:]
		if n, ok = decimal(digits); !ok {
			return 0, false
		}
		return n, checkDigit(s.Check, s.prefixDigits()+digits) == check
	case s.Alphabet == "" || s.Alphabet == decimals:
		return decimal(rest)
	}
	base := int64(len(s.Alphabet))
	for _, r := range []byte(rest) {
		d := int64(strings.IndexByte(s.Alphabet, r))
		if d < 0 || n > (math.MaxInt64-d)/base {
			return 0, false
		}
		n = n*base + d
	}
	return n, s.Key(n) == id
}

func decimal(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 63) // no sign
	return int64(n), err == nil
}

// Find returns the place of an id in the space, from 0; ok is false where it is
// none of its ids.
func (s *Space) Find(id string) (i int64, ok bool) {
	n, ok := s.Number(id)
	if !ok || n < s.From || n > s.To || (n-s.From)%s.step() != 0 {
		return 0, false
	}
	return (n - s.From) / s.step(), true
}

// same reports that ids of two spaces are written alike, apart from zeros in
// front.
func (s *Space) same(o *Space) bool {
	alphabet := func(s *Space) string {
		if s.Alphabet == "" {
			return decimals
		}
		return s.Alphabet
	}
	return s.Prefix == o.Prefix && alphabet(s) == alphabet(o) && s.Check == o.Check && s.Date == o.Date
}

// has finds an id exactly as it is written.
func (s *Space) has(id string) bool {
	i, ok := s.Find(id)
	return ok && s.At(i) == id
}

// check returns the mistakes of a space.
func (s *Space) check() []error {
	var errs []error
	say := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	say(s.From > s.To, "from %d is greater than to %d", s.From, s.To)
	say(s.To == math.MaxInt64, "to %d is too large: at most %d", s.To, int64(math.MaxInt64-1))
	say(s.From < 0 && s.Date == "", "from %d is negative", s.From)
	say(s.Width < 0 || s.Width > maxWidth, "width %d: 0 to %d", s.Width, maxWidth)
	say(s.Prefix != strings.TrimLeft(s.Prefix, " "), "prefix %q begins with a space, but no key does", s.Prefix)
	say(s.Step < 0, "step %d is negative", s.Step)
	say(s.Check != "" && checks[s.Check] == nil, "check %q is no scheme", s.Check)
	say(s.Check != "" && s.Alphabet != "" && s.Alphabet != decimals, "check %s needs decimal digits", s.Check)
	say(s.Date != "" && (s.Check != "" || s.Alphabet != "" || s.Width != 0), "dates have no alphabet, width or check digit")
	if s.Date != "" && len(errs) == 0 {
		n, ok := s.Number(s.Key(s.From))
		say(!ok || n != s.From, "the date layout %q loses the day", s.Date)
	}
	if a := s.Alphabet; a != "" {
		bad := len(a) < 2
		for i, c := range []byte(a) {
			bad = bad || c >= 0x80 || strings.IndexByte(a[i+1:], c) >= 0
		}
		say(bad, "alphabet %q: give two or more different ASCII characters", a)
	}
	if len(errs) > 0 {
		return errs
	}
	for _, n := range s.Start {
		say(n < s.From || n > s.To || (n-s.From)%s.step() != 0, "start %d is none of the ids", n)
	}
	return errs
}

// Check returns the mistakes of a job's spaces, each with the key of the job file.
func Check(list []seine.IDSpace) (errs []error) {
	spaces := All(list)
	for i := range spaces {
		for _, err := range spaces[i].check() {
			errs = append(errs, fmt.Errorf("seeds.ids%s: %w", indexOf(i, len(spaces)), err))
		}
	}
	if len(errs) > 0 {
		return errs
	}
	var all int64
	for i := range spaces {
		if all += spaces[i].Len(); all < 0 {
			return append(errs, errors.New("seeds.ids: more ids than 64 bits count"))
		}
	}
	for _, o := range Overlaps(spaces) {
		errs = append(errs, fmt.Errorf("seeds.ids[%d]: the id %s is one of seeds.ids[%d] too", o.Of, o.ID, o.With))
	}
	return errs
}

func indexOf(i, n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf("[%d]", i)
}
