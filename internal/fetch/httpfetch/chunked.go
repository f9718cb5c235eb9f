package httpfetch

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"
)

const (
	// maxChunkLine is the most bytes of a line between chunks.
	maxChunkLine = 4 << 10

	// maxTrailer is the most bytes behind the last chunk.
	maxTrailer = 64 << 10
)

// chunked undoes the chunked transfer coding (RFC 9112, section 7.1). Lines may end in "\n" alone.
// Trailers are ignored.
type chunked struct {
	r     *bufio.Reader
	left  uint64 // of the chunk
	begun bool   // a chunk was read, whose line end is still there
	err   error
}

// Read reads into p. It ends in [io.ErrUnexpectedEOF] if the connection ends
// before the last chunk.
func (c *chunked) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.left == 0 {
		if c.err = c.next(); c.err != nil {
			return 0, c.err
		}
	}
	if uint64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= uint64(n)
	if err != nil {
		c.err = unexpected(err)
	}
	return n, c.err
}

// next reads the line before a chunk. It returns [io.EOF] after the last one.
func (c *chunked) next() error {
	if c.begun {
		end, err := c.line()
		if err != nil {
			return err
		}
		if end != "" {
			return malformed("a chunk is followed by %.40q", end)
		}
	}
	c.begun = true
	line, err := c.line()
	if err != nil {
		return err
	}
	digits, _, _ := strings.Cut(line, ";")
	digits = strings.TrimRight(digits, " \t")
	size := strings.TrimLeft(digits, "0")
	if size == "" && digits != "" {
		return c.trailer()
	}
	if c.left, err = strconv.ParseUint(size, 16, 62); err != nil {
		return malformed("the size of a chunk is %.40q", digits)
	}
	return nil
}

func (c *chunked) trailer() error {
	for n := 0; n <= maxTrailer; {
		line, err := c.line()
		if err != nil {
			return err
		}
		if line == "" {
			return io.EOF
		}
		n += len(line)
	}
	return malformed("the trailer has more than %d bytes", maxTrailer)
}

func (c *chunked) line() (string, error) {
	var line []byte
	for {
		part, err := c.r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxChunkLine:
			return "", malformed("a line between chunks has more than %d bytes", maxChunkLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return "", unexpected(err)
		}
		return strings.TrimRight(string(line[:len(line)-1]), "\r"), nil
	}
}

// unexpected is an end that comes too early.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
