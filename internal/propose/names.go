package propose

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// reserved are the names that a job file does not allow.
var reserved = map[string]bool{"id": true, "url": true, "status": true, "meta": true, "key": true, "asset": true, "ext": true, "n": true}

var (
	camel    = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	noLetter = regexp.MustCompile(`[^a-z0-9]+`)
	folded   = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "'", "", "’", "")
)

// identifier returns a name for a field: lower case with underscores, and letters without their
// accents. It is empty for texts without a Latin letter or with letters of another script.
func identifier(text string) string {
	text = camel.ReplaceAllString(strings.TrimSpace(text), "${1}_$2")
	text = latin(strings.ToLower(text))
	text = strings.Trim(noLetter.ReplaceAllString(text, "_"), "_")
	if text == "" || len(text) > 40 || text[0] >= '0' && text[0] <= '9' {
		return ""
	}
	if reserved[text] || isWord(text) {
		return "item_" + text
	}
	return text
}

// latin returns a text in small letters without accents, by the decompositions of Unicode, or an
// empty text if a letter has another script.
func latin(text string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(folded.Replace(text)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r):
			return ""
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
