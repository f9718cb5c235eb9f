package xpath

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is the kind of a token, after the rules that distinguish operators from names (section
// 3.7).
type tokenKind int

const (
	tokEnd      tokenKind = iota
	tokSymbol             // ( ) [ ] . .. @ , :: / // | + - = != < <= > >=
	tokOperator           // and or mod div *
	tokName               // a name test: x, p:x, p:*, *
	tokFunction           // a name before (
	tokNodeType           // comment, text, processing-instruction or node before (
	tokAxis               // a name before ::
	tokLiteral
	tokNumber
	tokVariable
)

type token struct {
	kind tokenKind
	pos  int // byte offset
	text string
	num  float64
}

type lexer struct {
	src    string
	tokens []token
}

// fail ends the compiler with a mistake at a byte offset.
func (l *lexer) fail(pos int, format string, args ...any) {
	panic(&SyntaxError{Pos: utf8.RuneCountInString(l.src[:min(pos, len(l.src))]) + 1, Message: fmt.Sprintf(format, args...)})
}

// afterOperand reports whether the last token ends an operand, so that an operator follows.
func (l *lexer) afterOperand() bool {
	if len(l.tokens) == 0 {
		return false
	}
	switch t := l.tokens[len(l.tokens)-1]; t.kind {
	case tokSymbol:
		return t.text == ")" || t.text == "]" || t.text == "." || t.text == ".."
	case tokName, tokLiteral, tokNumber, tokVariable:
		return true
	}
	return false
}

// lex splits an expression into tokens.
func (l *lexer) lex() {
	for pos := 0; ; {
		for pos < len(l.src) && strings.IndexByte(" \t\r\n", l.src[pos]) >= 0 {
			pos++
		}
		if pos == len(l.src) {
			l.tokens = append(l.tokens, token{kind: tokEnd, pos: pos})
			return
		}
		t := l.next(pos)
		l.tokens = append(l.tokens, t)
		pos += len(t.text)
		switch t.kind {
		case tokLiteral:
			pos += 2
		case tokVariable:
			pos++
		}
	}
}

func (l *lexer) next(pos int) token {
	rest := l.src[pos:]
	c := rest[0]
	switch {
	case c == '"' || c == '\'':
		end := strings.IndexByte(rest[1:], c)
		if end < 0 {
			l.fail(pos, "the text has no closing %c", c)
		}
		return token{kind: tokLiteral, pos: pos, text: rest[1 : 1+end]}
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		end := 0
		for end < len(rest) && isDigit(rest[end]) {
			end++
		}
		if end < len(rest) && rest[end] == '.' {
			for end++; end < len(rest) && isDigit(rest[end]); end++ {
			}
		}
		f, err := strconv.ParseFloat(rest[:end], 64)
		if err != nil && f == 0 {
			l.fail(pos, "%s is no number", rest[:end])
		}
		return token{kind: tokNumber, pos: pos, text: rest[:end], num: f}
	case c == '*':
		if l.afterOperand() {
			return token{kind: tokOperator, pos: pos, text: "*"}
		}
		return token{kind: tokName, pos: pos, text: "*"}
	case c == '$':
		name := qname(rest[1:])
		if name == "" {
			l.fail(pos, "$ has no name after it")
		}
		return token{kind: tokVariable, pos: pos, text: name}
	}
	for _, s := range []string{"::", "..", "//", "!=", "<=", ">=", "(", ")", "[", "]", ".", "@", ",", "/", "|", "+", "-", "=", "<", ">"} {
		if strings.HasPrefix(rest, s) {
			return token{kind: tokSymbol, pos: pos, text: s}
		}
	}
	name := ncname(rest)
	if name == "" {
		r, _ := utf8.DecodeRuneInString(rest)
		l.fail(pos, "%q has no meaning here", r)
	}
	if l.afterOperand() {
		switch name {
		case "and", "or", "mod", "div":
			return token{kind: tokOperator, pos: pos, text: name}
		}
		l.fail(pos, "an operator is missing before %s", name)
	}
	name = qname(rest)
	if strings.HasPrefix(rest[len(name):], ":*") {
		return token{kind: tokName, pos: pos, text: name + ":*"}
	}
	after := strings.TrimLeft(rest[len(name):], " \t\r\n")
	switch {
	case strings.HasPrefix(after, "::"):
		return token{kind: tokAxis, pos: pos, text: name}
	case strings.HasPrefix(after, "("):
		switch name {
		case "comment", "text", "processing-instruction", "node":
			return token{kind: tokNodeType, pos: pos, text: name}
		}
		return token{kind: tokFunction, pos: pos, text: name}
	}
	return token{kind: tokName, pos: pos, text: name}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// ncname returns the name without a colon that s begins with.
func ncname(s string) string {
	for i, r := range s {
		if !(r == '_' || unicode.IsLetter(r) || i > 0 && (r == '-' || r == '.' || r == '·' || unicode.IsDigit(r) || unicode.Is(unicode.M, r))) {
			return s[:i]
		}
	}
	return s
}

// qname returns the name that s begins with, with a prefix if there is one.
func qname(s string) string {
	prefix := ncname(s)
	if prefix == "" || !strings.HasPrefix(s[len(prefix):], ":") {
		return prefix
	}
	if local := ncname(s[len(prefix)+1:]); local != "" {
		return s[:len(prefix)+1+len(local)]
	}
	return prefix
}
