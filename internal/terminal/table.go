package terminal

import (
	"io"
	"strings"
)

// A Table lays out lines whose cells end with tabs, like [text/tabwriter], and keeps them within
// the width of a terminal.
//
// The last cell of a line that does not fit continues on the lines below, at its own column. If the
// cells before it leave no room, the widest column is cut.
type Table struct {
	// To receives the table at each Flush.
	To io.Writer

	// Width is the number of columns of the terminal. Zero is no limit, as in a pipe.
	Width int

	text strings.Builder
}

const (
	// gap is the number of spaces between two columns.
	gap = 2

	// leastLast is the number of columns that the last cell of a line needs to be read.
	leastLast = 20

	// leastCell is the number of columns to which the widest column is cut at most.
	leastCell = 8
)

// Write implements [io.Writer]. Nothing is printed before Flush.
func (t *Table) Write(p []byte) (int, error) { return t.text.Write(p) }

// Flush prints the lines since the last Flush. They share the widths of their columns.
func (t *Table) Flush() error {
	text := t.text.String()
	t.text.Reset()
	if text == "" {
		return nil
	}
	var rows [][]string
	var widths []int
	last := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		cells := strings.Split(line, "\t")
		for i, c := range cells[:len(cells)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Columns(c))
		}
		rows, last = append(rows, cells), max(last, Columns(cells[len(cells)-1]))
	}
	room := min(last, leastLast)
	t.shrink(widths, room)
	var out strings.Builder
	for _, cells := range rows {
		t.row(&out, cells, widths, room)
	}
	_, err := io.WriteString(t.To, out.String())
	return err
}

// shrink cuts the widest column until the last cells have room.
func (t *Table) shrink(widths []int, room int) {
	if t.Width == 0 || len(widths) == 0 {
		return
	}
	sum, widest := room, 0
	for i, w := range widths {
		if sum += w + gap; w > widths[widest] {
			widest = i
		}
	}
	if over := sum - t.Width; over > 0 {
		widths[widest] = min(widths[widest], max(widths[widest]-over, leastCell))
	}
}

// row appends the lines of one row.
func (t *Table) row(out *strings.Builder, cells []string, widths []int, room int) {
	var head strings.Builder
	last := len(cells) - 1
	at := 0
	for i, c := range cells[:last] {
		c = Cut(c, widths[i])
		head.WriteString(c + strings.Repeat(" ", widths[i]-Columns(c)+gap))
		at += widths[i] + gap
	}
	lines := []string{cells[last]}
	if t.Width > 0 {
		if t.Width-at < max(room, 1) {
			out.WriteString(strings.TrimRight(Cut(head.String()+cells[last], t.Width), " ") + "\n")
			return
		}
		lines = Wrap(cells[last], t.Width-at)
	}
	for i, line := range lines {
		before := head.String()
		if i > 0 {
			before = strings.Repeat(" ", at)
		}
		out.WriteString(strings.TrimRight(before+line, " ") + "\n")
	}
}

// Wrap breaks a text into lines of at most the given number of columns, at spaces if possible. It
// keeps the spaces at the start of the text.
func Wrap(s string, most int) []string {
	if Columns(s) <= most || most < 1 {
		return []string{s}
	}
	var lines []string
	for Columns(s) > most {
		n, space, end := 0, 0, 0
		for i, r := range s {
			if n += columns(r); n > most && end > 0 {
				if r == ' ' {
					space = i
				}
				break
			}
			if r == ' ' && strings.TrimLeft(s[:i], " ") != "" {
				space = i
			}
			end = i + len(string(r))
		}
		if space > 0 {
			end = space
		}
		lines = append(lines, strings.TrimRight(s[:end], " "))
		s = strings.TrimLeft(s[end:], " ")
	}
	return append(lines, s)
}
