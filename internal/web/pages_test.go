package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/web"
)

// files is a store of a picture, a file that is none, and a recorded page.
type files struct{ page string }

func (f files) Read(_ context.Context, path string, _ int64) ([]byte, error) {
	switch path {
	case "good.png":
		var b bytes.Buffer
		err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 3, 2)))
		return b.Bytes(), err
	case "bad.png":
		return []byte("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"), nil
	}
	return nil, errors.New("no such file: " + path)
}

func (f files) Page(context.Context, frontier.Recording) (*seine.Page, error) {
	return &seine.Page{Status: 200, Body: []byte(f.page)}, nil
}

func (files) Screenshot(key string) string { return "shot of " + key }

const hostilePage = `<html><head><base href="//evil.example/"><script>alert(1)</script><style>p{background:url(//evil.example/x)}</style><meta http-equiv=refresh content="0;url=//evil.example/"></head>
<body onload="alert(2)"><p style="background:url(//evil.example/x)" class="a">a text</p><img src="//evil.example/i.png" alt="words"><a href="javascript:alert(3)">link</a><iframe src="//evil.example/"></iframe>
<svg><script>alert(4)</script></svg><my-part>its text</my-part><form action="//evil.example/"><input value="v"></form><!-- remark --></body></html>`

// record ends the waiting task with a record of hostile texts, a long field and two files, and with
// a recording.
func (c *console) record() {
	c.Helper()
	ctx := c.Context()
	lease, err := c.frontier.Frontier.OpenLease(ctx, "w2", time.Minute)
	if err != nil {
		c.Fatal(err)
	}
	got, err := c.frontier.Frontier.Claim(ctx, lease, frontier.ClaimArgs{Job: 1, N: 1})
	if err != nil || len(got) != 1 {
		c.Fatal(got, err)
	}
	fields, err := json.Marshal(map[string]any{"title": evil, evil: "name", "long": strings.Repeat("x", 5<<20), "list": []string{evil}})
	if err != nil {
		c.Fatal(err)
	}
	at := time.Now().Truncate(time.Microsecond)
	frame := frontier.Frame{Segment: "s", Pos: 0, Bytes: 1}
	file := func(name, path string) frontier.Asset {
		return frontier.Asset{Key: got[0].Key, Stored: assetfile.Stored{Name: name, Path: path, Bytes: 7, SHA256: []byte{1}, Width: 3, Height: 2, URL: evil, OriginalBytes: 9}}
	}
	if _, err := c.frontier.Frontier.Complete(ctx, lease, 1, []frontier.Completion{{
		Claimed: got[0], State: seine.Done, Records: []frontier.Record{{Key: got[0].Key, Kind: "record", Fields: fields, URL: "http://h/" + evil, Digest: []byte{1}, FetchedAt: at}},
		Assets:    []frontier.Asset{file("good", "good.png"), file("bad", "bad.png"), file("good"+assetfile.OriginalSuffix, "good.png")},
		Recording: &frontier.Recording{Key: got[0].Key, At: at, Head: frame, Body: frame, SHA256: []byte{1}, Size: 1, Digest: []byte{1}},
	}}); err != nil {
		c.Fatal(err)
	}
}

// Each page shows hostile texts as texts, cuts a field of 5 MB, and stays small.
func TestPagesOfHostileRecords(t *testing.T) {
	t.Parallel()
	store := files{hostilePage}
	c := open(t, web.Config{Files: func(context.Context, frontier.JobInfo) (web.Files, error) { return store, nil }})
	c.record()
	for path, want := range map[string]string{
		"/jobs/shop/task?key=waiting": "&lt;script&gt;alert(1)", "/jobs/shop/task?key=" + url.QueryEscape(evil): "Failed attempts", "/jobs/shop/pictures": "as it came", "/jobs/shop/hosts": "h:80",
		"/jobs/shop/failures": "key=%3cscript%3ealert", "/jobs/shop/kinds": "one kind", "/jobs/shop/space": "does not explore", "/jobs/shop/history": "Records", "/jobs/shop/changes": "Nobody",
		"/workers": "w2", "/changes": "Nobody", "/jobs/shop/history?span=" + url.QueryEscape(evil): "the span is", "/jobs/shop/changes?before=x": "number of a change", "/jobs/shop/pictures?before=x%7Cy": "another list",
		"/jobs/shop/task?key=none": "No such task",
	} {
		status, _, body := c.ask(http.DefaultClient, "GET", path, nil)
		if !strings.Contains(body, want) || strings.Contains(body, "<script>alert") || len(body) > 200_000 {
			t.Errorf("%s answers %d with %d bytes: %.2000s; want %q in it", path, status, len(body), body, want)
		}
	}
	for path, want := range map[string]bool{"title=" + evil: true, "title=other": false, evil + "=name": true, "none=x": false} {
		field, value, _ := strings.Cut(path, "=")
		if strings.HasPrefix(path, evil) {
			field, value = evil, "name"
		}
		_, _, body := c.ask(http.DefaultClient, "GET", "/jobs/shop/pictures?"+url.Values{"field": {field}, "value": {value}}.Encode(), nil)
		if strings.Contains(body, "as it came") != want || strings.Contains(body, "<script>alert") || !want && !strings.Contains(body, "No such file") {
			t.Errorf("pictures of %s is %q: %s; want files: %v", field, value, body, want)
		}
	}
	get := func(name string) (string, string, string) {
		_, h, body := c.ask(http.DefaultClient, "GET", "/jobs/shop/file?task=waiting&key=waiting&name="+url.QueryEscape(name), nil)
		return h.Get("Content-Type"), h.Get("Content-Security-Policy"), body
	}
	if kind, policy, body := get("good"); kind != "image/png" || !strings.HasPrefix(body, "\x89PNG") || !strings.Contains(policy, "sandbox") {
		t.Errorf("the picture is %s %s", kind, policy)
	}
	for _, name := range []string{"bad", "none", "../good.png", evil} {
		if kind, _, body := get(name); kind != "image/svg+xml" || !strings.Contains(body, "does not decode") || strings.Contains(body, "alert") {
			t.Errorf("%q is %s %s", name, kind, body)
		}
	}
	_, h, page := c.ask(http.DefaultClient, "GET", "/jobs/shop/recorded?key=waiting", nil)
	if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox;") || strings.Contains(policy, "allow") || strings.Contains(policy, "unsafe") || !strings.Contains(page, "a text") || !strings.Contains(page, "its text") {
		t.Errorf("the recorded page has %s: %s", policy, page)
	}
	for _, bad := range []string{"alert", "evil.example", "<script", "<style", "<iframe", "onload", "href", "src", "remark"} {
		if strings.Contains(page, bad) {
			t.Errorf("the recorded page holds %q: %s", bad, page)
		}
	}
	if status, _, _ := c.ask(http.DefaultClient, "GET", "/jobs/shop/recorded?key=none", nil); status != 404 {
		t.Errorf("a page that is not recorded answers %d", status)
	}
}

// reasons is a frontier with many reasons, or without its job.
type reasons struct {
	web.Frontier
	n    int
	gone bool
}

func (r *reasons) Jobs(ctx context.Context) ([]frontier.JobInfo, error) {
	if r.gone {
		return nil, nil
	}
	return r.Frontier.Jobs(ctx)
}

func (r *reasons) Status(ctx context.Context, job frontier.JobID) (frontier.Status, error) {
	s, err := r.Frontier.Status(ctx, job)
	for i := range r.n {
		s.Reasons = append(s.Reasons, frontier.ReasonCount{State: seine.Error, Reason: fmt.Sprintf("reason %d %s", i, evil), Count: 1})
	}
	return s, err
}

// A list of all tasks leaves the open ones out if they are many, and says so.
func TestAListOfManyOpenTasks(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Every: time.Nanosecond})
	var more []frontier.New
	for i := range 20_100 {
		more = append(more, frontier.New{Key: fmt.Sprintf("more%05d", i), Lane: "h:80"})
	}
	if _, err := c.frontier.Add(t.Context(), 1, more); err != nil {
		t.Fatal(err)
	}
	_, _, body := c.ask(http.DefaultClient, "GET", "/jobs/shop/tasks", nil)
	if !strings.Contains(body, "20101 tasks are open") || strings.Contains(body, "more00000") || !strings.Contains(body, "key=a\"") {
		t.Errorf("the list is %s", body)
	}
	_, _, body = c.ask(http.DefaultClient, "GET", "/jobs/shop/tasks?state=pending", nil)
	if !strings.Contains(body, "more00000") || strings.Contains(body, "are open") {
		t.Errorf("the list of pending tasks is %s", body)
	}
	if _, _, body = c.ask(http.DefaultClient, "GET", "/jobs/shop/task?key=more00000", nil); !strings.Contains(body, "It waits because") {
		t.Errorf("an open task is %s", body)
	}
}

// sparse is a frontier of many tasks: a search looks at two tasks, and there are more failures than
// kept attempts tell.
type sparse struct {
	web.Frontier
	many bool
}

func (s *sparse) KeyAfter(ctx context.Context, job frontier.JobID, after string, _ int) (string, error) {
	return s.Frontier.KeyAfter(ctx, job, after, 2)
}

func (s *sparse) Status(ctx context.Context, job frontier.JobID) (frontier.Status, error) {
	st, err := s.Frontier.Status(ctx, job)
	if s.many {
		st.Final[seine.Error], st.Open = 5000, 50_000
	}
	return st, err
}

// A search among many tasks looks at a part of them, says how far it came, and goes on. A search
// for few failures finds them at once.
func TestASearchGoesOn(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{})
	f := &sparse{Frontier: c.frontier}
	s, err := web.New(web.Config{Frontier: f, Every: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	get := func(query string) string {
		t.Helper()
		w := newAnswer()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/jobs/shop/tasks?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.ServeHTTP(w, r)
		return w.String()
	}
	const a, end = `task?key=a"`, "No task matches."
	if body := get("state=error&reason=500"); !strings.Contains(body, a) || !strings.Contains(body, "task?key=%3cscript") || strings.Contains(body, "Search on") {
		t.Errorf("few failures: %s", body)
	}
	f.many = true // the keys in their order: the hostile one, a, waiting
	if body := get("state=error"); !strings.Contains(body, a) || !strings.Contains(body, "up to a.") || !strings.Contains(body, `?after=a&amp;state=error" rel="next">Search on`) {
		t.Errorf("the first part of many failures: %s", body)
	}
	if body := get("state=error&after=a"); !strings.Contains(body, end) || strings.Contains(body, "Search on") {
		t.Errorf("the last part: %s", body)
	}
	if body := get("state=pending"); !strings.Contains(body, "No task matches yet") || !strings.Contains(body, `?after=a&amp;state=pending" rel="next">Search on`) {
		t.Errorf("the first part of many pending tasks: %s", body)
	}
	if body := get("state=pending&after=a"); !strings.Contains(body, "task?key=waiting") {
		t.Errorf("the last part of many pending tasks: %s", body)
	}
	if body := get("reason=nothing"); !strings.Contains(body, "No task matches yet") || !strings.Contains(body, "Search on") {
		t.Errorf("a reason that no task has: %s", body)
	}
}

// A job of 100,000 reasons has pages of a bounded size, and a deleted job an explanation.
func TestManyReasonsAndADeletedJob(t *testing.T) {
	t.Parallel()
	c := open(t, web.Config{Every: time.Nanosecond})
	f := &reasons{Frontier: c.frontier, n: 100_000}
	s, err := web.New(web.Config{Frontier: f, Every: time.Nanosecond, Report: func(context.Context, frontier.JobInfo, frontier.Status) any { return map[string]any{} }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	get := func(path string) (int, string) {
		t.Helper()
		w := newAnswer()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.ServeHTTP(w, r)
		return w.status, w.String()
	}
	for _, path := range []string{"/jobs/shop", "/jobs/shop/failures"} {
		if status, body := get(path); status != 200 || len(body) > 300_000 || !strings.Contains(body, "reason 7 ") {
			t.Errorf("%s answers %d with %d bytes", path, status, len(body))
		}
	}
	f.gone = true
	for _, path := range []string{"/jobs/shop", "/jobs/shop/failures", "/jobs/shop/task?key=a", "/jobs/shop/tasks"} {
		if status, body := get(path); status != 404 || !strings.Contains(body, "It may have been deleted") {
			t.Errorf("%s of a deleted job answers %d: %.300s", path, status, body)
		}
	}
}

// answered is an answer in memory.
type answered struct {
	bytes.Buffer
	header http.Header
	status int
}

func newAnswer() *answered { return &answered{header: http.Header{}, status: 200} }

func (a *answered) Header() http.Header { return a.header }
func (a *answered) WriteHeader(n int)   { a.status = n }
