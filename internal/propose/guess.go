package propose

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/seinehq/seine/internal/dates"
)

var (
	decimal = regexp.MustCompile(`^-?\d+\.\d+$`)
	integer = regexp.MustCompile(`^-?(0|[1-9]\d{0,17})$`)
	amount  = regexp.MustCompile(`(?i)price|rating|amount|salary|weight|value$`)
	day     = regexp.MustCompile(`(?i)date|published|created|modified|time$`)
	number  = regexp.MustCompile(`(?i)count$|^position$|pages$`)
)

// typeOf returns the type of a field. A code of digits, such as a GTIN, stays a text.
func typeOf(path string, value any) string {
	shown := fmt.Sprint(value)
	path = path[strings.LastIndexByte(path, '.')+1:]
	_, isText := value.(string)
	switch {
	case isBool(value):
		return "bool"
	case isText && day.MatchString(path) && isDate(shown):
		return "date"
	case amount.MatchString(path) && (decimal.MatchString(shown) || integer.MatchString(shown)):
		return "decimal"
	case (number.MatchString(path) || !isText) && integer.MatchString(shown):
		return "int"
	case !isText && decimal.MatchString(shown):
		return "decimal"
	}
	return ""
}

// isDate reports whether a text has one meaning as a date.
func isDate(s string) bool {
	r, err := dates.New("", "")
	if err != nil {
		return false
	}
	_, err = r.Parse(s)
	return err == nil
}

func isBool(v any) bool {
	_, ok := v.(bool)
	return ok
}

// fraction is a number with digits behind its last mark.
var fraction = regexp.MustCompile(`^[-+]?\d[\d.,'’ \x{a0}\x{202f}]*[.,]\d+$`)

// guess returns the keys of the type that a text seems to have in the language of the page: a price
// with a currency, a date, or a number with a decimal mark. A whole number may be a code, so it
// stays a text. why says how a text could be read as a date.
func guess(shown, lang string) (types []pair, why string) {
	shown = strings.TrimSpace(shown)
	in := func(typ string) []pair {
		if lang == "" {
			return []pair{{"type", typ}}
		}
		return []pair{{"type", typ}, {"locale", text(lang)}}
	}
	switch {
	case money.MatchString(shown) && currencyMark.MatchString(shown):
		return in("price"), ""
	case integer.MatchString(shown) || leadingZero.MatchString(shown):
		return nil, ""
	case isDate(shown):
		return []pair{{"type", "date"}}, ""
	case fraction.MatchString(shown) && strings.Count(shown, ".") < 2:
		if lang == "" && !decimal.MatchString(shown) || lang == "" && thousands.MatchString(shown) {
			return nil, ""
		}
		return in("decimal"), ""
	}
	is, err := isDay(shown, lang)
	switch {
	case is && err != nil:
		return nil, fmt.Sprintf("%q %v", shown, err)
	case is:
		return in("date"), ""
	}
	return nil, ""
}

// value adds a value of a source by its path. Its type is known by its name, or guessed from a text
// in the language of the page.
func (f *fields) value(name, path string, source []pair, value any, all bool) {
	if all {
		f.add(name, rule(append(source, pair{"all", "true"})...))
		return
	}
	if t := typeOf(path, value); t != "" {
		f.add(name, rule(append(source, pair{"type", t})...))
		return
	}
	shown, isText := value.(string)
	last := path[strings.LastIndexByte(path, '.')+1:]
	if !isText || !amount.MatchString(last) && !day.MatchString(last) {
		f.add(name, rule(source...))
		return
	}
	f.guessed(name, source, shown)
}

// guessed adds a text with the type that it seems to have.
func (f *fields) guessed(name string, source []pair, shown string) {
	types, why := guess(shown, f.lang)
	f.typed(name, source, types...)
	if why != "" {
		f.note("%s is a text: %s, as in %s", cmp.Or(identifier(name), name), why, rule(append(source, pair{"type", "date"}, pair{"locale", "de"})...))
	}
}

var localeKey = regexp.MustCompile(`, locale: [^,}]+`)

// Unread says why a field of a guessed type is a text or left out, and the remedy. It is empty for
// a number, because any text with digits may be one.
func Unread(f Field) string {
	if !strings.Contains(f.Rule, "type: price") && !strings.Contains(f.Rule, "type: date") && f.Value != nil || !strings.Contains(f.Rule, "type:") {
		return ""
	}
	state := "is left out"
	if f.Value != nil {
		state = "is a text"
	}
	remedy := fmt.Sprintf("If you know its language, add %s: %s, locale: de}", f.Name, strings.TrimSuffix(f.Rule, "}"))
	if localeKey.MatchString(f.Rule) {
		plain, _, _ := strings.Cut(f.Rule, ", type:")
		remedy = fmt.Sprintf("As a text: %s: %s}", f.Name, plain)
		if f.Value != nil {
			return fmt.Sprintf("%s %s, because %s", f.Name, state, f.Why)
		}
	}
	return fmt.Sprintf("%s %s, because %s. %s", f.Name, state, f.Why, remedy)
}
