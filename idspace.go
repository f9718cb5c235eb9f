package seine

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// IDSpace is the ordered set of IDs that Seeds.URL may hold, in which adjacent IDs are neighbors.
// An ID consists of Prefix, a number as digits, letters or a date, and a check digit. An id is made
// of a number: Prefix, then the number as digits, letters or a date, then a check digit.
type IDSpace struct {
	// From and To are the numbers of the first and the last id, both included. For dates they are
	// days since 1970, see [Day].
	From, To int64

	// Step is the distance between two ids. Default 1.
	Step int64

	// Prefix stands before each number.
	Prefix string

	// Width pads numbers to this many digits or letters. Default 0: no padding.
	Width int

	// Alphabet holds the digits of a number, zero first: [Letters], [Alphanumerics], or others. By
	// default it holds the decimal digits.
	Alphabet string

	// Check is the scheme of a check digit that follows the number and is made of
	// the digits of the prefix and the number. Default: none. It needs decimal
	// digits.
	Check Check

	// Date is the layout, as package time writes it, of ids that are dates. By default IDs are not
	// dates.
	Date string

	// Start holds the numbers of the ids that a chain begins at. The forager's
	// first probes lie near the first.
	Start []int64
}

// maxWidth is the greatest width, because IDs have to fit a key.
const maxWidth = 64

// Alphabets of ids.
const (
	Letters       = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	Alphanumerics = "0123456789" + Letters
)

const decimals = "0123456789"

// Day is the number of a date in a space of dates.
func Day(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsADay
}

const secondsADay = 24 * 60 * 60

func (s *IDSpace) step() int64 { return max(s.Step, 1) }

// Len is the number of ids.
func (s *IDSpace) Len() int64 { return (s.To-s.From)/s.step() + 1 }

// At returns the i-th id, from 0.
func (s *IDSpace) At(i int64) string { return s.Key(s.From + i*s.step()) }

// Key returns the id of a number, inside of the space or not.
func (s *IDSpace) Key(n int64) string {
	if s.Date != "" {
		return s.Prefix + time.Unix(n*secondsADay, 0).UTC().Format(s.Date)
	}
	digits := s.digits(n)
	return s.Prefix + digits + s.Check.of(s.prefixDigits()+digits)
}

// prefixDigits returns the digits of the prefix, which count for a check digit too, as in an ISBN
// that begins with 978.
func (s *IDSpace) prefixDigits() string {
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

func (s *IDSpace) digits(n int64) string {
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
func (s *IDSpace) Number(id string) (n int64, ok bool) {
	rest, ok := strings.CutPrefix(id, s.Prefix)
	if !ok {
		return 0, false
	}
	switch {
	case s.Date != "":
		t, err := time.Parse(s.Date, rest)
		n = Day(t)
		return n, err == nil && s.Key(n) == id
	case s.Check != "":
		if rest == "" {
			return 0, false
		}
		digits, check := rest[:len(rest)-1], rest[len(rest)-1:]
		if n, ok = decimal(digits); !ok {
			return 0, false
		}
		return n, s.Check.of(s.prefixDigits()+digits) == check
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
func (s *IDSpace) Find(id string) (i int64, ok bool) {
	n, ok := s.Number(id)
	if !ok || n < s.From || n > s.To || (n-s.From)%s.step() != 0 {
		return 0, false
	}
	return (n - s.From) / s.step(), true
}

// same reports that ids of two spaces are written alike, apart from zeros in
// front.
func (s *IDSpace) same(o *IDSpace) bool {
	alphabet := func(s *IDSpace) string {
		if s.Alphabet == "" {
			return decimals
		}
		return s.Alphabet
	}
	return s.Prefix == o.Prefix && alphabet(s) == alphabet(o) && s.Check == o.Check && s.Date == o.Date
}

// has finds an id exactly as it is written.
func (s *IDSpace) has(id string) bool {
	i, ok := s.Find(id)
	return ok && s.At(i) == id
}

// check returns the mistakes of a space.
func (s *IDSpace) check() []error {
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

// checkSpaces returns the mistakes of a job's spaces.
func checkSpaces(spaces []IDSpace) (errs []error) {
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
