// Package number keeps the digits of numbers that come from pages, lists and programs.
//
// A number is an int64, a float64, or, if neither holds its digits, a json.Number. Its canonical
// text has no exponent, no plus sign and no negative zero: PostgreSQL's jsonb writes each canonical
// text back unchanged, so both frontiers store equal bytes. [Compare] compares decimal values
// exactly. A float64 stands for its shortest decimal text, which pages, job files and exports use.
package number

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

const (
	// maxExponent is the largest decimal exponent that is written out. A float64 needs at most 324.
	maxExponent = 400

	// maxDigits is the largest number of digits. jsonb stores at most 131072 before the point and
	// 16383 behind it.
	maxDigits = 10_000
)

// Canonical returns the canonical text of a JSON number. It reports false for a text that is no
// JSON number, has more than 10000 digits, or an exponent beyond 400.
func Canonical(text string) (string, bool) {
	if len(text) > maxDigits || !valid(text) {
		return "", false
	}
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		n, err := strconv.Atoi(text[i+1:])
		if err != nil || n > maxExponent || n < -maxExponent {
			return "", false
		}
		mantissa, exponent = text[:i], n
	}
	sign := ""
	if strings.HasPrefix(mantissa, "-") {
		sign, mantissa = "-", mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if exponent > 0 {
		moved := min(exponent, len(fraction))
		whole, fraction = whole+fraction[:moved]+strings.Repeat("0", exponent-moved), fraction[moved:]
	}
	if exponent < 0 {
		digits := strings.Repeat("0", max(0, -exponent-len(whole))) + whole
		cut := len(digits) + exponent
		whole, fraction = digits[:cut], digits[cut:]+fraction
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if strings.Trim(whole, "0.") == "" {
		sign = ""
	}
	return sign + whole, true
}

// valid reports whether text is a number by RFC 8259, section 6.
func valid(text string) bool {
	rest := strings.TrimPrefix(text, "-")
	digits := func() int {
		n := 0
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		return n
	}
	n := digits()
	if n == 0 || n > 1 && rest[0] == '0' {
		return false
	}
	if rest = rest[n:]; strings.HasPrefix(rest, ".") {
		rest = rest[1:]
		if n = digits(); n == 0 {
			return false
		}
		rest = rest[n:]
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		if rest = rest[1:]; rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		if n = digits(); n == 0 {
			return false
		}
		rest = rest[n:]
	}
	return rest == ""
}

// Parse returns the number in a JSON text. The result is an int64 or a float64 if the text is the
// canonical text of the number, else a json.Number with the canonical text. Parse reports false
// where [Canonical] does.
func Parse(text string) (any, bool) {
	text, ok := Canonical(text)
	if !ok {
		return nil, false
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	if strings.Contains(text, ".") {
		if x, err := strconv.ParseFloat(text, 64); err == nil && shortest(x) == text {
			return x, true
		}
	}
	return json.Number(text), true
}

// shortest returns the shortest decimal text that gives x, without an exponent.
func shortest(x float64) string {
	if x == 0 {
		return "0"
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// Text returns the canonical text of a number. It reports false for a value that is no number, and
// for NaN and the infinities.
func Text(v any) (string, bool) {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", false
		}
		return shortest(v), true
	case json.Number:
		return Canonical(string(v))
	}
	return "", false
}

// Value replaces each json.Number inside a decoded JSON value with the number that [Parse] returns.
// It changes lists and objects in place. A number that Parse rejects becomes its text.
func Value(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, ok := Parse(string(v)); ok {
			return n
		}
		return string(v)
	case []any:
		for i := range v {
			v[i] = Value(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = Value(v[key])
		}
	}
	return v
}
