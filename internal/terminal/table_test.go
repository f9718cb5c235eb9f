package terminal

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"text/tabwriter"
)

func TestTable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		width int
		in    string
		want  string
	}{
		{"no limit", 0, "  done\t27\t\n    \t28\tnot english\n", "  done  27\n        28  not english\n"},
		{"the last cell wraps", 36, "  done\t27\t\n    \t28\tthe page has neither a title nor a price\n", "" +
			"  done  27\n" +
			"        28  the page has neither a\n" +
			"            title nor a price\n"},
		{"a word that is too long breaks", 32, "a\tb\thttps://site.example/a/very/long/path\n", "" +
			"a  b  https://site.example/a/ver\n" +
			"      y/long/path\n"},
		{"the widest column is cut", 40, "https://site.example/products/1\tdone\tyes\n", "https://site.example/product…  done  yes\n"},
		{"wide characters", 0, "日本\t1\na\t2\n", "日本  1\na     2\n"},
		{"no room at all", 10, "aaaaaaaaaaaa\tbbbbbbbb\tcc\n", "aaaaaaa… …\n"},
		{"an empty line stays", 0, "a\t1\n\nb\t2\n", "a  1\n\nb  2\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			table := &Table{To: &b, Width: tt.width}
			_, _ = table.Write([]byte(tt.in))
			if err := table.Flush(); err != nil || b.String() != tt.want {
				t.Errorf("%v\n%s\nwant\n%s", err, b.String(), tt.want)
			}
		})
	}
}

// Without a limit a table is the table of text/tabwriter, and with a limit no line is wider.
func TestTablesLikeTabwriter(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	word := func() string { return strings.Repeat("ab c"[:1+rnd.IntN(4)], 1+rnd.IntN(9)) }
	for range 500 {
		var in strings.Builder
		for range 1 + rnd.IntN(6) {
			fmt.Fprintf(&in, "%s\t%s\t%s\n", word(), word(), word())
		}
		var got, want, narrow strings.Builder
		table := &Table{To: &got}
		reference := tabwriter.NewWriter(&want, 2, 8, 2, ' ', 0)
		most := 1 + rnd.IntN(70)
		limited := &Table{To: &narrow, Width: most}
		for _, w := range []interface {
			Write(p []byte) (int, error)
			Flush() error
		}{table, reference, limited} {
			_, _ = w.Write([]byte(in.String()))
			_ = w.Flush()
		}
		if trimmed(got.String()) != trimmed(want.String()) {
			t.Fatalf("%q\ngot  %q\nwant %q", in.String(), got.String(), want.String())
		}
		for line := range strings.SplitSeq(narrow.String(), "\n") {
			if Columns(line) > most {
				t.Fatalf("%q is wider than %d columns", line, most)
			}
		}
	}
}

func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
