package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/web"
)

// A call that openapi.json does not describe changes nothing. A misspelled filter, or a body of
// another type, would otherwise change more tasks than its sender meant.
func TestTheAPIRefusesWhatItDoesNotRead(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Token: token})
	for _, tt := range []struct {
		name, method, path, body, kind string
		status                         int
		want                           string
	}{
		{"JSON", "POST", "/api/jobs/shop/drop?state=pending", `{"host":"a.example:443"}`, "application/json", 415, "application/x-www-form-urlencoded"},
		{"JSON on a pause", "POST", "/api/jobs/shop/pause", `{"host":"a.example:443"}`, "application/json", 415, "application/x-www-form-urlencoded"},
		{"a body without a type", "POST", "/api/jobs/shop/pause", `host=a`, "", 415, "application/x-www-form-urlencoded"},
		{"multipart", "POST", "/api/jobs/shop/pause", "--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415, "application/x-www-form-urlencoded"},
		{"a misspelled parameter", "POST", "/api/jobs/shop/drop?state=pending&hots=a", "", "", 400, `no parameter "hots": it takes all, by, host, key, page, reason, state`},
		{"in the body", "POST", "/api/jobs/shop/pause", "hots=a", "application/x-www-form-urlencoded", 400, `no parameter "hots": it takes by, host`},
		{"in a list", "GET", "/api/jobs/shop/tasks?sate=error", "", "", 400, `no parameter "sate"`},
		{"where none is", "GET", "/api/jobs?x=1", "", "", 400, "it takes none"},
		{"a count for an unknown action", "POST", "/api/jobs/shop/count?action=bogus&all=1", "", "", 400, `count for "bogus"`},
		{"a wrong escape", "POST", "/api/jobs/shop/pause?host=%zz", "", "", 400, "not escaped"},
		{"a large body", "POST", "/api/jobs/shop/pause", "host=" + strings.Repeat("a", 1<<20), "application/x-www-form-urlencoded", 413, "64 KiB"},
		{"an unknown call", "GET", "/api/jobs/shop/nothing", "", "", 404, "no such call"},
		{"an unknown path", "GET", "/api/nothing", "", "", 404, "no such call"},
		{"another method", "DELETE", "/api/jobs/shop", "", "", 405, "DELETE is not for this path"},
		{"a get of an action", "GET", "/api/jobs/shop/drop", "", "", 405, "GET is not for this path"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, c.url+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			if tt.kind != "" {
				req.Header.Set("Content-Type", tt.kind)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			text := make([]byte, 1000)
			n, _ := resp.Body.Read(text)
			if kind := resp.Header.Get("Content-Type"); resp.StatusCode != tt.status || !strings.Contains(string(text[:n]), strings.ReplaceAll(tt.want, `"`, `\"`)) || kind != "application/json" {
				t.Errorf("%s %s answers %d %s %s; want %d with %q", tt.method, tt.path, resp.StatusCode, kind, text[:n], tt.status, tt.want)
			}
		})
	}
	if len(c.held) > 0 || len(c.back) > 0 {
		t.Errorf("held %q, sent back %d", c.held, len(c.back))
	}
	if status, _, body := c.ask(http.DefaultClient, "GET", "/api/jobs", nil, "Host", "evil.example"); status != http.StatusMisdirectedRequest || !strings.Contains(body, `{"error":`) {
		t.Errorf("another host name answers %d %s", status, body)
	}
	if status, _, _ := c.ask(http.DefaultClient, "GET", "/api/jobs/shop/kinds", nil); status != http.StatusOK {
		t.Errorf("kinds answers %d", status)
	}
}

// A form of an ended session goes through the sign-in, and is shown to be sent again. A form that
// another site sent is not.
func TestAFormSurvivesTheSignIn(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Token: token})
	person := signedOut(t, c)
	form := url.Values{"csrf": {"old"}, "state": {"error"}, "reason": {`a "b"`}, "host": {""}}
	if _, _, body := c.ask(person, "POST", "/jobs/shop/count", form); strings.Contains(body, `name="again"`) {
		t.Errorf("a form of unknown origin is kept: %s", body)
	}
	_, _, body := c.ask(person, "POST", "/jobs/shop/count", form, "Sec-Fetch-Site", "same-origin")
	for _, want := range []string{`name="again" value="/jobs/shop/count"`, `name="form" value="host=&amp;reason=a&#43;%22b%22&amp;state=error"`} {
		if !strings.Contains(body, want) {
			t.Fatalf("no %s in %s", want, body)
		}
	}
	carried := url.Values{"token": {"wrong"}, "back": {"/jobs/shop"}, "again": {"/jobs/shop/count"}, "form": {"host=&reason=a+%22b%22&state=error"}}
	if _, _, body := c.ask(person, "POST", "/login", carried); !strings.Contains(body, `name="again" value="/jobs/shop/count"`) {
		t.Errorf("a wrong token loses the form: %s", body)
	}
	carried.Set("token", token)
	_, _, body = c.ask(person, "POST", "/login", carried)
	m := csrf.FindStringSubmatch(body)
	if m == nil || !strings.Contains(body, `action="/jobs/shop/count"`) || !strings.Contains(body, `name="reason" value="a &#34;b&#34;"`) || strings.Contains(body, `name="host"`) {
		t.Fatalf("after the sign-in: %s", body)
	}
	if status, _, body := c.ask(person, "POST", "/jobs/shop/count", url.Values{"csrf": {m[1]}, "state": {"error"}}); status != 200 || !strings.Contains(body, "tasks match, in state error") {
		t.Errorf("the form sent again answers %d %s", status, body)
	}
	for _, again := range []string{"https://evil.example/jobs/", "//evil.example/jobs/", "/login", "/logout", ""} {
		carried.Set("again", again)
		if _, _, body := c.ask(person, "POST", "/login", carried); strings.Contains(body, "Send it") {
			t.Errorf("the sign-in shows a form to %q", again)
		}
	}
}

// A form that was sent while the frontier was away leads back to its page, not to an address that
// only takes forms.
func TestAFormDuringAnOutage(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Token: token, Every: time.Nanosecond})
	person := signedOut(t, c)
	_, _, body := c.ask(person, "POST", "/login", url.Values{"token": {token}, "back": {"/jobs/shop"}})
	m := csrf.FindStringSubmatch(body)
	if m == nil {
		t.Fatal(body)
	}
	away := frontier.ErrUnavailable
	c.frontier.fault.Store(&away)
	status, h, body := c.ask(person, "POST", "/jobs/shop/count", url.Values{"csrf": {m[1]}, "state": {"error"}})
	if status != http.StatusServiceUnavailable || h.Get("Refresh") != "5; url=/jobs/shop" || !strings.Contains(body, "the log of changes tells") {
		t.Errorf("during an outage a form answers %d, Refresh %q, %s", status, h.Get("Refresh"), body)
	}
	c.frontier.fault.Store(nil)
	person.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if status, h, _ := c.ask(person, "GET", "/jobs/shop/count", nil); status != http.StatusSeeOther || h.Get("Location") != "/jobs/shop" {
		t.Errorf("the address of an action answers %d, Location %q", status, h.Get("Location"))
	}
	if status, _, body := c.ask(person, "GET", "/jobs/shop/nothing", nil); status != http.StatusNotFound || !strings.Contains(body, "No such page") {
		t.Errorf("an unknown page answers %d %s", status, body)
	}
}
