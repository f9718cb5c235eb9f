// Package dates reads the dates that pages print, in words and in figures, as texts of ISO 8601.
//
// A date is read in one way or not at all. 03/04/2026 is a day in March or in April, so it needs a
// locale or a format. A year of two digits needs a format. A date without a time of day stays a
// date, and a time without an offset stays without one.
package dates

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// These errors say why a text gives no date.
var (
	ErrNone      = errors.New("is no date")
	ErrAmbiguous = errors.New("may be two dates: give locale or format")
	ErrYear      = errors.New("has a year of two digits: give format")
	ErrNoYear    = errors.New("has no year")
	ErrInvalid   = errors.New("is a day that does not exist")
	ErrRelative  = errors.New("is relative to the day of the visit")
)

// maxText is the most bytes of a date.
const maxText = 200

// Reader reads the dates of a language, or of a format.
type Reader struct {
	words  map[string]word
	order  order
	layout []piece
}

// order is the order of the figures of a date.
type order int

const (
	unknownOrder order = iota
	dayFirst
	monthFirst
	yearFirst
)

// New returns a Reader. locale is a language tag such as de or en-US, and an empty one stands for
// the words of all languages and for figures that have one meaning. format is a pattern of
// strftime, such as %d.%m.%y.
func New(locale, format string) (*Reader, error) {
	r := &Reader{words: wordsOf(languages...)}
	if locale != "" {
		tag, err := language.Parse(locale)
		if err != nil {
			return nil, fmt.Errorf("unknown locale %q: give a language tag such as de, fr-CH or en-US", locale)
		}
		base, _ := tag.Base()
		if words := wordsOf(base.String()); len(words) > len(zones) {
			r.words = words
		}
		r.order = orderOf(tag)
	}
	if format != "" {
		layout, err := parseFormat(format)
		if err != nil {
			return nil, err
		}
		r.layout = layout
	}
	return r, nil
}

// orderOf returns the order of figures by CLDR's short dates.
func orderOf(tag language.Tag) order {
	base, _ := tag.Base()
	region, _ := tag.Region()
	switch base.String() {
	case "zh", "ja", "ko", "hu", "lt", "mn", "fa":
		return yearFirst
	case "sv":
		return yearFirst
	case "en":
		switch region.String() {
		case "US", "PH":
			return monthFirst
		case "CA", "ZA":
			return yearFirst
		}
	}
	return dayFirst
}

// Parse returns the date that is the whole of a text: 2006-01-02, 2006-01 for a month without a
// day, 2006-01-02T15:04:05 without an offset, or RFC 3339.
func (r *Reader) Parse(s string) (string, error) {
	if len(s) > maxText {
		return "", ErrNone
	}
	s = strings.TrimFunc(s, unicode.IsSpace)
	if r.layout != nil {
		return r.byFormat(s)
	}
	p := &parser{reader: r, tokens: tokens(s)}
	return p.date()
}

// value is a date as far as it is known.
type value struct {
	year, month, day     int
	hour, minute, second int
	nanos                int
	offset               int // in seconds
	hasTime, hasOffset   bool
	noDay                bool
	weekday              time.Weekday
	hasWeekday           bool
}

// text writes a value, or reports why it is none.
func (v value) text() (string, error) {
	if v.year < 1 || v.year > 9999 || v.month < 1 || v.month > 12 {
		return "", ErrInvalid
	}
	if v.noDay {
		if v.hasTime {
			return "", ErrNone
		}
		return fmt.Sprintf("%04d-%02d", v.year, v.month), nil
	}
	leap := v.second == 60
	t := time.Date(v.year, time.Month(v.month), v.day, v.hour, v.minute, min(v.second, 59), v.nanos, time.FixedZone("", v.offset))
	if t.Day() != v.day || v.hour > 23 || v.minute > 59 || v.second > 60 || leap && v.minute != 59 {
		return "", ErrInvalid
	}
	if v.hasWeekday && t.Weekday() != v.weekday {
		return "", fmt.Errorf("is a %s, not a %s", t.Weekday(), v.weekday)
	}
	switch {
	case !v.hasTime:
		return t.Format(time.DateOnly), nil
	case v.hasOffset:
		return t.Format(time.RFC3339Nano), nil
	}
	return t.Format("2006-01-02T15:04:05.999999999"), nil
}

// token is a run of digits, a word, or one other character.
type token struct {
	text  string
	n     int  // the value of digits
	digit bool // text is digits
	glued bool // no space before it
}

// tokens splits a text.
func tokens(s string) []token {
	var out []token
	glued := false
	for rest := s; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case unicode.IsSpace(r):
			rest, glued = rest[size:], false
			continue
		case r >= '0' && r <= '9':
			end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
			if end < 0 {
				end = len(rest)
			}
			n, err := strconv.Atoi(rest[:min(end, 10)])
			if err != nil {
				n = -1
			}
			out = append(out, token{text: rest[:end], n: n, digit: true, glued: glued})
			rest = rest[end:]
		case unicode.IsLetter(r):
			end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) })
			if end < 0 {
				end = len(rest)
			}
			out = append(out, token{text: strings.ToLower(rest[:end]), glued: glued})
			rest = rest[end:]
		default:
			out = append(out, token{text: rest[:size], glued: glued})
			rest = rest[size:]
		}
		glued = true
	}
	return out
}
