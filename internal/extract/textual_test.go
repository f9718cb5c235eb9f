package extract

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/seinehq/seine"
)

// A text where an expression needs a number is named, with the remedy.
func TestATextWhereANumberIsNeeded(t *testing.T) {
	t.Parallel()
	const add = " is a text: add type: float to the field"
	for _, tt := range []struct{ when, want string }{
		{"price > 10", "price" + add + " (character 7)"},
		{"10 < price", "price" + add + " (character 4)"},
		{"price == 2", "price" + add},
		{"price in 2..3", "price" + add},
		{"price * 2 > 10", "price" + add},
		{"-price < 3", "price" + add},
		{"abs(price) > 3", "price" + add},
		{"title == 'a' && price > 3", "price" + add},
		{"price + postage > 10", "price" + add + "; postage" + add},
		{"best > 10", "best" + add},
		{"offer.low > 10", "offer.low" + add},
		{"prices[0] > 10", "prices is a list of texts: add type: float to the field"},
		{"any(prices, # > 10)", "prices is a list of texts: add type: float to the field"},
		{"id > 10", "id is a text: write float(id)"},
		{"price", "does not compile: expected bool, but got string"},
		{"lower(price) > 3", "does not compile: invalid operation: > (mismatched types string and int)"},
		{"amount > 10", ""},
		{"float(price) > 10", ""},
		{"price > title", ""},
	} {
		_, problems := Compile(Rules{
			Fields: []Field{
				{Name: "price", CSS: ".p"}, {Name: "postage", CSS: ".q"}, {Name: "title", CSS: "h1"}, {Name: "amount", CSS: ".a", Type: "float"},
				{Name: "prices", CSS: "li", All: true}, {Name: "best", First: []Field{{CSS: ".p"}, {CSS: ".q"}}},
				{Name: "offer", CSS: ".o", Fields: []Field{{Name: "low", CSS: ".l"}, {Name: "high", CSS: ".h"}}},
			},
			Verdict: []VerdictRule{{State: seine.Skipped, When: tt.when}},
		})
		got := ""
		for _, p := range problems {
			got += p.Message
		}
		if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q; want %q", tt.when, got, tt.want)
		}
	}
}

// The type of a JSON value is known only with the page, and its error names the field too.
func TestATextOfJSONWhereANumberIsNeeded(t *testing.T) {
	t.Parallel()
	s, problems := Compile(Rules{
		Fields:  []Field{{Name: "price", JSON: "price"}},
		Verdict: []VerdictRule{{State: seine.Skipped, When: "price > 10"}},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	page := &seine.Page{Status: 200, Type: "application/json", Body: []byte(`{"price": "12"}`)}
	result, err := s.Scrape(context.Background(), seine.Task{ID: "1"}, page)
	got := result.Verdict.Reason
	if err != nil {
		got += err.Error()
	}
	if want := "price is a text: add type: float to the field (invalid operation: string > int"; !strings.Contains(got, want) {
		t.Errorf("%q; want %q in it", got, want)
	}
}

// A price with two marks of its currency has one currency, if they agree.
// Three decimals are more than the currency has, so whoever wrote them may have meant thousands.
func TestPriceWithThreeDecimals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]any{
		"£1.234": priceOf("1.234", "GBP", "three decimals"), "€2.500": priceOf("2.500", "EUR", "three decimals"), "1.299 USD": priceOf("1.299", "USD", "three decimals"),
		"from £1.234": priceOf("1.234", "GBP", "from, three decimals"), "KWD 1.250": priceOf("1.250", "KWD", ""), "£1,234": priceOf(int64(1234), "GBP", ""),
		"£1,234.56": priceOf("1234.56", "GBP", ""), "JPY 1.500": priceOf("1.500", "JPY", "three decimals"), "€0.0125": priceOf("0.0125", "EUR", ""),
	} {
		got, _ := fieldsOf(t, Rules{Fields: []Field{{Name: "p", CSS: "p", Type: "price", Locale: "en"}}}, page("<p>"+text))
		p, _ := got["p"].(map[string]any)
		if p == nil || fmt.Sprint(p[priceAmount]) != fmt.Sprint(want[priceAmount]) || p[priceCurrency] != want[priceCurrency] || p[priceNote] != want[priceNote] {
			t.Errorf("%s is %v; want %v", text, got["p"], want)
		}
	}
}

func TestPriceWithTwoMarks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]any{
		"$10.00 USD": priceOf("10.00", "USD", ""), "$10.00USD": priceOf("10.00", "USD", ""), "CAD 10 $": priceOf(int64(10), "CAD", ""),
		"US$10 USD": priceOf(int64(10), "USD", ""), "€10 EUR": priceOf(int64(10), "EUR", ""), "$10 EUR": priceOf(int64(10), nil, `currencies "$" and "EUR"`),
		"USD 10 EUR": priceOf(int64(10), nil, `currencies "USD" and "EUR"`), "−$5": priceOf(int64(-5), nil, `currency "$" is not certain`), "-€5": priceOf(int64(-5), "EUR", ""), "−€5": priceOf(int64(-5), "EUR", ""),
	} {
		got, _ := fieldsOf(t, Rules{Fields: []Field{{Name: "p", CSS: "p", Type: "price"}}}, page("<p>"+text))
		p, _ := got["p"].(map[string]any)
		if p == nil || fmt.Sprint(p[priceAmount]) != fmt.Sprint(want[priceAmount]) || p[priceCurrency] != want[priceCurrency] || p[priceNote] != want[priceNote] {
			t.Errorf("%s is %v; want %v", text, got["p"], want)
		}
	}
}

// R is the currency of South Africa before a number alone, and money has two decimal marks in
// French in Switzerland.
func TestPricesOfSouthAfricaAndSwitzerland(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, locale string
		want         map[string]any
	}{
		{"R 1 299.00", "", priceOf("1299.00", "ZAR", "")}, {"-R12", "", priceOf(int64(-12), "ZAR", "")}, {"R1 299,50", "af", priceOf("1299.50", "ZAR", "")},
		{"ZAR 12.50", "", priceOf("12.50", "ZAR", "")}, {"R$ 12.50", "", priceOf("12.50", "BRL", "")},
		{"1 299.00", "fr-CH", priceOf("1299.00", "CHF", "")}, {"CHF 1’299,50", "fr-CH", priceOf("1299.50", "CHF", "")}, {"12.50", "fr-CH", priceOf("12.50", "CHF", "")},
	} {
		got, _ := fieldsOf(t, Rules{Fields: []Field{{Name: "p", CSS: "p", Type: "price", Locale: c.locale}}}, page("<p>"+c.text))
		if fmt.Sprint(got["p"]) != fmt.Sprint(c.want) {
			t.Errorf("%s (%s) is %v; want %v", c.text, c.locale, got["p"], c.want)
		}
	}
}

// Prices of Japan and China have wide figures, a currency behind them and a note about tax.
func TestPricesOfEastAsia(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, locale string
		amount       int64
		currency     any
		note         any
	}{
		{"¥1,200（税込）", "ja", 1200, "JPY", nil}, {"３，９８０円", "ja", 3980, "JPY", nil}, {"3,980円", "", 3980, "JPY", nil}, {"￥１２００", "ja", 1200, "JPY", nil},
		{"税込 1,200円", "ja", 1200, "JPY", nil}, {"1,200円 (税抜)", "ja", 1200, "JPY", nil}, {"¥1,200", "zh", 1200, "CNY", nil},
		{"¥1,200", "", 1200, nil, `currency "¥" is not certain`}, {"1,200元", "zh-CN", 1200, "CNY", nil}, {"¥1,200", "zh-TW", 1200, "CNY", nil},
	} {
		got, _ := fieldsOf(t, Rules{Fields: []Field{{Name: "p", CSS: "p", Type: "price", Locale: c.locale}, {Name: "d", CSS: "p", Type: "decimal", Locale: c.locale}}}, page("<p>"+c.text))
		p, _ := got["p"].(map[string]any)
		if p == nil || p[priceAmount] != c.amount || p[priceCurrency] != c.currency || p[priceNote] != c.note || got["d"] != c.amount {
			t.Errorf("%s in %q is %v, %v; want %+v", c.text, c.locale, got["p"], got["d"], c)
		}
	}
	num, err := newNumeral("price", "ja", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"1,200円 2,000円", "円", "税込", "1,200円から"} {
		if got := (pricing{num: num}).read(text); got != nil {
			t.Errorf("%s is %v; want no price", text, got)
		}
	}
}
