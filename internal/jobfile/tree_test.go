package jobfile

import (
	"strings"
	"testing"
)

// The values are of YAML 1.2.2, checked with the JavaScript library yaml 2.8 (npm).
func TestScalarsKeepTheirText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, src, want string }{
		{"a tab in a plain text", "a\tb", "a\tb"},
		{"tabs and spaces in a plain text", "a \t b", "a \t b"},
		{"a tab at the end of a plain text", "a b\t", "a b"},
		{"a tab before a comment", "a\t# b", "a"},
		{"a tab after the colon", "\ta", "a"},
		{"a plain text over two lines", "a\n  b", "a b"},
		{"a plain text over two lines, indented with a tab", "a\n  \tb", "a b"},
		{"a plain text with an empty line", "a\n\n  b", "a\nb"},
		{"a double quoted text over two lines", "\"a\n  b\"", "a b"},
		{"a double quoted text with spaces at the end of the line", "\"a  \n  b\"", "a b"},
		{"a double quoted text with a tab", "\"a\tb\"", "a\tb"},
		{"a double quoted text with an empty line", "\"a\n\n  b\"", "a\nb"},
		{"a double quoted text with an escaped line break", "\"a\\\n  b\"", "ab"},
		{"a double quoted text with escapes", `"a\tb\r\n\u00e9\x41"`, "a\tb\r\néA"},
		{"a single quoted text over two lines", "'a\n  b'", "a b"},
		{"a single quoted text with an empty line", "'a\n\n  b'", "a\nb"},
		{"a single quoted quote", "'it''s'", "it's"},
		{"a literal text", "|\n  a\n  b\n", "a\nb\n"},
		{"a literal text with a tab", "|\n  a\tb\n  \tc\n", "a\tb\n\tc\n"},
		{"a literal text without its end", "|-\n  a\n  b\n", "a\nb"},
		{"a literal text with its end", "|+\n  a\n", "a\n\n"},
		{"a folded text", ">\n  a\n  b\n\n  c\n", "a b\nc\n"},
		{"a folded text with more indentation", ">\n  a\n    b\n  c\n", "a\n  b\nc\n"},
		{"a text with a number sign", "a#b", "a#b"},
		{"a URL", "https://a.example/x?y=1#z", "https://a.example/x?y=1#z"},
	} {
		for ending, newline := range map[string]string{"LF": "\n", "CRLF": "\r\n", "CR": "\r"} {
			t.Run(tt.name+" "+ending, func(t *testing.T) {
				t.Parallel()
				src := strings.ReplaceAll("k: "+tt.src+"\nnext: 1\n", "\n", newline)
				r := &report{}
				root := parseTree([]byte(src), r)
				if len(r.mistakes) > 0 || root == nil {
					t.Fatalf("parseTree(%q): %v", src, r.mistakes)
				}
				if got := root.get("k").text; got != tt.want {
					t.Errorf("parseTree(%q) reads %q; want %q", src, got, tt.want)
				}
				if next := root.get("next"); next == nil || next.text != "1" {
					t.Errorf("parseTree(%q) loses the key behind the text", src)
				}
			})
		}
	}
}
