package extract

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
	"github.com/expr-lang/expr/vm/runtime"

	"github.com/seinehq/seine/internal/number"
)

// literalFunc is the name of the function for a number literal whose digits neither an int nor a
// float64 holds. exactFunc and textFunc begin the names of the functions that replace operators and
// built-in functions. An expression can't use these names.
const (
	literalFunc = "__number"
	exactFunc   = "__exact_"
)

// exactOperators are the operators that compute with every kind of number.
var exactOperators = []string{"==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "in"}

// quoteLiterals replaces the number literals of an expression that neither an int nor a float64
// holds by calls of literalFunc. A source that the lexer rejects stays unchanged, because the
// parser reports the mistake.
func quoteLiterals(src string) string {
	tokens, err := lexer.Lex(file.NewSource(src))
	if err != nil {
		return src
	}
	var b strings.Builder
	runes, copied := []rune(src), 0
	for _, t := range tokens {
		text := strings.ReplaceAll(t.Value, "_", "")
		if !t.Is(lexer.Number) || strings.HasPrefix(text, "0x") || strings.HasPrefix(text, "0b") || strings.HasPrefix(text, "0o") {
			continue
		}
		if strings.HasPrefix(text, ".") {
			text = "0" + text
		}
		text = strings.TrimSuffix(text, ".")
		canonical, ok := number.Canonical(text)
		if !ok {
			continue
		}
		x, err := strconv.ParseFloat(text, 64)
		if err == nil && strings.ContainsAny(text, ".eE") {
			if order, ok := compareText(x, canonical); ok && order == 0 {
				continue
			}
		} else if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			continue
		}
		b.WriteString(string(runes[copied:t.From]))
		fmt.Fprintf(&b, "%s(%q)", literalFunc, canonical)
		copied = t.To
	}
	b.WriteString(string(runes[copied:]))
	return b.String()
}

func compareText(x float64, text string) (int, bool) {
	v, ok := number.Parse(text)
	if !ok {
		return 0, false
	}
	return number.Compare(x, v)
}

// exactOptions make an expression compute with every kind of number of package number.
func exactOptions() []expr.Option {
	options := []expr.Option{expr.Patch(exactPatcher{}), literalOption()}
	for _, op := range exactOperators {
		options = append(options, expr.Function(exactFunc+op, func(args ...any) (any, error) {
			return operate(op, args[0], args[1])
		}, new(func(any, any) any)))
	}
	for name, f := range exactBuiltins {
		options = append(options, expr.Function(exactFunc+name, func(args ...any) (any, error) {
			if len(args) != 1 {
				return nil, fmt.Errorf("%s takes one argument", name)
			}
			return f(args[0])
		}, new(func(any) any)))
	}
	options = append(options, expr.Function(exactFunc+"within", func(args ...any) (any, error) {
		return withinRange(args[0], args[1], args[2])
	}, new(func(any, any, any) any)))
	for name, f := range map[string]func([]any, bool) (any, error){"sort": sorted, "sortBy": sortedBy} {
		options = append(options, expr.Function(exactFunc+name, func(args ...any) (any, error) {
			return inOrder(name, args, f)
		}, new(func(any) any), new(func(any, any) any)))
	}
	for name, order := range map[string]int{"min": -1, "max": 1} {
		options = append(options, expr.Function(exactFunc+name, func(args ...any) (any, error) {
			return extreme(name, order, args)
		}, new(func(...any) any)))
	}
	for name, f := range map[string]func(any) (any, error){"sum": total, "mean": mean, "median": median} {
		options = append(options, expr.Function(exactFunc+name, func(args ...any) (any, error) {
			return f(args[0])
		}, new(func(any) any)))
	}
	return append(options, expr.Function(exactFunc+"-x", func(args ...any) (any, error) {
		return operate("-", int64(0), args[0])
	}, new(func(any) any)))
}

func literalOption() expr.Option {
	return expr.Function(literalFunc, func(args ...any) (any, error) {
		text, _ := args[0].(string)
		v, ok := number.Parse(text)
		if !ok {
			return nil, fmt.Errorf("%q is no number", text)
		}
		return v, nil
	}, new(func(string) any))
}

// exactPatcher replaces operators and built-in functions by the functions of exactOptions.
type exactPatcher struct{}

// Visit implements [ast.Visitor].
func (exactPatcher) Visit(node *ast.Node) {
	call := func(name string, args ...ast.Node) {
		ast.Patch(node, &ast.CallNode{Callee: &ast.IdentifierNode{Value: exactFunc + name}, Arguments: args})
	}
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		if r, ok := n.Right.(*ast.BinaryNode); ok && n.Operator == "in" && r.Operator == ".." {
			call("within", n.Left, r.Left, r.Right)
			return
		}
		for _, op := range exactOperators {
			if n.Operator == op {
				call(op, n.Left, n.Right)
				return
			}
		}
	case *ast.UnaryNode:
		if n.Operator == "-" {
			if _, literal := n.Node.(*ast.IntegerNode); !literal {
				call("-x", n.Node)
			}
		}
	case *ast.BuiltinNode:
		switch {
		case n.Name == "sortBy":
			call("sortBy", append([]ast.Node{withValues(n)}, n.Arguments[2:]...)...)
		case replaced(n.Name, len(n.Arguments)):
			call(n.Name, n.Arguments...)
		}
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok && replaced(callee.Value, len(n.Arguments)) {
			call(callee.Value, n.Arguments...)
		}
	}
}

// replaced reports whether a call of a built-in function is replaced. sum with two arguments has a
// predicate, which the library evaluates.
func replaced(name string, args int) bool {
	switch name {
	case "min", "max":
		return args > 0
	case "sum", "mean", "median":
		return args == 1
	case "sort":
		return args == 1 || args == 2
	}
	_, ok := exactBuiltins[name]
	return ok && args == 1
}

// operate computes a op b. Numbers compare by their decimal values. If an operand is a json.Number
// or two integers overflow, the result is exact too.
func operate(op string, a, b any) (any, error) {
	switch op {
	case "in":
		return contains(a, b)
	case "==":
		return equal(a, b), nil
	case "!=":
		return !equal(a, b), nil
	}
	if order, ok := number.Compare(a, b); ok {
		switch op {
		case "<":
			return order < 0, nil
		case "<=":
			return order <= 0, nil
		case ">":
			return order > 0, nil
		case ">=":
			return order >= 0, nil
		}
		if exact(op, a, b) {
			if v, ok := number.Arithmetic(op, a, b); ok {
				return v, nil
			}
			a, b = toFloat(a), toFloat(b)
		} else if v, ok := sumOfFloats(op, a, b); ok {
			return v, nil
		}
	}
	switch op {
	case "<":
		return runtime.Less(a, b), nil
	case "<=":
		return runtime.LessOrEqual(a, b), nil
	case ">":
		return runtime.More(a, b), nil
	case ">=":
		return runtime.MoreOrEqual(a, b), nil
	case "+":
		return runtime.Add(a, b), nil
	case "-":
		return runtime.Subtract(a, b), nil
	case "*":
		return runtime.Multiply(a, b), nil
	case "/":
		return runtime.Divide(a, b), nil
	}
	return remainder(a, b)
}

// sumOfFloats computes a sum, difference or product of which an operand is a float64, by the
// decimal values of both: 0.1 + 0.2 is 0.3. ok is false if no float64 holds the result's digits, or
// an operand has more digits than each float64 keeps, as 1 / 3 has.
func sumOfFloats(op string, a, b any) (any, bool) {
	if op != "+" && op != "-" && op != "*" {
		return nil, false
	}
	floats := 0
	for _, v := range []any{a, b} {
		x, ok := v.(float64)
		if !ok {
			continue
		}
		floats++
		const kept = 15 // decimal digits
		mantissa, _, _ := strings.Cut(strconv.FormatFloat(math.Abs(x), 'e', -1, 64), "e")
		if len(strings.Replace(mantissa, ".", "", 1)) > kept {
			return nil, false
		}
	}
	if floats == 0 {
		return nil, false
	}
	v, ok := number.Arithmetic(op, a, b)
	if !ok {
		return nil, false
	}
	f, ok := number.Float(v)
	if !ok {
		return nil, false
	}
	order, ok := number.Compare(f, v)
	return f, ok && order == 0
}

func remainder(a, b any) (any, error) {
	if order, ok := number.Compare(b, int64(0)); ok && order == 0 {
		return nil, fmt.Errorf("division by zero")
	}
	return runtime.Modulo(a, b), nil
}

// exact reports whether an operation needs decimal arithmetic, because an operand is no machine
// number or the result of two integers may overflow.
func exact(op string, a, b any) bool {
	x, xInt := asInt(a)
	y, yInt := asInt(b)
	if !xInt || !yInt {
		// A float64 does not hold all integers from 2^53 on.
		const most = 1 << 53
		return isDecimal(a) || isDecimal(b) || x > most || x < -most || y > most || y < -most
	}
	const half = 1 << 62
	switch op {
	case "+", "-":
		return x >= half || x <= -half || y >= half || y <= -half
	case "/":
		const most = 1 << 53
		return x > most || x < -most || y > most || y < -most
	case "*":
		const root = 1 << 31
		return x >= root || x <= -root || y >= root || y <= -root
	}
	return false
}

func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	}
	return 0, false
}

func isDecimal(v any) bool {
	switch v.(type) {
	case int, int64, float64:
		return false
	}
	return number.Is(v)
}

func toFloat(v any) any {
	if x, ok := number.Float(v); ok && isDecimal(v) {
		return x
	}
	return v
}

// equal compares values, and numbers inside lists and objects, by value.
func equal(a, b any) bool {
	if number.Is(a) && number.Is(b) {
		order, ok := number.Compare(a, b)
		return ok && order == 0
	}
	if x, ok := a.([]any); ok {
		if y, ok := b.([]any); ok {
			if len(x) != len(y) {
				return false
			}
			for i := range x {
				if !equal(x[i], y[i]) {
					return false
				}
			}
			return true
		}
	}
	if x, ok := a.(map[string]any); ok {
		if y, ok := b.(map[string]any); ok {
			if len(x) != len(y) {
				return false
			}
			for key := range x {
				other, there := y[key]
				if !there || !equal(x[key], other) {
					return false
				}
			}
			return true
		}
	}
	return runtime.Equal(a, b)
}

// contains reports whether a list has an element that equals v, an object has the key v, or a text
// has the text v.
func contains(v, in any) (any, error) {
	if text, ok := in.(string); ok {
		part, ok := v.(string)
		return ok && strings.Contains(text, part), nil
	}
	list, ok := in.([]any)
	if !ok || !number.Is(v) {
		return runtime.In(v, in), nil
	}
	for _, each := range list {
		if equal(each, v) {
			return true, nil
		}
	}
	return false, nil
}

// withinRange reports whether v is a whole number from first to last. It makes no list of the
// range, which may be larger than an expression may make.
func withinRange(v, first, last any) (any, error) {
	for _, end := range []any{first, last} {
		if whole, err := toInteger(end); err != nil || !equal(whole, end) {
			return nil, fmt.Errorf("an end of a range is %s, not a whole number", quoted(end))
		}
	}
	whole, err := toInteger(v)
	if err == nil && equal(whole, v) {
		least, _ := number.Compare(whole, first)
		most, _ := number.Compare(whole, last)
		return least >= 0 && most <= 0, nil
	}
	return false, nil // a text or a part of a number
}
