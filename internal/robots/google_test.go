package robots

import (
	"slices"
	"strings"
	"testing"
)

// suite holds the cases of the public test suite of Google's parser (google/robotstxt,
// robots_test.cc), each as a file, an agent, and the URLs that the agent may and may not fetch.
type suite struct {
	name, robots, agent string
	allowed, disallowed string // URLs parted by spaces; "-" is the empty URL
}

var google = []suite{
	{"empty file", "", "FooBot", "-", ""},
	{"empty agent", "user-agent: FooBot\ndisallow: /\n", "", "-", ""},
	{"empty URL", "user-agent: FooBot\ndisallow: /\n", "FooBot", "", "-"},
	{"empty everything", "", "", "-", ""},

	{"line", "user-agent: FooBot\ndisallow: /\n", "FooBot", "", "/x/y"},
	{"unknown lines", "foo: FooBot\nbar: /\n", "FooBot", "/x/y", ""},
	{"no colon", "user-agent FooBot\ndisallow /\n", "FooBot", "", "/x/y"},

	{"groups", groups, "FooBot", "/x/b /z/d", "/y/c /foo/bar/"},
	{"groups", groups, "BarBot", "/y/c /w/a", "/z/d /foo/bar/"},
	{"groups", groups, "BazBot", "/z/d", "/foo/bar/"},
	{"sitemap ends no group", "User-agent: BarBot\nSitemap: https://foo.bar/sitemap\nUser-agent: *\nDisallow: /\n", "FooBot", "", "/"},
	{"sitemap ends no group", "User-agent: BarBot\nSitemap: https://foo.bar/sitemap\nUser-agent: *\nDisallow: /\n", "BarBot", "", "/"},
	{"unknown line ends no group", "User-agent: FooBot\nInvalid-Unknown-Line: unknown\nUser-agent: *\nDisallow: /\n", "FooBot", "", "/"},
	{"unknown line ends no group", "User-agent: FooBot\nInvalid-Unknown-Line: unknown\nUser-agent: *\nDisallow: /\n", "BarBot", "", "/"},

	{"keys in upper case", "USER-AGENT: FooBot\nALLOW: /x/\nDISALLOW: /\n", "FooBot", "/x/y", "/a/b"},
	{"keys in lower case", "user-agent: FooBot\nallow: /x/\ndisallow: /\n", "FooBot", "/x/y", "/a/b"},
	{"keys in mixed case", "uSeR-aGeNt: FooBot\nAlLoW: /x/\ndIsAlLoW: /\n", "FooBot", "/x/y", "/a/b"},

	{"agent in upper case", "User-Agent: FOO BAR\nAllow: /x/\nDisallow: /\n", "Foo", "/x/y", "/a/b"},
	{"agent in lower case", "User-Agent: foo bar\nAllow: /x/\nDisallow: /\n", "Foo", "/x/y", "/a/b"},
	{"agent in mixed case", "User-Agent: FoO bAr\nAllow: /x/\nDisallow: /\n", "Foo", "/x/y", "/a/b"},
	{"agent in upper case", "User-Agent: FOO BAR\nAllow: /x/\nDisallow: /\n", "foo", "/x/y", "/a/b"},
	{"agent in lower case", "User-Agent: foo bar\nAllow: /x/\nDisallow: /\n", "foo", "/x/y", "/a/b"},
	{"agent in mixed case", "User-Agent: FoO bAr\nAllow: /x/\nDisallow: /\n", "foo", "/x/y", "/a/b"},
	{"agent up to a space", "User-Agent: *\nDisallow: /\nUser-Agent: Foo Bar\nAllow: /x/\nDisallow: /\n", "Foo", "/x/y", ""},
	{"agent with a space", "User-Agent: *\nDisallow: /\nUser-Agent: Foo Bar\nAllow: /x/\nDisallow: /\n", "Foo Bar", "", "/x/y"},

	{"no group", "", "FooBot", "/x/y", ""},
	{"specific group", "user-agent: *\nallow: /\nuser-agent: FooBot\ndisallow: /\n", "FooBot", "", "/x/y"},
	{"global group", "user-agent: *\nallow: /\nuser-agent: FooBot\ndisallow: /\n", "BarBot", "/x/y", ""},
	{"no group of the agent", "user-agent: FooBot\nallow: /\nuser-agent: BarBot\ndisallow: /\nuser-agent: BazBot\ndisallow: /\n", "QuxBot", "/x/y", ""},

	{"case of paths", "user-agent: FooBot\ndisallow: /x/\n", "FooBot", "", "/x/y"},
	{"case of paths", "user-agent: FooBot\ndisallow: /X/\n", "FooBot", "/x/y", ""},

	{"longest disallows", "user-agent: FooBot\ndisallow: /x/page.html\nallow: /x/\n", "FooBot", "", "/x/page.html"},
	{"longest allows", "user-agent: FooBot\nallow: /x/page.html\ndisallow: /x/\n", "FooBot", "/x/page.html", "/x/"},
	{"both empty", "user-agent: FooBot\ndisallow: \nallow: \n", "FooBot", "/x/page.html", ""},
	{"tie", "user-agent: FooBot\ndisallow: /\nallow: /\n", "FooBot", "/x/page.html", ""},
	{"folder", "user-agent: FooBot\ndisallow: /x\nallow: /x/\n", "FooBot", "/x/", "/x"},
	{"tie of pages", "user-agent: FooBot\ndisallow: /x/page.html\nallow: /x/page.html\n", "FooBot", "/x/page.html", ""},
	{"longest with a star", "user-agent: FooBot\nallow: /page\ndisallow: /*.html\n", "FooBot", "/page", "/page.html"},
	{"longest without a star", "user-agent: FooBot\nallow: /x/page.\ndisallow: /*.html\n", "FooBot", "/x/page.html", "/x/y.html"},
	{"specific group alone", "User-agent: *\nDisallow: /x/\nUser-agent: FooBot\nDisallow: /y/\n", "FooBot", "/x/page", "/y/page"},

	{"reserved characters", "User-agent: FooBot\nDisallow: /\nAllow: /foo/bar?qux=taz&baz=http://foo.bar?tar&par\n", "FooBot", "/foo/bar?qux=taz&baz=http://foo.bar?tar&par", ""},
	{"letter in the rule", "User-agent: FooBot\nDisallow: /\nAllow: /foo/bar/ツ\n", "FooBot", "/foo/bar/%E3%83%84", ""},
	{"escaped letter in the rule", "User-agent: FooBot\nDisallow: /\nAllow: /foo/bar/%E3%83%84\n", "FooBot", "/foo/bar/%E3%83%84", ""},
	{"escaped ASCII", "User-agent: FooBot\nDisallow: /\nAllow: /foo/bar/%62%61%7A\n", "FooBot", "/foo/bar/%62%61%7A", ""},

	{"star", "User-agent: FooBot\nDisallow: /foo/bar/quz\nAllow: /foo/*/qux\n", "FooBot", "/foo/quz /foo//quz /foo/bax/quz", "/foo/bar/quz"},
	{"dollar", "User-agent: FooBot\nDisallow: /foo/bar$\nAllow: /foo/bar/qux\n", "FooBot", "/foo/bar/qux /foo/bar/ /foo/bar/baz", "/foo/bar"},
	{"comments", "User-agent: FooBot\n# Disallow: /\nDisallow: /foo/quz#qux\nAllow: /\n", "FooBot", "/foo/bar", "/foo/quz"},
	{"index.html", "User-Agent: *\nAllow: /allowed-slash/index.html\nDisallow: /\n", "foobot", "/allowed-slash/ /allowed-slash/index.html", "/allowed-slash/index.htm /anyother-url"},

	{"long disallow", "user-agent: FooBot\ndisallow: " + long("disallow: ", "a") + "/qux\n", "FooBot", "/fux", long("disallow: ", "a") + "/fux"},
	{"long allow", "user-agent: FooBot\ndisallow: /\nallow: " + long("allow: ", "a") + "/qux\nallow: " + long("allow: ", "b") + "/qux\n", "FooBot", long("allow: ", "a") + "/qux " + long("allow: ", "b") + "/fux", "/"},

	{"fish", "user-agent: FooBot\ndisallow: /\nallow: /fish\n", "FooBot", fish, notFish},
	{"fish with a star", "user-agent: FooBot\ndisallow: /\nallow: /fish*\n", "FooBot", fish, notFish},
	{"fish with a slash", "user-agent: FooBot\ndisallow: /\nallow: /fish/\n", "FooBot", "/fish/ /fish/salmon /fish/?salmon /fish/salmon.html /fish/?id=anything", "/bar /fish /fish.html /Fish/Salmon.html"},
	{"php", "user-agent: FooBot\ndisallow: /\nallow: /*.php\n", "FooBot", "/filename.php /folder/filename.php /folder/filename.php?parameters //folder/any.php.file.html /filename.php/ /index?f=filename.php/", "/bar /php/ /index?php /windows.PHP"},
	{"php at the end", "user-agent: FooBot\ndisallow: /\nallow: /*.php$\n", "FooBot", "/filename.php /folder/filename.php", "/bar /filename.php?parameters /filename.php/ /filename.php5 /php/ /filename?php /aaaphpaaa //windows.PHP"},
	{"fish and php", "user-agent: FooBot\ndisallow: /\nallow: /fish*.php\n", "FooBot", "/fish.php /fishheads/catfish.php?parameters", "/bar /Fish.PHP"},
	{"precedence", "user-agent: FooBot\nallow: /p\ndisallow: /\n", "FooBot", "/page", ""},
	{"precedence of equals", "user-agent: FooBot\nallow: /folder\ndisallow: /folder\n", "FooBot", "/folder/page", ""},
	{"precedence of stars", "user-agent: FooBot\nallow: /page\ndisallow: /*.htm\n", "FooBot", "", "/page.htm"},
	{"root alone", "user-agent: FooBot\nallow: /$\ndisallow: /\n", "FooBot", "/", "/page.html"},

	{"Unix lines", strings.Join(lines, "\n") + "\n", "bar", "", "/some/path"},
	{"DOS lines", strings.Join(lines, "\r\n") + "\r\n", "bar", "", "/some/path"},
	{"Mac lines", strings.Join(lines, "\r") + "\r", "bar", "", "/some/path"},
	{"no final line end", strings.Join(lines, "\n"), "bar", "", "/some/path"},
	{"mixed lines", "User-Agent: foo\nAllow: /some/path\r\nUser-Agent: bar\n\r\n\nDisallow: /", "bar", "", "/some/path"},

	{"mark", "\xef\xbb\xbfUser-Agent: foo\nDisallow: /AnyValue\n", "foo", "", "/AnyValue"},
	{"two octets of a mark", "\xef\xbbUser-Agent: foo\nDisallow: /AnyValue\n", "foo", "", "/AnyValue"},
	{"one octet of a mark", "\xefUser-Agent: foo\nDisallow: /AnyValue\n", "foo", "", "/AnyValue"},
	{"broken mark", "\xef\x11\xbfUser-Agent: foo\nDisallow: /AnyValue\n", "foo", "/AnyValue", ""},
	{"mark in the middle", "User-Agent: foo\n\xef\xbb\xbfDisallow: /AnyValue\n", "foo", "/AnyValue", ""},
}

// differing holds the three cases that section 2.2.2 of the RFC decides the other way: it compares
// decoded octets.
var differing = []suite{
	{"letter in rule and URL", "User-agent: FooBot\nDisallow: /\nAllow: /foo/bar/ツ\n", "FooBot", "/foo/bar/ツ", ""},
	{"letter in the URL", "User-agent: FooBot\nDisallow: /\nAllow: /foo/bar/%E3%83%84\n", "FooBot", "/foo/bar/ツ", ""},
	{"decoded ASCII", "User-agent: FooBot\nDisallow: /\nAllow: /foo/bar/%62%61%7A\n", "FooBot", "/foo/bar/baz", ""},
}

const (
	groups = "allow: /foo/bar/\n\nuser-agent: FooBot\ndisallow: /\nallow: /x/\nuser-agent: BarBot\ndisallow: /\nallow: /y/\n\n\n" +
		"allow: /w/\nuser-agent: BazBot\n\nuser-agent: FooBot\nallow: /z/\ndisallow: /\n"
	fish    = "/fish /fish.html /fish/salmon.html /fishheads /fishheads/yummy.html /fish.html?id=anything"
	notFish = "/bar /Fish.asp /catfish /?id=fish"
)

var lines = []string{"User-Agent: foo", "Allow: /some/path", "User-Agent: bar", "", "", "Disallow: /"}

// long returns a path that fills a line with its key up to the limit of a line.
func long(key, fill string) string {
	return "/x/" + strings.Repeat(fill, maxLine-len(key)-len("/x/")-len("/x/")+2)
}

func (s suite) run(t *testing.T) (cases int) {
	t.Helper()
	rules := Parse([]byte(s.robots), s.agent)
	for _, want := range []bool{true, false} {
		urls := s.disallowed
		if want {
			urls = s.allowed
		}
		for _, url := range strings.Fields(urls) {
			cases++
			if got, line := rules.Allowed(strings.TrimPrefix(url, "-")); got != want {
				t.Errorf("%s: %s may fetch %.60s: %v by %.60q; want %v", s.name, s.agent, url, got, line, want)
			}
		}
	}
	return cases
}

// TestGoogle passes 152 cases of Google's suite. Three more are decided by the RFC.
func TestGoogle(t *testing.T) {
	t.Parallel()
	n := 0
	for _, s := range google {
		n += s.run(t)
	}
	if n != 152 {
		t.Errorf("%d cases ran; want 152", n)
	}
	for _, s := range differing {
		s.run(t)
	}
	sitemap := "Sitemap: http://foo.bar/sitemap.xml\n"
	for _, text := range []string{strings.Join(lines, "\n") + "\n" + sitemap, sitemap + strings.Join(lines, "\n")} {
		if got := Parse([]byte(text), "foo").Sitemaps; !slices.Equal(got, []string{"http://foo.bar/sitemap.xml"}) {
			t.Errorf("Sitemaps = %q", got)
		}
	}
	for in, want := range map[string]string{"http://www.example.com": "http://www.example.com", "/a/b/c": "/a/b/c", "á": "%C3%A1", "%aa": "%AA"} {
		if got := normalize(in); got != want {
			t.Errorf("normalize(%q) = %q; want %q", in, got, want)
		}
	}
}
