package seine

import "strings"

// Check is a scheme of check digits.
type Check string

// The schemes of check digits.
const (
	CheckLuhn  Check = "luhn"  // ISO/IEC 7812-1, Annex B
	CheckEAN   Check = "ean"   // GS1: EAN, UPC, ISBN-13
	CheckMod11 Check = "mod11" // ISBN-10: X stands for 10
	CheckDamm  Check = "damm"
)

// Checks lists the schemes.
var Checks = []Check{CheckLuhn, CheckEAN, CheckMod11, CheckDamm}

var checks = map[Check]func(digits string) byte{
	CheckLuhn: func(digits string) byte {
		return modulo10(digits, func(d, place int) int {
			if place%2 == 1 {
				return d
			}
			return d*2%10 + d*2/10
		})
	},
	CheckEAN: func(digits string) byte {
		return modulo10(digits, func(d, place int) int {
			if place%2 == 1 {
				return d
			}
			return 3 * d
		})
	},
	CheckMod11: func(digits string) byte {
		sum := 0
		for i := range len(digits) {
			sum += int(digits[len(digits)-1-i]-'0') * (i + 2)
		}
		return "0123456789X"[(11-sum%11)%11]
	},
	CheckDamm: func(digits string) byte {
		at := byte('0')
		for i := range len(digits) {
			at = damm[at-'0'][digits[i]-'0']
		}
		return at
	},
}

// modulo10 is the digit that makes the weighed sum end in 0; place counts from
// the last digit.
func modulo10(digits string, weigh func(d, place int) int) byte {
	sum := 0
	for i := range len(digits) {
		sum += weigh(int(digits[len(digits)-1-i]-'0'), i)
	}
	return byte('0' + (10-sum%10)%10)
}

// damm is the quasigroup of order 10 of Damm's thesis (2004).
var damm = [10]string{
	"0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
	"3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
}

// of is the check digit of a number's digits, and empty without a scheme.
func (c Check) of(digits string) string {
	make := checks[c]
	if make == nil || strings.Trim(digits, decimals) != "" {
		return ""
	}
	return string(make(digits))
}
