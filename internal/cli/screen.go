package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/seinehq/seine/internal/terminal"
)

// screen is a terminal with status lines below the text. Write prints text above them.
type screen struct {
	mu    sync.Mutex
	w     io.Writer
	size  func() (columns, rows int)
	shown []string // the status lines; none: nothing is shown
	drawn []string // as they stand on the terminal
	open  bool     // the last text has no end of line yet
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
	if len(s.drawn) > 0 {
		out = s.erase()
	}
	out += string(p)
	if s.open = p[len(p)-1] != '\n'; !s.open {
		out += s.draw()
	}
	if _, err := io.WriteString(s.w, out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// show replaces the status lines. Without lines it erases them.
func (s *screen) show(lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown = lines; !s.open {
		_, _ = io.WriteString(s.w, s.erase()+s.draw())
	}
}

// erase returns what removes the status lines. The cursor is at the end of the last one. If the
// terminal became narrower since and wrapped them, a part of them stays. The text above never goes.
func (s *screen) erase() string {
	up := len(s.drawn) - 1
	if s.drawn = nil; up < 1 {
		return eraseLine
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", up)
}

// draw returns the status lines, at most as wide as the terminal and half as high, because lines
// that wrap or scroll away can't be erased. The last column stays free, because some terminals wrap
// there.
func (s *screen) draw() string {
	columns, rows := s.size()
	for _, l := range s.shown[:min(len(s.shown), max(1, rows/2))] {
		s.drawn = append(s.drawn, terminal.Cut(l, columns-1))
	}
	return strings.Join(s.drawn, "\n")
}

// The size of a terminal that does not tell its own.
const (
	defaultColumns = 80
	defaultRows    = 24
)

// terminalSize tells the size of a terminal, which changes.
func terminalSize(f *os.File) func() (columns, rows int) {
	return func() (int, int) {
		columns, rows, err := term.GetSize(int(f.Fd()))
		if err != nil || columns < 1 || rows < 1 {
			return defaultColumns, defaultRows
		}
		return columns, rows
	}
}
