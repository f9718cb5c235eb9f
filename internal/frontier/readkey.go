package frontier

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// invisible are characters without a mark on the screen that copied text and joined files bring. No
// key of a site holds them at an edge of a line.
const invisible = "\u200b\u200e\u200f\u2060\ufeff"

var (
	// behindKey matches a comment behind a key.
	behindKey = regexp.MustCompile(`\s#\s`)

	// behindURL matches a comment behind a URL, which may be any text.
	behindURL = regexp.MustCompile(`(?i)^https?://\S+\s+#`)

	// secondURL matches a second URL on a line.
	secondURL = regexp.MustCompile(`(?i)^https?://\S*?[\s,;|]+["']?https?://`)
)

// oddLine returns why a line of a list is no key, or an empty text.
func oddLine(line string) string {
	switch {
	case behindKey.MatchString(line), behindURL.MatchString(line):
		return fmt.Sprintf("%.80q holds a comment behind the key: give the comment a line of its own", line)
	case strings.HasPrefix(line, "// "):
		return fmt.Sprintf("%.80q is no key: a comment begins with #", line)
	case secondURL.MatchString(line):
		return fmt.Sprintf("%.80q holds two URLs: give each a line of its own", line)
	}
	return ""
}

// oddKey returns why a key cannot be meant, or an empty text.
func oddKey(key string) string {
	if strings.Trim(key, invisible) != key {
		return fmt.Sprintf("%+.80q begins or ends with an invisible character: delete it", key)
	}
	return ""
}

// oldLines reports that the beginning of a list ends its lines with a carriage return alone.
func oldLines(head []byte) bool {
	return !bytes.Contains(head, []byte("\n")) && bytes.IndexByte(bytes.TrimRight(head, "\r"), '\r') >= 0
}

// newLines reads a list whose lines end with a carriage return alone.
type newLines struct{ io.Reader }

func (r newLines) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}
