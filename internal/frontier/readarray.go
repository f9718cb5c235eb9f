package frontier

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// array reads a JSON array, item by item.
func (l *list) array(in io.Reader) error {
	at := &newlines{in: in}
	dec := json.NewDecoder(at)
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("%s:1: %w", l.name, err)
	}
	for dec.More() {
		s, row, err := l.decode(dec)
		line := at.line(dec.InputOffset())
		switch syntax := (&json.SyntaxError{}); {
		case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
			return l.reject(line, "%s: what follows is not read", mistakeOf(err))
		case err != nil:
			err = l.reject(line, "%s: an item is a key, or {\"key\": …, \"priority\": …, \"meta\": {…}}", mistakeOf(err))
		case row != nil:
			err = l.Row(line, row)
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
