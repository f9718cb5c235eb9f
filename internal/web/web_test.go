package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/web"
)

const (
	token = "a token of the console"
	evil  = `<script>alert(1)</script>"'>&`
)

// counted counts the reads of a frontier, and fails them if it is down.
type counted struct {
	frontier.Frontier

	status atomic.Int64
	down   atomic.Bool
	fault  atomic.Pointer[error] // of Status
	more   func(s *frontier.Status)
}

func (c *counted) Jobs(ctx context.Context) ([]frontier.JobInfo, error) {
	if c.down.Load() {
		return nil, frontier.ErrUnavailable
	}
	return c.Frontier.Jobs(ctx)
}

func (c *counted) Status(ctx context.Context, job frontier.JobID) (frontier.Status, error) {
	c.status.Add(1)
	if c.down.Load() {
		return frontier.Status{}, frontier.ErrUnavailable
	}
	if fault := c.fault.Load(); fault != nil {
		return frontier.Status{}, *fault
	}
	s, err := c.Frontier.Status(ctx, job)
	if c.more != nil {
		c.more(&s)
	}
	return s, err
}

func (c *counted) Numbers(ctx context.Context, job frontier.JobID) (frontier.Status, error) {
	if fault := c.fault.Load(); fault != nil {
		return frontier.Status{}, *fault
	}
	return c.Frontier.Numbers(ctx, job)
}

func (c *counted) Count(ctx context.Context, job frontier.JobID, by frontier.Filter) (int64, error) {
	if fault := c.fault.Load(); fault != nil {
		return 0, *fault
	}
	return c.Frontier.Count(ctx, job, by)
}

// console is a console of a frontier with one job, whose tasks "a" and a hostile key are errors.
type console struct {
	*testing.T

	url, host string
	frontier  *counted
	held      []string
	back      chan frontier.Filter
}

func open(t *testing.T, cfg web.Config) *console {
	t.Helper()
	ctx := t.Context()
	f, err := drivers.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "f.db"), drivers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	c := &console{T: t, frontier: &counted{Frontier: f}, back: make(chan frontier.Filter, 1)}
	if _, err := f.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	pace := frontier.LanePace{Inflight: 10}
	job, err := f.Register(ctx, frontier.Spec{Name: "shop", Config: []byte(`{}`), Digest: []byte{1}, SeedURL: "u", StoreKey: "k", MaxAttempts: 1, Page: pace, Asset: pace}, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Add(ctx, job, []frontier.New{{Key: "a", Lane: "h:80"}, {Key: evil, Lane: "h:80"}, {Key: "waiting", Lane: "h:80", Priority: 3}}); err != nil {
		t.Fatal(err)
	}
	lease, err := f.OpenLease(ctx, "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Claim(ctx, lease, frontier.ClaimArgs{Job: job, N: 2})
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	var ends []frontier.Completion
	for _, x := range got {
		ends = append(ends, frontier.Completion{Claimed: x, State: seine.Error, Reason: "HTTP 500 " + evil})
	}
	if _, err := f.Complete(ctx, lease, job, ends); err != nil {
		t.Fatal(err)
	}
	cfg.Frontier = c.frontier
	cfg.Report = func(_ context.Context, job frontier.JobInfo, s frontier.Status) any {
		return map[string]any{"job": job.Name, "states": map[string]int64{"error": s.States[seine.Error]}, "records": s.Records, "assets": s.Assets, "paused": s.Paused}
	}
	cfg.Hold = func(_ context.Context, job frontier.JobInfo, host string, paused bool) error {
		if host == "none" {
			return errors.New("no task is on this host")
		}
		c.held = append(c.held, job.Name+" "+host+map[bool]string{true: " paused", false: " resumed"}[paused])
		return f.PauseJob(context.WithoutCancel(ctx), job.ID, paused)
	}
	cfg.Tune = func(ctx context.Context, job frontier.JobInfo, form url.Values) (string, error) {
		delay, err := time.ParseDuration(form.Get("delay"))
		if err != nil {
			return "", err
		}
		return "pace --delay " + delay.String(), f.Tune(ctx, job.ID, form.Get("host"), frontier.Tuning{Delay: &seine.Span{Min: delay, Max: delay}})
	}
	cfg.Requeue = func(_ context.Context, _ frontier.JobInfo, by frontier.Filter, each func(int)) error {
		each(2)
		c.back <- by
		return nil
	}
	s, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(func() { srv.Close(); s.Close() })
	c.url, c.host = srv.URL, strings.TrimPrefix(srv.URL, "http://")
	return c
}

// ask sends a request and returns status, header and body.
func (c *console) ask(client *http.Client, method, path string, form url.Values, header ...string) (int, http.Header, string) {
	c.Helper()
	req, err := http.NewRequestWithContext(c.Context(), method, c.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

func TestPagesEscapeWhatPagesOfASiteWrote(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{})
	for path, want := range map[string]string{
		"/": "shop", "/jobs/shop": "HTTP 500 &lt;script&gt;", "/jobs/shop/tasks": "&lt;script&gt;alert(1)", "/jobs/shop/tasks?state=error&reason=" + url.QueryEscape(evil): "value=\"&lt;script&gt;",
		"/jobs/shop/tasks?state=" + url.QueryEscape(evil): "This is no state: &lt;script&gt;", "/jobs/" + url.PathEscape(evil): "No such job",
	} {
		_, h, body := c.ask(http.DefaultClient, "GET", path, nil)
		if !strings.Contains(body, want) || strings.Contains(body, "<script>alert") {
			t.Errorf("%s: %s; want %q in it, and no script of a page", path, body, want)
		}
		if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
			h.Get("X-Frame-Options") != "DENY" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: header %v", path, h)
		}
	}
	for _, path := range []string{"/assets/console.css", "/assets/console.js", "/assets/icon.svg", "/api/openapi.json"} {
		if status, _, body := c.ask(http.DefaultClient, "GET", path, nil); status != 200 || body == "" {
			t.Errorf("%s answers %d", path, status)
		}
	}
}

func TestActionsNeedTheToken(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Token: token})
	form := url.Values{"state": {"error"}}
	for _, path := range []string{"/jobs/shop/pause", "/jobs/shop/retry", "/jobs/shop/count"} {
		if status, _, _ := c.ask(http.DefaultClient, "POST", path, form); status != http.StatusForbidden {
			t.Errorf("POST %s without a session answers %d", path, status)
		}
		for _, header := range []string{"", "Bearer ", "Bearer wrong", "Basic " + token, token} {
			if status, _, _ := c.ask(http.DefaultClient, "POST", "/api"+path, form, "Authorization", header); status != http.StatusUnauthorized {
				t.Errorf("POST /api%s with %q answers %d", path, header, status)
			}
		}
	}
	reading := open(t, web.Config{})
	for _, header := range []string{"", "Bearer "} {
		if status, _, _ := reading.ask(http.DefaultClient, "POST", "/api/jobs/shop/pause", form, "Authorization", header); status != http.StatusUnauthorized {
			t.Errorf("a console without a token answers %d to an action", status)
		}
	}
	if len(c.held)+len(reading.held) > 0 {
		t.Errorf("held %q %q", c.held, reading.held)
	}
}

var csrf = regexp.MustCompile(`name="csrf" value="([0-9a-f]+)"`)

func TestAPersonSteers(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Token: token})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	person := &http.Client{Jar: jar}
	if status, _, _ := c.ask(person, "POST", "/login", url.Values{"token": {"wrong"}}); status != http.StatusForbidden {
		t.Fatalf("a wrong token answers %d", status)
	}
	if status, _, body := c.ask(person, "POST", "/login", url.Values{"token": {token}}); status != 200 || !strings.Contains(body, "Sign out") {
		t.Fatalf("the token answers %d %s", status, body)
	}
	at, err := url.Parse(c.url)
	if err != nil {
		t.Fatal(err)
	}
	if cookies := jar.Cookies(at); len(cookies) != 1 {
		t.Fatalf("cookies %v", cookies)
	}
	_, _, body := c.ask(person, "GET", "/jobs/shop", nil)
	m := csrf.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no form token in %s", body)
	}
	if status, _, _ := c.ask(person, "POST", "/jobs/shop/pause", url.Values{}); status != http.StatusForbidden {
		t.Errorf("a form without its token answers %d", status)
	}
	if status, _, body := c.ask(person, "POST", "/jobs/shop/pause", url.Values{"csrf": {m[1]}}); status != 200 || !strings.Contains(body, "Resume the job") {
		t.Errorf("pause answers %d %s", status, body)
	}
	if status, _, body := c.ask(person, "POST", "/jobs/shop/pause", url.Values{"csrf": {m[1]}, "host": {"none"}}); status != 400 || !strings.Contains(body, "no task is on this host") {
		t.Errorf("pause of an unknown host answers %d %s", status, body)
	}
	if status, _, body := c.ask(person, "POST", "/jobs/shop/count", url.Values{"csrf": {m[1]}, "action": {"retry"}, "state": {"error"}}); status != 200 || !strings.Contains(body, "Send back 2 tasks") {
		t.Errorf("count answers %d %s", status, body)
	}
	if status, _, _ := c.ask(person, "POST", "/jobs/shop/retry", url.Values{"csrf": {m[1]}, "state": {"error"}, "reason": {"500"}}); status != 200 {
		t.Errorf("retry answers %d", status)
	}
	if by := <-c.back; len(by.States) != 1 || by.States[0] != seine.Error || by.Reason != "500" {
		t.Errorf("requeued %+v", by)
	}
	if len(c.held) != 1 || c.held[0] != "shop  paused" {
		t.Errorf("held %q", c.held)
	}
	c.ask(person, "POST", "/logout", url.Values{"csrf": {m[1]}})
	if status, _, _ := c.ask(person, "POST", "/jobs/shop/pause", url.Values{"csrf": {m[1]}}); status != http.StatusForbidden {
		t.Errorf("after the sign-out a form answers %d", status)
	}
}

func TestAPI(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Token: token})
	bearer := []string{"Authorization", "Bearer " + token}
	for _, x := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/api/jobs", 200, `{"jobs":[{"assets":0,"job":"shop","paused":false,"records":0,"states":{"error":2}}]}`},
		{"GET", "/api/jobs/shop", 200, `{"assets":0,"job":"shop","paused":false,"records":0,"states":{"error":2}}`},
		{"GET", "/api/jobs/none", 404, `{"error":"no such job"}`},
		{"GET", "/api/jobs/shop/tasks?state=nothing", 400, `{"error":"\"nothing\" is no state"}`},
		{"POST", "/api/jobs/shop/count?state=error&action=retry", 200, `{"action":"count","job":"shop","tasks":2}`},
		{"POST", "/api/jobs/shop/count?action=drop", 200, `{"action":"count","job":"shop","tasks":1}`},
		{"POST", "/api/jobs/shop/pace?delay=3s", 200, `{"action":"pace","job":"shop"}`},
		{"POST", "/api/jobs/shop/prioritize?host=h:80&priority=9", 400, `{"error":"give a priority from 0, which goes first, to 3"}`},
		{"POST", "/api/workers/stop?worker=none", 404, `{"error":"no such worker is at work"}`},
		{"POST", "/api/workers/stop?worker=w", 200, `{"action":"stop","worker":"w"}`},
		{"GET", "/api/jobs/shop/task?key=none", 404, `{"error":"no such task"}`},
		{"GET", "/api/jobs/shop/history?span=9y", 400, `{"error":"the span is 3h, 2d, 30d or 1y"}`},
		{"POST", "/api/jobs/shop/retry", 400, `{"error":"name the tasks by state, reason, host, page or key, or give all=1"}`},
		{"POST", "/api/jobs/shop/pause", 200, `{"action":"pause","job":"shop"}`},
		{"POST", "/api/jobs/shop/explode", 404, `{"error":"no such action: pause, resume, drain, pace, count, retry, drop and prioritize are"}`},
		{"POST", "/api/jobs/shop/retry?state=error", 202, `{"action":"retry","job":"shop"}`},
	} {
		status, _, body := c.ask(http.DefaultClient, x.method, x.path, nil, bearer...)
		if status != x.status || strings.TrimSpace(body) != x.want {
			t.Errorf("%s %s answers %d %s; want %d %s", x.method, x.path, status, body, x.status, x.want)
		}
	}
	<-c.back
	_, _, body := c.ask(http.DefaultClient, "GET", "/api/jobs/shop/tasks?state=error", nil)
	var list struct {
		Tasks []struct{ Key, State, Reason string }
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Tasks) != 2 || list.Tasks[0].Key != evil || list.Tasks[1].State != "error" {
		t.Errorf("tasks %s, %v", body, err)
	}
}

// A page of another site may make its own name resolve to this machine.
func TestForeignHostNamesAreRefused(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Hosts: []string{"console.example"}})
	for host, want := range map[string]int{"evil.example": 421, "127.0.0.1.evil.example": 421, "console.example": 200, "CONSOLE.example:8712": 200, "localhost:1": 200, "[::1]:9": 200, "10.0.0.1": 200} {
		if status, _, _ := c.ask(http.DefaultClient, "GET", "/", nil, "Host", host); status != want {
			t.Errorf("host %s answers %d; want %d", host, status, want)
		}
	}
}

// Any number of consoles read the status once.
func TestConsolesShareOneQuery(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Every: time.Hour})
	for range 20 {
		c.ask(http.DefaultClient, "GET", "/jobs/shop", nil)
	}
	if n := c.frontier.status.Load(); n != 1 {
		t.Errorf("20 pages read the status %d times; want once", n)
	}
}

func TestAFrontierThatGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Every: time.Nanosecond})
	c.frontier.down.Store(true)
	for _, path := range []string{"/", "/jobs/shop", "/jobs/shop/tasks", "/jobs/shop/hosts", "/jobs/shop/failures", "/jobs/shop/task?key=a", "/changes"} {
		if status, h, body := c.ask(http.DefaultClient, "GET", path, nil); status != 503 || h.Get("Refresh") == "" || !strings.Contains(body, "does not answer") {
			t.Errorf("%s answers %d %s", path, status, body)
		}
	}
	if status, _, body := c.ask(http.DefaultClient, "GET", "/api/jobs", nil); status != 503 || !strings.Contains(body, "the frontier does not answer") {
		t.Errorf("the API answers %d %s", status, body)
	}
	c.frontier.down.Store(false)
	if status, _, _ := c.ask(http.DefaultClient, "GET", "/jobs/shop", nil); status != 200 {
		t.Errorf("then it answers %d", status)
	}
}

func TestLiveNumbers(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url+"/jobs/shop/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, `data: {`) || !strings.Contains(line, `"state-error":"2"`) || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%v %q, %v", resp.Header, line, err)
	}
}
