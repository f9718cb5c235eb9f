package cli

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"github.com/seinehq/seine/internal/terminal"
)

// screen is a terminal with a status line below the text. Write prints text above the status line.
type screen struct {
	mu    sync.Mutex
	w     io.Writer
	width func() int // columns
	shown string     // the status line; empty: none
	open  bool       // the last text has no end of line yet
}

// eraseLine moves the cursor to the beginning of the line and erases the line.
const eraseLine = "\r\x1b[K"

// Write implements [io.Writer].
func (s *screen) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := ""
	if s.shown != "" && !s.open {
		out = eraseLine
	}
	out += string(p)
	if s.open = p[len(p)-1] != '\n'; !s.open {
		out += s.cut()
	}
	if _, err := io.WriteString(s.w, out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// show replaces the status line. An empty line erases it.
func (s *screen) show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown = line; !s.open {
		_, _ = io.WriteString(s.w, eraseLine+s.cut())
	}
}

// cut returns the status line, at most as wide as the terminal, because a wrapped line can't be
// erased. The last column stays free, because some terminals wrap there.
func (s *screen) cut() string { return terminal.Cut(s.shown, s.width()-1) }

// defaultColumns is the width of a terminal that does not tell its own.
const defaultColumns = 80

// columnsOf tells the width of a terminal, which changes.
func columnsOf(f *os.File) func() int {
	return func() int {
		n, _, err := term.GetSize(int(f.Fd()))
		if err != nil || n < 1 {
			return defaultColumns
		}
		return n
	}
}
