package testkit

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Screen is a terminal that understands the control sequences of a redrawn screen: CR, LF, cursor
// up (A), home (H), erase in line (K) and below (J). Lines above the top stay as a scrollback.
type Screen struct {
	Columns, Rows int

	lines    [][]rune // with the scrollback
	row, col int
	top      int    // the first line on the screen
	rest     string // an incomplete sequence or character

	// Unknown collects control characters and sequences that a Screen does not understand.
	Unknown []string
}

// Write implements [io.Writer].
func (s *Screen) Write(p []byte) (int, error) {
	text := s.rest + string(p)
	s.rest = ""
	for text != "" {
		if strings.HasPrefix(text, "\x1b") {
			end := strings.IndexFunc(text, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' })
			if end < 0 {
				s.rest = text
				break
			}
			s.control(text[:end+1])
			text = text[end+1:]
			continue
		}
		if !utf8.FullRuneInString(text) {
			s.rest = text
			break
		}
		r, n := utf8.DecodeRuneInString(text)
		s.put(r)
		text = text[n:]
	}
	return len(p), nil
}

func (s *Screen) control(sequence string) {
	kind := sequence[len(sequence)-1]
	n, err := strconv.Atoi(strings.TrimPrefix(sequence[:len(sequence)-1], "\x1b["))
	if err != nil {
		n = 1
	}
	s.fill()
	switch kind {
	case 'A':
		s.row = max(s.top, s.row-n)
	case 'H':
		s.row, s.col = s.top, 0
	case 'K':
		s.lines[s.row] = s.lines[s.row][:min(s.col, len(s.lines[s.row]))]
	case 'J':
		s.lines[s.row] = s.lines[s.row][:min(s.col, len(s.lines[s.row]))]
		s.lines = s.lines[:s.row+1]
	default:
		s.Unknown = append(s.Unknown, sequence)
	}
}

// fill adds the lines down to the cursor.
func (s *Screen) fill() {
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, nil)
	}
	s.top = max(s.top, len(s.lines)-s.Rows)
}

func (s *Screen) put(r rune) {
	switch {
	case r == '\r':
		s.col = 0
		return
	case r == '\n':
		s.row, s.col = s.row+1, 0
		s.fill()
		return
	case r < ' ' || r >= 0x7f && r < 0xa0:
		s.Unknown = append(s.Unknown, strconv.QuoteRune(r))
		return
	case s.col == s.Columns:
		s.row, s.col = s.row+1, 0
	}
	s.fill()
	for len(s.lines[s.row]) <= s.col {
		s.lines[s.row] = append(s.lines[s.row], ' ')
	}
	s.lines[s.row][s.col] = r
	s.col++
}

// Lines returns the lines with the scrollback, without empty ones at the end.
func (s *Screen) Lines() []string {
	var out []string
	for _, l := range s.lines {
		out = append(out, strings.TrimRight(string(l), " "))
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}
