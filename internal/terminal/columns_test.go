package terminal

import "testing"

func TestCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		most int
		want string
	}{
		{"done 5", 6, "done 5"},
		{"done 5", 5, "done…"},
		{"done 5", 1, "…"},
		{"done 5", 0, ""},
		{"", 0, ""},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
	} {
		got := Cut(tt.in, tt.most)
		if got != tt.want || Columns(got) > tt.most {
			t.Errorf("Cut(%q, %d) = %q of %d columns; want %q", tt.in, tt.most, got, Columns(got), tt.want)
		}
	}
}
