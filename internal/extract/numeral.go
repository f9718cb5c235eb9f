package extract

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	textnumber "golang.org/x/text/number"

	"github.com/seinehq/seine/internal/number"
)

// numeral reads the numbers of a text as a language writes them.
type numeral struct {
	decimal rune // the decimal mark: '.', ',' or '٫'
	money   bool // a currency beside the number is left out
	price   bool // the number is money even without a currency
	stated  bool // the job states the decimal mark
	either  bool // both marks are in use for money: the one before the last two digits is the decimal mark
	rand    bool // R before a number is the currency of South Africa
}

// groupMarks are the marks between thousands besides '.' and ','. Space, no-break space, thin
// space, narrow no-break space, apostrophes, and the Arabic thousands separator.
const groupMarks = " \u00a0\u2009\u202f'\u2019\u066c_"

// newNumeral returns the numeral of a field, or the reason why its keys are wrong.
func newNumeral(typ, locale, decimal string) (numeral, error) {
	n := numeral{decimal: '.', price: typ == "price", stated: locale != "" || decimal != "", money: typ == "decimal" || typ == "price" || locale != "" || decimal != ""}
	switch {
	case locale != "" && decimal != "":
		return n, fmt.Errorf("give locale or decimal: each states the decimal mark")
	case decimal == "," || decimal == ".":
		n.decimal = rune(decimal[0])
	case decimal != "":
		return n, fmt.Errorf("the decimal mark %q is neither \",\" nor \".\"", decimal)
	case locale != "":
		tag, err := language.Parse(locale)
		if err != nil {
			return n, fmt.Errorf("unknown locale %q: give a language tag such as de, fr-CH or en-IN", locale)
		}
		// The library has no accessor for the marks of a language, so they are read off a number.
		digits := message.NewPrinter(tag).Sprint(textnumber.Decimal(0.5, textnumber.MinFractionDigits(1)))
		for _, r := range digits {
			if !unicode.IsDigit(r) {
				n.decimal = r
			}
		}
		// CLDR gives French in Switzerland a decimal mark of its own for money, which the library
		// does not read.
		base, _ := tag.Base()
		region, _ := tag.Region()
		n.either = base.String() == "fr" && region.String() == "CH"
		n.rand = region.String() == "ZA"
	}
	n.rand = n.rand || n.price
	return n, nil
}

// currencyMark is a currency sign, a code of ISO 4217, or a common abbreviation.
const currencyMark = `(?:[A-Z]{0,3}\p{Sc}|[A-Z]{3}|S?[Ff]r\.|kr\.?|Kč|zł|Ft|lei|лв\.?|руб\.?|грн\.?|Rs\.?|R\$|RM|Rp|円|元)`

var (
	leadingRand      = regexp.MustCompile(`^([+-]?)R[\p{Zs}\t]*(\d)`)
	cents            = regexp.MustCompile(`\d[.,]\d\d$`)
	leadingCurrency  = regexp.MustCompile(`^([+-]?)` + currencyMark + `[\p{Zs}\t]*`)
	trailingCurrency = regexp.MustCompile(`[\p{Zs}\t]*` + currencyMark + `([+-]?)$`)
	wholePrice       = regexp.MustCompile(`(?:[.,][-–—]+|:[-–—])$`)
	plainText        = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$`)
	groups           = regexp.MustCompile(`^\d{1,3}(,\d{2,3})*,\d{3}$`)
)

// thousand is an amount of money that may have another value in another language, because 1.299 €
// is 1299 in German. Prices have two digits behind the decimal mark, and millesimal names the
// currencies with three.
var (
	thousand   = regexp.MustCompile(`^[+-]?[1-9]\d{0,2}\.\d{3}$`)
	millesimal = regexp.MustCompile(`^[+-]?(BHD|IQD|JOD|KWD|LYD|OMR|TND)|(BHD|IQD|JOD|KWD|LYD|OMR|TND)[+-]?$`)
)

// noNumber is the reason why a text is not read as a number, if there is no better one.
const noNumber = "is no number"

// read returns the canonical text of the number that is the whole of s. It reports false for a text
// that is no number in this language.
func (n numeral) read(s string) (string, bool) {
	text, why := n.explain(s)
	return text, why == ""
}

// why returns the reason why a text has no value of a type.
func (n numeral) why(s, typ string) string {
	if _, why := n.explain(s); why != "" && why != noNumber {
		return why
	}
	return "is no " + typ
}

// explain is read, with the reason why a text is no number.
func (n numeral) explain(s string) (text, why string) {
	s = strings.TrimFunc(s, unicode.IsSpace)
	negative, marked := false, n.price
	exact := n.stated || millesimal.MatchString(s)
	if n.money {
		s = strings.TrimFunc(narrow(s), unicode.IsSpace)
		s = strings.NewReplacer("\u2212", "-", "\u2012", "-", "\u200e", "", "\u200f", "").Replace(s)
		if inner, ok := strings.CutPrefix(s, "("); ok {
			if s, ok = strings.CutSuffix(inner, ")"); !ok {
				// (12.50) € puts the currency behind the parenthesis.
				at := strings.LastIndexByte(inner, ')')
				if at < 0 || !trailingCurrency.MatchString(inner[at+1:]) {
					return "", noNumber
				}
				s = inner[:at]
			}
			negative, s = true, strings.TrimFunc(s, unicode.IsSpace)
		}
		before := s
		s = leadingCurrency.ReplaceAllString(s, "$1")
		if n.rand {
			s = leadingRand.ReplaceAllString(s, "$1$2")
		}
		s = strings.TrimFunc(trailingCurrency.ReplaceAllString(s, "$1"), unicode.IsSpace)
		s = wholePrice.ReplaceAllString(s, "")
		marked = marked || s != before
		if n.either && marked && cents.MatchString(s) {
			n.decimal = rune(s[len(s)-3])
		}
		if len(s) > 1 && strings.HasSuffix(s, "-") && !strings.HasPrefix(s, "-") {
			s = "-" + strings.TrimSpace(s[:len(s)-1])
		}
		if rest, ok := strings.CutPrefix(s, "-"); ok {
			s = "-" + strings.TrimFunc(leadingCurrency.ReplaceAllString(strings.TrimFunc(rest, unicode.IsSpace), "$1"), unicode.IsSpace)
		}
		if negative && strings.ContainsAny(s, "+-") {
			return "", noNumber
		}
	}
	if marked && !exact && thousand.MatchString(s) {
		return "", "has another value in another language: add locale or decimal"
	}
	s, ok := n.plain(s)
	if !ok || !plainText.MatchString(s) {
		return "", noNumber
	}
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i:]
	}
	mantissa = strings.TrimSuffix(strings.TrimPrefix(mantissa, "+"), ".")
	sign := ""
	if rest, minus := strings.CutPrefix(mantissa, "-"); minus || negative {
		sign, mantissa = "-", rest
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if point {
		whole += "." + fraction
	}
	if text, ok = number.Canonical(sign + whole + exponent); !ok {
		return "", noNumber
	}
	return text, ""
}

// plain writes a number with ASCII digits, '.' as the decimal mark, and no marks between thousands.
func (n numeral) plain(s string) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == n.decimal || r == '٫' || r == '.' && n.decimal == '٫':
			// A language with the Arabic mark writes European digits with a point.
			b.WriteByte('.')
		case r == '.' || r == ',' || r == '٬' || strings.ContainsRune(groupMarks, r) && n.money:
			b.WriteByte(',')
		case unicode.Is(unicode.Nd, r):
			b.WriteByte(byte('0' + digit(r)))
		default:
			b.WriteRune(r)
		}
	}
	text := b.String()
	sign := ""
	if text != "" && strings.ContainsRune("+-", rune(text[0])) {
		sign, text = text[:1], text[1:]
	}
	whole, fraction, point := strings.Cut(text, ".")
	if strings.Contains(whole, ",") {
		if !groups.MatchString(whole) {
			return "", false
		}
		whole = strings.ReplaceAll(whole, ",", "")
	}
	if point {
		whole += "." + fraction
	}
	return sign + whole, true
}

// digit returns the value of a decimal digit of any script. Unicode keeps the ten digits of a
// script together and in order, and each range of its table begins with a zero.
func digit(r rune) int {
	for _, table := range unicode.Nd.R16 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			return int(r-rune(table.Lo)) % 10
		}
	}
	for _, table := range unicode.Nd.R32 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			return int(r-rune(table.Lo)) % 10
		}
	}
	return 0
}
