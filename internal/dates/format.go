package dates

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// piece is a part of a format: a directive, or literal text.
type piece struct {
	directive byte // 0: literal
	text      string
}

// expanded are the directives that stand for others.
var expanded = map[byte]string{'F': "%Y-%m-%d", 'T': "%H:%M:%S", 'R': "%H:%M", 'D': "%m/%d/%y", 'h': "%b", 'e': "%d", 'n': " ", 't': " "}

// parseFormat reads a format of strftime.
func parseFormat(format string) ([]piece, error) {
	var out []piece
	seen := map[byte]bool{}
	for rest := format; rest != ""; {
		i := strings.IndexByte(rest, '%')
		if i != 0 {
			if i < 0 {
				i = len(rest)
			}
			out = append(out, piece{text: rest[:i]})
			rest = rest[i:]
			continue
		}
		rest = strings.TrimPrefix(rest[1:], "-")
		if rest == "" {
			return nil, fmt.Errorf("the format %q ends in %%", format)
		}
		d := rest[0]
		if more, ok := expanded[d]; ok {
			rest = more + rest[1:]
			continue
		}
		rest = rest[1:]
		if d == '%' {
			out = append(out, piece{text: "%"})
			continue
		}
		if !strings.ContainsRune("YymdBbAaHIMSfpzZ", rune(d)) {
			return nil, fmt.Errorf("the format has %%%c; known are %%Y %%y %%m %%d %%B %%b %%A %%a %%H %%I %%M %%S %%f %%p %%z %%Z %%F %%T %%R %%D", d)
		}
		seen[d] = true
		out = append(out, piece{directive: d})
	}
	switch {
	case !seen['Y'] && !seen['y']:
		return nil, fmt.Errorf("the format %q has no year: %%Y or %%y", format)
	case !seen['m'] && !seen['B'] && !seen['b']:
		return nil, fmt.Errorf("the format %q has no month: %%m, %%B or %%b", format)
	case seen['I'] && !seen['p']:
		return nil, fmt.Errorf("the format %q has %%I without %%p", format)
	}
	return out, nil
}

// digits are the most digits of the directives of figures.
var digits = map[byte]int{'Y': 4, 'y': 2, 'm': 2, 'd': 2, 'H': 2, 'I': 2, 'M': 2, 'S': 2, 'f': 9}

// byFormat reads a date by the format.
func (r *Reader) byFormat(s string) (string, error) {
	v := value{noDay: true}
	pm, twelve := false, false
	for _, p := range r.layout {
		var ok bool
		switch {
		case p.directive == 0:
			s, ok = literal(s, p.text)
		case digits[p.directive] > 0:
			var n int
			var text string
			n, text, s, ok = figure(s, digits[p.directive])
			ok = ok && (p.directive != 'Y' || len(text) == 4) && (p.directive != 'y' || len(text) == 2)
			v.set(p.directive, n, text)
		case p.directive == 'z':
			s, ok = v.zone(s)
		default:
			var w word
			w, s, ok = r.leadingWord(s)
			ok = ok && fits(w.kind, p.directive)
			switch w.kind {
			case monthWord:
				v.month = w.n
			case weekdayWord:
				v.weekday, v.hasWeekday = time.Weekday(w.n), true
			case zoneWord:
				v.offset, v.hasOffset = w.n, true
			case afternoon, morning:
				pm, twelve = w.kind == afternoon, true
			default: // no part of a time
			}
		}
		if !ok {
			return "", ErrNone
		}
	}
	if strings.TrimFunc(s, unicode.IsSpace) != "" {
		return "", ErrNone
	}
	if twelve {
		if v.hour < 1 || v.hour > 12 {
			return "", ErrInvalid
		}
		if v.hour %= 12; pm {
			v.hour += 12
		}
	}
	return v.text()
}

func fits(k kind, directive byte) bool {
	switch directive {
	case 'B', 'b':
		return k == monthWord
	case 'A', 'a':
		return k == weekdayWord
	case 'p':
		return k == morning || k == afternoon
	}
	return k == zoneWord
}

// set sets the part of a directive of figures.
func (v *value) set(directive byte, n int, text string) {
	switch directive {
	case 'Y':
		v.year = n
	case 'y': // POSIX
		if v.year = 2000 + n; n > 68 {
			v.year = 1900 + n
		}
	case 'm':
		v.month = n
	case 'd':
		v.day, v.noDay = n, false
	case 'H', 'I':
		v.hour, v.hasTime = n, true
	case 'M':
		v.minute, v.hasTime = n, true
	case 'S':
		v.second, v.hasTime = n, true
	case 'f':
		v.nanos = number((text + "000000000")[:9])
	}
}

// literal takes the text of a format off. White space stands for any white space.
func literal(s, text string) (rest string, ok bool) {
	for _, r := range text {
		if unicode.IsSpace(r) {
			s = strings.TrimLeftFunc(s, unicode.IsSpace)
			continue
		}
		if s, ok = strings.CutPrefix(s, string(r)); !ok {
			return s, false
		}
	}
	return s, true
}

// figure takes at most n digits off.
func figure(s string, n int) (v int, text, rest string, ok bool) {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	end := 0
	for end < len(s) && end < n && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	return number(s[:end]), s[:end], s[end:], end > 0
}

// leadingWord takes a word off, with the point of an abbreviation.
func (r *Reader) leadingWord(s string) (w word, rest string, ok bool) {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	end := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
	if end < 0 {
		end = len(s)
	}
	w, ok = r.words[strings.ToLower(s[:end])]
	return w, strings.TrimPrefix(s[end:], "."), ok
}

// zone takes an offset off.
func (v *value) zone(s string) (rest string, ok bool) {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	if rest, ok := strings.CutPrefix(s, "Z"); ok {
		v.hasOffset = true
		return rest, true
	}
	end := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("+-:0123456789", r) })
	if end < 0 {
		end = len(s)
	}
	p := &parser{reader: &Reader{}, tokens: tokens(s[:end])}
	if err := p.offset(); err != nil || !p.v.hasOffset || p.at != len(p.tokens) {
		return s, false
	}
	v.offset, v.hasOffset = p.v.offset, true
	return s[end:], true
}
