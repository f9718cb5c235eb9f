package number

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
)

// Is reports whether v is a number. Numbers have type int, int64, float64 or json.Number.
func Is(v any) bool {
	switch v.(type) {
	case int, int64, float64, json.Number:
		return true
	}
	return false
}

// integer returns v if it is an int or an int64.
func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	}
	return 0, false
}

// Compare compares the decimal values of two numbers. It reports false if one is no number, is NaN,
// or has no canonical text.
func Compare(a, b any) (order int, ok bool) {
	if x, ok := integer(a); ok {
		if y, ok := integer(b); ok {
			return compare(x, y), true
		}
	}
	x, xFloat := a.(float64)
	y, yFloat := b.(float64)
	switch {
	case xFloat && math.IsNaN(x), yFloat && math.IsNaN(y):
		return 0, false
	case xFloat && yFloat:
		return compare(x, y), true
	case xFloat && math.IsInf(x, 0) && Is(b):
		return compare(x, 0), true
	case yFloat && math.IsInf(y, 0) && Is(a):
		return compare(0, y), true
	}
	s, ok := Text(a)
	if !ok {
		return 0, false
	}
	t, ok := Text(b)
	if !ok {
		return 0, false
	}
	return compareTexts(s, t), true
}

func compare[T int | int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// compareTexts compares two canonical texts.
func compareTexts(a, b string) int {
	x, negative := strings.CutPrefix(a, "-")
	y, other := strings.CutPrefix(b, "-")
	if negative != other {
		if negative {
			return -1
		}
		return 1
	}
	order := compareMagnitudes(x, y)
	if negative {
		return -order
	}
	return order
}

func compareMagnitudes(a, b string) int {
	wholeA, fractionA, _ := strings.Cut(a, ".")
	wholeB, fractionB, _ := strings.Cut(b, ".")
	if len(wholeA) != len(wholeB) {
		return compare(len(wholeA), len(wholeB))
	}
	if order := strings.Compare(wholeA, wholeB); order != 0 {
		return order
	}
	return strings.Compare(strings.TrimRight(fractionA, "0"), strings.TrimRight(fractionB, "0"))
}

// maxQuotient is the most digits behind the point of an exact quotient.
const maxQuotient = 40

// Arithmetic returns a op b for +, -, *, / and %, computed on decimal values. It reports false for
// other operators and values, for a quotient that has no end within maxQuotient digits, and for %
// with a zero or fractional operand.
func Arithmetic(op string, a, b any) (any, bool) {
	x, ok := rational(a)
	if !ok {
		return nil, false
	}
	y, ok := rational(b)
	if !ok {
		return nil, false
	}
	scale := max(decimals(a), decimals(b))
	out := new(big.Rat)
	switch op {
	case "+":
		out.Add(x, y)
	case "-":
		out.Sub(x, y)
	case "*":
		out.Mul(x, y)
		scale = decimals(a) + decimals(b)
	case "/":
		if y.Sign() == 0 {
			return nil, false
		}
		out.Quo(x, y)
		if scale, ok = out.FloatPrec(); !ok || scale > maxQuotient {
			return nil, false
		}
	case "%":
		if !x.IsInt() || !y.IsInt() || y.Sign() == 0 {
			return nil, false
		}
		out.SetInt(new(big.Int).Rem(x.Num(), y.Num()))
	default:
		return nil, false
	}
	text := out.FloatString(scale)
	if scale > 0 {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return Parse(text)
}

func rational(v any) (*big.Rat, bool) {
	text, ok := Text(v)
	if !ok {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// decimals returns the digits behind the point.
func decimals(v any) int {
	text, _ := Text(v)
	_, fraction, _ := strings.Cut(text, ".")
	return len(fraction)
}

// Float returns the float64 that is nearest to a number.
func Float(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case json.Number:
		x, err := v.Float64()
		return x, err == nil
	}
	return 0, false
}
