package extract

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"
	"golang.org/x/text/currency"
	"golang.org/x/text/width"

	"github.com/seinehq/seine/internal/number"
)

// pricing reads prices. A price is an object of an amount with all its digits, the currency as a
// code of ISO 4217, and a note. The amount or the currency is nil where the page does not state it,
// and the note says why.
type pricing struct {
	num      numeral
	currency string // of prices without one, and of signs of several currencies
	yen      string // of ¥ in the language of the locale
}

// The names of a price's values.
const (
	priceAmount   = "amount"
	priceCurrency = "currency"
	priceNote     = "note"
)

// signs are the currencies of signs and abbreviations that have one.
var signs = map[string]string{
	"€": "EUR", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS", "₫": "VND", "₴": "UAH", "₱": "PHP", "₦": "NGN", "฿": "THB",
	"₸": "KZT", "₡": "CRC", "₲": "PYG", "₵": "GHS", "₼": "AZN", "₾": "GEL",
	"US$": "USD", "CA$": "CAD", "C$": "CAD", "AU$": "AUD", "A$": "AUD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "NT$": "TWD", "MX$": "MXN", "R$": "BRL",
	"CN¥": "CNY", "JP¥": "JPY", "円": "JPY", "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "lei": "RON", "лв": "BGN", "лв.": "BGN", "руб": "RUB", "руб.": "RUB",
	"грн": "UAH", "грн.": "UAH", "RM": "MYR", "Rp": "IDR", "Fr.": "CHF", "SFr.": "CHF", "sfr.": "CHF",
}

// shared are the currencies of signs that have several. The first of £ counts without a locale,
// because the others are seldom written so.
var shared = map[string][]string{
	"$": {"USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU"},
	"£": {"GBP", "EGP", "LBP", "SYP", "GIP"}, "¥": {"JPY", "CNY"}, "元": {"CNY", "TWD"},
	"kr": {"SEK", "NOK", "DKK", "ISK"}, "kr.": {"DKK", "SEK", "NOK", "ISK"},
	"Rs": {"INR", "PKR", "LKR", "NPR", "MUR"}, "Rs.": {"INR", "PKR", "LKR", "NPR", "MUR"}, "fr.": {"CHF"}, "R": {"ZAR"},
}

// These words stand in the place of a price. They are in the languages of package dates.
var (
	onRequest = words(
		"on request", "upon request", "price on request", "price on application", "poa", "p.o.a.", "call for price", "request a quote", "ask for price", "contact us",
		"auf anfrage", "preis auf anfrage", "nach vereinbarung", "preis nach vereinbarung", "sur demande", "prix sur demande", "nous consulter", "sur devis",
		"a consultar", "consultar", "consultar precio", "precio a consultar", "bajo consulta", "bajo pedido", "su richiesta", "prezzo su richiesta", "trattativa riservata",
		"op aanvraag", "prijs op aanvraag", "sob consulta", "preço sob consulta",
	)
	free = words("free", "gratis", "kostenlos", "kostenfrei", "gratuit", "gratuito", "grátis")
	// A price that begins with one of these is the least of several.
	leastOf = regexp.MustCompile(`(?i)^(?:from|starting at|ab|à partir de|dès|desde|a partir de|a partire da|da|vanaf)\s+`)
	between = regexp.MustCompile(`\d.*?(?:\s*[-–—]\s*|\s+(?:to|bis|à|a|tot)\s+)\D{0,5}\d`)

	priceLead  = regexp.MustCompile(`^[+\-−]?\s*(` + currencyMark + `)`)
	priceTrail = regexp.MustCompile(`(` + currencyMark + `)[+\-−]?$`)
)

func words(list ...string) map[string]bool {
	m := map[string]bool{}
	for _, w := range list {
		m[w] = true
	}
	return m
}

// priceOf returns the values of a price.
func priceOf(amount, code any, note string) map[string]any {
	out := map[string]any{priceAmount: amount, priceCurrency: code, priceNote: nil}
	if note != "" {
		out[priceNote] = note
	}
	return out
}

// read returns the price that is the whole of a text, nil if it is none.
func (p pricing) read(text string) map[string]any {
	s := strings.TrimSpace(strings.TrimRight(strings.TrimFunc(narrow(text), unicode.IsSpace), "*"))
	plain := strings.ToLower(strings.Trim(strings.Join(strings.Fields(s), " "), " .!:"))
	switch {
	case onRequest[plain] || onRequest[plain+"."]:
		return priceOf(nil, nil, "on request")
	case free[plain]:
		return priceOf(int64(0), nil, "free")
	}
	note := ""
	if found := leastOf.FindString(s); found != "" {
		s, note = s[len(found):], "from"
	}
	code, why := p.code(s)
	amount, ok := p.num.read(s)
	switch {
	case ok:
		v, _ := number.Parse(amount)
		return priceOf(v, code, join(note, why, thousandth(amount, code)))
	case between.MatchString(s):
		return priceOf(nil, code, join("range", why))
	}
	return nil
}

// thousandth returns a note on an amount with three decimals, if its currency has fewer. The locale
// makes £1.234 a little more than a pound, but whoever wrote it may have meant 1,234.
func thousandth(amount string, code any) string {
	_, decimals, _ := strings.Cut(amount, ".")
	name, known := code.(string)
	if len(decimals) != 3 || !known {
		return ""
	}
	unit, err := currency.ParseISO(name)
	if err != nil {
		return ""
	}
	if digits, _ := currency.Standard.Rounding(unit); digits < 3 {
		return "three decimals"
	}
	return ""
}

// taxNote is a note of Japanese or Chinese prices, that tax is included or comes on top.
var taxNote = regexp.MustCompile(`\s*\(?(税込み?|税抜き?|税別|含税|未税)(価格)?\)?\s*`)

// narrow returns a price with ASCII figures and marks in place of the wide ones of East Asian
// texts, and without a note about tax.
func narrow(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x3000 }) < 0 {
		return s
	}
	return taxNote.ReplaceAllString(width.Fold.String(s), " ")
}

// code returns the currency of a text, or why it is not certain.
func (p pricing) code(s string) (code any, why string) {
	s = strings.Trim(s, "() ")
	lead, trail := priceLead.FindStringSubmatch(s), priceTrail.FindStringSubmatch(s)
	switch {
	case lead != nil && trail != nil: // $10.00 USD
		code, why = p.codeOf(lead[1])
		other, _ := p.codeOf(trail[1])
		switch {
		case other == nil || code == other:
			return code, why
		case code == nil && slices.Contains(shared[lead[1]], other.(string)):
			return other, ""
		}
		return nil, fmt.Sprintf("currencies %q and %q", cut(lead[1], 10), cut(trail[1], 10))
	case lead != nil:
		return p.codeOf(lead[1])
	case trail != nil:
		return p.codeOf(trail[1])
	case leadingRand.MatchString(s):
		return p.codeOf("R")
	}
	return p.codeOf("")
}

// codeOf returns the currency of a sign, an abbreviation or a code.
func (p pricing) codeOf(mark string) (code any, why string) {
	if mark == "" {
		if p.currency == "" {
			return nil, "no currency"
		}
		return p.currency, ""
	}
	if code, ok := signs[mark]; ok {
		return code, ""
	}
	if of, ok := shared[mark]; ok {
		switch {
		case slices.Contains(of, p.currency):
			return p.currency, ""
		case mark == "¥" && p.yen != "":
			return p.yen, ""
		case mark == "£", len(of) == 1:
			return of[0], ""
		}
		return nil, fmt.Sprintf("currency %q is not certain", mark)
	}
	if unit, err := currency.ParseISO(mark); err == nil && len(mark) == 3 {
		return unit.String(), ""
	}
	return nil, fmt.Sprintf("currency %q is not known", cut(mark, 10))
}

// object returns the price of a JSON object with an amount and a currency, as JSON-LD, microdata
// and APIs write them.
func (p pricing) object(v gjson.Result) map[string]any {
	first := func(names ...string) gjson.Result {
		for _, n := range names {
			if at := v.Get(n); at.Exists() && at.Type != gjson.Null {
				return at
			}
		}
		return gjson.Result{}
	}
	amount := first("price", "amount", "value", "lowPrice")
	if !amount.Exists() || amount.Type == gjson.JSON {
		return nil
	}
	var out map[string]any
	if amount.Type == gjson.Number {
		n, ok := number.Parse(amount.Raw)
		if !ok {
			return nil
		}
		code, why := p.code("")
		out = priceOf(n, code, why)
	} else if out = p.read(amount.String()); out == nil {
		return nil
	}
	if mark := first("priceCurrency", "currencyCode", "currency_code", "currency"); mark.Type == gjson.String {
		code, why := p.codeOf(strings.TrimSpace(mark.Str))
		out = priceOf(out[priceAmount], code, why)
	}
	if !v.Get("price").Exists() && v.Get("lowPrice").Exists() && out[priceNote] == nil {
		out[priceNote] = "from"
	}
	return out
}

// priceFromJSON returns the price of a JSON value.
func (f *field) priceFromJSON(r *reading, v gjson.Result) any {
	var out map[string]any
	switch {
	case v.IsObject():
		out = f.price.object(v)
	case v.Type == gjson.Number:
		if n, ok := number.Parse(v.Raw); ok {
			code, why := f.price.code("")
			out = priceOf(n, code, why)
		}
	case v.Type == gjson.String:
		return f.convert(r, v.Str, true)
	}
	if out == nil {
		r.miss("%s is no price", cut(v.Raw, 60))
		return nil
	}
	return out
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}
