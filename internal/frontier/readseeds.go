package frontier

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seinehq/seine/internal/number"
)

// maxLine is the largest line of a list in bytes: a key and its meta.
const maxLine = 1 << 20

// A BadLine is a line of a list without a valid task.
type BadLine struct {
	Name   string
	Line   int
	Reason string
}

// Error returns the line and the reason.
func (b *BadLine) Error() string { return fmt.Sprintf("%s:%d: %s", b.Name, b.Line, b.Reason) }

// Unwrap returns [ErrKey].
func (b *BadLine) Unwrap() error { return ErrKey }

const lineForm = `a line is a key, or {"key": …, "priority": …, "meta": {…}}`

// ReadSeeds reads a list of keys. A list is one of:
//
//   - lines, each a key, one or more objects {"key": …, "priority": …, "meta": {…}}, or a comment
//     that begins with #
//   - a JSON array of keys and objects
//   - in both, objects that are rows: their member id or url, or the member that columns names,
//     holds the key, and each other member goes into meta
//   - CSV or TSV with a header (RFC 4180, also with semicolons): the column key, id or url holds
//     the key, priority the priority, and each other column goes into meta as a text
//
// Lines that begin with # are comments in CSV and TSV too, before the header and as rows whose
// first column is the key.
//
// A list is UTF-8. A line that is not UTF-8, or is longer than a megabyte, is a bad line.
//
// Lines end with a line feed, both characters of Windows, or a carriage return alone. ReadSeeds
// skips empty lines, and decompresses a list whose name ends in .gz. It detects CSV by
// the name (.csv, .tsv) or by a header with such a column.
//
// bad receives each line without a valid task, and each line whose key each rejects with [ErrKey].
// An error from bad stops the reading. Without bad the first such line stops the reading.
func ReadSeeds(r io.Reader, name string, columns Columns, each func(Seed) error, bad func(*BadLine) error) error {
	plain := name
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(r)
		if err != nil {
			return fmt.Errorf("%s: not gzip: %w", name, err)
		}
		r, plain = z, strings.TrimSuffix(name, ".gz")
	}
	l := NewList(name, columns, each, bad)
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		_, _ = in.Discard(3)
	}
	head, _ := in.Peek(4 << 10)
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return fmt.Errorf("%s: the list is UTF-16: save it as UTF-8", name)
	}
	if oldLines(head) {
		in = bufio.NewReaderSize(newLines{in}, 64<<10)
		head, _ = in.Peek(4 << 10)
	}
	first := firstLine(head)
	if bytes.HasPrefix(first, []byte("[")) {
		return l.array(in)
	}
	if comma, ok := separator(plain, first, l.columns); ok {
		return l.table(in, comma)
	}
	return l.lines(in)
}

// List takes the rows of one list.
type List struct {
	name    string
	columns naming
	each    func(Seed) error
	bad     func(*BadLine) error
}

type list = List

// NewList returns a list that gives its tasks to each. bad receives rows without a valid task; nil
// ends the reading with the first of them.
func NewList(name string, columns Columns, each func(Seed) error, bad func(*BadLine) error) *List {
	if bad == nil {
		bad = func(b *BadLine) error { return b }
	}
	return &List{name, columns.naming(), each, bad}
}

// Head checks the names of the columns.
func (l *List) Head(line int, head []string) error {
	if name := l.columns.missing(head); name != "" {
		return fmt.Errorf("%s:%d: seeds.columns names a column %s, and the list has %s", l.name, line, name, strings.Join(head, ", "))
	}
	for i, column := range head {
		if name := strings.TrimSpace(column); name != "" && slices.Contains(head[:i], column) {
			return fmt.Errorf("%s:%d: the header has the column %s twice, as columns %d and %d: rename one", l.name, line, name, slices.Index(head, column)+1, i+1)
		}
	}
	if i, _ := l.columns.keyIn(head); i < 0 {
		return fmt.Errorf("%s:%d: the header has no column key, id or url: it has %s. Name the column: seeds.columns: {url: NAME}", l.name, line, strings.Join(head, ", "))
	}
	return nil
}

// Row takes a row of values by the names of their columns. A null is a missing value.
func (l *List) Row(line int, row map[string]any) error {
	head := slices.Sorted(maps.Keys(row)) // of two columns with one name, the same wins each time
	head = slices.DeleteFunc(head, func(column string) bool { return row[column] == nil })
	key, named := l.columns.keyIn(head)
	if key < 0 {
		return l.reject(line, "%s", l.columns.keyless())
	}
	text, ok := keyText(row[head[key]])
	switch {
	case !ok:
		return l.reject(line, "the column %s is no text or number", head[key])
	case text == "":
		return l.reject(line, "the column %s is empty", head[key])
	}
	s := Seed{Key: text}
	for i, column := range head {
		for _, name := range l.columns.of(strings.TrimSpace(column)) {
			switch v := row[column]; {
			case i == key && name == named:
			case strings.EqualFold(name, "priority"):
				text, _ := keyText(v)
				n, err := strconv.Atoi(text)
				if err != nil {
					return l.reject(line, "the priority %.40q is no whole number", text)
				}
				s.Priority = &n
			default:
				s.set(name, v)
			}
		}
	}
	return l.take(line, s)
}

func (s *Seed) set(name string, v any) {
	if s.Meta == nil {
		s.Meta = map[string]any{}
	}
	s.Meta[name] = v
}

// keyText returns a key that is a text or a number.
func keyText(v any) (string, bool) {
	if text, ok := v.(string); ok {
		return strings.TrimSpace(text), true
	}
	return number.Text(v)
}

func (l *list) reject(line int, format string, args ...any) error {
	return l.bad(&BadLine{l.name, line, fmt.Sprintf(format, args...)})
}

func (l *list) take(line int, s Seed) error {
	if odd := oddKey(s.Key); odd != "" {
		return l.reject(line, "%s", odd)
	}
	err := l.each(s)
	switch {
	case errors.Is(err, ErrKey):
		return l.bad(&BadLine{l.name, line, err.Error()})
	case err != nil:
		return fmt.Errorf("%s:%d: %w", l.name, line, err)
	}
	return nil
}

func (l *list) lines(in *bufio.Reader) error {
	for n := 1; ; n++ {
		line, err := readLine(in)
		switch line = bytes.TrimSpace(line); {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLong):
			err = l.reject(n, "%s", err)
		case err != nil:
			return fmt.Errorf("%s:%d: %w", l.name, n, err)
		case len(line) == 0 || line[0] == '#':
		case !utf8.Valid(line):
			err = l.reject(n, "%s", notUTF8(line))
		case line[0] == '{':
			err = l.objects(n, line)
		case strings.IndexByte(`}[]",:`, line[0]) >= 0:
			err = l.reject(n, "%.40q is a part of JSON: %s", line, lineForm)
		case oddLine(string(line)) != "":
			err = l.reject(n, "%s", oddLine(string(line)))
		default:
			err = l.take(n, Seed{Key: string(line)})
		}
		if err != nil {
			return err
		}
	}
}

// notUTF8 describes the first invalid byte of a text.
func notUTF8(text []byte) string {
	at := 0
	for {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n <= 1 {
			return fmt.Sprintf("byte %d (0x%02X) is not UTF-8: save the list as UTF-8", at+1, text[at])
		}
		at += n
	}
}

func mistakeOf(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "the object does not end on its line"
	}
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		wants := map[reflect.Kind]string{reflect.String: "a text", reflect.Int: "a whole number", reflect.Map: "an object"}[wrong.Type.Kind()]
		return fmt.Sprintf("%q wants %s, got a JSON %s", wrong.Field, wants, wrong.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
