package extract

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seinehq/seine/internal/number"
)

// exactBuiltins replace the built-in functions of one argument that read or print numbers.
var exactBuiltins = map[string]func(any) (any, error){
	"string": func(v any) (any, error) {
		if text, ok := number.Text(v); ok {
			return text, nil
		}
		if v, ok := v.(string); ok {
			return v, nil
		}
		return fmt.Sprintf("%v", v), nil
	},
	"int":   toInteger,
	"float": toFloating,
	"abs": func(v any) (any, error) {
		order, ok := number.Compare(v, int64(0))
		if !ok {
			return nil, fmt.Errorf("invalid argument for abs (type %s)", word(v))
		}
		if order < 0 {
			return operate("-", int64(0), v)
		}
		return v, nil
	},
	"round": rounded(math.Round),
	"floor": rounded(math.Floor),
	"ceil":  rounded(math.Ceil),
	"fromJSON": func(v any) (any, error) {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("invalid argument for fromJSON (type %s)", word(v))
		}
		var out any
		err := number.Unmarshal([]byte(text), &out)
		return out, err
	},
}

// rounded returns a function that rounds by f. Of a decimal number f rounds the digits behind the
// point, because a float64 may not hold those before it.
func rounded(f func(float64) float64) func(any) (any, error) {
	return func(v any) (any, error) {
		if !number.Is(v) {
			return nil, fmt.Errorf("%s is no number to round", word(v))
		}
		if text, ok := number.Text(v); ok && !strings.Contains(text, ".") && isDecimal(v) {
			return v, nil
		}
		x, _ := number.Float(v)
		if text, ok := number.Text(v); ok && isDecimal(v) {
			whole, _, _ := strings.Cut(text, ".")
			before, _ := number.Parse(whole)
			rest, err := operate("-", v, before)
			if err != nil {
				return nil, err
			}
			part, _ := number.Float(rest)
			if x < 0 && whole == "-0" {
				before = int64(0)
			}
			return operate("+", before, int64(f(part)))
		}
		return f(x), nil
	}
}

// toInteger truncates a number, and reads the digits of a text.
func toInteger(v any) (any, error) {
	text, ok := number.Text(v)
	if s, isText := v.(string); isText {
		text, ok = number.Canonical(strings.TrimPrefix(strings.TrimSpace(s), "+"))
		ok = ok && !strings.Contains(text, ".")
	}
	if !ok {
		return nil, fmt.Errorf("int: %s is no whole number", quoted(v))
	}
	whole, _, _ := strings.Cut(text, ".")
	out, _ := number.Parse(whole)
	if n, small := out.(int64); small {
		return int(n), nil
	}
	return out, nil
}

func toFloating(v any) (any, error) {
	if s, isText := v.(string); isText {
		x, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil {
			return nil, fmt.Errorf("float: %s is no number", quoted(v))
		}
		return x, nil
	}
	x, ok := number.Float(v)
	if !ok {
		return nil, fmt.Errorf("float: %s is no number", quoted(v))
	}
	return x, nil
}

func quoted(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(cut(s, 40))
	}
	return word(v)
}

// extreme returns the least (order -1) or greatest (order 1) number of values and of the lists
// among them, nil if there is none.
func extreme(name string, order int, values []any) (any, error) {
	var best any
	for _, v := range values {
		if list, ok := v.([]any); ok {
			inner, err := extreme(name, order, list)
			if err != nil {
				return nil, err
			}
			if v = inner; v == nil {
				continue
			}
		}
		if !number.Is(v) {
			return nil, fmt.Errorf("invalid argument for %s: %s", name, quoted(v))
		}
		if best == nil {
			best = v
		} else if o, ok := number.Compare(v, best); ok && o == order {
			best = v
		}
	}
	return best, nil
}

func total(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("invalid argument for sum: %s", quoted(v))
	}
	var sum any = 0
	for _, each := range list {
		if inner, ok := each.([]any); ok {
			nested, err := total(inner)
			if err != nil {
				return nil, err
			}
			each = nested
		}
		if !number.Is(each) {
			return nil, fmt.Errorf("invalid argument for sum: %s", quoted(each))
		}
		var err error
		if sum, err = operate("+", sum, each); err != nil {
			return nil, err
		}
	}
	return sum, nil
}

// mean returns the sum of the numbers of a list over their count, 0 of an empty list.
func mean(v any) (any, error) {
	list, err := numbers("mean", v)
	if err != nil || len(list) == 0 {
		return 0.0, err
	}
	sum, err := total(list)
	if err != nil {
		return nil, err
	}
	return operate("/", sum, len(list))
}

// median returns the number in the middle of a list, 0 of an empty list.
func median(v any) (any, error) {
	list, err := numbers("median", v)
	if err != nil || len(list) == 0 {
		return 0.0, err
	}
	slices.SortFunc(list, func(a, b any) int {
		order, _ := number.Compare(a, b)
		return order
	})
	half := len(list) / 2
	if len(list)%2 == 1 {
		return list[half], nil
	}
	return mean(list[half-1 : half+1])
}

// numbers returns a copy of a list of numbers in which inner lists are flat.
func numbers(name string, v any) (out []any, err error) {
	list, ok := v.([]any)
	if !ok {
		if !number.Is(v) {
			return nil, fmt.Errorf("invalid argument for %s: %s", name, quoted(v))
		}
		return []any{v}, nil
	}
	for _, each := range list {
		inner, err := numbers(name, each)
		if err != nil {
			return nil, err
		}
		out = append(out, inner...)
	}
	return out, nil
}
