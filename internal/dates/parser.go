package dates

import (
	"strconv"
	"strings"
	"time"
)

// parser reads the tokens of one text.
type parser struct {
	reader *Reader
	tokens []token
	at     int
	v      value
	order  order

	hasYear, hasDay bool
}

// peek returns the token at a distance, an empty one beyond the ends.
func (p *parser) peek(n int) token {
	if i := p.at + n; i >= 0 && i < len(p.tokens) {
		return p.tokens[i]
	}
	return token{}
}

func (p *parser) date() (string, error) {
	p.order = p.reader.order
	for p.at < len(p.tokens) {
		before := p.at
		if err := p.next(); err != nil {
			return "", err
		}
		if p.at == before {
			return "", ErrNone
		}
	}
	switch {
	case p.v.month == 0:
		return "", ErrNone
	case !p.hasYear:
		return "", ErrNoYear
	}
	p.v.noDay = !p.hasDay
	return p.v.text()
}

// next reads one part: a date in figures, a time, a word, a day or a year.
func (p *parser) next() error {
	t := p.peek(0)
	if !t.digit {
		return p.other(t)
	}
	one, two := p.peek(1), p.peek(2)
	switch {
	case one.text == ":" && two.digit, p.meaning(one).kind == hourMark, p.meaning(one).kind == afternoon, p.meaning(one).kind == morning:
		return p.clock()
	case p.v.month == 0 && isSeparator(one) && one.glued && two.digit && two.glued:
		return p.figures(one.text)
	case len(t.text) == 8 && p.v.month == 0:
		return p.compact(t.text)
	case len(t.text) == 4 && !p.hasYear && (p.v.month != 0 || p.meaning(p.afterPoints()).kind == monthWord):
		p.v.year, p.hasYear = t.n, true
	case len(t.text) <= 2 && !p.hasDay && t.n >= 1 && t.n <= 31:
		p.v.day, p.hasDay = t.n, true
	case len(t.text) == 2 && p.hasDay && !p.hasYear && p.v.month != 0:
		return ErrYear
	default:
		return ErrNone
	}
	p.at++
	return nil
}

// afterPoints returns the next token that is no punctuation.
func (p *parser) afterPoints() token {
	for n := 1; ; n++ {
		if t := p.peek(n); t.text == "" || !strings.Contains(" ,.-/", t.text) {
			return t
		}
	}
}

func isSeparator(t token) bool { return t.text == "." || t.text == "/" || t.text == "-" }

func (p *parser) meaning(t token) word { return p.reader.words[t.text] }

// other reads a word or a sign.
func (p *parser) other(t token) error {
	p.at++
	if strings.Contains(",.()-/|–·'’", t.text) || t.text == "\u00ba" || t.text == "\u00aa" {
		return nil
	}
	if t.text == "t" && p.peek(-2).digit && p.peek(0).digit {
		return p.isoTime()
	}
	w := p.meaning(t)
	switch w.kind {
	case monthWord:
		if p.v.month != 0 {
			return ErrNone
		}
		p.v.month = w.n
	case weekdayWord:
		p.v.weekday, p.v.hasWeekday = time.Weekday(w.n), true
	case fillWord, morning:
	case zoneWord:
		if !p.v.hasTime || p.v.hasOffset && p.v.offset != w.n {
			return ErrNone
		}
		p.v.offset, p.v.hasOffset = w.n, true
	case relativeWord:
		return ErrRelative
	default:
		return ErrNone
	}
	return nil
}

// figures reads a date of figures with one separator.
func (p *parser) figures(sep string) error {
	a, b := p.peek(0), p.peek(2)
	if p.peek(3).text != sep || !p.peek(4).digit || !p.peek(4).glued {
		p.at += 3
		switch {
		case len(a.text) == 4 && len(b.text) <= 2:
			p.v.year, p.v.month = a.n, b.n
		case len(b.text) == 4 && len(a.text) <= 2:
			p.v.year, p.v.month = b.n, a.n
		default:
			return ErrNone
		}
		p.hasYear = true
		return p.checkMonth()
	}
	c := p.peek(4)
	p.at += 5
	p.hasYear, p.hasDay = true, true
	switch {
	case len(a.text) == 4 && len(b.text) <= 2 && len(c.text) <= 2:
		p.v.year, p.v.month, p.v.day = a.n, b.n, c.n
		return p.checkMonth()
	case len(a.text) <= 2 && len(b.text) <= 2 && len(c.text) == 2:
		return ErrYear
	case len(a.text) > 2 || len(b.text) > 2 || len(c.text) != 4:
		return ErrNone
	}
	p.v.year = c.n
	switch {
	case sep == ".", p.order == dayFirst:
		p.v.day, p.v.month = a.n, b.n
	case p.order == monthFirst:
		p.v.month, p.v.day = a.n, b.n
	case a.n > 12 || a.n == b.n:
		p.v.day, p.v.month = a.n, b.n
	case b.n > 12:
		p.v.month, p.v.day = a.n, b.n
	default:
		return ErrAmbiguous
	}
	return p.checkMonth()
}

func (p *parser) checkMonth() error {
	if p.v.month < 1 || p.v.month > 12 {
		return ErrInvalid
	}
	return nil
}

// compact reads 20060102.
func (p *parser) compact(s string) error {
	p.at++
	p.hasYear, p.hasDay = true, true
	p.v.year, p.v.month, p.v.day = number(s[:4]), number(s[4:6]), number(s[6:])
	return p.checkMonth()
}

// number returns the value of at most nine digits.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// isoTime reads what follows the T of ISO 8601.
func (p *parser) isoTime() error {
	t := p.peek(0)
	if len(t.text) != 6 && len(t.text) != 4 {
		return p.clock()
	}
	if p.v.hasTime {
		return ErrNone
	}
	p.at++
	p.v.hasTime = true
	p.v.hour, p.v.minute = number(t.text[:2]), number(t.text[2:4])
	if len(t.text) == 6 {
		p.v.second = number(t.text[4:])
	}
	return p.offset()
}

// clock reads a time of day: 15:04, 15:04:05.000, 3 pm, 15h04, 15.04 Uhr, and its offset.
func (p *parser) clock() error {
	if p.v.hasTime || len(p.peek(0).text) > 2 {
		return ErrNone
	}
	p.v.hasTime = true
	p.v.hour = p.peek(0).n
	p.at++
	if mark := p.peek(0); (mark.text == ":" || p.meaning(mark).kind == hourMark && p.peek(1).glued) && p.peek(1).digit {
		if len(p.peek(1).text) != 2 {
			return ErrNone
		}
		p.v.minute = p.peek(1).n
		p.at += 2
		if p.peek(0).text == ":" && len(p.peek(1).text) == 2 && p.peek(1).digit {
			p.v.second = p.peek(1).n
			p.at += 2
			if dot := p.peek(0); (dot.text == "." || dot.text == ",") && p.peek(1).digit && p.peek(1).glued {
				p.v.nanos = number((p.peek(1).text + "000000000")[:9])
				p.at += 2
			}
		}
	}
	switch w := p.meaning(p.peek(0)); w.kind {
	case hourMark:
		p.at++
	case morning, afternoon:
		if p.v.hour < 1 || p.v.hour > 12 {
			return ErrInvalid
		}
		p.v.hour %= 12
		if w.kind == afternoon {
			p.v.hour += 12
		}
		p.at++
	default: // the time ends
	}
	return p.offset()
}

// offset reads +02:00, -0700, or nothing.
func (p *parser) offset() error {
	sign := p.peek(0)
	first := p.peek(1)
	if sign.text != "+" && sign.text != "-" && sign.text != "\u2212" || !first.digit || !first.glued {
		return nil
	}
	hours, minutes, used := first.n, 0, 2
	switch {
	case len(first.text) == 4:
		hours, minutes = number(first.text[:2]), number(first.text[2:])
	case len(first.text) > 2:
		return ErrNone
	case p.peek(2).text == ":" && len(p.peek(3).text) == 2 && p.peek(3).digit:
		minutes, used = p.peek(3).n, 4
	case len(first.text) != 2:
		return nil // 10:00 - 3 March
	}
	if hours > 15 || minutes > 59 {
		return ErrNone
	}
	p.v.offset, p.v.hasOffset = hours*3600+minutes*60, true
	if sign.text != "+" {
		p.v.offset = -p.v.offset
	}
	p.at += used
	return nil
}
