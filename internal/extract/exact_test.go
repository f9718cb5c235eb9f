package extract

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/number"
)

func TestExpressionsComputeExactly(t *testing.T) {
	t.Parallel()
	body := `{"u":18446744073709551615,"neg":-9223372036854775809,"dec":12345678901234567.89,"price":1.10,"n":70000001,"ident":9007199254740993,"list":[1,18446744073709551615,2.50],"s":"x"}`
	names := []string{"u", "neg", "dec", "price", "n", "ident", "list", "s", "none"}
	var fields []Field
	for _, name := range names {
		fields = append(fields, Field{Name: name, JSON: name, All: name == "list"})
	}
	meta := map[string]any{}
	var v any = meta
	if err := number.Unmarshal([]byte(`{"u":18446744073709551615,"id":9007199254740992,"n":70000001.0}`), &v); err != nil {
		t.Fatal(err)
	}
	task := seine.Task{Key: "k", Meta: v.(map[string]any), Attempt: 1}
	for when, want := range map[string]bool{
		"u == 18446744073709551615":           true,
		"u == 18446744073709551614":           false,
		"u > 18446744073709551614":            true,
		"u == meta.u":                         true,
		"ident == meta.id":                    false,
		"ident > meta.id":                     true,
		"n == meta.n":                         true,
		"neg < -9223372036854775808":          true,
		"neg == -9223372036854775809":         true,
		"dec == 12345678901234567.89":         true,
		"dec == 12345678901234567.88":         false,
		"price == 1.1":                        true,
		"price * 3 == 3.3":                    true,
		"price + 1 > 2":                       true,
		"u + 1 == 18446744073709551616":       true,
		"u % 10 == 5":                         true,
		"-u < 0":                              true,
		"u in list":                           true,
		"2.5 in list":                         true,
		"3 in list":                           false,
		"max(list) == u and min(list) == 1":   true,
		"sum(list) == 18446744073709551618.5": true,
		"median(list) == 2.5 and median([u, [u, 1]]) == u":                                      true,
		"median([u, u + 2]) == u + 1":                                                           true,
		"mean([u, u + 2]) == 18446744073709551616":                                              true,
		"mean([]) == 0 and median([]) == 0":                                                     true,
		"mean([1, 2]) == 1.5 and median([3, 1, 2, 5]) == 2.5":                                   true,
		"sort([u + 1, 3, u, 2.5])[3] == u + 1 and sort([u + 1, 3, u, 2.5])[1] == 3":             true,
		"sort([u, ident, 3], 'desc')[0] == u and sort(['b', 'a'])[0] == 'a' and sort([]) == []": true,
		"sortBy([{n: u + 1, i: 1}, {n: u, i: 2}], .n)[0].i == 2":                                true,
		"sortBy([{n: u + 1, i: 1}, {n: u, i: 2}], #.n, 'desc')[0].i == 1":                       true,
		"map(sortBy([u, 1], -#), string(#)) == ['18446744073709551615', '1']":                   true,
		"sortBy([3, 1, 2], len(filter([1, 2, 3], # > 1)) * #)[0] == 1":                          true,
		"ident in 1..90071992547409930000":                                                      true,
		"n in 1..70000000 or 2.5 in 1..3 or s in 1..3 or none in 1..3 or 0 in 1..80000000":      false,
		"3 in 1..3 and 1 in 1..80000000 and 2.0 in 1..3 and not (1 in 3..1)":                    true,
		"ident + 0.5 > ident":                             true,
		"ident - 0.5 == 9007199254740992.5":               true,
		"(ident + ident + 1) / 2 == 9007199254740993.5":   true,
		"ident / 3 == 3002399751580331":                   true,
		"u / 2 == 9223372036854775807.5":                  true,
		"0.5 * ident == 4503599627370496.5":               true,
		"sum([ident, 0.1]) == 9007199254740993.1":         true,
		"fromJSON(\"9007199254740993\") == ident":         true,
		"floor(dec) == 12345678901234567":                 true,
		"round(dec) == 12345678901234568":                 true,
		"ceil(-dec) == -12345678901234567":                true,
		"floor(-dec) == -12345678901234568":               true,
		"round(price) == 1 and ceil(price) == 2":          true,
		"abs(neg) > u / 3":                                true,
		"len(filter(list, # > 2)) == 2":                   true,
		"n in 70000000..70000002":                         true,
		"s == 'x' and s != 1":                             true,
		"none == nil and u != nil":                        true,
		"int('18446744073709551615') == u":                true,
		"9223372036854775807 + 1 > 0":                     true,
		"0.1 + 0.2 == 0.3":                                true,
		"0.3 - 0.1 == 0.2":                                true,
		"1.1 * 3 == 3.3 and -0.1 * 3 == -0.3":             true,
		"0.1 + 0.2 > 0.3":                                 false,
		"float(price) * 3 == 3.3":                         true,
		"1 / 3 * 3 == 1":                                  true,
		"1e300 * 1e300 > 1e308":                           true,
		"string(n) == '70000001' and float('1e2') == 1e2": true,
	} {
		s := compile(t, Rules{Fields: fields, Verdict: []VerdictRule{{State: seine.Skipped, When: when}}})
		p := page(body)
		p.Type = "application/json"
		got, err := s.Scrape(t.Context(), task, p)
		if err != nil || got.Verdict.State == seine.Error {
			t.Errorf("%s: %+v, %v", when, got.Verdict, err)
			continue
		}
		if held := got.Verdict.State == seine.Skipped; held != want {
			t.Errorf("%s is %v; want %v", when, held, want)
		}
	}
}

func TestNumbersAreWrittenWithTheirDigits(t *testing.T) {
	t.Parallel()
	s := compile(t, Rules{
		Fields: []Field{{Name: "n", JSON: "n"}},
		Assets: []AssetRule{{Name: "f", URL: `"/img/" + string(meta.n) + "/" + string(n) + ".bin"`}},
		Key:    "{id}_{n}_{asset}.{ext}",
	})
	p := page(`{"n":18446744073709551615}`)
	p.Type = "application/json"
	got, err := s.Scrape(t.Context(), seine.Task{Key: "k", Meta: map[string]any{"n": 7.0000001e7}}, p)
	if err != nil || len(got.Assets) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if a := got.Assets[0]; a.URL != "https://a.example/img/70000001/18446744073709551615.bin" || a.Path != "k_18446744073709551615_f.{ext}" {
		t.Errorf("asset %s at %s", a.URL, a.Path)
	}
}

func TestNumbersOfAText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typ, locale, decimal, text string
		want                       any
	}{
		{"decimal", "de", "", "1.299,00 €", json.Number("1299.00")},
		{"decimal", "", ",", "1 299,00", json.Number("1299.00")},
		{"decimal", "fr", "", "1\u202f299,00\u00a0€", json.Number("1299.00")},
		{"decimal", "de-CH", "", "CHF 1’299.00", json.Number("1299.00")},
		{"decimal", "", "", "1'299.00", json.Number("1299.00")},
		{"decimal", "", "", "(12.50)", json.Number("-12.50")},
		{"decimal", "", "", "($12.50)", json.Number("-12.50")},
		{"decimal", "", "", "\u221212.50", json.Number("-12.50")},
		{"decimal", "", "", "-$5", int64(-5)},
		{"decimal", "", "", "US$ 1,234,567.25", 1234567.25},
		{"decimal", "en-IN", "", "₹12,34,567.50", json.Number("1234567.50")},
		{"decimal", "", ",", "1.234.567", int64(1234567)},
		{"decimal", "", ",", "12,-", int64(12)},
		{"decimal", "ar-EG", "", "١٬٢٣٤٫٥", 1234.5},
		{"decimal", "", "", "12,-", int64(12)},
		{"decimal", "af", "", "R1 299,50", json.Number("1299.50")},
		{"decimal", "", "", "R12", nil},
		{"decimal", "fr-CH", "", "1 299.00 CHF", json.Number("1299.00")},
		{"decimal", "fr-CH", "", "12,5", 12.5},
		{"decimal", "fr-CH", "", "12.50", nil},
		{"decimal", "sv", "", "1 299:-", int64(1299)},
		{"decimal", "sv", "", "12:50", nil},
		{"decimal", "ar", "", "1,234.50", json.Number("1234.50")},
		{"decimal", "ar", "", "١٬٢٣٤٫٥٠", json.Number("1234.50")},
		{"decimal", "fa", "", "1.234.567", nil},
		{"decimal", "", "", "1.299,00 €", nil},
		{"decimal", "", ",", "1,299.00", nil},
		{"decimal", "", "", "1,29", nil},
		{"decimal", "", "", "12.50 kg", nil},
		{"decimal", "", "", "from 12 to 15", nil},
		{"decimal", "", "", "(12.50", nil},
		{"decimal", "", "", "on request", nil},
		{"decimal", "", "", "1.299 €", nil},
		{"decimal", "", "", "-1.299,- EUR", nil},
		{"decimal", "", "", "($1.299)", nil},
		{"decimal", "", "", "1.299", 1.299},
		{"decimal", "", "", "0.129 €", 0.129},
		{"decimal", "", "", "1.299 KWD", 1.299},
		{"decimal", "", ".", "1.299 €", 1.299},
		{"decimal", "de", "", "1.299 €", int64(1299)},
		{"decimal", "", "", "1,299 €", int64(1299)},
		{"float", "", "", "1,299.5", 1299.5},
		{"float", "", "", "12345678901234567.89", json.Number("12345678901234567.89")},
		{"float", "", ",", "1.234,5", 1234.5},
		{"float", "", "", "1.50", 1.5},
		{"float", "", "", "USD 1", nil},
		{"int", "", "", "18446744073709551615", json.Number("18446744073709551615")},
		{"int", "de", "", "1.234.567", int64(1234567)},
		{"int", "", "", "007", int64(7)},
		{"int", "", "", "12.5", nil},
	} {
		s := compile(t, Rules{EmptyOK: true, Fields: []Field{{Name: "v", CSS: "p", Type: c.typ, Locale: c.locale, Decimal: c.decimal}}})
		got, trace, err := s.Explain(t.Context(), seine.Task{Key: "k"}, page("<p>"+c.text))
		if err != nil {
			t.Fatal(err)
		}
		if v := got.Records[0].Fields["v"]; !reflect.DeepEqual(v, c.want) {
			t.Errorf("%s %s%s %q is %T %v; want %v", c.typ, c.locale, c.decimal, c.text, v, v, c.want)
		}
		if why := trace.Fields[0].Why; (why == "") != (c.want != nil) {
			t.Errorf("%q: why is %q", c.text, why)
		}
	}
}

// A filter on a text of many digits finds that text, and no number with the same first digits.
func TestFiltersOnLongTexts(t *testing.T) {
	t.Parallel()
	s := compiled(t, Rules{EmptyOK: true, Fields: []Field{
		{Name: "text", JSON: `texts.#(id=="9007199254740993").n`},
		{Name: "number", JSON: `numbers.#(id="9007199254740993").n`},
		{Name: "all", JSON: `texts.#(id == "9007199254740993")#.n`},
		{Name: "other", JSON: `texts.#(id!="9007199254740993").n`},
		{Name: "short", JSON: `numbers.#(k=="12").n`},
	}})
	got := scrapeAt(t, s, "", nil, listed(`{"texts": [{"id": "9007199254740992", "n": 1}, {"id": "9007199254740993", "n": 2}],
		"numbers": [{"id": 9007199254740992, "n": 1, "k": 11}, {"id": 9007199254740993, "n": 2, "k": 12}]}`))
	want := map[string]string{"text": "2", "number": "<nil>", "all": "2", "other": "1", "short": "2"}
	for name, w := range want {
		if v := fmt.Sprint(got.Records[0].Fields[name]); v != w {
			t.Errorf("%s: %s; want %s", name, v, w)
		}
	}
}
