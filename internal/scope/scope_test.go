package scope

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func patterns(t *testing.T, src ...string) (out []Pattern) {
	t.Helper()
	for _, s := range src {
		p, err := ParsePattern(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func TestReason(t *testing.T) {
	t.Parallel()
	seeds := []string{"https://www.shop.example/c/shoes", "http://127.0.0.1:8080/"}
	for _, tt := range []struct {
		name  string
		o     Options
		url   string
		depth int
		want  string
	}{
		{name: "host of a seed", url: "https://www.shop.example/p/1"},
		{name: "other scheme of a seed's host", url: "http://www.shop.example/p/1"},
		{name: "other host", url: "https://shop.example/", want: "out of scope"},
		{name: "other port", url: "https://www.shop.example:8443/", want: "out of scope"},
		{name: "host that ends like a seed's", url: "https://xwww.shop.example/", want: "out of scope"},
		{name: "port of a seed", url: "http://127.0.0.1:8080/x"},
		{name: "default port of an address", url: "http://127.0.0.1/x", want: "out of scope"},
		{name: "not canonical", url: "mailto:a@b.example", want: "out of scope"},

		{name: "hosts replace the seeds", o: Options{Hosts: []string{"a.example"}}, url: "https://www.shop.example/", want: "out of scope"},
		{name: "host in any case", o: Options{Hosts: []string{"Bücher.Example"}}, url: "http://xn--bcher-kva.example/"},
		{name: "host with port", o: Options{Hosts: []string{"127.0.0.1:81"}}, url: "http://127.0.0.1:81/"},
		{name: "host with port, other port", o: Options{Hosts: []string{"127.0.0.1:81"}}, url: "http://127.0.0.1/", want: "out of scope"},
		{name: "default port named", o: Options{Hosts: []string{"a.example:80"}}, url: "http://a.example/"},
		{name: "default port named, other scheme", o: Options{Hosts: []string{"a.example:80"}}, url: "https://a.example/", want: "out of scope"},
		{name: "IPv6", o: Options{Hosts: []string{"[::1]:81"}}, url: "http://[::1]:81/"},
		{name: "subdomains", o: Options{Hosts: []string{"*.a.example"}}, url: "http://x.y.a.example:81/"},
		{name: "subdomains without the domain", o: Options{Hosts: []string{"*.a.example"}}, url: "http://a.example/", want: "out of scope"},

		{name: "domain", o: Options{Domain: true}, url: "https://img.shop.example/"},
		{name: "domain itself with a port", o: Options{Domain: true}, url: "https://shop.example:8443/"},
		{name: "domain, other", o: Options{Domain: true}, url: "https://shop.example.com/", want: "out of scope"},
		{name: "domain, ends alike", o: Options{Domain: true}, url: "https://bookshop.example/", want: "out of scope"},
		{name: "domain, address", o: Options{Domain: true}, url: "http://127.0.0.1:8080/"},
		{name: "domain, address with another port", o: Options{Domain: true}, url: "http://127.0.0.1:8081/", want: "out of scope"},

		{name: "match", o: Options{Match: patterns(t, "/c/**", "/p/*")}, url: "https://www.shop.example/p/1"},
		{name: "no match", o: Options{Match: patterns(t, "/c/**", "/p/*")}, url: "https://www.shop.example/x", want: "out of scope"},
		{name: "not", o: Options{Not: patterns(t, "/cart/**")}, url: "https://www.shop.example/cart/1", want: "excluded by /cart/**"},
		{name: "not before match", o: Options{Match: patterns(t, "/p/*"), Not: patterns(t, "/cart/**")}, url: "https://www.shop.example/cart/1", want: "excluded by /cart/**"},
		{name: "depth", o: Options{Depth: 6}, url: "https://www.shop.example/", depth: 6},
		{name: "deeper", o: Options{Depth: 6}, url: "https://www.shop.example/", depth: 7, want: "deeper than 6"},
		{name: "no limit", url: "https://www.shop.example/", depth: 1 << 20},
	} {
		s, err := New(seeds, tt.o)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := s.Reason(tt.url, tt.depth); got != tt.want {
			t.Errorf("%s: Reason(%s, %d) = %q; want %q", tt.name, tt.url, tt.depth, got, tt.want)
		}
	}
}

func TestDomainOfSuffixes(t *testing.T) {
	t.Parallel()
	s, err := New([]string{"http://localhost:81/", "https://a.b.co.uk/", "https://github.io/", "http://[::1]/"}, Options{Domain: true})
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"https://x.b.co.uk/": "", "https://c.co.uk/": "out of scope", "http://localhost:81/": "", "http://localhost/": "out of scope",
		"https://github.io/": "", "https://a.github.io/": "out of scope", "http://[::1]/": "", "http://[::1]:81/": "out of scope",
	} {
		if got := s.Reason(url, 0); got != want {
			t.Errorf("%s: %q; want %q", url, got, want)
		}
	}
}

func TestNewFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		seeds []string
		o     Options
		want  string
	}{
		{nil, Options{}, "has no host"},
		{[]string{"shop.example"}, Options{}, "no canonical URL"},
		{nil, Options{Hosts: []string{""}}, "no host name"},
		{nil, Options{Hosts: []string{"https://a.example"}}, "no host name"},
		{nil, Options{Hosts: []string{"a.example/p"}}, "no host name"},
		{nil, Options{Hosts: []string{"a.*.example"}}, "no host name"},
		{nil, Options{Hosts: []string{"*.a.example:80"}}, "has a port"},
		{nil, Options{Hosts: []string{"a.example"}, Depth: -1}, "depth is -1"},
	} {
		if _, err := New(tt.seeds, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("New(%v, %+v): %v; want %q", tt.seeds, tt.o, err, tt.want)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		want []string
		err  string
	}{
		{in: "list?page=1", want: []string{"list?page=1"}},
		{in: "", want: []string{""}},
		{in: "list?page={1..3}", want: []string{"list?page=1", "list?page=2", "list?page=3"}},
		{in: "m/{08..11}", want: []string{"m/08", "m/09", "m/10", "m/11"}},
		{in: "m/{8..010..2}", want: []string{"m/008", "m/010"}},
		{in: "{0..100..40}", want: []string{"0", "40", "80"}},
		{in: "{3..1}", want: []string{"3", "2", "1"}},
		{in: "{3..0..2}", want: []string{"3", "1"}},
		{in: "{5..5}", want: []string{"5"}},
		{in: "{1..2}/{3..4}x", want: []string{"1/3x", "1/4x", "2/3x", "2/4x"}},
		{in: "p/{id}/{a..b}/{1,2}/{1..}/{-1..2}/{1..2", want: []string{"p/{id}/{a..b}/{1,2}/{1..}/{-1..2}/{1..2"}},
		{in: "{1..100001}", err: "more than 100000 URLs"},
		{in: "{1..1000}{1..101}", err: "more than 100000 URLs"},
		{in: "{1..9}{0..999999999999999999}", err: "more than 100000 URLs"},
		{in: "{1..9..0}", err: "step 0"},
		{in: strings.Repeat("x", 8000) + "{1..100000}", err: "MiB"},
	} {
		got, err := Expand(tt.in)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("Expand(%.80q): %v; want %q", tt.in, err, tt.err)
			}
			continue
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("Expand(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
	if got, err := Expand("{1..100000}"); err != nil || len(got) != 100_000 {
		t.Errorf("%d URLs, %v; want 100000", len(got), err)
	}
}

func TestTrap(t *testing.T) {
	t.Parallel()
	const site = "https://a.example"
	params := strings.TrimSuffix(strings.Repeat("p=x&q=y&", 20), "&")
	now := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ url, want string }{
		{site + "/calendar/2036/12", ""},
		{site + "/calendar/2037/1", "trap: calendar"},
		{site + "/calendar/2037/01/31", "trap: calendar"},
		{site + "/calendar/1600/1/", ""},
		{site + "/calendar/1599/12/", "trap: calendar"},
		{site + "/Events?date=2037-05", "trap: calendar"},
		{site + "/x?month=2037-5&view=list", "trap: calendar"},
		{site + "/day/2036-02-29", ""},
		{site + "/day/2037-02-28", "trap: calendar"},
		{site + "/x?a=1&on=0999-02-28T00:00", "trap: calendar"},
		{site + "/x?y=2040&m=2", "trap: calendar"},
		{site + "/x?cal_month=2&cal_year=2040", "trap: calendar"},
		{site + "/x?year=2040", ""},
		{site + "/x?year=2026&month=2", ""},
		{site + "/thread/4567/2", ""}, // an ID with a page
		{site + "/item/9999-12", ""},
		{site + "/calendar/9999/13", ""},
		{site + "/events/123456/12", ""},
		{site + "/", ""},
		{site + "/p/1/p/1?a=1&a=1&a=1", ""},
		{site + "/a/a/b", ""},
		{site + "/a/a/a", "trap: repeated path segment /a"},
		{site + "/x/a/b/a/b/a/b/y", "trap: repeated path segment /a/b"},
		{site + "/a/b/c/a/b/c/a/b/c", "trap: repeated path segment /a/b/c"},
		{site + "/a/b/c/d/a/b/c/d/a/b/c/d", ""},
		{site + "/a/1/a/2/a/3/a/4", ""},
		{site + "/a/1/a/2/a/3/a/4/a", "trap: repeated path segment /a"},
		{site + "/a//////b", "trap: repeated path segment /"},
		{site + "/?" + params, "trap: query with 40 parameters"},
		{site + "/?a=1&b=2&a=1&a=1&a=1", "trap: repeated parameter a=1"},
		{site + "/?a=1&a=2&a=3&a=4&a=5", ""},
		{site + "/?&&&&&", ""},
		{site + "/" + strings.Repeat("x", 2000), "trap: URL of 2018 bytes"},
		{"", ""},
	} {
		if got := Trap(tt.url, now); got != tt.want {
			t.Errorf("Trap(%.100s) = %q; want %q", tt.url, got, tt.want)
		}
	}
}

func TestPathPattern(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ url, want string }{
		{"https://shop.example/calendar/2026/11", "shop.example/calendar/{n}/{n}"},
		{"https://shop.example/list?view=week&date=2026-11-29", "shop.example/list?date&view"},
		{"https://shop.example/list?a=1&a=2&&=3", "shop.example/list?a"},
		{"https://shop.example/list?f[0]=x&f[1]=y", "shop.example/list?f[{n}]"},
		{"http://127.0.0.1:8080/p/red-shoes", "127.0.0.1:8080/p/red-shoes"},
		{"https://a.example/item-12345.html", "a.example/item-{n}.html"},
		{"https://a.example/day/2026-11-29/x", "a.example/day/{n}/x"},
		{"https://a.example/page2/h264", "a.example/page{n}/h{n}"},
		{"https://a.example/o/123e4567-e89b-12d3-a456-426614174000/x", "a.example/o/{n}/x"},
		{"https://a.example/c/9f86d081884c7d65", "a.example/c/{n}"},
		{"https://a.example/deadbeef/cafe", "a.example/deadbeef/cafe"},
		{"https://a.example/caf%C3%A9%20", "a.example/caf%C3%A9%20"},
		{"https://a.example/%", "a.example/%"},
		{"", ""},
	} {
		if got := PathPattern(tt.url); got != tt.want {
			t.Errorf("PathPattern(%s) = %q; want %q", tt.url, got, tt.want)
		}
	}
}
