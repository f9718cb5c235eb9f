package seedlist

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"

	"github.com/seinehq/seine/internal/frontier"
)

// rowsAtOnce is how many rows are decoded at once.
const rowsAtOnce = 128

// readParquet gives the rows of a file to a list, in their order. Rows count as lines, from 1.
func readParquet(file *os.File, to *frontier.List) (err error) {
	defer func() {
		// The decoder is fed by strangers.
		if v := recover(); v != nil {
			err = unreadable(file.Name(), v)
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	f, err := parquet.OpenFile(file, info.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return unreadable(file.Name(), err)
	}
	t := table{name: file.Name(), to: to}
	var head []string
	leaves := 0
	for _, n := range f.Schema().Fields() {
		c, unread := columnOf(n, n.Name(), leaves)
		if unread != "" {
			return fmt.Errorf("%s: the column %s holds %s, which is not read: leave it out, or convert it to a text", file.Name(), n.Name(), unread)
		}
		t.columns = append(t.columns, c)
		head = append(head, n.Name())
		leaves += c.leaves
	}
	if err := to.Head(1, head); err != nil {
		return err
	}
	t.at.values = make([][]parquet.Value, leaves)
	for _, group := range f.RowGroups() {
		if err := t.read(group); err != nil {
			return err
		}
	}
	return nil
}

// table is a file that is read.
type table struct {
	name    string
	columns []*column
	to      *frontier.List

	at   cursor
	line int
}

func (t *table) read(group parquet.RowGroup) error {
	rows := group.Rows()
	defer func() { _ = rows.Close() }()
	buffer := make([]parquet.Row, rowsAtOnce)
	for {
		n, end := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			t.line++
			t.at.load(row)
			values := map[string]any{}
			for _, c := range t.columns {
				v, err := c.read(&t.at, 0, 0)
				if err != nil {
					return fmt.Errorf("%s:%d: the column %s: %w", t.name, t.line, c.name, err)
				}
				values[c.name] = v
			}
			if err := t.to.Row(t.line, values); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(end, io.EOF):
			return nil
		case end != nil:
			return unreadable(t.name, end)
		}
	}
}
