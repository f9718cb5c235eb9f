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

// maxValue is the most bytes of a value in a key. Three values and the words around them fit the
// 255 bytes that file systems permit for a name.
const maxValue = 100

// Sanitize returns value in a form that is safe in a path. Letters, digits, '.', '_' and '-' stay,
// in Unicode form NFC. Any other character becomes '_', no dot comes first, and the length is at
// most 100 bytes. A changed value gets '-' and 128 bits of its SHA-256 in hexadecimal digits, so
// that two values never share a path. An empty value stays empty.
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

// mimics reports whether s, which needs no change, could be the changed form of another value.
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
