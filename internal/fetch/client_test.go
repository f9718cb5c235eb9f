package fetch

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seinehq/seine"
)

// recorder is a fetcher that records its requests.
type recorder struct{ got []seine.Request }

func (r *recorder) Fetch(_ context.Context, req seine.Request) (*seine.Page, error) {
	r.got = append(r.got, req)
	return &seine.Page{URL: req.URL}, nil
}

// nothing is a scraper that finds nothing.
var nothing = seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) { return seine.Result{}, nil })

func job(t *testing.T, change func(*seine.Job)) seine.Job {
	t.Helper()
	j := seine.Job{Name: "cards", Contact: "data@example.org", Scraper: nothing, Seeds: seine.Seeds{URLs: []string{"https://a.example/"}}}
	if change != nil {
		change(&j)
	}
	j, err := j.Normal()
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestClientFillsInWhatTheRequestLeavesOpen(t *testing.T) {
	t.Parallel()
	wait := []seine.Wait{{CSS: "p"}}
	agent := http.Header{"User-Agent": {"Seine/1 (+data@example.org)"}}
	chrome := func(j *seine.Job) { j.Fetch.Via, j.Fetch.Wait = seine.ViaChrome, wait }
	for _, tt := range []struct {
		name   string
		change func(*seine.Job)
		req    seine.Request
		want   seine.Request
	}{
		{
			name: "a page, the defaults",
			req:  seine.Request{URL: "https://a.example/u"},
			want: seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaHTTP, Header: agent, MaxBody: 8 << 20, Timeout: 20 * time.Second},
		},
		{
			name: "an asset, the defaults",
			req:  seine.Request{URL: "https://a.example/u", Raw: true},
			want: seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaHTTP, Raw: true, Header: agent, MaxBody: 64 << 20, Timeout: 15 * time.Second},
		},
		{
			name:   "a rendered page waits",
			change: chrome,
			req:    seine.Request{URL: "https://a.example/u"},
			want:   seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaChrome, Wait: wait, Header: agent, MaxBody: 8 << 20, Timeout: 20 * time.Second},
		},
		{
			name:   "an asset of a rendered page goes by http and waits for nothing",
			change: chrome,
			req:    seine.Request{URL: "https://a.example/u", Raw: true, Via: seine.ViaChrome, Wait: wait},
			want:   seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaHTTP, Raw: true, Header: agent, MaxBody: 64 << 20, Timeout: 15 * time.Second},
		},
		{
			name:   "the request's via and method",
			change: chrome,
			req:    seine.Request{URL: "https://a.example/u", Via: seine.ViaHTTP, Method: "HEAD"},
			want:   seine.Request{URL: "https://a.example/u", Method: "HEAD", Via: seine.ViaHTTP, Header: agent, MaxBody: 8 << 20, Timeout: 20 * time.Second},
		},
		{
			name:   "an empty list of waits waits for nothing",
			change: chrome,
			req:    seine.Request{URL: "https://a.example/u", Wait: []seine.Wait{}},
			want:   seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaChrome, Header: agent, MaxBody: 8 << 20, Timeout: 20 * time.Second},
		},
		{
			name: "a body for a writer goes by HTTP, with bounds of its own",
			req:  seine.Request{URL: "https://a.example/u", To: io.Discard, Via: seine.ViaChrome},
			want: seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaHTTP, To: io.Discard, Header: agent, MaxBody: 1 << 30, Timeout: 4 * time.Minute},
		},
		{
			name: "tighter bounds hold, wider do not",
			req:  seine.Request{URL: "https://a.example/u", MaxBody: 5, Timeout: time.Hour},
			want: seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaHTTP, Header: agent, MaxBody: 5, Timeout: 20 * time.Second},
		},
		{
			name: "the request's headers lie over the job's",
			change: func(j *seine.Job) {
				j.Fetch.Header = http.Header{"x-key": {"job"}, "Accept-Language": {"en"}, "User-Agent": {"job"}}
			},
			req:  seine.Request{URL: "https://a.example/u", Header: http.Header{"X-Key": {"own"}}},
			want: seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaHTTP, Header: http.Header{"X-Key": {"own"}, "Accept-Language": {"en"}, "User-Agent": {"job"}}, MaxBody: 8 << 20, Timeout: 20 * time.Second},
		},
		{
			name: "the job's user agent goes before its headers",
			change: func(j *seine.Job) {
				j.Fetch.UserAgent, j.Fetch.Header = "named", http.Header{"User-Agent": {"header"}}
			},
			req:  seine.Request{URL: "https://a.example/u"},
			want: seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaHTTP, Header: http.Header{"User-Agent": {"named Seine/1 (+data@example.org)"}}, MaxBody: 8 << 20, Timeout: 20 * time.Second},
		},
		{
			name: "a desktop's user agent names Seine too",
			change: func(j *seine.Job) {
				j.Fetch.Via, j.Fetch.UserAgent = seine.ViaChrome, "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0"
			},
			req:  seine.Request{URL: "https://a.example/u"},
			want: seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaChrome, Header: http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0 Seine/1 (+data@example.org)"}}, MaxBody: 8 << 20, Timeout: 20 * time.Second},
		},
		{
			name:   "a user agent that names Seine stays",
			change: func(j *seine.Job) { j.Fetch.UserAgent = "Lab/1 seine/2 (+x)" },
			req:    seine.Request{URL: "https://a.example/u"},
			want:   seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaHTTP, Header: http.Header{"User-Agent": {"Lab/1 seine/2 (+x)"}}, MaxBody: 8 << 20, Timeout: 20 * time.Second},
		},
		{
			name:   "the request's user agent goes before all",
			change: func(j *seine.Job) { j.Fetch.UserAgent = "named" },
			req:    seine.Request{URL: "https://a.example/u", Header: http.Header{"user-agent": {"own"}}},
			want:   seine.Request{URL: "https://a.example/u", Method: "GET", Via: seine.ViaHTTP, Header: http.Header{"User-Agent": {"own"}}, MaxBody: 8 << 20, Timeout: 20 * time.Second},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			byHTTP, byChrome := &recorder{}, &recorder{}
			c := New(job(t, tt.change), "1", map[seine.Via]seine.Fetcher{seine.ViaHTTP: byHTTP, seine.ViaChrome: byChrome})
			if _, err := c.Fetch(t.Context(), tt.req); err != nil {
				t.Fatal(err)
			}
			asked, other := byHTTP, byChrome
			if tt.want.Via == seine.ViaChrome {
				asked, other = byChrome, byHTTP
			}
			if len(other.got) != 0 {
				t.Errorf("the other fetcher was asked: %+v", other.got)
			}
			if diff := cmp.Diff([]seine.Request{tt.want}, asked.got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(seine.Request{}, "CredentialsTo")); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClientLeavesTheJobsHeadersAlone(t *testing.T) {
	t.Parallel()
	j := job(t, func(j *seine.Job) { j.Fetch.Header = http.Header{"X-A": {"1"}} })
	r := &recorder{}
	c := New(j, "1", map[seine.Via]seine.Fetcher{seine.ViaHTTP: r})
	for range 2 {
		if _, err := c.Fetch(t.Context(), seine.Request{URL: "https://a.example/u"}); err != nil {
			t.Fatal(err)
		}
		h := r.got[len(r.got)-1].Header
		h["X-A"][0] = "changed"
		h.Set("X-B", "added")
	}
	if diff := cmp.Diff(http.Header{"X-A": {"1"}}, j.Fetch.Header); diff != "" {
		t.Errorf("the job's headers (-want +got):\n%s", diff)
	}
}

func TestClientNamesTheFetchersThereAre(t *testing.T) {
	t.Parallel()
	c := New(job(t, func(j *seine.Job) { j.Fetch.Via = seine.ViaChrome }), "1", map[seine.Via]seine.Fetcher{seine.ViaHTTP: &recorder{}})
	_, err := c.Fetch(t.Context(), seine.Request{URL: "https://a.example/u"})
	if err == nil || !strings.Contains(err.Error(), `"chrome"`) || !strings.Contains(err.Error(), "has http") || Reason(err) != NoFetcher {
		t.Errorf("Fetch = %v; want an error that names chrome and http", err)
	}
	_, err = New(job(t, nil), "1", nil).Fetch(t.Context(), seine.Request{URL: "https://a.example/u"})
	if err == nil || !strings.Contains(err.Error(), "has none") {
		t.Errorf("Fetch without fetchers = %v", err)
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ version, contact, want string }{
		{"1.2.3", "data@example.org", "Seine/1.2.3 (+data@example.org)"},
		{"1", "https://example.org/bot?x=1", "Seine/1 (+https://example.org/bot?x=1)"},
		{"1", "", "Seine/1"},
		{"", "", "Seine"},
		{"(devel)", "", "Seine/devel"},
		{"v1 beta", "", "Seine/v1beta"},
		{"1\r\nX: y", "a)\r\nX: y", "Seine/1Xy (+aX: y)"},
		{"1", " Bücher <b@example.org> ", "Seine/1 (+Bcher <b@example.org>)"},
	} {
		if got := UserAgent(tt.version, tt.contact); got != tt.want {
			t.Errorf("UserAgent(%q, %q) = %q; want %q", tt.version, tt.contact, got, tt.want)
		}
	}
}
