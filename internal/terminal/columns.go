package terminal

import (
	"unicode"

	"golang.org/x/text/width"
)

// Columns returns how many columns of a terminal s takes.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n += columns(r)
	}
	return n
}

// columns follows UAX #11: wide and fullwidth characters take two columns, marks and format
// characters none.
func columns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Cut returns s as far as it fits into a number of columns. The last column of a text that is cut
// is "…".
func Cut(s string, most int) string {
	if Columns(s) <= most {
		return s
	}
	if most < 1 {
		return ""
	}
	n := 0
	for i, r := range s {
		if n += columns(r); n > most-1 {
			return s[:i] + "…"
		}
	}
	return s
}
