package fetch

import (
	"testing"
	"time"
)

// The values and outcomes of the web platform tests for meta refresh
// (html/semantics/document-metadata/the-meta-element/pragma-directives).
func TestParseRefresh(t *testing.T) {
	t.Parallel()
	const page = "https://a.example/dir/page"
	for _, tt := range []struct{ value, url string }{
		{"1; url=foo", "foo"}, {"1 url=foo", "foo"}, {"1\tfoo", "foo"}, {"1;foo", "foo"}, {"1,foo", "foo"}, {"1 , foo", "foo"},
		{" \t\r\n 1; url=foo", "foo"}, {"1; url = foo", "foo"}, {"1; URL=foo", "foo"}, {"1; uRl='foo'", "foo"}, {`1; url="foo"`, "foo"},
		{`1; url="foo`, "foo"}, {`1; url='foo'bar`, "foo"}, {`1; url='foo"bar'`, "foo%22bar"}, {`1; "foo"`, "foo"}, {"1; urlfoo", "urlfoo"},
		{"1; url foo", "url%20foo"}, {"1; ur=foo", "ur=foo"}, {"1;url=url=foo", "url=foo"}, {"1; ;foo", ";foo"}, {"1.9; foo", "foo"},
		{"1...5; foo", "foo"}, {"1.9..5.; foo", "foo"}, {"1; url= foo ", "foo"}, {"1; url=foo#x", "foo"},
		{"1", ""}, {"1;", ""}, {"1; ", ""}, {"1;url", "url"}, {"1; url=", ""}, {"1; url=''", ""},
		{"", "-"}, {"foo", "-"}, {"; foo", "-"}, {", foo", "-"}, {"-1; foo", "-"}, {"+1; foo", "-"}, {"1foo", "-"}, {"1x; foo", "-"}, {"1/ foo", "-"},
		{"1; javascript:alert(1)", "-"}, {"1; data:text/html,x", "-"}, {"1; mailto:a@b.example", "-"},
	} {
		r, ok := ParseRefresh(tt.value, page, page, "")
		want := "https://a.example/dir/" + tt.url
		if tt.url == "" {
			want = page
		}
		if ok != (tt.url != "-") || ok && (r.URL != want || r.Delay != time.Second) {
			t.Errorf("ParseRefresh(%q) = %+v, %v; want %q after 1s", tt.value, r, ok, want)
		}
	}
	for value, want := range map[string]time.Duration{"0": 0, ".5": 0, "05;x": 5 * time.Second, "99999999999;x": 1 << 31 * time.Second} {
		if r, ok := ParseRefresh(value, page, page, ""); !ok || r.Delay != want {
			t.Errorf("ParseRefresh(%q) = %+v, %v; want %v", value, r, ok, want)
		}
	}
	if r, _ := ParseRefresh("0;/?q=Кот", "https://b.example/", page, "windows-1251"); r.URL != "https://b.example/?q=%CA%EE%F2" {
		t.Errorf("ParseRefresh in windows-1251 = %+v", r)
	}
}

func TestRefreshFollows(t *testing.T) {
	t.Parallel()
	const page, other = "https://a.example/", "https://a.example/b"
	for _, tt := range []struct {
		refresh Refresh
		status  int
		want    bool
		note    string
	}{
		{Refresh{0, other}, 200, true, ""},
		{Refresh{5 * time.Second, other}, 200, true, ""},
		{Refresh{6 * time.Second, other}, 200, false, "leads to https://a.example/b after 6s: a refresh is a redirect up to 5s"},
		{Refresh{0, page}, 200, false, "reloads itself at once: the page is taken as it stands"},
		{Refresh{time.Minute, page}, 200, false, "reloads itself after 1m0s: the page is taken as it stands"},
		{Refresh{0, other}, 404, false, "leads to https://a.example/b at once: not followed from an HTTP 404"},
	} {
		if got, note := tt.refresh.Follows(page, tt.status); got != tt.want || note != tt.note {
			t.Errorf("%+v of HTTP %d follows: %v, %q; want %v, %q", tt.refresh, tt.status, got, note, tt.want, tt.note)
		}
	}
}
