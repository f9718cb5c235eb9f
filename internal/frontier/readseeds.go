package frontier

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine bounds a line of a list: a key and its meta.
const maxLine = 1 << 20

// ReadSeeds reads a list of keys, one a line: the key as it is, or
// {"key": …, "priority": …, "meta": {…}}. Empty lines are passed over; gzip is
// undone when name ends in .gz. An error names the line.
func ReadSeeds(r io.Reader, name string, each func(Seed) error) error {
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(r)
		if err != nil {
			return fmt.Errorf("%s: not gzip: %w", name, err)
		}
		r = z
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff")))
		if len(line) == 0 {
			continue
		}
		s := Seed{Key: string(line)}
		if line[0] == '{' {
			s = Seed{}
			dec := json.NewDecoder(bytes.NewReader(line))
			dec.DisallowUnknownFields()
			dec.UseNumber()
			if err := dec.Decode(&s); err != nil {
				return fmt.Errorf("%s:%d: %s: a line is a key, or {\"key\": …, \"priority\": …, \"meta\": {…}}", name, n, strings.TrimPrefix(err.Error(), "json: "))
			}
		}
		if err := each(s); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("%s:%d: the line is longer than %d bytes", name, n+1, maxLine)
	} else if err != nil {
		return fmt.Errorf("%s:%d: %w", name, n+1, err)
	}
	return nil
}
