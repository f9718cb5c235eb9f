package cookie

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// Chromium sends the wanted header back for each line. An empty one means that it keeps no cookie.
func TestJarKeepsWhatBrowsersKeep(t *testing.T) {
	t.Parallel()
	const none = ""
	for _, tt := range []struct{ line, want string }{
		{`a=1`, `a=1`},
		{`a="1"`, `a="1"`},
		{`a="1 2"`, `a="1 2"`},
		{`a={"x":[1,2],"y":"z w"}`, `a={"x":[1,2],"y":"z w"}`},
		{`a=1,2`, `a=1,2`},
		{`ab[c]=1`, `ab[c]=1`},
		{`a b=1`, `a b=1`},
		{`"a"=1`, `"a"=1`},
		{"a=\xfc", "a=\xfc"},
		{"a=Zürich", "a=Zürich"},
		{"ü=1", "ü=1"},
		{`=1`, `1`},
		{`abc`, `abc`},
		{`=a=b`, none},
		{`a==b`, `a==b`},
		{`a=`, `a=`},
		{` a = 1 ; x`, `a=1`},
		{"a=1\x01", none},
		{"a=\x7f", none},
		{"a=x\ty", none},
		{`a=\"q\"`, `a=\"q\"`},
		{`a=` + strings.Repeat("x", 4095), `a=` + strings.Repeat("x", 4095)},
		{`a=` + strings.Repeat("x", 4096), none},
		{`a=1;Expires=Wed, 21 Oct 2099 07:28:00 GMT`, `a=1`},
		{`a=1; Expires=Wed, 21-Oct-2099 07:28:00 GMT`, `a=1`},
		{`a=1; expires=Thu, 01 Jan 1970 00:00:00 GMT`, none},
		{`a=1; expires=Wednesday, 21-Oct-68 07:28:00 GMT`, `a=1`},
		{`a=1; expires=Wednesday, 21-Oct-10 07:28:00 GMT`, none},
		{`a=1; expires=Mon, 01-Jan-70 00:00:00 GMT`, none},
		{`a=1; expires=Wed Oct 21 07:28:00 2015`, none},
		{`a=1; expires="Thu, 01 Jan 1970 00:00:00 GMT"`, none},
		{`a=1; expires=1 Jan 1970 1:2:3`, none},
		{`a=1; expires=Fri, 01 Jan 1600 00:00:00 GMT`, none},
		{`a=1; expires=0`, `a=1`},
		{`a=1; expires=2015-10-21 07:28:00`, `a=1`},
		{`a=1; expires=Fri, 31 Feb 2015 00:00:00 GMT`, `a=1`},
		{`a=1; Max-Age=0`, none},
		{`a=1; Max-Age=-5`, none},
		{`a=1; max-age=100; expires=Thu, 01 Jan 1970 00:00:00 GMT`, `a=1`},
		{`a=1; max-age=x`, `a=1`},
		{`a=1; max-age="0"`, `a=1`},
		{`a=1; Max-Age=99999999999999999999`, `a=1`},
		{`a=1; Path=/x`, none},
		{`a=1; Path=x`, `a=1`},
		{`a=1; Path="/"`, `a=1`},
		{`a=1; Path=/ech`, none},
		{`a=1; Path=/echo`, `a=1`},
		{`a=1; Path=/echo/`, none},
		{`a=1; path=/x; path=/`, `a=1`},
		{`a=1; Domain=127.0.0.1`, `a=1`},
		{`a=1; Domain=other.example`, none},
		{`a=1; Domain=`, `a=1`},
		{`a=1; Domain=.`, none},
		{`a=1; Secure`, `a=1`},
		{`__Secure-a=1; Secure`, `__Secure-a=1`},
		{`__Secure-a=1`, none},
		{`__Host-a=1; Secure; Path=/`, `__Host-a=1`},
		{`__Host-a=1; Path=/`, none},
		{`__host-a=1`, none},
		{`=__Host-a=1`, none},
		{`__Host-a`, none},
		{`__Http-a=1`, none},
		{`a=1; SameSite=None`, none},
		{`a=1; SameSite=Strict`, `a=1`},
		{`a=1; Partitioned`, none},
		{`a=1; HttpOnly`, `a=1`},
	} {
		t.Run(fmt.Sprintf("%.40q", tt.line), func(t *testing.T) {
			t.Parallel()
			var j Jar
			j.Set(OriginOf("http://127.0.0.1:80/set"), []string{tt.line}, now)
			if got := j.Header(OriginOf("http://127.0.0.1:80/echo?q=/x"), "", now); got != tt.want {
				t.Errorf("after Set-Cookie %.80q: Cookie %.80q; want %.80q", tt.line, got, tt.want)
			}
		})
	}
}

func TestJarKeepsCookiesOnTheirSite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, from, line, to, want string }{
		{"the host alone", "https://a.example.com/", "a=1", "https://b.a.example.com/", ""},
		{"a domain", "https://a.example.com/", "a=1; Domain=example.com", "https://b.example.com/", "a=1"},
		{"a domain with a dot", "https://a.example.com/", "a=1; Domain=.Example.COM", "https://example.com/", "a=1"},
		{"a domain that ends alike", "https://a.example.com/", "a=1; Domain=example.com", "https://badexample.com/", ""},
		{"a domain below", "https://example.com/", "a=1; Domain=a.example.com", "https://a.example.com/", ""},
		{"a public suffix", "https://a.co.uk/", "a=1; Domain=co.uk", "https://b.co.uk/", ""},
		{"a public suffix that is a site", "https://github.io/", "a=1; Domain=github.io", "https://github.io/", "a=1"},
		{"and nobody below it", "https://github.io/", "a=1; Domain=github.io", "https://a.github.io/", ""},
		{"a part of an address", "https://127.0.0.1/", "a=1; Domain=0.0.1", "https://127.0.0.1/", ""},
		{"another port is the same site", "https://a.example.com:1/", "a=1", "https://a.example.com:2/", "a=1"},
		{"an IPv6 address", "https://[2001:db8::1]:8443/", "a=1", "https://[2001:db8::1]/", "a=1"},
		{"a secure one stays on https", "https://a.example.com/", "a=1; Secure", "http://a.example.com/", ""},
		{"a secure one is not set over http", "http://a.example.com/", "a=1; Secure", "https://a.example.com/", ""},
		{"none over https", "https://a.example.com/", "a=1; SameSite=None; Secure", "https://a.example.com/", "a=1"},
		{"the path of the page", "https://a.example.com/b/c", "a=1", "https://a.example.com/b/d", "a=1"},
		{"another path", "https://a.example.com/b/c", "a=1", "https://a.example.com/c", ""},
		{"a prefix of a host", "https://a.example.com/", "__Host-a=1; Secure; Path=/; Domain=a.example.com", "https://a.example.com/", ""},
		{"a domain beyond ASCII", "https://www.xn--bcher-kva.example/", "a=1; Domain=bücher.example", "https://xn--bcher-kva.example/", "a=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var j Jar
			j.Set(OriginOf(tt.from), []string{tt.line}, now)
			if got := j.Header(OriginOf(tt.to), "", now); got != tt.want {
				t.Errorf("%s sets %q: %s gets %q; want %q", tt.from, tt.line, tt.to, got, tt.want)
			}
		})
	}
	var j Jar
	at := OriginOf("https://a.example.com/b/c")
	j.Set(at, []string{"a=old; Path=/", "b=1; Path=/b", "c=gone; Path=/", "a=new; Path=/", "c=; Path=/; Max-Age=0", "late=1; Max-Age=5"}, now)
	if got, want := j.Header(at, "job=1; a=job", now.Add(5*time.Second)), "job=1; b=1; a=new"; got != want {
		t.Errorf("Cookie = %q; want %q: longer paths first, the job's replaced", got, want)
	}
	j = Jar{}
	j.Set(OriginOf("https://a.example.com/"), []string{"a=1; Secure"}, now)
	j.Set(OriginOf("http://a.example.com/"), []string{"a=2"}, now)
	if got := j.Header(OriginOf("https://a.example.com/"), "", now); got != "a=1" {
		t.Errorf("a cookie set over http hides a secure one: %q", got)
	}
	for i := range 2 * maxCookies {
		j.Set(at, []string{fmt.Sprintf("n%d=1", i)}, now)
	}
	if got := len(j.cookies); got != maxCookies {
		t.Errorf("%d cookies are kept; want %d", got, maxCookies)
	}
}
