package weburl

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A base gives the same as resolving and canonicalizing one after the other.
func TestBase(t *testing.T) {
	t.Parallel()
	refs := []string{
		"", "a", "/a/../b?x=%7e#f", "?q=ü", "//Cdn.Example:443/x", "http://[::1]:80/", "mailto:a@b", "javascript:x", "http://:80/", "http://u:p@h/",
		" \t/x\ny ", `\\h\p`, "#f", "https://EXAMPLE.com.", "http://a..b/", "data:,x", strings.Repeat("x", 9000), "\xff", "http://h:0/", "https:/p", "a%zz^|",
	}
	for _, base := range []string{"https://shop.example/a/b?c=d#e", "http://h", "not a base", "ftp://h/"} {
		for _, charset := range []string{"", "windows-1252"} {
			b := NewBase(base, charset)
			for range 2 { // the second answer may come from the cache
				for _, ref := range refs {
					want, wantErr := ResolveIn(base, ref, charset)
					if wantErr == nil {
						want, wantErr = canonicalOf(t, want)
					}
					got, err := b.Canonical(ref)
					if got != want || (err == nil) != (wantErr == nil) {
						t.Errorf("%q in %q (%s) = %q, %v; want %q, %v", ref, base, charset, got, err, want, wantErr)
					}
				}
			}
		}
	}
}

// A plain reference gives the same without the parser.
func TestPlainReference(t *testing.T) {
	t.Parallel()
	const seed = 1
	random := rand.New(rand.NewPCG(seed, 2))
	pieces := []string{"a", "B", "x.html", ".", "..", "...", "/", "/", "//", "?", "#", ":", "=", "&", "+", "~", ";", ",", "%", "%2e", "%41", "@", "'", "|", "^", "\\", " ", "ü", "é=", "http:", "HTTPS://h.example"}
	plain := 0
	for _, base := range []string{
		"https://shop.example/a/b?c=d#e", "http://h", "http://h?q", "https://Ex.example:443/%7ea/./b%2Fc/../d^e|f/", "http://h:8080//a//b", "http://u:p@h/a", "ftp://h/", "http://h/a/b;c=1?%41=%zz",
		"http://[::1]/x/y", "http://a..b/",
	} {
		for _, charset := range []string{"", "windows-1252"} {
			b := NewBase(base, charset)
			for range 5000 {
				ref := ""
				for range random.IntN(7) {
					ref += pieces[random.IntN(len(pieces))]
				}
				want, wantErr := ResolveIn(base, ref, charset)
				if wantErr == nil {
					want, wantErr = canonicalOf(t, want)
				}
				got, err := b.Canonical(ref)
				if got != want || (err == nil) != (wantErr == nil) {
					t.Fatalf("%q in %q (%s) = %q, %v; want %q, %v", ref, base, charset, got, err, want, wantErr)
				}
				if _, ok := b.plain(ref); ok {
					plain++
				}
			}
		}
	}
	if plain < 5000 {
		t.Errorf("%d references are plain", plain)
	}
}

func canonicalOf(t *testing.T, url string) (string, error) {
	t.Helper()
	u, err := parse(url)
	if err != nil {
		return "", err
	}
	return canonical(u, Options{})
}

func TestCache(t *testing.T) {
	t.Parallel()
	var c cache
	for i := range 3 * cacheSize {
		c.add(fmt.Sprint(i))
		if !c.has(fmt.Sprint(i)) {
			t.Fatalf("%d is forgotten at once", i)
		}
	}
	if n := len(c.young) + len(c.old); n > 2*cacheSize {
		t.Errorf("the cache holds %d URLs; want at most %d", n, 2*cacheSize)
	}
	if c.has("0") || !c.has(fmt.Sprint(2*cacheSize+1)) {
		t.Error("the cache does not forget the oldest URLs")
	}
	c.add(strings.Repeat("x", cachedURL+1))
	if c.has(strings.Repeat("x", cachedURL+1)) {
		t.Error("the cache holds a long URL")
	}
}
