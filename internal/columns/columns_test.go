package columns

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func typeOf(start Kind, values []string) *Type {
	t := &Type{Kind: start}
	for _, v := range values {
		t.Add(gjson.Parse(v))
	}
	return t
}

func TestTypes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		start  Kind
		values []string
		want   string
	}{
		{"nothing but null", Unknown, []string{"null"}, "unknown"},
		{"declared, and nothing but null", Int, []string{"null"}, "int"},
		{"integers", Unknown, []string{"1", "-9223372036854775808"}, "int"},
		{"integers beyond 64 bits", Unknown, []string{"1", "123456789012345678901234567890"}, "decimal"},
		{"numbers that a float64 holds", Unknown, []string{"0.1", "1e300", "12.50", "3"}, "float"},
		{"the largest exact integer beside a fraction", Unknown, []string{"9007199254740992", "0.5"}, "float"},
		{"an integer that a float64 rounds, beside a fraction", Unknown, []string{"9007199254740993", "0.5"}, "decimal"},
		{"digits that a float64 drops", Unknown, []string{"0.1234567890123456789"}, "decimal"},
		{"a number beyond each float64", Unknown, []string{"1e400"}, "decimal"},
		{"declared decimal", Digits, []string{"1", "0.5"}, "decimal"},
		{"declared float", Float, []string{"1"}, "float"},
		{"booleans", Unknown, []string{"true", "null", "false"}, "bool"},
		{"scalars of two kinds", Unknown, []string{"10", `"unknown"`}, "text"},
		{"booleans and numbers", Unknown, []string{"1", "true"}, "text"},
		{"lists", Unknown, []string{"[1]", "[]", "[0.5, null]"}, "list(float)"},
		{"empty lists", Unknown, []string{"[]"}, "list(unknown)"},
		{"lists of lists", Unknown, []string{`[["a"], []]`}, "list(list(text))"},
		{"a list and a scalar", Unknown, []string{"[1]", "1"}, "json"},
		{"objects", Unknown, []string{`{"b": 1}`, `{"a": "x", "b": null}`}, "object(a text, b int)"},
		{"lists of objects", Unknown, []string{`[{"a": 1}, {"a": 0.5, "b": [true]}]`}, "list(object(a float, b list(bool)))"},
		{"an object and a text", Unknown, []string{`{"a": 1}`, `"x"`}, "json"},
		{"an object and a list", Unknown, []string{`{"a": 1}`, `[1]`}, "json"},
		{"an empty name", Unknown, []string{`{"": 1}`}, "json"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 4 { // in any order
				if got := typeOf(tt.start, tt.values).String(); got != tt.want {
					t.Errorf("%v: %s; want %s", tt.values, got, tt.want)
				}
				rand.New(rand.NewPCG(1, 2)).Shuffle(len(tt.values), func(i, j int) { tt.values[i], tt.values[j] = tt.values[j], tt.values[i] })
			}
		})
	}
}

func TestMapsAreJSON(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range maxFields + 1 {
		b.WriteString(`,"k` + strings.Repeat("x", i) + `":1`)
	}
	record := &Type{}
	record.Add(gjson.Parse(`{"counts":{` + b.String()[1:] + `}}`))
	if got := record.String(); got != "object(counts json)" {
		t.Errorf("%.80s; want a JSON text", got)
	}
	deep := &Type{}
	deep.Add(gjson.Parse(strings.Repeat("[", 40) + strings.Repeat("]", 40)))
	if got := deep.String(); !strings.HasSuffix(strings.TrimRight(got, ")"), "(json") {
		t.Errorf("%s; want a JSON text at its bottom", got)
	}
}

// The type of some values does not depend on their order, and it holds each of them.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	pool := []string{
		"1", "9007199254740993", "0.5", "123456789012345678901", "true", `"x"`, "null", "[]", "[1]", `["a"]`, "[[1]]",
		"{}", `{"a":1}`, `{"a":[1],"b":"x"}`, `{"a":0.25}`,
	}
	r := rand.New(rand.NewPCG(7, 7))
	for range 20_000 {
		values := make([]string, 1+r.IntN(5))
		for i := range values {
			values[i] = pool[r.IntN(len(pool))]
		}
		a := typeOf(Unknown, values).String()
		other := slices.Clone(values)
		r.Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
		if b := typeOf(Unknown, other).String(); a != b {
			t.Fatalf("%v: %s, and %v: %s", values, a, other, b)
		}
	}
}
