package extract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxJSONDepth is the deepest nesting of lists and objects. encoding/json has the same bound.
const maxJSONDepth = 10_000

// syntaxError states where and why a text is not JSON.
type syntaxError struct {
	line, column int // from 1; column counts characters
	message      string
	excerpt      string // the text from there on
}

func (e *syntaxError) Error() string {
	if e.excerpt == "" {
		return fmt.Sprintf("line %d, column %d: %s", e.line, e.column, e.message)
	}
	return fmt.Sprintf("line %d, column %d: %s: %q", e.line, e.column, e.message, e.excerpt)
}

// looseJSON returns the JSON values of a text as strict JSON. In addition to strict JSON it reads
// common deviations of sites: several values in sequence (NDJSON), comments, trailing commas, NaN
// and Infinity and undefined (as null), control characters inside strings, a guard against
// cross-site inclusion, a JSONP call, comment and CDATA markers around the text, and a semicolon at
// its end. If a key occurs twice in an object, the last value counts. It fails with a *syntaxError.
func looseJSON(text []byte) ([][]byte, error) {
	if json.Valid(text) {
		return [][]byte{lastKeys(text)}, nil
	}
	from, to := unwrap(text)
	p := &looseParser{text: text[:to], at: from}
	var values [][]byte
	for {
		p.space()
		if p.at == len(p.text) {
			break
		}
		if len(values) > 0 && (p.text[p.at] == ';' || p.text[p.at] == ',') {
			p.at++
			continue
		}
		if len(values) == maxItems {
			return nil, p.fail("more than %d values", maxItems)
		}
		start := p.out.Len()
		p.value(0)
		if p.err != nil {
			return nil, p.err
		}
		values = append(values, lastKeys(bytes.Clone(p.out.Bytes()[start:])))
	}
	if len(values) == 0 {
		return nil, p.fail("no value")
	}
	return values, nil
}

var (
	guard = regexp.MustCompile(`^(?:\)\]\}'?,?|while\s*\(\s*1\s*\)\s*;?|for\s*\(\s*;\s*;\s*\)\s*;?|throw\s+[^\n]*?;?\s*(?:<[^>\n]*>)?\n|\{\}\s*&&)\s*`)
	call  = regexp.MustCompile(`^(?:/\*.*?\*/\s*)?(?:(?:typeof|void)\s+[\w$.]+\s*===?\s*['"]function['"]\s*&&\s*)?[A-Za-z_$][\w$]*(?:\s*\.\s*[A-Za-z_$][\w$]*|\[\s*(?:\d+|"[^"\\]*"|'[^'\\]*')\s*\])*\s*\(`)
)

// wrappers are the markers that stand around a text.
var wrappers = [][2]string{
	{"<!--", "-->"}, {"//<![CDATA[", "//]]>"}, {"// <![CDATA[", "// ]]>"}, {"/*<![CDATA[*/", "/*]]>*/"}, {"/* <![CDATA[ */", "/* ]]> */"}, {"<![CDATA[", "]]>"},
}

// unwrap returns where the JSON of a text begins and ends.
func unwrap(text []byte) (from, to int) {
	to = len(text)
	trim := func() {
		from += len(text[from:to]) - len(bytes.TrimLeftFunc(text[from:to], unicode.IsSpace))
		to = from + len(bytes.TrimRightFunc(text[from:to], unicode.IsSpace))
	}
	trim()
	if bytes.HasPrefix(text[from:to], []byte("\ufeff")) {
		from += len("\ufeff")
		trim()
	}
	for again := true; again; {
		again = false
		for _, w := range wrappers {
			if bytes.HasPrefix(text[from:to], []byte(w[0])) {
				from, again = from+len(w[0]), true
				if bytes.HasSuffix(text[from:to], []byte(w[1])) {
					to -= len(w[1])
				} else if at := bytes.LastIndex(text[from:to], []byte("]]>")); at >= 0 && strings.Contains(w[0], "CDATA") {
					to = from + at
				}
				trim()
			}
		}
	}
	if m := guard.FindIndex(text[from:to]); m != nil {
		from += m[1]
		trim()
	}
	if m := call.FindIndex(text[from:to]); m != nil {
		inner := bytes.TrimRight(text[from:to], "; \t\r\n")
		if bytes.HasSuffix(inner, []byte(")")) {
			from, to = from+m[1], from+len(inner)-1
			trim()
		}
	}
	return from, to
}

// looseParser writes the value at its place as strict JSON.
type looseParser struct {
	text []byte
	at   int
	out  bytes.Buffer
	err  error
}

func (p *looseParser) fail(format string, args ...any) error {
	if p.err == nil {
		at := min(p.at, len(p.text))
		before := p.text[:at]
		line := bytes.Count(before, []byte("\n")) + 1
		column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
		p.err = &syntaxError{line, column, fmt.Sprintf(format, args...), excerpt(p.text[at:])}
	}
	return p.err
}

// excerpt returns the beginning of a text on one line.
func excerpt(text []byte) string {
	s := clean(string(text[:min(len(text), 200)]))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// space passes white space and comments.
func (p *looseParser) space() {
	for p.at < len(p.text) {
		rest := p.text[p.at:]
		switch c := rest[0]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f':
			p.at++
		case bytes.HasPrefix(rest, []byte("//")):
			if end := bytes.IndexByte(rest, '\n'); end >= 0 {
				p.at += end
			} else {
				p.at = len(p.text)
			}
		case bytes.HasPrefix(rest, []byte("/*")):
			end := bytes.Index(rest[2:], []byte("*/"))
			if end < 0 {
				_ = p.fail("the comment is not closed")
				p.at = len(p.text)
				return
			}
			p.at += end + 4
		case bytes.HasPrefix(rest, []byte("\u00a0")), bytes.HasPrefix(rest, []byte("\ufeff")):
			_, n := utf8.DecodeRune(rest)
			p.at += n
		default:
			return
		}
	}
}

func (p *looseParser) value(depth int) {
	p.space()
	switch {
	case p.err != nil:
	case p.at >= len(p.text):
		_ = p.fail("the text ends inside a value")
	case depth > maxJSONDepth:
		_ = p.fail("nested more than %d deep", maxJSONDepth)
	case p.text[p.at] == '{':
		p.list('{', '}', func() {
			p.space()
			if p.at < len(p.text) && p.text[p.at] != '"' {
				_ = p.fail("a key has no quotation mark")
				return
			}
			p.quoted()
			p.space()
			if p.at >= len(p.text) || p.text[p.at] != ':' {
				_ = p.fail("no colon behind a key")
				return
			}
			p.at++
			p.out.WriteByte(':')
			p.value(depth + 1)
		})
	case p.text[p.at] == '[':
		p.list('[', ']', func() { p.value(depth + 1) })
	case p.text[p.at] == '"':
		p.quoted()
	default:
		p.word()
	}
}

// list reads the items between two brackets.
func (p *looseParser) list(open, closing byte, item func()) {
	p.at++
	p.out.WriteByte(open)
	for n := 0; p.err == nil; n++ {
		p.space()
		if p.at < len(p.text) && p.text[p.at] == closing {
			p.at++
			p.out.WriteByte(closing)
			return
		}
		if n > 0 {
			p.out.WriteByte(',')
		}
		item()
		p.space()
		switch {
		case p.err != nil:
		case p.at >= len(p.text):
			_ = p.fail("the text ends inside %c %c", open, closing)
		case p.text[p.at] == ',':
			p.at++
		case p.text[p.at] != closing:
			_ = p.fail("no comma between two values")
		}
	}
}

// quoted reads a string.
func (p *looseParser) quoted() {
	start := p.at
	p.out.WriteByte('"')
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			p.out.WriteByte('"')
			return
		case c == '\\' && p.at+1 < len(p.text):
			p.escape()
		case c < ' ':
			fmt.Fprintf(&p.out, `\u%04x`, c)
		default:
			p.out.WriteByte(c)
		}
	}
	p.at = start
	_ = p.fail("the string is not closed")
}

func (p *looseParser) escape() {
	next := p.text[p.at+1]
	switch {
	case bytes.IndexByte([]byte(`"\/bfnrt`), next) >= 0:
		p.out.Write(p.text[p.at : p.at+2])
		p.at++
	case next == 'u' && p.at+6 <= len(p.text) && hexadecimal(p.text[p.at+2:p.at+6]):
		p.out.Write(p.text[p.at : p.at+6])
		p.at += 5
	case next == 'x' && p.at+4 <= len(p.text) && hexadecimal(p.text[p.at+2:p.at+4]):
		p.out.WriteString(`\u00`)
		p.out.Write(p.text[p.at+2 : p.at+4])
		p.at += 3
	case next == '\'':
		p.out.WriteByte('\'')
		p.at++
	case next == '\n':
		p.at++ // a line goes on
	default:
		_ = p.fail("unknown escape")
		p.at = len(p.text)
	}
}

func hexadecimal(digits []byte) bool {
	for _, c := range digits {
		if !bytes.ContainsRune([]byte("0123456789abcdefABCDEF"), rune(c)) {
			return false
		}
	}
	return true
}

// word reads a number or a literal.
func (p *looseParser) word() {
	end := p.at
	for end < len(p.text) && (bytes.IndexByte([]byte("+-._$"), p.text[end]) >= 0 || unicode.IsLetter(rune(p.text[end])) || '0' <= p.text[end] && p.text[end] <= '9') {
		end++
	}
	switch word := string(p.text[p.at:end]); word {
	case "true", "false", "null":
		p.out.WriteString(word)
	case "NaN", "-NaN", "Infinity", "-Infinity", "+Infinity", "undefined", "None", "nan", "inf", "-inf":
		p.out.WriteString("null")
	default:
		if !json.Valid([]byte(word)) {
			_ = p.fail("not JSON")
			return
		}
		p.out.WriteString(word)
	}
	p.at = end
}
