package weburl

import (
	"strings"
	"testing"
)

func TestHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"http", "http://a.example/p", "a.example:80"},
		{"https", "https://a.example/", "a.example:443"},
		{"other port", "https://a.example:8443/p:1", "a.example:8443"},
		{"IPv6", "http://[2001:db8::1]/", "[2001:db8::1]:80"},
		{"IPv6 and port", "http://[2001:db8::1]:81/", "[2001:db8::1]:81"},
		{"colon in the path", "http://a.example/:1", "a.example:80"},
		{"not canonical: no path", "http://a.example", ""},
		{"not canonical: user", "http://u@a.example/", ""},
		{"not canonical: query at once", "http://a.example?q=/", ""},
		{"no host", "http:///p", ""},
		{"no web", "ftp://a.example/", ""},
		{"an id", "70000001", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Host(tt.in); got != tt.want {
				t.Errorf("Host(%q) = %q; want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	const base = "https://a.example/dir/page?q=1#f"
	for _, tt := range []struct {
		name, base, ref, want string
		wantErr               error
	}{
		{name: "relative", ref: "img.png", want: "https://a.example/dir/img.png"},
		{name: "up", ref: "../img.png", want: "https://a.example/img.png"},
		{name: "from the root", ref: "/img.png", want: "https://a.example/img.png"},
		{name: "other host", ref: "//cdn.example/i", want: "https://cdn.example/i"},
		{name: "absolute", ref: "http://b.example/x", want: "http://b.example/x"},
		{name: "query alone", ref: "?p=2", want: "https://a.example/dir/page?p=2"},
		{name: "fragment alone is the page", ref: "#top", want: "https://a.example/dir/page?q=1#top"},
		{name: "empty is the page", ref: "", want: "https://a.example/dir/page?q=1"},
		{name: "its own fragment stays, the base's goes", ref: "x#y", want: "https://a.example/dir/x#y"},
		{name: "space around, line broken", ref: " i\nmg.png ", want: "https://a.example/dir/img.png"},
		{name: "backslashes", ref: `\img\a.png`, want: "https://a.example/img/a.png"},
		{name: "escapes stay as they are", ref: "%7e%2f", want: "https://a.example/dir/%7e%2f"},
		{name: "octet that is not UTF-8", ref: "\xe9.png", want: "https://a.example/dir/%E9.png"},
		{name: "same scheme without slashes", ref: "https:x", want: "https://a.example/dir/x"},
		{name: "data", ref: "data:image/png;base64,AA==", wantErr: ErrNotWeb},
		{name: "javascript", ref: "javascript:;", wantErr: ErrNotWeb},
		{name: "mailto", ref: "mailto:x@y", wantErr: ErrNotWeb},
		{name: "user", ref: "//u:p@b.example/", wantErr: ErrUserInfo},
		{name: "bad host", ref: "//a b/", wantErr: errMalformed},
		{name: "bad port", ref: "//a:99999/", wantErr: errMalformed},
		{name: "too long", ref: strings.Repeat("x", maxURL+1), wantErr: errMalformed},
		{name: "too long when escaped", ref: strings.Repeat("é", maxURL/4), wantErr: errMalformed},
		{name: "base is no page", base: "file:///etc/", ref: "passwd", wantErr: ErrNotWeb},
		{name: "base has a user", base: "http://u@a.example/", ref: "x", wantErr: ErrUserInfo},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := tt.base
			if b == "" {
				b = base
			}
			got, err := Resolve(b, tt.ref)
			check1(t, "Resolve("+b+", "+shorten(tt.ref)+")", got, err, tt.want, tt.wantErr)
		})
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	const template = "https://a.example/cert/{id}/psa"
	for _, tt := range []struct {
		name, template, id, want string
		wantErr                  error
	}{
		{name: "number", id: "70000001", want: "https://a.example/cert/70000001/psa"},
		{name: "up is one segment", id: "../x", want: "https://a.example/cert/..%2Fx/psa"},
		{name: "path and query is one segment", id: "a/b?c#d", want: "https://a.example/cert/a%2Fb%3Fc%23d/psa"},
		{name: "backslash", id: `..\x`, want: "https://a.example/cert/..%5Cx/psa"},
		{name: "percent", id: "%2e%2e", want: "https://a.example/cert/%252e%252e/psa"},
		{name: "line end", id: "a\nb", want: "https://a.example/cert/a%0Ab/psa"},
		{name: "letters beyond ASCII", id: "é \xff", want: "https://a.example/cert/%C3%A9%20%FF/psa"},
		{name: "three dots are a name", id: "...", want: "https://a.example/cert/.../psa"},
		{name: "placeholder in the id stays one", id: "{id}", want: "https://a.example/cert/%7Bid%7D/psa"},
		{name: "in the query", template: "http://a.example/?c={id}&l=en", id: "a&l=de+x", want: "http://a.example/?c=a%26l%3Dde%2Bx&l=en"},
		{name: "twice", template: "http://a.example/{id}?c={id}", id: "7", want: "http://a.example/7?c=7"},
		{name: "in the fragment it stays", template: "http://a.example/#/c/{id}", id: "a#", want: "http://a.example/#/c/a%23"},
		{name: "in the host", template: "http://{id}.a.example/", id: "shop-1", want: "http://shop-1.a.example/"},
		{name: "in a host beyond ASCII", template: "http://{id}.bücher.example:81/{id}", id: "7", want: "http://7.bücher.example:81/7"},
		{name: "host: dot", template: "http://{id}.a.example/", id: "evil.example", wantErr: errMalformed},
		{name: "host: slash", template: "http://{id}.a.example/", id: "evil/", wantErr: errMalformed},
		{name: "host: at", template: "http://a.example{id}/", id: "@evil", wantErr: errMalformed},
		{name: "host: upper case", template: "http://{id}.a.example/", id: "A", wantErr: errMalformed},
		{name: "host: address", template: "http://{id}/", id: "2130706433", wantErr: errMalformed},
		{name: "port", template: "http://a.example:{id}/", id: "22", wantErr: errMalformed},
		{name: "scheme", template: "{id}://a.example/", id: "http", wantErr: errMalformed},
		{name: "no host before it", template: "http:///{id}/x", id: "evil.example", wantErr: errMalformed},
		{name: "no host but a tab before it", template: "http://\t/{id}/x", id: "evil.example", wantErr: errMalformed},
		{name: "one slash", template: "http:/{id}/x", id: "evil.example", wantErr: ErrNotWeb},
		{name: "begun escape", template: "http://a.example/.%2{id}/x", id: "e", wantErr: errMalformed},
		{name: "begun escape of two", template: "http://a.example/%{id}/x", id: "2e", wantErr: errMalformed},
		{name: "dot segment", id: ".", wantErr: errMalformed},
		{name: "dot segments", id: "..", wantErr: errMalformed},
		{name: "dot completes a dot segment", template: "http://a.example/a/.{id}", id: ".", wantErr: errMalformed},
		{name: "empty", id: "", wantErr: errMalformed},
		{name: "no placeholder", template: "http://a.example/", id: "1", wantErr: errMalformed},
		{name: "no web", template: "ftp://a.example/{id}", id: "1", wantErr: ErrNotWeb},
		{name: "user", template: "http://{id}@a.example/", id: "u", wantErr: ErrUserInfo},
		{name: "too long", id: strings.Repeat("x", maxURL), wantErr: errMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tm := tt.template
			if tm == "" {
				tm = template
			}
			got, err := Expand(tm, tt.id)
			check1(t, "Expand("+tm+", "+shorten(tt.id)+")", got, err, tt.want, tt.wantErr)
		})
	}
}

func FuzzExpand(f *testing.F) {
	for _, id := range []string{"1", "../x", "a/b?c#d", "..", "%2e", "\xff", "@evil.example", "//evil"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		got, err := Expand("http://a.example:81/x/{id}/y?q={id}#{id}", id)
		if err != nil {
			return
		}
		c, err := Canonical(got)
		if err != nil {
			t.Fatalf("Expand(%q) = %q: %v", id, got, err)
		}
		path, query, _ := strings.Cut(c, "?")
		if Host(c) != "a.example:81" || strings.Count(path, "/") != 5 || !strings.HasSuffix(path, "/y") || strings.Count(query, "&") != 0 {
			t.Fatalf("Expand(%q) = %q: canonical %q has another host or path", id, got, c)
		}
		if decode(strings.TrimPrefix(query, "q=")) != id {
			t.Fatalf("Expand(%q) = %q does not hold the id", id, got)
		}
	})
}

func FuzzResolve(f *testing.F) {
	for _, ref := range []string{"../x", "//b/y", "?q", "\\x", "http:x", "data:,", "\xff%zz"} {
		f.Add("http://a.example/d/p?q", ref)
	}
	f.Fuzz(func(t *testing.T, base, ref string) {
		got, err := Resolve(base, ref)
		if err != nil {
			return
		}
		if len(got) > maxURL {
			t.Fatalf("Resolve(%q, %q) = %q", base, ref, got)
		}
		page, _, _ := strings.Cut(got, "#")
		if again, err := Resolve(got, ""); again != page || err != nil {
			t.Fatalf("Resolve(%q, %q) = %q, of itself %q, %v", base, ref, got, again, err)
		}
	})
}

func TestResolveIn(t *testing.T) {
	t.Parallel()
	const base = "https://a.example/dir/page?x=Кот"
	for _, tt := range []struct{ in, ref, want string }{
		{"windows-1251", "/img?name=Кот", "https://a.example/img?name=%CA%EE%F2"},
		{"windows-1251", "Кот?Кот#Кот", "https://a.example/dir/%D0%9A%D0%BE%D1%82?%CA%EE%F2#%D0%9A%D0%BE%D1%82"},
		{"windows-1251", "#Кот?Кот", "https://a.example/dir/page?x=%D0%9A%D0%BE%D1%82#%D0%9A%D0%BE%D1%82?%D0%9A%D0%BE%D1%82"},
		{"windows-1251", "?a=%D0%9A&b=+ \"", "https://a.example/dir/page?a=%D0%9A&b=+%20%22"},
		{"windows-1251", "//Кот.example/?猫", "https://xn--j1aim.example/?%26%2329483%3B"},
		{"utf-8", "/?Кот", "https://a.example/?%D0%9A%D0%BE%D1%82"},
		{"", "/?Кот", "https://a.example/?%D0%9A%D0%BE%D1%82"},
	} {
		if got, err := ResolveIn(base, tt.ref, tt.in); got != tt.want || err != nil {
			t.Errorf("ResolveIn(%q, %q) = %q, %v; want %q", tt.ref, tt.in, got, err, tt.want)
		}
	}
}
