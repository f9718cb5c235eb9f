package extract

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxValue is the most bytes of a value in a key: three of them and the words
// around fit the 255 bytes that file systems allow a name.
const maxValue = 100

// Sanitize returns value as it may stand in a path: its letters, digits, '.',
// '_' and '-' in Unicode form NFC, anything else as '_', no dot in front, at
// most 100 bytes. Where that changed it, '-' and 128 bits of its SHA-256 in hexadecimal
// digits follow, so that two values do not share a path. An empty value stays empty.
func Sanitize(value string) string {
	if value == "" {
		return ""
	}
	var b strings.Builder
	for _, r := range norm.NFC.String(strings.ToValidUTF8(value, "_")) {
		switch {
		case r == '.' && b.Len() == 0:
			b.WriteByte('_')
		case r == '.', r == '_', r == '-', unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
		if b.Len() > maxValue {
			break
		}
	}
	s := b.String()
	if s == value && len(s) <= maxValue && !mimics(s) {
		return s
	}
	sum := sha256.Sum256([]byte(value))
	suffix := "-" + hex.EncodeToString(sum[:16])
	return cut(s, maxValue-len(suffix)) + suffix
}

var suffixed = regexp.MustCompile(`-[0-9a-f]{32}$`)

// mimics says that s, though nothing in it must change, could be what another
// value was changed to.
func mimics(s string) bool {
	changed := len(s) == maxValue || strings.IndexFunc(s, func(r rune) bool { return r == '_' || r >= utf8.RuneSelf }) >= 0
	return changed && suffixed.MatchString(s)
}

// cut returns at most n bytes of s, whole letters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
