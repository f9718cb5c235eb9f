// Package terminal makes text from pages, lists and databases safe to print to people.
//
// A terminal obeys control characters: C0 and C1 (Unicode category Cc), and the bidirectional
// controls change the order in which the eye sees a line. [Escape] replaces each of them by a
// visible escape sequence. A [Writer] does the same for all that a command prints, and leaves the
// line feeds and tabs of the command's own layout.
package terminal

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bidi reports whether r is a bidirectional control: UAX #9, section 2.
func bidi(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// unsafe reports whether r is replaced. U+2028 and U+2029 break a line.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || bidi(r) || r == 0x2028 || r == 0x2029
}

// Escape returns s on one line, each control character and each byte that is not UTF-8 as an escape
// sequence of Go and JSON: \n, \x1b, \u202e.
func Escape(s string) string { return escape(s, "") }

func escape(s, keep string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return unsafe(r) || r == utf8.RuneError }) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case !unsafe(r) || strings.ContainsRune(keep, r):
			b.WriteString(s[:n])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// A Writer escapes its input. Line feeds and tabs stay.
type Writer struct {
	w       io.Writer
	partial []byte // the beginning of a character whose rest is not written yet
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write implements [io.Writer].
func (w *Writer) Write(p []byte) (int, error) {
	text := append(w.partial, p...)
	end := len(text)
	for back := 1; back < utf8.UTFMax && back <= end; back++ {
		if c := text[end-back]; utf8.RuneStart(c) {
			if !utf8.FullRune(text[end-back:]) {
				end -= back
			}
			break
		}
	}
	w.partial = append([]byte{}, text[end:]...)
	if _, err := io.WriteString(w.w, escape(string(text[:end]), "\n\t")); err != nil {
		return 0, err
	}
	return len(p), nil
}
