package terminal

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"plain, žluťoučký 猫":     "plain, žluťoučký 猫",
		"a\x1b[31mred\x07":       `a\x1b[31mred\x07`,
		"a\u009b31m":             `a\u009b31m`,
		"a\x9bb":                 `a\x9bb`,
		"a\u202eb\u2066c":        `a\u202eb\u2066c`,
		"two\nlines\r\tand \x7f": `two\nlines\r\tand \x7f`,
		"\ufffd":                 "\ufffd",
		"a\u2028b":               `a\u2028b`,
	} {
		if got := Escape(s); got != want {
			t.Errorf("Escape(%q) = %s; want %s", s, got, want)
		}
	}
}

func TestWriterKeepsLayoutAndSplitCharacters(t *testing.T) {
	t.Parallel()
	const text = "a\tž\n\u009bb\x1bc猫\n"
	for split := range len(text) {
		var b strings.Builder
		w := NewWriter(&b)
		for _, part := range []string{text[:split], text[split:]} {
			if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		if want := "a\tž\n" + `\u009bb\x1bc` + "猫\n"; b.String() != want {
			t.Errorf("split at %d: %q; want %q", split, b.String(), want)
		}
	}
}

// FuzzEscape checks that no control sequence remains.
func FuzzEscape(f *testing.F) {
	f.Add("a\x1b]0;x\x07\u202e\x9b")
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || bidi(r) }) {
			t.Fatalf("Escape(%q) = %q", s, got)
		}
	})
}
