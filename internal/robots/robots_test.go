package robots

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// TestRFC holds the examples of RFC 9309, sections 2.2.2, 2.2.3 and 5, and cases in the manner of
// the suites of reppy and Protego.
func TestRFC(t *testing.T) {
	t.Parallel()
	simple := "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n" +
		"User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n" +
		"User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\nUser-Agent: quxbot\n"
	for _, s := range []suite{
		{"simple example", simple, "anybot", "/publications/x /", "/x.gif /example/y"},
		{"simple example", simple, "FooBot", "/example/page.html /example/allowed.gif", "/ /publications/"},
		{"simple example", simple, "barbot", "/x.gif /example/", "/example/page.html"},
		{"simple example", simple, "bazbot", "/x.gif", "/example/page.html"},
		{"group at the end of the file", simple, "quxbot", "/ /x.gif", ""},
		{"longest match", "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n", "foobot", "/example/page/", "/example/page/disallowed.gif"},

		{"encoded octets", "User-agent: a\nDisallow: /foo/bar/%62%61%7a\n", "a", "", "/foo/bar/baz /foo/bar/%62az"},
		{"letters", "User-agent: a\nDisallow: /foo/bar/ツ\n", "a", "", "/foo/bar/%e3%83%84 /foo/bar/ツ"},
		{"query", "User-agent: a\nDisallow: /foo/bar?baz=quz\n", "a", "/foo/bar /foo/bar?baz", "/foo/bar?baz=quz"},
		{"escaped slash", "User-agent: a\nDisallow: /a%2fb\n", "a", "/a/b", "/a%2Fb"},
		{"octet that is not UTF-8", "User-agent: a\nDisallow: /caf\xe9\n", "a", "/caf%C3%A9", "/caf%E9"},
		{"percent without digits", "User-agent: a\nDisallow: /100%\n", "a", "", "/100%25 /100%"},
		{"braces and quotes", "User-agent: a\nDisallow: /{a}'\n", "a", "", "/%7Ba%7D%27"},
		{"space", "User-agent: a\nDisallow: /a b\n", "a", "", "/a%20b"},

		{"comment", "User-agent: a # me\nDisallow: /x # private\n#Disallow: /\n", "a", "/y", "/x"},
		{"dollar", "User-agent: a\nDisallow: /this/path/exactly$\n", "a", "/this/path/exactly/x", "/this/path/exactly"},
		{"star", "User-agent: a\nDisallow: /this/*/exactly\n", "a", "/this/exactly", "/this/x/y/exactly /this//exactly/z"},
		{"escaped star", "User-agent: a\nDisallow: /path/file-with-a-%2A.html\n", "a", "/path/file-with-a-x.html", "/path/file-with-a-*.html"},
		{"escaped dollar", "User-agent: a\nDisallow: /path/foo-%24\n", "a", "/path/foo-", "/path/foo-$ /path/foo-$x"},
		{"dollar in the middle", "User-agent: a\nDisallow: /a$b\n", "a", "/a", "/a$b /a%24bc"},
		{"star at the end", "User-agent: a\nDisallow: /a*$\nAllow: /abc\n", "a", "/abcd", "/a /ab"},
		{"stars in a row", "User-agent: a\nDisallow: /***x**$\n", "a", "/y", "/x /yxz"},
		{"star first", "User-agent: a\nDisallow: *?\n", "a", "/x", "/x?y"},
		{"last piece twice", "User-agent: a\nDisallow: /*ab$\n", "a", "/abx", "/abab"},
		{"pieces may not overlap", "User-agent: a\nDisallow: /*aba*ab$\n", "a", "/abab", "/abaab"},
		{"anchor before the piece", "User-agent: a\nDisallow: /ab*b$\n", "a", "/ab", "/abb"},
		{"dollar alone", "User-agent: a\nDisallow: $\n", "a", "/ /x", ""},

		{"robots.txt itself", "User-agent: *\nDisallow: /\n", "a", "/robots.txt", "/robots.txt2 /x/robots.txt"},
		{"fragment", "User-agent: *\nDisallow: /x$\n", "a", "/x/", "/x#y"},
		{"query without a path", "User-agent: *\nDisallow: /?x\n", "a", "/", "?x"},
		{"specific group without rules", "User-agent: *\nDisallow: /\nUser-agent: a\nDisallow:\n", "a", "/x", ""},
		{"agent with a version", "User-agent: Seine/2.0\nDisallow: /\n", "seine", "", "/x"},
		{"agent that starts alike", "User-agent: Sein\nDisallow: /\nUser-agent: SeineX\nDisallow: /\n", "Seine", "/x", ""},
		{"star and more", "User-agent: * everyone\nDisallow: /\n", "a", "", "/x"},
		{"star in a name", "User-agent: *bot\nDisallow: /\n", "a", "/x", ""},
		{"misspelled", "useragent: a\nDisalow: /1\ndissallow: /2\ndissalow: /3\ndiasllow: /4\ndisallaw: /5\nDisallowed: /6\ndissalllow: /7\n", "a", "/7", "/1 /2 /3 /4 /5 /6"},
		{"user agent", "user agent: a\nDisallow: /\n", "a", "", "/x"},
		{"no slash", "User-agent: a\nDisallow: private\nDisallow: https://h.example/x\n", "a", "/private /x", ""},
		{"three words without a colon", "User-agent: a\nDisallow /x y\n", "a", "/x", ""},
		{"colon first", "User-agent: a\n: /x\nDisallow: /y\n", "a", "/x", "/y"},
		{"page instead of rules", "<!DOCTYPE html>\n<html><head><title>Not found: /</title>\n", "a", "/x", ""},
		{"binary", "\x00\x01\xff\nUser-agent: a\x00\nUser-agent: a\nDisallow: /x\x00y\n", "a", "/x", "/x%00y"},
		{"delay ends no group", "User-agent: a\nCrawl-delay: 5\nUser-agent: b\nDisallow: /\n", "a", "", "/x"},
	} {
		s.run(t)
	}
}

func TestUTF16(t *testing.T) {
	t.Parallel()
	body := []byte("\xff\xfe")
	for _, u := range utf16.Encode([]rune("User-agent: a\nDisallow: /x\n")) {
		body = append(body, byte(u), byte(u>>8))
	}
	suite{"UTF-16", string(body), "a", "/y", "/x"}.run(t)
}

func TestLimit(t *testing.T) {
	t.Parallel()
	head := "User-agent: a\nDisallow: /x\n"
	fill := head + strings.Repeat("# comment\n", (MaxBytes-len(head))/10)
	fill = fill[:MaxBytes-10] + "\n"
	suite{"cut line and the rest", fill + "Allow: /x\nDisallow: /y\n", "a", "/y", "/x"}.run(t)
	suite{"no line end", "User-agent: a\n" + "Disallow: /" + strings.Repeat("x", MaxBytes), "a", "/x", ""}.run(t)
	suite{"last line within the limit", head + strings.Repeat("#", MaxBytes-len(head)-11) + "\nAllow: /xy", "a", "/xy", "/x"}.run(t)
}

func TestAllowedNamesTheRule(t *testing.T) {
	t.Parallel()
	rules := Parse([]byte("User-agent: *\nDISALLOW:/cart # no\nallow: /cart/terms\n"), "Seine")
	for path, want := range map[string]string{"/cart": "Disallow: /cart", "/cart/terms": "Allow: /cart/terms", "/x": "", "/robots.txt": ""} {
		if _, got := rules.Allowed(path); got != want {
			t.Errorf("%s: %q; want %q", path, got, want)
		}
	}
	if ok, _ := (&Rules{}).Allowed("/x"); !ok {
		t.Error("the zero value disallows")
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"User-agent: *\nCrawl-delay: 5\n":                                      5 * time.Second,
		"User-agent: *\ncrawl-delay:0.5\n":                                     500 * time.Millisecond,
		"User-agent: *\nCrawl-delay: 86400\n":                                  MaxDelay,
		"User-agent: *\nCrawl-delay: 1e300\n":                                  MaxDelay,
		"User-agent: *\nCrawl-delay: Inf\n":                                    MaxDelay,
		"User-agent: *\nCrawl-delay: NaN\n":                                    0,
		"User-agent: *\nCrawl-delay: -1\nCrawl-delay: x\nCrawl-delay:\n":       0,
		"User-agent: *\nCrawl-delay: 2\nDisallow: /x\nCrawl-delay: 1\n":        2 * time.Second,
		"User-agent: *\nCrawl-delay: 5\nUser-agent: Seine\nDisallow: /\n":      0,
		"User-agent: Slurp\nCrawl-delay: 120\nUser-agent: *\nDisallow: /x\n":   0,
		"User-agent: *\nCrawl-delay: 9\n\nUser-agent: seine\nCrawl-delay: 1":   time.Second,
		"Crawl-delay: 5\nUser-agent: *\nDisallow: /\n":                         0,
		"User-agent: Seine\nUser-agent: *\nCrawl-delay: 5\nDisallow: /private": 5 * time.Second,
	} {
		if got := Parse([]byte(text), "Seine").Delay; got != want {
			t.Errorf("%q: delay %v; want %v", text, got, want)
		}
	}
}

func TestUsages(t *testing.T) {
	t.Parallel()
	rules := Parse([]byte("User-agent: *\nContent-Signal: search=yes, ai-train=no\nContent-Usage: train-ai=n\n"+
		"Content-Usage: /open/ train-ai=y\nContent-Usage: /open/ search=y\nContent-Usage: /empty\nContent-Usage:\n"+
		"User-agent: Other\nContent-Signal: ai-train=yes\nAllow: /\n"), "Seine")
	signal, no := Usage{"Content-Signal", "/", "search=yes, ai-train=no"}, Usage{"Content-Usage", "/", "train-ai=n"}
	yes, search := Usage{"Content-Usage", "/open/", "train-ai=y"}, Usage{"Content-Usage", "/open/", "search=y"}
	if want := []Usage{signal, no, yes, search}; !slices.Equal(rules.Usages, want) {
		t.Errorf("Usages = %q; want %q", rules.Usages, want)
	}
	for path, want := range map[string][]Usage{"/": {signal, no}, "/open/x": {signal, yes, search}, "/open": {signal, no}} {
		if got := rules.UsagesOf(path); !slices.Equal(got, want) {
			t.Errorf("UsagesOf(%s) = %q; want %q", path, got, want)
		}
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status, redirects int
		err               error
		want              Policy
	}{
		{200, 0, nil, Policy{ParseBody, ""}},
		{204, 5, nil, Policy{ParseBody, ""}},
		{200, 6, nil, Policy{AllowAll, "robots.txt: more than 5 redirects"}},
		{302, 6, errors.New("x"), Policy{AllowAll, "robots.txt: more than 5 redirects"}},
		{302, 5, nil, Policy{AllowAll, "robots.txt: HTTP 302"}},
		{400, 0, nil, Policy{AllowAll, "robots.txt: HTTP 400"}},
		{401, 0, nil, Policy{AllowAll, "robots.txt: HTTP 401"}},
		{403, 0, nil, Policy{AllowAll, "robots.txt: HTTP 403"}},
		{404, 1, nil, Policy{AllowAll, "robots.txt: HTTP 404"}},
		{410, 0, nil, Policy{AllowAll, "robots.txt: HTTP 410"}},
		{429, 0, nil, Policy{DisallowAll, "robots.txt: HTTP 429"}},
		{500, 0, nil, Policy{DisallowAll, "robots.txt: HTTP 500"}},
		{503, 0, nil, Policy{DisallowAll, "robots.txt: HTTP 503"}},
		{599, 0, nil, Policy{DisallowAll, "robots.txt: HTTP 599"}},
		{999, 0, nil, Policy{DisallowAll, "robots.txt: HTTP 999"}},
		{0, 0, nil, Policy{DisallowAll, "robots.txt: HTTP 0"}},
		{0, 0, errors.New("connection refused"), Policy{DisallowAll, "robots.txt: connection refused"}},
		{200, 0, errors.New("body ends early"), Policy{DisallowAll, "robots.txt: body ends early"}},
	} {
		if got := Verdict(tt.status, tt.redirects, tt.err); got != tt.want {
			t.Errorf("Verdict(%d, %d, %v) = %v; want %v", tt.status, tt.redirects, tt.err, got, tt.want)
		}
	}
	for failures, want := range map[int]time.Duration{0: 10, 1: 10, 2: 20, 3: 40, 8: 1280, 9: 1800, 1 << 30: 1800} {
		if got := (Policy{Effect: DisallowAll}).Age(failures); got != want*time.Second {
			t.Errorf("Age(%d) = %v; want %d s", failures, got, want)
		}
	}
	if got := Verdict(404, 0, nil).Age(7); got != 24*time.Hour {
		t.Errorf("404 counts for %v", got)
	}
}

// A file of long patterns with many stars must not make a worker slow.
func TestManyStars(t *testing.T) {
	t.Parallel()
	body := "User-agent: *\n" + strings.Repeat("Disallow: /"+strings.Repeat("*a", 500)+"b$\n", 400)
	if ok, _ := Parse([]byte(body), "a").Allowed("/" + strings.Repeat("a", 8000)); !ok {
		t.Error("disallowed")
	}
}

// FuzzParse compares the matcher with regular expressions, which do not go back either.
func FuzzParse(f *testing.F) {
	for _, s := range google[:40] {
		f.Add([]byte(s.robots), s.agent, s.allowed)
	}
	f.Add([]byte("User-agent: *\nDisallow: /*a*$\nAllow: /%4a%2a$"), "a", "/a?%4A*")
	f.Fuzz(func(t *testing.T, body []byte, agent, path string) {
		rules := Parse(body, agent)
		rules.UsagesOf(path)
		got, line := rules.Allowed(path)
		if got && line == "" {
			return
		}
		want, length := true, 0
		for _, r := range rules.rules {
			if r.length < length || !expression(r.pattern).MatchString(target(path)) {
				continue
			}
			want = r.allow || r.length == length && want && length > 0
			length = r.length
		}
		if got != want {
			t.Errorf("%q in %q for %q: %v by %q; want %v", path, body, agent, got, line, want)
		}
	})
}

func expression(p pattern) *regexp.Regexp {
	quoted := make([]string, len(p.pieces))
	for i, piece := range p.pieces {
		quoted[i] = regexp.QuoteMeta(piece)
	}
	expr := `(?s)^` + strings.Join(quoted, `.*`)
	if p.anchored {
		expr += `$`
	}
	return regexp.MustCompile(expr)
}

func BenchmarkAllowed(b *testing.B) {
	var text strings.Builder
	text.WriteString("User-agent: *\n")
	for range 200 {
		text.WriteString("Disallow: /folder/*/private?*x=\n")
	}
	rules := Parse([]byte(text.String()), "Seine")
	for b.Loop() {
		rules.Allowed("/folder/products/red-shoes-12345.html?size=42&color=red")
	}
}
