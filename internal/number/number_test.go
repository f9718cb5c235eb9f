package number

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// PostgreSQL 15 gave the wanted texts, for example `select '1e21'::jsonb`.
func TestCanonical(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "-0.0": "0.0", "0e5": "0", "1.10": "1.10", "1.10e1": "11.0", "12E2": "1200", "1e21": "1000000000000000000000",
		"1e-7": "0.0000001", "-1.5e-3": "-0.0015", "123.45e1": "1234.5", "123.45e-1": "12.345", "18446744073709551615": "18446744073709551615",
		"12345678901234567.89": "12345678901234567.89", "1e+2": "100", "-12e-1": "-1.2", "0.0": "0.0",
	} {
		if got, ok := Canonical(text); got != want || !ok {
			t.Errorf("Canonical(%s) = %s, %v; want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "-", "01", "1.", ".5", "+1", "1e", "1e401", "1e-401", "NaN", "0x1", "1 ", strings.Repeat("9", maxDigits+1)} {
		if got, ok := Canonical(text); ok {
			t.Errorf("Canonical(%.20q) = %.20s; want none", text, got)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"1": int64(1), "-0": int64(0), "9223372036854775807": int64(math.MaxInt64), "9223372036854775808": json.Number("9223372036854775808"),
		"1.5": 1.5, "1.50": json.Number("1.50"), "0.1": 0.1, "1e3": int64(1000), "3.0": json.Number("3.0"), "12345678901234567.89": json.Number("12345678901234567.89"),
	} {
		if got, ok := Parse(text); got != want || !ok {
			t.Errorf("Parse(%s) = %T %v, %v; want %T %v", text, got, got, ok, want, want)
		}
	}
}

// Compare agrees with math/big on random decimals, and a number equals its text.
func TestCompareAndArithmeticAgreeWithBig(t *testing.T) {
	t.Parallel()
	const seed = 14
	rng := rand.New(rand.NewPCG(seed, seed))
	draw := func() string {
		digits := func(n int) string {
			b := make([]byte, 1+rng.IntN(n))
			for i := range b {
				b[i] = byte('0' + rng.IntN(10))
			}
			return string(b)
		}
		text := strings.TrimLeft(digits(1+rng.IntN(25)), "0")
		if text == "" {
			text = "0"
		}
		if rng.IntN(2) == 0 {
			text += "." + digits(8)
		}
		if rng.IntN(3) == 0 {
			text = "-" + text
		}
		return text
	}
	for range 20_000 {
		a, b := draw(), draw()
		if rng.IntN(4) == 0 {
			b = a + "0"
			if !strings.Contains(a, ".") {
				b = a + ".0"
			}
		}
		x, _ := Parse(a)
		y, _ := Parse(b)
		ra, _ := new(big.Rat).SetString(a)
		rb, _ := new(big.Rat).SetString(b)
		if got, ok := Compare(x, y); !ok || got != ra.Cmp(rb) {
			t.Fatalf("seed %d: Compare(%s, %s) = %d, %v; want %d", seed, a, b, got, ok, ra.Cmp(rb))
		}
		for op, want := range map[string]*big.Rat{"+": new(big.Rat).Add(ra, rb), "-": new(big.Rat).Sub(ra, rb), "*": new(big.Rat).Mul(ra, rb)} {
			got, ok := Arithmetic(op, x, y)
			text, _ := Text(got)
			r, valid := new(big.Rat).SetString(text)
			if !ok || !valid || r.Cmp(want) != 0 {
				t.Fatalf("seed %d: %s %s %s = %v; want %s", seed, a, op, b, got, want.FloatString(20))
			}
		}
	}
}

func TestCompareOfFloats(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b any
		want int
	}{
		{0.1, json.Number("0.10"), 0},
		{int64(9007199254740993), float64(9007199254740992), 1},
		{math.Inf(1), json.Number("1"), 1},
		{int64(1), math.Inf(-1), 1},
		{3, 3.0, 0},
	} {
		if got, ok := Compare(c.a, c.b); got != c.want || !ok {
			t.Errorf("Compare(%v, %v) = %d, %v; want %d", c.a, c.b, got, ok, c.want)
		}
	}
	if _, ok := Compare(math.NaN(), 1); ok {
		t.Error("NaN has an order")
	}
	if _, ok := Compare("1", 1); ok {
		t.Error("a text has an order")
	}
}

func TestCanonicalJSON(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"a":1e21,"b":[-0,1.50],"c":"1e21 \" 1e3","1e5":null}`: `{"a":1000000000000000000000,"b":[0,1.50],"c":"1e21 \" 1e3","1e5":null}`,
		`1e400`: `10` + strings.Repeat("0", 399), `1e9999`: `"1e9999"`, `true`: `true`, `"\\"`: `"\\"`, `[1,2]`: `[1,2]`,
	} {
		got := string(CanonicalJSON([]byte(data)))
		if got != want {
			t.Errorf("CanonicalJSON(%s) = %s; want %s", data, got, want)
		}
		if again := string(CanonicalJSON([]byte(got))); again != got {
			t.Errorf("CanonicalJSON(%s) = %s; want it unchanged", got, again)
		}
	}
}

// FuzzCanonicalJSON: valid JSON stays valid, and its values stay equal.
func FuzzCanonicalJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1e5,-0.0,"x\"1e5"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		out := CanonicalJSON(append([]byte{}, data...))
		if !json.Valid(out) {
			t.Fatalf("%s became %s", data, out)
		}
		var v any
		if err := Unmarshal(data, &v); err != nil {
			t.Fatalf("%s is valid JSON: %v", data, err)
		}
		if x, ok := v.(float64); ok {
			var y float64
			if json.Unmarshal(out, &y) == nil && y != x {
				t.Fatalf("%s is %s", data, strconv.FormatFloat(y, 'g', -1, 64))
			}
		}
	})
}
