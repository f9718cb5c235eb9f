package xpath

import (
	"math"
	"strconv"
	"strings"
)

// compare evaluates a comparison (section 3.4).
func (ev *evaluator) compare(e comparison, c scope) bool {
	l, r := e.l.kind(), e.r.kind()
	switch {
	case l == NodeSet && r == NodeSet:
		return ev.compareSets(e, c)
	case l == NodeSet:
		return ev.compareSet(e.op, e.l, e.r, c)
	case r == NodeSet:
		return ev.compareSet(mirrored(e.op), e.r, e.l, c)
	}
	if e.op != '=' && e.op != '!' {
		return ordering(e.op, ev.num(e.l, c), ev.num(e.r, c))
	}
	var equal bool
	switch {
	case l == Boolean || r == Boolean:
		equal = ev.truth(e.l, c) == ev.truth(e.r, c)
	case l == Number || r == Number:
		equal = ev.num(e.l, c) == ev.num(e.r, c)
	default:
		equal = ev.str(e.l, c) == ev.str(e.r, c)
	}
	return equal == (e.op == '=')
}

func ordering(op byte, l, r float64) bool {
	switch op {
	case '<':
		return l < r
	case 'l':
		return l <= r
	case '>':
		return l > r
	case 'g':
		return l >= r
	case '=':
		return l == r
	}
	return l != r
}

// compareSet compares a node-set with another value. It holds if the comparison holds for some
// node.
func (ev *evaluator) compareSet(op byte, set, other expr, c scope) bool {
	switch kind := other.kind(); {
	case kind == Boolean:
		l, r := 0.0, 0.0
		if ev.truth(set, c) {
			l = 1
		}
		if ev.truth(other, c) {
			r = 1
		}
		return ordering(op, l, r)
	case kind == Number || op != '=' && op != '!':
		f := ev.num(other, c)
		return ev.some(set, c, func(s string) bool { return ordering(op, parseNumber(s), f) })
	default:
		s := ev.str(other, c)
		return ev.some(set, c, func(v string) bool { return (v == s) == (op == '=') })
	}
}

// some reports whether the string-value of a node of a set fulfills a condition.
func (ev *evaluator) some(set expr, c scope, holds func(string) bool) bool {
	found := false
	ev.visit(set, c, false, func(r ref) bool {
		found = holds(ev.value(r))
		return !found
	})
	return found
}

// compareSets compares two node-sets. It holds if the comparison holds for some pair of nodes. It
// takes linear time.
func (ev *evaluator) compareSets(e comparison, c scope) bool {
	switch e.op {
	case '=':
		values := map[string]bool{}
		ev.visit(e.l, c, false, func(r ref) bool {
			values[ev.value(r)] = true
			return true
		})
		return len(values) > 0 && ev.some(e.r, c, func(s string) bool { return values[s] })
	case '!':
		// Two sets differ somewhere unless all values of both are one.
		values := map[string]bool{}
		some := false
		ev.visit(e.l, c, false, func(r ref) bool {
			some = true
			values[ev.value(r)] = true
			return len(values) < 2
		})
		return some && ev.some(e.r, c, func(s string) bool { return len(values) > 1 || !values[s] })
	}
	// The least of one side against the greatest of the other.
	op, l, r := e.op, e.l, e.r
	if op == '>' || op == 'g' {
		op, l, r = mirrored(op), r, l
	}
	least, greatest := math.Inf(1), math.Inf(-1)
	someLeft, someRight := false, false
	ev.some(l, c, func(s string) bool {
		if f := parseNumber(s); !math.IsNaN(f) {
			least, someLeft = min(least, f), true
		}
		return false
	})
	ev.some(r, c, func(s string) bool {
		if f := parseNumber(s); !math.IsNaN(f) {
			greatest, someRight = max(greatest, f), true
		}
		return false
	})
	return someLeft && someRight && ordering(op, least, greatest)
}

// parseNumber converts a string as number() does, from digits with a point and a minus sign between
// white space.
func parseNumber(s string) float64 {
	s = strings.Trim(s, " \t\r\n")
	digits := strings.TrimPrefix(s, "-")
	before, after, _ := strings.Cut(digits, ".")
	if before == "" && after == "" || strings.Trim(before+after, "0123456789") != "" {
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

// formatNumber converts a number as string() does, without an exponent and with the fewest digits
// that identify the number.
func formatNumber(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
