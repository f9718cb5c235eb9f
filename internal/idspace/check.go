package idspace

import (
	"strings"

	"github.com/seinehq/seine"
)

var checks = map[seine.Check]func(digits string) byte{
	seine.CheckLuhn: func(digits string) byte {
		return modulo10(digits, func(d, place int) int {
			if place%2 == 1 {
				return d
			}
			return d*2%10 + d*2/10
		})
	},
	seine.CheckEAN: func(digits string) byte {
		return modulo10(digits, func(d, place int) int {
			if place%2 == 1 {
				return d
			}
			return 3 * d
		})
	},
	seine.CheckMod11: func(digits string) byte {
		sum := 0
		for i := range len(digits) {
			sum += int(digits[len(digits)-1-i]-'0') * (i + 2)
		}
		return "0123456789X"[(11-sum%11)%11]
	},
	seine.CheckDamm: func(digits string) byte {
		at := byte('0')
		for i := range len(digits) {
			at = damm[at-'0'][digits[i]-'0']
		}
		return at
	},
}

// modulo10 returns the digit that makes the weighed sum end in 0. place counts from the last digit.
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

// checkDigit returns the check digit of a number's digits, or an empty string without a scheme.
func checkDigit(c seine.Check, digits string) string {
	compute := checks[c]
	if compute == nil || strings.Trim(digits, decimals) != "" {
		return ""
	}
	return string(compute(digits))
}
