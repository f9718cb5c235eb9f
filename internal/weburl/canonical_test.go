package weburl

import (
	"errors"
	"math/rand/v2"
	neturl "net/url"
	"strings"
	"testing"
)

// errMalformed stands for any error that is no sentinel.
var errMalformed = errors.New("malformed")

func check1(t *testing.T, call, got string, err error, want string, wantErr error) {
	t.Helper()
	ok := got == want
	switch {
	case wantErr == errMalformed: //nolint:errorlint // the test's own mark
		ok = ok && err != nil && !errors.Is(err, ErrNotWeb) && !errors.Is(err, ErrUserInfo)
	default:
		ok = ok && errors.Is(err, wantErr)
	}
	if !ok {
		t.Errorf("%s = %q, %v; want %q, %v", call, got, err, want, wantErr)
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in, want string
		wantErr        error
	}{
		{name: "canonical stays", in: "https://a.example/p?q=1", want: "https://a.example/p?q=1"},

		// Scheme, host, port.
		{name: "scheme in lower case", in: "HTTPS://a.example/", want: "https://a.example/"},
		{name: "http and https are two", in: "http://a.example/", want: "http://a.example/"},
		{name: "host in lower case", in: "http://A.EXAMPLE/P", want: "http://a.example/P"},
		{name: "host as punycode", in: "http://Bücher.example/", want: "http://xn--bcher-kva.example/"},
		{name: "sharp s stays itself", in: "http://straße.example/", want: "http://xn--strae-oqa.example/"},
		{name: "full-width host", in: "http://ａ.example/", want: "http://a.example/"},
		{name: "ideographic full stop parts labels", in: "http://a。example/", want: "http://a.example/"},
		{name: "escaped host", in: "http://%61.ex%61mple/", want: "http://a.example/"},
		{name: "www counts", in: "http://www.a.example/", want: "http://www.a.example/"},
		{name: "underscore in a host", in: "http://a_b.example/", want: "http://a_b.example/"},
		{name: "root dot goes", in: "http://a.example./p", want: "http://a.example/p"},
		{name: "root dot before a port", in: "http://a.example.:8080/p", want: "http://a.example:8080/p"},
		{name: "two root dots are no host", in: "http://a.example../", wantErr: errMalformed},
		{name: "empty label", in: "http://a..example/", wantErr: errMalformed},
		{name: "a dot alone is no host", in: "http://./", wantErr: errMalformed},
		{name: "default port of http", in: "http://a.example:80/", want: "http://a.example/"},
		{name: "default port of https", in: "https://a.example:443/", want: "https://a.example/"},
		{name: "the other's default port", in: "http://a.example:443/", want: "http://a.example:443/"},
		{name: "port with zeros", in: "http://a.example:0080/", want: "http://a.example/"},
		{name: "empty port", in: "http://a.example:/", want: "http://a.example/"},
		{name: "other port", in: "http://a.example:8080/", want: "http://a.example:8080/"},
		{name: "port 0", in: "http://a.example:0/", wantErr: errMalformed},
		{name: "port too large", in: "http://a.example:65536/", wantErr: errMalformed},
		{name: "port no number", in: "http://a.example:http/", wantErr: errMalformed},
		{name: "IPv4", in: "http://127.0.0.1:8080/", want: "http://127.0.0.1:8080/"},
		{name: "IPv4 as one number", in: "http://2130706433/", want: "http://127.0.0.1/"},
		{name: "IPv4 in hex", in: "http://0x7f.1/", want: "http://127.0.0.1/"},
		{name: "IPv4 in octal", in: "http://0177.0.0.1/", want: "http://127.0.0.1/"},
		{name: "IPv4 with root dot", in: "http://127.0.0.1./", want: "http://127.0.0.1/"},
		{name: "IPv4 out of range", in: "http://256.0.0.1/", wantErr: errMalformed},
		{name: "IPv6 shortened", in: "http://[2001:DB8:0:0:0:0:0:1]:80/", want: "http://[2001:db8::1]/"},
		{name: "IPv6 with IPv4", in: "http://[::ffff:127.0.0.1]/", want: "http://[::ffff:7f00:1]/"},
		{name: "IPv6 with zone", in: "http://[fe80::1%25eth0]/", wantErr: errMalformed},
		{name: "IPv6 not closed", in: "http://[::1/", wantErr: errMalformed},
		{name: "space in host", in: "http://a b.example/", wantErr: errMalformed},
		{name: "braces in host", in: "http://{id}.example/", wantErr: errMalformed},
		{name: "quote in host", in: "http://a'b.example/", wantErr: errMalformed},
		{name: "host not UTF-8", in: "http://a\xff.example/", wantErr: errMalformed},
		{name: "host too long", in: "http://" + strings.Repeat("a.", 127) + "example/", wantErr: errMalformed},

		// Path.
		{name: "no path is /", in: "http://a.example", want: "http://a.example/"},
		{name: "no path but a query", in: "http://a.example?q", want: "http://a.example/?q"},
		{name: "slash at the end counts", in: "http://a.example/p/", want: "http://a.example/p/"},
		{name: "two slashes count", in: "http://a.example//p", want: "http://a.example//p"},
		{name: "dot segments", in: "http://a.example/a/./b/../c", want: "http://a.example/a/c"},
		{name: "dot segments above the root", in: "http://a.example/../../p", want: "http://a.example/p"},
		{name: "dot segments escaped", in: "http://a.example/a/%2e%2E/p", want: "http://a.example/p"},
		{name: "dot segment half escaped", in: "http://a.example/a/.%2e/p", want: "http://a.example/p"},
		{name: "dots at the end", in: "http://a.example/a/..", want: "http://a.example/"},
		{name: "three dots are a name", in: "http://a.example/.../p", want: "http://a.example/.../p"},
		{name: "backslash is a slash", in: `http://a.example\p\q`, want: "http://a.example/p/q"},
		{name: "escaped backslash is none", in: "http://a.example/p%5Cq", want: "http://a.example/p%5Cq"},
		{name: "case counts", in: "http://a.example/P/p", want: "http://a.example/P/p"},
		{name: "index.html counts", in: "http://a.example/index.html", want: "http://a.example/index.html"},
		{name: "semicolon stays", in: "http://a.example/p;s=1", want: "http://a.example/p;s=1"},

		// Escapes.
		{name: "unreserved decoded", in: "http://a.example/%7Euser/%41%2D%2e%5f", want: "http://a.example/~user/A-._"},
		{name: "hex in upper case", in: "http://a.example/a%2fb%3a", want: "http://a.example/a%2Fb%3A"},
		{name: "escaped slash is none", in: "http://a.example/a%2Fb", want: "http://a.example/a%2Fb"},
		{name: "escaped percent stays", in: "http://a.example/%25", want: "http://a.example/%25"},
		{name: "decoded once", in: "http://a.example/%2525", want: "http://a.example/%2525"},
		{name: "decoded once, a letter", in: "http://a.example/%2541", want: "http://a.example/%2541"},
		{name: "escaped plus stays", in: "http://a.example/a%2Bb", want: "http://a.example/a%2Bb"},
		{name: "plus stays", in: "http://a.example/a+b", want: "http://a.example/a+b"},
		{name: "escaped ? and # stay", in: "http://a.example/a%3Fb%23c", want: "http://a.example/a%3Fb%23c"},
		{name: "lone percent", in: "http://a.example/100%", want: "http://a.example/100%25"},
		{name: "percent and one digit", in: "http://a.example/%4", want: "http://a.example/%254"},
		{name: "percent and no hex", in: "http://a.example/%zz", want: "http://a.example/%25zz"},
		{name: "decoding makes no escape", in: "http://a.example/%%34%31", want: "http://a.example/%2541"},
		{name: "space", in: "http://a.example/a b", want: "http://a.example/a%20b"},
		{name: "letters beyond ASCII", in: "http://a.example/é", want: "http://a.example/%C3%A9"},
		{name: "composed and decomposed are two", in: "http://a.example/e\u0301", want: "http://a.example/e%CC%81"},
		{name: "octet that is not UTF-8", in: "http://a.example/caf\xe9", want: "http://a.example/caf%E9"},
		{name: "octet that is not UTF-8, in the query", in: "http://a.example/?q=\xe9\xff", want: "http://a.example/?q=%E9%FF"},
		{name: "NUL", in: "http://a.example/a\x00b", want: "http://a.example/a%00b"},
		{name: "quotes, braces, angles", in: "http://a.example/\"<>`{}", want: "http://a.example/%22%3C%3E%60%7B%7D"},
		{name: "caret and bar", in: "http://a.example/a^b|c", want: "http://a.example/a%5Eb%7Cc"},
		{name: "brackets stay", in: "http://a.example/a[1]", want: "http://a.example/a[1]"},
		{name: "sub-delimiters stay", in: "http://a.example/!$&'()*+,;=:@", want: "http://a.example/!$&'()*+,;=:@"},
		{name: "escaped sub-delimiters stay", in: "http://a.example/%21%27%28%2a", want: "http://a.example/%21%27%28%2A"},

		// Query and fragment.
		{name: "query order stays", in: "http://a.example/?b=2&a=1", want: "http://a.example/?b=2&a=1"},
		{name: "empty query stays", in: "http://a.example/p?", want: "http://a.example/p?"},
		{name: "query keeps ? and /", in: "http://a.example/?a=/x?y", want: "http://a.example/?a=/x?y"},
		{name: "query keeps brackets", in: "http://a.example/?a[]=1", want: "http://a.example/?a[]=1"},
		{name: "query keeps bar and caret", in: "http://a.example/?a|^", want: "http://a.example/?a|^"},
		{name: "query unreserved decoded", in: "http://a.example/?%61=%7e&b=%2f", want: "http://a.example/?a=~&b=%2F"},
		{name: "query escaped & and = stay", in: "http://a.example/?a=%26%3d", want: "http://a.example/?a=%26%3D"},
		{name: "query plus and %20 are two", in: "http://a.example/?q=a+b%20c", want: "http://a.example/?q=a+b%20c"},
		{name: "query lone percent", in: "http://a.example/?q=5%", want: "http://a.example/?q=5%25"},
		{name: "query dots are no segments", in: "http://a.example/?q=/../x", want: "http://a.example/?q=/../x"},
		{name: "query quotes", in: `http://a.example/?q="'<>`, want: "http://a.example/?q=%22%27%3C%3E"},
		{name: "query beyond ASCII", in: "http://a.example/?q=ü", want: "http://a.example/?q=%C3%BC"},
		{name: "fragment goes", in: "http://a.example/p#top", want: "http://a.example/p"},
		{name: "fragment after a query goes", in: "http://a.example/p?q#?x", want: "http://a.example/p?q"},
		{name: "shebang fragment goes", in: "http://a.example/#!/p", want: "http://a.example/"},

		// How it is written down.
		{name: "space around", in: " \n http://a.example/p \t", want: "http://a.example/p"},
		{name: "line broken", in: "http://a.exa\nmple/p\r\nq\t", want: "http://a.example/pq"},
		{name: "one slash", in: "http:/a.example/p", want: "http://a.example/p"},
		{name: "no slash", in: "http:a.example/p", want: "http://a.example/p"},
		{name: "three slashes", in: "http:///a.example/p", want: "http://a.example/p"},

		// Not pages.
		{name: "mailto", in: "mailto:a@b.example", wantErr: ErrNotWeb},
		{name: "javascript", in: "javascript:void(0)", wantErr: ErrNotWeb},
		{name: "data", in: "data:image/png;base64,AA==", wantErr: ErrNotWeb},
		{name: "file", in: "file:///etc/passwd", wantErr: ErrNotWeb},
		{name: "ftp", in: "ftp://a.example/", wantErr: ErrNotWeb},
		{name: "web socket", in: "wss://a.example/", wantErr: ErrNotWeb},
		{name: "malformed and no web", in: "ftp://a b/", wantErr: ErrNotWeb},
		{name: "host and path alone", in: "a.example/p", wantErr: ErrNotWeb},
		{name: "no scheme", in: "//a.example/p", wantErr: ErrNotWeb},
		{name: "path alone", in: "/p", wantErr: ErrNotWeb},
		{name: "a number", in: "70000001", wantErr: ErrNotWeb},
		{name: "empty", in: "", wantErr: ErrNotWeb},
		{name: "scheme alone", in: "http:", wantErr: errMalformed},
		{name: "no host", in: "http://", wantErr: errMalformed},
		{name: "user", in: "http://u@a.example/", wantErr: ErrUserInfo},
		{name: "user and password", in: "http://u:p@a.example/", wantErr: ErrUserInfo},
		{name: "password alone", in: "http://:p@a.example/", wantErr: ErrUserInfo},
		{name: "host that looks like another", in: "http://a.example@b.example/", wantErr: ErrUserInfo},

		// Bounds.
		{name: "longest", in: "http://a.example/" + strings.Repeat("p", maxURL-17), want: "http://a.example/" + strings.Repeat("p", maxURL-17)},
		{name: "too long", in: "http://a.example/" + strings.Repeat("p", maxURL-16), wantErr: errMalformed},
		{name: "too deep", in: "http://a.example/" + strings.Repeat("a/", maxSegments), wantErr: errMalformed},
		{name: "too deep by backslashes", in: "http://a.example/" + strings.Repeat(`\`, maxSegments), wantErr: errMalformed},
		{name: "slashes in the query are not deep", in: "http://a.example/?" + strings.Repeat("/", maxSegments+1), want: "http://a.example/?" + strings.Repeat("/", maxSegments+1)},
		{name: "nothing but at signs", in: "http:" + strings.Repeat("@", maxAts+1), wantErr: errMalformed},
		{name: "too long when escaped", in: "http://a.example/" + strings.Repeat("é", maxURL/4), wantErr: errMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Canonical(tt.in)
			check1(t, "Canonical("+shorten(tt.in)+")", got, err, tt.want, tt.wantErr)
			if err != nil {
				return
			}
			if again, err := Canonical(got); again != got || err != nil {
				t.Errorf("Canonical(Canonical(%q)) = %q, %v; want %q", tt.in, again, err, got)
			}
		})
	}
}

func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

func TestCanonicalKeepsTwoPagesTwo(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"a%2Fb", "a/b"}, {"%2525", "%25"}, {"a%2Bb", "a+b"}, {"a%20b", "a+b"}, {"p", "p/"}, {"p", "p?"},
		{"%2541", "A"}, {"%2e%2561", ".a"}, {"a%5Cb", `a\b`}, {"?a=1&b=2", "?b=2&a=1"}, {"a;b", "a%3Bb"},
		{"caf\xe9", "caf\xe8"}, {"caf\xe9", "café"}, {"?a&b", "?a%26b"}, {"p?q", "p%3Fq"}, {"a//b", "a/b"},
	} {
		a, errA := Canonical("http://a.example/" + pair[0])
		b, errB := Canonical("http://a.example/" + pair[1])
		if a == b || errA != nil || errB != nil {
			t.Errorf("%q and %q are %q (%v) and %q (%v); want two pages", pair[0], pair[1], a, errA, b, errB)
		}
	}
}

func TestCanonicalWith(t *testing.T) {
	t.Parallel()
	drop := []string{"utm_source", "session id", "sid"}
	for _, tt := range []struct {
		name, in, want string
		o              Options
	}{
		{name: "sorted by name", in: "?b=2&a=1", want: "?a=1&b=2", o: Options{SortQuery: true}},
		{name: "one name keeps its order", in: "?b=2&a=2&b=1&a=1", want: "?a=2&a=1&b=2&b=1", o: Options{SortQuery: true}},
		{name: "a name is not its beginning", in: "?aa=1&a=2", want: "?a=2&aa=1", o: Options{SortQuery: true}},
		{name: "empty parameters stay", in: "?b&&a", want: "?&a&b", o: Options{SortQuery: true}},
		{name: "sorted after decoding", in: "?b=1&%61=2", want: "?a=2&b=1", o: Options{SortQuery: true}},
		{name: "dropped", in: "?a=1&utm_source=x&b=2", want: "?a=1&b=2", o: Options{Drop: drop}},
		{name: "dropped, escaped", in: "?utm%5fsource=x&b=2&session+id=1&session%20id", want: "?b=2", o: Options{Drop: drop}},
		{name: "dropped everywhere", in: "?sid=1&a&sid=2&sid", want: "?a", o: Options{Drop: drop}},
		{name: "a longer name stays", in: "?sids=1", want: "?sids=1", o: Options{Drop: drop}},
		{name: "a value stays", in: "?a=sid", want: "?a=sid", o: Options{Drop: drop}},
		{name: "nothing left, no question mark", in: "?sid=1", want: "", o: Options{Drop: drop}},
		{name: "empty query stays", in: "?", want: "?", o: Options{Drop: drop}},
		{name: "both", in: "?b&sid&a", want: "?a&b", o: Options{Drop: drop, SortQuery: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const page = "http://a.example/p"
			got, err := CanonicalWith(page+tt.in, tt.o)
			check1(t, "CanonicalWith("+tt.in+")", got, err, page+tt.want, nil)
			again, err := CanonicalWith(got, tt.o)
			check1(t, "again", again, err, got, nil)
		})
	}
}

// lawful checks what must hold of every canonical URL.
func lawful(t *testing.T, in, got string) {
	t.Helper()
	if again, err := Canonical(got); again != got || err != nil {
		t.Fatalf("Canonical(%q) = %q, but Canonical of that = %q, %v", in, got, again, err)
	}
	if len(got) > maxURL || strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }) {
		t.Fatalf("Canonical(%q) = %q: not clean", in, got)
	}
	if Host(got) == "" {
		t.Fatalf("Canonical(%q) = %q has no host", in, got)
	}
	// net/http must send exactly this text.
	u, err := neturl.Parse(got)
	if err != nil {
		t.Fatalf("Canonical(%q) = %q, which net/url refuses: %v", in, got, err)
	}
	if want := strings.SplitN(got, "/", 4)[3]; u.RequestURI() != "/"+want {
		t.Fatalf("Canonical(%q) = %q is asked for as %q", in, got, u.RequestURI())
	}
	full, err := CanonicalWith(got, Options{SortQuery: true, Drop: []string{"a"}})
	if err != nil {
		t.Fatalf("CanonicalWith(%q): %v", got, err)
	}
	if again, err := CanonicalWith(full, Options{SortQuery: true, Drop: []string{"a"}}); again != full || err != nil {
		t.Fatalf("CanonicalWith(%q) = %q, then %q, %v", got, full, again, err)
	}
}

func TestCanonicalOfRandomPiecesIsLawful(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"http", "https", "HTTP", ":", "//", "/", `\`, "a", "A", ".", "..", "%", "%2e", "%2F", "%41", "%25", "41", "zz", "?", "#", "&",
		"=", "+", "@", "[", "]", "::1", "é", "ß", "xn--", "bcher-kva", "。", "\xff", "\x00", "\t", " ", "0x7f", "1", "80", "443", "^", "|", "{id}", "-", "_", "a.example",
	}
	r := rand.New(rand.NewPCG(1, 2))
	good := 0
	for range 60_000 {
		var b strings.Builder
		if r.IntN(4) > 0 {
			b.WriteString("http://a.example")
		}
		for range r.IntN(14) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		if got, err := Canonical(b.String()); err == nil {
			good++
			lawful(t, b.String(), got)
		}
	}
	if good < 10_000 {
		t.Errorf("only %d of the cases were URLs: the test shows little", good)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{
		"http://a.example/p?q#f", "http://%61.example:080/%%34%31/../%2e?a=%zz&b", "http://[::1]:80/", "HTTP:\\\\A\xff/\xe9",
		"http://xn--a/", "http://0x7f.1/", "http://a。b/^|", "//x", "mailto:x", "http://u:p@h/", "http://a.example./",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if got, err := Canonical(in); err == nil {
			lawful(t, in, got)
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	for b.Loop() {
		if _, err := Canonical("https://www.shop.example:443/cards/../cert/70000001/psa?utm_source=x&view=%66ull#top"); err != nil {
			b.Fatal(err)
		}
	}
}

// The reason of a malformed URL is one clause without the URL.
func TestMalformed(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"http://a.example:99999/": "malformed URL: the input's port is outside the range [0-65535]",
		"http://a b.example/":     "malformed URL: the host contains a forbidden domain code point: \" \"",
		"http://[::1/":            "malformed URL: an IPv6 address is missing the closing U+005D (])",
		"http://":                 "malformed URL: the input has a special scheme, but does not contain a host",
	} {
		if _, err := Canonical(in); err == nil || err.Error() != want {
			t.Errorf("%s: %v; want %s", in, err, want)
		}
	}
}
