package frontier

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seinehq/seine/internal/number"
)

// separator reports whether a list with this name and first line is a table, and returns the
// separator of its fields.
func separator(name string, first []byte, columns naming) (comma byte, ok bool) {
	tsv, named := strings.HasSuffix(name, ".tsv"), strings.HasSuffix(name, ".csv")
	for _, comma := range []byte(",\t;") {
		if tsv && comma != '\t' || !named && comma == ';' {
			continue
		}
		r := record{comma: comma}
		if mistake := r.feed(first); mistake == "" && !r.open() && len(r.fields) > 1 {
			if i, _ := columns.keyIn(r.fields); i >= 0 {
				return comma, true
			}
		}
	}
	if tsv {
		return '\t', true
	}
	return ',', named
}

// record is one record of a table, which may take several lines.
type record struct {
	comma  byte
	fields []string
	field  []byte
	quoted bool // within quotation marks
}

// open reports whether the record continues in the next line.
func (r *record) open() bool { return r.quoted }

// feed adds a line with its end. It returns the mistake in the line.
func (r *record) feed(line []byte) (mistake string) {
	text := bytes.TrimRight(line, "\r\n")
	for i := 0; ; {
		switch {
		case r.quoted:
			end := bytes.IndexByte(line[i:], '"')
			if end < 0 {
				r.field = append(r.field, line[i:]...)
				return ""
			}
			r.field = append(r.field, line[i:i+end]...)
			if i += end + 1; i < len(text) && text[i] == '"' {
				r.field = append(r.field, '"')
				i++
				continue
			}
			r.quoted = false
			if i < len(text) && text[i] != r.comma {
				return "text stands behind a closing quotation mark"
			}
		case i < len(text) && text[i] == '"':
			r.quoted = true
			i++
			continue
		default:
			end := bytes.IndexByte(text[i:], r.comma)
			if end < 0 {
				end = len(text) - i
			}
			if r.field = text[i : i+end]; r.comma != '\t' && bytes.IndexByte(r.field, '"') >= 0 {
				return "a quotation mark stands within a field that has none around it"
			}
			i += end
		}
		r.fields, r.field = append(r.fields, string(r.field)), nil
		if i >= len(text) {
			return ""
		}
		i++ // the separator
	}
}

// errLong is the mistake of a line that is longer than [maxLine].
var errLong = fmt.Errorf("the line is longer than %d bytes", maxLine)

// readLine returns the next line with its end. It skips a line that is too long and returns
// errLong.
func readLine(in *bufio.Reader) (line []byte, err error) {
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(line)+len(part) > maxLine; !long {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case long && (err == nil || errors.Is(err, io.EOF)):
			return nil, errLong
		case err != nil && (!errors.Is(err, io.EOF) || len(line) == 0):
			return nil, err
		}
		return line, nil
	}
}

// firstLine returns the first line of a list that is neither empty nor a comment.
func firstLine(head []byte) []byte {
	for len(head) > 0 {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\n"))
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return line
		}
	}
	return nil
}

// rows reads the records of a table. A record with a mistake consumes only its first line, so an
// unpaired quotation mark costs no other line.
type rows struct {
	in    *bufio.Reader
	comma byte
	line  int      // the line of the last record, from 1
	last  int      // its last line
	ahead [][]byte // lines that belong to no record yet

	// comment reports whether a line that begins with # is a comment. It gets its fields, and
	// whether a quotation mark is open behind them.
	comment func(fields []string, open bool) bool
}

// next returns the next record, or the mistake in it.
func (t *rows) next() (fields []string, mistake string, err error) {
	first, err := t.read(0)
	for ; err == nil && t.skipped(first); first, err = t.read(0) {
		t.ahead, t.last = t.ahead[1:], t.last+1
	}
	if err != nil {
		return nil, "", err
	}
	r, size, n := record{comma: t.comma}, 0, 0
	for {
		line, err := t.read(n)
		switch {
		case errors.Is(err, io.EOF):
			mistake = "a quotation mark is not closed"
		case err != nil:
			return nil, "", err
		case line == nil && n == 0:
			mistake = errLong.Error()
		case line == nil:
			mistake = "a quotation mark is not closed"
		case !utf8.Valid(line):
			mistake = notUTF8(line)
		default:
			mistake = r.feed(line)
		}
		size += len(line)
		if n++; mistake == "" && r.open() && size > maxLine {
			mistake = "a quotation mark is not closed"
		}
		if mistake != "" {
			n = 1
			if t.comma == '\t' && first != nil && utf8.Valid(first) { // in TSV a quotation mark may be part of a text
				r.fields, mistake = strings.Split(string(bytes.TrimRight(first, "\r\n")), "\t"), ""
			}
			break
		}
		if !r.open() {
			break
		}
	}
	t.ahead, t.line, t.last = t.ahead[n:], t.last+1, t.last+n
	return r.fields, mistake, nil
}

// skipped reports whether a line stands between the records: an empty line or a comment.
func (t *rows) skipped(line []byte) bool {
	switch {
	case line == nil:
		return false
	case len(bytes.TrimRight(line, "\r\n")) == 0:
		return true
	case line[0] != '#':
		return false
	}
	r := record{comma: t.comma}
	mistake := r.feed(line)
	return mistake != "" || t.comment(r.fields, r.open())
}

// read returns the line i lines ahead, nil for a line that is too long.
func (t *rows) read(i int) ([]byte, error) {
	for len(t.ahead) <= i {
		line, err := readLine(t.in)
		if err != nil && !errors.Is(err, errLong) {
			return nil, err
		}
		t.ahead = append(t.ahead, line)
	}
	return t.ahead[i], nil
}

// table reads CSV or TSV.
func (l *list) table(in *bufio.Reader, comma byte) error {
	t := rows{in: in, comma: comma, comment: func(fields []string, _ bool) bool {
		i, _ := l.columns.keyIn(fields)
		return i < 0
	}}
	head, mistake, err := t.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return fmt.Errorf("%s:1: %w", l.name, err)
	case mistake != "":
		return fmt.Errorf("%s:%d: the header can't be read: %s", l.name, t.line, mistake)
	}
	if err := l.Head(t.line, head); err != nil {
		return err
	}
	key, named := l.columns.keyIn(head)
	t.comment = func(fields []string, open bool) bool {
		return key == 0 || len(fields) != len(head) && !open
	}
	names := make([][]string, len(head))
	for i, column := range head {
		names[i] = l.columns.of(strings.TrimSpace(column))
	}
	names[key] = slices.DeleteFunc(names[key], func(name string) bool { return name == named })
	for {
		row, mistake, err := t.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s:%d: %w", l.name, t.last+1, err)
		case mistake != "":
			err = l.reject(t.line, "%s", mistake)
		case len(row) != len(head) && t.last > t.line:
			err = l.reject(t.line, "lines %d to %d are a record of %s, and the header has %d", t.line, t.last, number.Counted(len(row), "column"), len(head))
		case len(row) != len(head):
			err = l.reject(t.line, "%s, and the header has %d", number.Counted(len(row), "column"), len(head))
		default:
			if row[key] = strings.TrimSpace(row[key]); row[key] == "" {
				err = l.reject(t.line, "the column %s is empty", head[key])
				break
			}
			err = l.row(t.line, row[key], names, row)
		}
		if err != nil {
			return err
		}
	}
}

// row takes a record of a table. names are the names of its columns.
func (l *list) row(line int, key string, names [][]string, row []string) error {
	s := Seed{Key: key}
	for i, text := range row {
		if text == "" {
			continue
		}
		for _, name := range names[i] {
			if !strings.EqualFold(name, "priority") {
				s.set(name, text)
				continue
			}
			n, err := strconv.Atoi(strings.TrimSpace(text))
			if err != nil {
				return l.reject(line, "the priority %.40q is no whole number", text)
			}
			s.Priority = &n
		}
	}
	return l.take(line, s)
}
