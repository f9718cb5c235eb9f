package seine

import "time"

// IDSpace is the ordered set of IDs that Seeds.URL may hold, in which adjacent IDs are neighbors.
// An ID consists of Prefix, a number as digits, letters or a date, and a check digit.
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

// Alphabets of IDs.
const (
	Letters       = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	Alphanumerics = "0123456789" + Letters
)

// Check is a scheme of check digits.
type Check string

// The schemes of check digits.
const (
	CheckLuhn  Check = "luhn"  // ISO/IEC 7812-1, Annex B
	CheckEAN   Check = "ean"   // GS1: EAN, UPC, ISBN-13
	CheckMod11 Check = "mod11" // ISBN-10, with X for 10
	CheckDamm  Check = "damm"
)

// Day returns the number of a date in a space of dates: the days since 1970-01-01.
func Day(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
}
