package frontier

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
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
//   - CSV or TSV with a header (RFC 4180, also with semicolons): the column key, id or url holds
//     the key, priority the priority, and each other column goes into meta as a text
//
// A list is UTF-8. A line that is not UTF-8 is a bad line.
//
// ReadSeeds skips empty lines, and decompresses a list whose name ends in .gz. It detects CSV by
// the name (.csv, .tsv) or by a header with such a column.
//
// bad receives each line without a valid task, and each line whose key each rejects with [ErrKey].
// An error from bad stops the reading. Without bad the first such line stops the reading.
func ReadSeeds(r io.Reader, name string, each func(Seed) error, bad func(*BadLine) error) error {
	if bad == nil {
		bad = func(b *BadLine) error { return b }
	}
	plain := name
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(r)
		if err != nil {
			return fmt.Errorf("%s: not gzip: %w", name, err)
		}
		r, plain = z, strings.TrimSuffix(name, ".gz")
	}
	l := &list{name: name, each: each, bad: bad}
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		_, _ = in.Discard(3)
	}
	head, _ := in.Peek(4 << 10)
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return fmt.Errorf("%s: the list is UTF-16: save it as UTF-8", name)
	}
	first, _, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	first = bytes.TrimSpace(first)
	if bytes.HasPrefix(first, []byte("[")) {
		return l.array(in)
	}
	if comma, ok := separator(plain, first); ok {
		return l.table(in, comma)
	}
	return l.lines(in)
}

// list reads one list.
type list struct {
	name string
	each func(Seed) error
	bad  func(*BadLine) error
}

func (l *list) reject(line int, format string, args ...any) error {
	return l.bad(&BadLine{l.name, line, fmt.Sprintf(format, args...)})
}

func (l *list) take(line int, s Seed) error {
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
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		var err error
		switch {
		case len(line) == 0 || line[0] == '#':
		case !utf8.Valid(line):
			err = l.reject(n, "%s", notUTF8(line))
		case line[0] == '{':
			err = l.objects(n, line)
		case strings.IndexByte(`}[]",:`, line[0]) >= 0:
			err = l.reject(n, "%.40q is a part of JSON: %s", line, lineForm)
		default:
			err = l.take(n, Seed{Key: string(line)})
		}
		if err != nil {
			return err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("%s:%d: the line is longer than %d bytes", l.name, n+1, maxLine)
	} else if err != nil {
		return fmt.Errorf("%s:%d: %w", l.name, n+1, err)
	}
	return nil
}

// objects reads the objects of one line. A mistake rejects the whole line.
func (l *list) objects(n int, line []byte) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	var seeds []Seed
	for {
		s, err := decodeSeed(dec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return l.reject(n, "%s: %s", mistakeOf(err), lineForm)
		}
		seeds = append(seeds, s)
	}
	for _, s := range seeds {
		if err := l.take(n, s); err != nil {
			return err
		}
	}
	return nil
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

// decodeSeed reads one key or object.
func decodeSeed(dec *json.Decoder) (Seed, error) {
	dec.UseNumber()
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return Seed{}, err
	}
	if !utf8.Valid(raw) {
		return Seed{}, errors.New(notUTF8(raw))
	}
	switch raw[0] {
	case '{':
		var s Seed
		one := json.NewDecoder(bytes.NewReader(raw))
		one.UseNumber()
		one.DisallowUnknownFields()
		if err := one.Decode(&s); err != nil {
			return Seed{}, err
		}
		if s.Key == "" {
			return Seed{}, errors.New(`the object has no "key"`)
		}
		return s, nil
	case '"':
		var key string
		err := json.Unmarshal(raw, &key)
		return Seed{Key: key}, err
	}
	if text, ok := number.Canonical(string(raw)); ok {
		return Seed{Key: text}, nil
	}
	return Seed{}, fmt.Errorf("%.40s is neither a key nor an object", raw)
}

// array reads a JSON array, item by item.
func (l *list) array(in io.Reader) error {
	at := &newlines{in: in}
	dec := json.NewDecoder(at)
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("%s:1: %w", l.name, err)
	}
	for dec.More() {
		s, err := decodeSeed(dec)
		line := at.line(dec.InputOffset())
		switch syntax := (&json.SyntaxError{}); {
		case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
			return l.reject(line, "%s: what follows is not read", mistakeOf(err))
		case err != nil:
			err = l.reject(line, "%s: an item is a key, or {\"key\": …, \"priority\": …, \"meta\": {…}}", mistakeOf(err))
		default:
			err = l.take(line, s)
		}
		if err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return l.reject(at.line(dec.InputOffset()), "the array does not end: %s", mistakeOf(err))
	}
	rest, _ := io.ReadAll(io.LimitReader(io.MultiReader(dec.Buffered(), at), maxLine))
	if len(bytes.TrimSpace(rest)) > 0 {
		return l.reject(at.line(dec.InputOffset()), "text behind the array is not read: %.40q", bytes.TrimSpace(rest))
	}
	return nil
}

// newlines counts the lines of a stream.
type newlines struct {
	in   io.Reader
	read int64
	at   []int64 // the offsets of newlines after the last call of line
	n    int     // newlines before them
}

// Read implements [io.Reader].
func (c *newlines) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	for i, b := range p[:n] {
		if b == '\n' {
			c.at = append(c.at, c.read+int64(i))
		}
	}
	c.read += int64(n)
	return n, err
}

// line returns the line of an offset, from 1. Offsets must not decrease.
func (c *newlines) line(place int64) int {
	i := 0
	for i < len(c.at) && c.at[i] < place {
		i++
	}
	c.n, c.at = c.n+i, c.at[i:]
	return c.n + 1
}
