package propose

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/internal/dates"
)

// Table finds the largest table whose rows are records. ok is false without one.
func Table(ctx context.Context, doc *html.Document) (list List, ok bool, err error) {
	for _, t := range doc.All("table") {
		row := "tr:has(> td)"
		if t.First("tfoot").Found() {
			row += ":not(tfoot *)" // sums are no records
		}
		head, rows := t.All("tr:first-child > th"), t.All(row)
		if len(head) < 2 || len(rows) < least || len(rows) <= list.Items {
			continue
		}
		at := "table " + row
		if class := classOf(t); class != "" {
			at = "table." + class + " " + row
		} else if id := t.Attr("id"); word.MatchString(id) {
			at = "table#" + id + " " + row
		}
		var f fields
		var notes []string
		key, lang := "", localeOf(doc)
		for i, h := range head {
			before := len(f.list)
			cell := "td:nth-child(" + strconv.Itoa(i+1) + ")"
			c := column{doc: doc, css: at + " > " + cell, texts: texts(rows, i), locale: lang}
			pairs, why, err := c.read(ctx)
			if err != nil {
				return list, false, err
			}
			field := Field{Name: identifier(h.Text()), Rule: rule(append([]pair{{"css", text(cell)}}, pairs...)...)}
			if field.Name == "" && strings.ContainsFunc(h.Text(), unicode.IsLetter) {
				field.Name, field.Comment = "field_"+strconv.Itoa(i+1), h.Text()
			}
			f.put(field)
			if len(f.list) == before {
				continue
			}
			name := f.list[before].Name
			if why != "" {
				notes = append(notes, name+" is a text: "+why)
			}
			if key == "" && c.distinct() {
				key = "{" + name + "}"
			}
		}
		if key != "" {
			list = List{Source: rule(pair{"css", text(at)}), Each: pair{"css", text(at)}.line(), Items: len(rows), Key: key, Fields: f.list, Notes: notes}
			list.Next, list.NextURL = Next(doc)
			ok = true
		}
	}
	return list, ok, nil
}

// localeOf returns the language that a page states, or an empty text.
func localeOf(doc *html.Document) string {
	if lang := doc.First("html").Attr("lang"); language.MatchString(lang) {
		return lang
	}
	return ""
}

// column is a column of a table.
type column struct {
	doc    *html.Document
	css    string   // selects its cells in the page
	texts  []string // of its cells, nil if a row has no such cell
	locale string   // of the page, or empty
}

func texts(rows []html.Node, column int) (out []string) {
	for _, r := range rows {
		cells := r.All("td")
		if column >= len(cells) {
			return nil
		}
		out = append(out, strings.TrimSpace(cells[column].Text()))
	}
	return out
}

// read returns the keys of the type that all cells have. why says how a text could be read as a
// price or a date.
func (c column) read(ctx context.Context) (pairs []pair, why string, err error) {
	typ := c.number()
	if typ != "" {
		return []pair{{"type", typ}}, "", nil
	}
	filled, priced, dated, numbers, code := 0, 0, 0, 0, false
	for _, s := range c.texts {
		if noValue.MatchString(s) {
			continue
		}
		filled++
		if money.MatchString(s) && currencyMark.MatchString(s) {
			priced++
		}
		if figures.MatchString(s) {
			numbers++
		}
		if day, err := isDay(s, dayLocale(c.locale)); day {
			dated++
			if err != nil {
				why = fmt.Sprintf("%q %v", s, err)
			}
		}
		code = code || leadingZero.MatchString(s)
	}
	var types []string
	switch {
	case filled == 0 || code:
		return nil, "", nil
	case priced*2 > filled:
		types = []string{"price"}
	case dated == filled && why != "":
		return nil, why, nil
	case dated == filled:
		types = []string{"date"}
	case numbers == filled && c.locale != "":
		types = []string{"int", "decimal"}
	}
	for _, typ := range types {
		pairs, locale := []pair{{"type", typ}}, c.locale
		if typ == "date" {
			locale = dayLocale(locale)
		}
		if locale != "" {
			pairs = append(pairs, pair{"locale", text(locale)})
		}
		list, err := Apply(ctx, c.doc.Page, rule(append([]pair{{"css", text(c.css)}, {"all", "true"}}, pairs...)...))
		if ctx.Err() != nil {
			return nil, "", context.Cause(ctx)
		}
		if err == nil && len(list) == c.filledCells() {
			return pairs, "", nil
		}
	}
	if len(types) == 1 && c.locale == "" {
		return nil, "its prices have another value in another language: if you know it, add type and locale, as in {type: price, locale: de}", nil
	}
	return nil, "", nil
}

// filledCells is the number of cells with a text that the selector matches.
func (c column) filledCells() (n int) {
	for _, cell := range c.doc.All(c.css) {
		if !noValue.MatchString(strings.TrimSpace(cell.Text())) {
			n++
		}
	}
	return n
}

var (
	// currencyMark is a sign of a currency, or its code.
	currencyMark = regexp.MustCompile(`\p{Sc}|\b[A-Z]{3}\b|\bkr\b|\bFr\.|円|元`)
	figures      = regexp.MustCompile(`^[-+]?\d[\d.,'’ \x{a0}\x{202f}]*$`)
	noValue      = regexp.MustCompile(`^([-–—.]{1,3}|n/?a|N/?A)?$`)
	leadingZero  = regexp.MustCompile(`^0\d[\d ]*$`)
)

// dayLocale returns the language of a page's dates. English without a region has two orders of day
// and month, and sites of each state it.
func dayLocale(lang string) string {
	if lang == "en" {
		return ""
	}
	return lang
}

// isDay reports whether a text is a date, with the reason if it needs more to be one.
func isDay(s, locale string) (bool, error) {
	r, err := dates.New(locale, "")
	if err != nil {
		return false, nil //nolint:nilerr // no such language
	}
	_, err = r.Parse(s)
	if errors.Is(err, dates.ErrAmbiguous) {
		return true, err
	}
	return err == nil, nil
}

// number returns the type of numbers that all cells have without a language. Numbers that begin
// with a zero are codes, and numbers with marks between thousands are written alike in all their
// groups.
func (c column) number() string {
	typ := ""
	for _, text := range c.texts {
		switch {
		case noValue.MatchString(text):
		case thousands.MatchString(text): // in some languages
			return ""
		case typ != "decimal" && (integer.MatchString(text) || grouped.MatchString(text)):
			typ = "int"
		case decimal.MatchString(text) || typ == "decimal" && integer.MatchString(text):
			typ = "decimal"
		default:
			return ""
		}
	}
	return typ
}

var thousands = regexp.MustCompile(`^-?[1-9]\d{0,2}\.\d{3}$`)

var grouped = regexp.MustCompile(`^-?[1-9]\d{0,2}(,\d{3})+$`)

// distinct reports whether the column has another text in each row.
func (c column) distinct() bool {
	seen := map[string]bool{}
	for _, s := range c.texts {
		if s == "" || seen[s] {
			return false
		}
		seen[s] = true
	}
	return c.texts != nil
}
