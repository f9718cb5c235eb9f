package sitemap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

const spaces = " \t\r\n\f\v"

// scanner splits XML into tags and text. It keeps one buffer and one tag.
type scanner struct {
	r        io.Reader
	buf      []byte
	pos, end int
	consumed int64 // bytes before buf
	mark     int64 // bytes up to the last entry
	line     int   // of the start of the current token

	tag   []byte // the current tag between < and >
	value []byte // the text that is being captured
	on    bool   // text is captured
	over  bool   // the captured text is too long
}

func newScanner(r io.Reader) *scanner {
	return &scanner{r: r, buf: make([]byte, 64<<10), line: 1}
}

// bytes returns how many bytes were taken.
func (s *scanner) bytes() int64 { return s.consumed + int64(s.pos) }

// progress notes that an entry was found.
func (s *scanner) progress() { s.mark = s.bytes() }

// need makes at least n bytes available if the content has them, and reports whether it has.
func (s *scanner) need(n int) (bool, error) {
	for empty := 0; s.end-s.pos < n; {
		if s.pos > 0 {
			s.consumed += int64(s.pos)
			s.end = copy(s.buf, s.buf[s.pos:s.end])
			s.pos = 0
		}
		if s.consumed-s.mark > maxGap {
			return false, fmt.Errorf("%w: line %d: no entry in %d MiB", ErrNoSitemap, s.line, maxGap>>20)
		}
		k, err := s.r.Read(s.buf[s.end:])
		s.end += k
		if k > 0 {
			continue
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err == nil {
			if empty++; empty > 100 {
				err = io.ErrNoProgress
			}
		}
		if err != nil {
			return false, fmt.Errorf("line %d: %w", s.line, err)
		}
	}
	return true, nil
}

// take consumes n available bytes, and captures them if keep.
func (s *scanner) take(n int, keep bool) {
	part := s.buf[s.pos : s.pos+n]
	s.line += bytes.Count(part, []byte("\n"))
	if keep && s.on && !s.over {
		if s.over = len(s.value)+n > 2*maxValue; !s.over {
			s.value = append(s.value, part...)
		}
	}
	s.pos += n
}

// first skips a byte order mark and white space, and returns the byte after it. It fails with
// io.EOF if there is none.
func (s *scanner) first() (byte, error) {
	if _, err := s.need(3); err != nil {
		return 0, err
	}
	if bytes.HasPrefix(s.buf[s.pos:s.end], []byte("\xef\xbb\xbf")) {
		s.pos += 3
	}
	for {
		ok, err := s.need(1)
		if err != nil {
			return 0, err
		}
		if !ok {
			return 0, io.EOF
		}
		if c := s.buf[s.pos]; strings.IndexByte(spaces, c) < 0 {
			return c, nil
		}
		s.take(1, false)
	}
}

// Read makes the rest of the content available to a reader of lines.
func (s *scanner) Read(p []byte) (int, error) {
	ok, err := s.need(1)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, io.EOF
	}
	n := copy(p, s.buf[s.pos:s.end])
	s.pos += n
	return n, nil
}

// until consumes the content up to and with a mark.
func (s *scanner) until(mark string, keep bool) error {
	for {
		ok, err := s.need(len(mark))
		if err != nil {
			return err
		}
		if !ok {
			s.take(s.end-s.pos, keep)
			return io.EOF
		}
		if i := bytes.Index(s.buf[s.pos:s.end], []byte(mark)); i >= 0 {
			s.take(i, keep)
			s.take(len(mark), false)
			return nil
		}
		s.take(s.end-s.pos-len(mark)+1, keep)
	}
}

// next reads up to and with the next start or end tag, which is in tag then. Text before it is
// captured. It fails with io.EOF at the end of the content.
func (s *scanner) next() error {
	for {
		if err := s.text(); err != nil {
			return err
		}
		if _, err := s.need(9); err != nil {
			return err
		}
		rest := s.buf[s.pos:s.end]
		var err error
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			err = s.until("-->", false)
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			s.take(9, false)
			err = s.cdata()
		case bytes.HasPrefix(rest, []byte("<?")):
			err = s.until(">", false)
		case bytes.HasPrefix(rest, []byte("<!")):
			err = s.declaration()
			if err == nil && isHTML(s.tag) {
				return nil
			}
		case len(rest) > 1 && (rest[1] == '/' || isNameStart(rest[1])):
			s.take(1, false)
			return s.readTag()
		default:
			s.take(1, true) // a sign that begins no tag
		}
		if err != nil {
			return err
		}
	}
}

// text consumes text up to the next "<".
func (s *scanner) text() error {
	for {
		ok, err := s.need(1)
		if err != nil {
			return err
		}
		if !ok {
			return io.EOF
		}
		if i := bytes.IndexByte(s.buf[s.pos:s.end], '<'); i >= 0 {
			s.take(i, true)
			return nil
		}
		s.take(s.end-s.pos, true)
	}
}

// cdata captures text in which an ampersand begins no reference.
func (s *scanner) cdata() error {
	start := len(s.value)
	err := s.until("]]>", true)
	if bytes.IndexByte(s.value[start:], '&') >= 0 {
		s.value = append(s.value[:start], bytes.ReplaceAll(s.value[start:], []byte("&"), []byte("&amp;"))...)
	}
	return err
}

// declaration consumes <!DOCTYPE …> with an internal subset. Its start is in tag.
func (s *scanner) declaration() error {
	s.take(1, false)
	if err := s.readTag(); err != nil || bytes.IndexByte(s.tag, '[') < 0 {
		return err
	}
	return s.until("]", false) // the ">" after it is text
}

// readTag reads up to ">". A "<" ends a broken tag.
func (s *scanner) readTag() error {
	s.tag = s.tag[:0]
	quote := byte(0)
	for {
		ok, err := s.need(1)
		if err != nil {
			return err
		}
		if !ok {
			return io.EOF
		}
		rest := s.buf[s.pos:s.end]
		n := 0
	chunk:
		for ; n < len(rest); n++ {
			switch c := rest[n]; {
			case c == '<', c == '>' && quote == 0:
				break chunk
			case c == quote:
				quote = 0
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			}
		}
		if len(s.tag)+n <= 2*maxValue {
			s.tag = append(s.tag, rest[:n]...)
		}
		done, closed := n < len(rest), n < len(rest) && rest[n] == '>'
		s.take(n, false)
		if closed {
			s.take(1, false)
		}
		if done {
			return nil
		}
	}
}

func isNameStart(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c >= 0x80
}
