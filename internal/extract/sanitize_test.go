package extract

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSanitize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"nothing to change", "GEM-MT_10.5", "GEM-MT_10.5"},
		{"empty", "", ""},
		{"a letter of another script", "Émile-日本", "Émile-日本"},
		{"a slash", "a/b", "a_b-c14cddc033f64b9dea80ea675cf280a0"},
		{"two that differ", "a\\b", "a_b-c62016d0f8ee333350283fd879b50b69"},
		{"up", "..", "_.-5ec1f7e700f37c3d0b2981d04855fc34"},
		{"a hidden file", ".x", "_x-bb42e4c602551e7cef9f8a8d21cd0ab7"},
		{"NFC", "e\u0301", "é-bf12767b0f2a56b2190075bae8169f65"},
		{"a template", "{ext}", "_ext_-9eacf0f1d14231c48cf0bfd54988bce1"},
		{"what another could become", "a_b-c14cddc033f64b9dea80ea675cf280a0", "a_b-c14cddc033f64b9dea80ea675cf280a0-cbd8c54cef472e3421d407ffd1f44032"},
		{"an ordinary tail", "abc-20240101", "abc-20240101"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Sanitize(tt.in); got != tt.want {
				t.Errorf("Sanitize(%q) = %q; want %q", tt.in, got, tt.want)
			}
		})
	}
}

// unsafe returns why a value is unsafe in a path.
func unsafe(s string) string {
	switch {
	case strings.ContainsAny(s, "/\\{}\x00:*?\"<>|\n\r\t "):
		return "has a letter that means something in a path"
	case strings.HasPrefix(s, "."), s == "":
		return "is empty or begins with a dot"
	case len(s) > maxValue:
		return "is too long"
	case !utf8.ValidString(s):
		return "is no UTF-8"
	}
	return ""
}

func TestSanitizeOfRandomPiecesIsSafeAndStaysDistinct(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"a", "B", "9", ".", "..", "/", "\\", "_", "-", "{", "}", "{ext}", "\x00", "\xff", "é", "e\u0301", "日", " ", "\n",
		"%2f", "-c14cddc033f64b9dea80ea675cf280a0", "a_b", strings.Repeat("x", 40), strings.Repeat("é", 30), "\u202e", "\u2215", ":", "CON",
	}
	random := rand.New(rand.NewPCG(1, 2))
	before := map[string]string{}
	for range 200_000 {
		var b strings.Builder
		for range 1 + random.IntN(6) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		in := b.String()
		got := Sanitize(in)
		if why := unsafe(got); why != "" {
			t.Fatalf("Sanitize(%q) = %q, which %s", in, got, why)
		}
		if other, ok := before[got]; ok && other != in {
			t.Fatalf("%q and %q both become %q", in, other, got)
		}
		before[got] = in
		if again := Sanitize(in); again != got {
			t.Fatalf("Sanitize(%q) = %q, then %q", in, got, again)
		}
	}
}

func FuzzSanitize(f *testing.F) {
	for _, s := range []string{"", "a", "..", "a/b", "{ext}", "e\u0301", "\xff", strings.Repeat("é", 80)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := Sanitize(in)
		if in == "" {
			if got != "" {
				t.Fatalf("an empty value became %q", got)
			}
			return
		}
		if why := unsafe(got); why != "" {
			t.Fatalf("Sanitize(%q) = %q, which %s", in, got, why)
		}
	})
}

func TestAKeyThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 90)
	for _, src := range []string{"{id}{id}{id}", strings.Repeat("{id}/", 12) + "x"} {
		key, err := parseTemplate(src)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := key.expand(func(string) string { return long }); err == nil {
			t.Errorf("%s became %d bytes; want an error", src, len(got))
		}
	}
}
