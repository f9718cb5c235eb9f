package web_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/web"
)

// signedOut returns a browser whose session has ended.
func signedOut(t *testing.T, c *console) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(c.url)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(at, []*http.Cookie{{Name: "seine_console", Value: "of another process"}})
	return &http.Client{Jar: jar}
}

// A session that is unknown, as after a restart, says so. The person signs in, comes back to the
// page, and acts. The sign-in leads to no other site.
func TestASessionThatEnded(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Token: token})
	person := signedOut(t, c)
	status, _, body := c.ask(person, "POST", "/jobs/shop/pause", url.Values{"csrf": {"old"}})
	if status != http.StatusForbidden || !strings.Contains(body, "Your session has ended") || !strings.Contains(body, `name="back" value="/jobs/shop"`) || len(c.held) > 0 {
		t.Fatalf("a form of an ended session answers %d %s, held %q", status, body, c.held)
	}
	if status, _, body := c.ask(person, "POST", "/login", url.Values{"token": {"wrong"}, "back": {"/jobs/shop"}}); status != http.StatusForbidden || !strings.Contains(body, "not the token") || !strings.Contains(body, `value="/jobs/shop"`) {
		t.Errorf("a wrong token answers %d %s", status, body)
	}
	_, _, body = c.ask(person, "POST", "/login", url.Values{"token": {token}, "back": {"/jobs/shop"}})
	m := csrf.FindStringSubmatch(body)
	if m == nil || !strings.Contains(body, "Pause the job") {
		t.Fatalf("after the sign-in the page is %s", body)
	}
	if _, _, body := c.ask(person, "POST", "/jobs/shop/pause", url.Values{"csrf": {m[1]}}); !strings.Contains(body, "Resume the job") || len(c.held) != 1 {
		t.Errorf("the form sent again: %s", body)
	}
	person.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for back, want := range map[string]string{"/jobs/shop": "/jobs/shop", "": "/", "//evil.example/": "/", "https://evil.example/": "/", "/\\evil.example": "/", "\\\\evil.example": "/", "javascript:alert(1)": "/", "jobs": "/", "%2f%2fevil.example": "/", "/%5cevil.example": "/%5cevil.example"} {
		_, h, _ := c.ask(person, "POST", "/login", url.Values{"token": {token}, "back": {back}})
		if got := h.Get("Location"); got != want {
			t.Errorf("the sign-in with %q leads to %q; want %q", back, got, want)
		}
	}
}

// The numbers of a page tell that the frontier does not answer, that it is back, and that the job
// is gone.
func TestLiveTrouble(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Every: time.Nanosecond})
	line := func() string {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/jobs/shop/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		line, err := bufio.NewReader(resp.Body).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	for trouble, set := range map[string]error{"The frontier does not answer": frontier.ErrUnavailable, "The job was deleted": frontier.ErrNoJob} {
		c.frontier.fault.Store(&set)
		if got := line(); !strings.Contains(got, `"trouble":"`+trouble) {
			t.Errorf("%v: %s", set, got)
		}
		c.frontier.fault.Store(nil)
		if got := line(); !strings.Contains(got, `"trouble":""`) || !strings.Contains(got, `"left":"no worker`) {
			t.Errorf("after %v: %s", set, got)
		}
	}
}

// The page of a job counts what robots rules and opt-outs forbade.
func TestRefusalsOfSites(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Every: time.Nanosecond})
	c.frontier.more = func(s *frontier.Status) {
		s.Reasons = append(s.Reasons, frontier.ReasonCount{State: seine.Skipped, Reason: "disallowed by robots.txt", Count: 1234}, frontier.ReasonCount{State: seine.Error, Reason: "asset a: opted out: noai (header): " + evil, Count: 5})
		s.LeftOut = append(s.LeftOut, frontier.LeftOut{Reason: "nofollow", N: 77}, frontier.LeftOut{Reason: "out of scope", N: 88})
	}
	_, _, body := c.ask(http.DefaultClient, "GET", "/jobs/shop", nil)
	_, after, _ := strings.Cut(body, "Robots and consent</h2>")
	table, _, _ := strings.Cut(after, "</table>")
	for _, want := range []string{`<td>robots</td><td class="n">1 234</td><td>tasks</td>`, `reason=disallowed%20by%20robots.txt`, `<td>consent</td><td class="n">5</td><td>tasks</td>`, `<td>robots</td><td class="n">77</td><td>links not followed</td>`} {
		if !strings.Contains(table, want) || strings.Contains(table, "88") || strings.Contains(table, "<script>") {
			t.Errorf("the table is %s; want %s", table, want)
		}
	}
}
