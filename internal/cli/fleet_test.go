package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch/chromefetch"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/testkit"
)

const (
	consoleToken = "a token of the console"

	// hostile is a text that a site may write into any part of a page.
	hostile = `<script>alert(1)</script><img src=x onerror=alert(2)>"'&`
)

// fleet is a site, three workers on a frontier of their own, and the console of `seine serve`.
type fleet struct {
	*testing.T

	frontier drivers.Frontier
	url      string
	stops    []context.CancelFunc
	ends     []chan error
}

const fleetJob = `job: shop
seeds: {url: "%s/item/{id}", ids: {from: 1, to: 400}}
fetch: {allow_private: [127.0.0.0/8], timeout: 20s}
pace: {delay: 20ms, concurrency: 2}
retry: {error: 2, backoff: 50ms}
record_pages: true
fields: {title: {css: h1}, "note": {css: p}, image: {css: img, attr: src}}
assets: {photo: {url: image, optional: true}}
store: {key: "{asset}_{id}.{ext}"}
`

func openFleet(t *testing.T) *fleet {
	t.Helper()
	var picture bytes.Buffer
	img := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for i := range img.Pix {
		img.Set(i%60, i/60%40, color.RGBA{uint8(i), 120, 200, 255})
	}
	if err := png.Encode(&picture, img); err != nil {
		t.Fatal(err)
	}
	site := testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		n, _ := strconv.Atoi(id)
		switch {
		case strings.HasPrefix(r.URL.Path, "/img/"):
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(picture.Bytes())
		case n%10 == 7:
			http.Error(w, hostile, http.StatusInternalServerError)
		case n == 3:
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprintf(w, `<h1>large</h1><p>%s</p>`, strings.Repeat("long text ", 100_000))
		default:
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprintf(w, `<title>x</title><script>alert(3)</script><h1>%s</h1><p onclick="alert(4)">item %s</p><img src="/img/%s.png"><a href="javascript:alert(5)">x</a>`, strings.NewReplacer("<", "&lt;").Replace(hostile), id, id)
		}
	})
	dir := t.TempDir()
	values := map[string]string{"SEINE_FRONTIER": "sqlite:" + filepath.Join(dir, "f.db"), "SEINE_STORE": "file:" + filepath.Join(dir, "files")}
	env := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	file, err := jobfile.Parse("shop.yaml", fmt.Appendf(nil, fleetJob, site.URL), env)
	if err != nil {
		t.Fatal(err)
	}
	out := &fleet{T: t}
	for i := range 3 {
		w, err := runner.Open(t.Context(), runner.Config{
			Jobs: []seine.Job{file.Job}, Frontier: values["SEINE_FRONTIER"], Store: values["SEINE_STORE"], Migrate: true, Name: fmt.Sprintf("worker-%d", i+1),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		end := make(chan error, 1)
		out.stops, out.ends = append(out.stops, stop), append(out.ends, end)
		go func() { end <- w.Run(ctx) }()
		t.Cleanup(func() { _ = w.Close() })
	}
	a := newApp(Program{}, env, strings.NewReader(""), io.Discard, io.Discard)
	if out.frontier, err = a.open(t.Context(), a.frontierOf(nil)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.frontier.Close() })
	console, closing, err := a.webConsole(out.frontier, consoleToken, nil)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(console)
	t.Cleanup(func() { srv.Close(); closing() })
	out.url = srv.URL
	out.until("the fleet has ended tasks of every kind", func() bool {
		s, err := out.frontier.Status(t.Context(), 1)
		files, e := out.frontier.Newest(t.Context(), 1, frontier.StoredFile{}, 1)
		return err == nil && e == nil && len(files) > 0 && s.States[seine.Done] > 20 && s.Final[seine.Error] > 0 && s.Workers == 3
	})
	// A file that is damaged in the store.
	files, err := out.frontier.Newest(t.Context(), 1, frontier.StoredFile{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "files", files[0].Path), []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

func (f *fleet) until(what string, ok func() bool) {
	f.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); {
		if time.Now().After(deadline) {
			f.Fatalf("not so: %s", what)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// close ends the workers. One of them was stopped by a person.
func (f *fleet) close() {
	for _, stop := range f.stops {
		stop()
	}
	for _, end := range f.ends {
		<-end
	}
}

// tab is a tab of Chromium that collects the faults of the pages.
type tab struct {
	*testing.T

	ctx    context.Context
	url    string
	axe    string
	mu     sync.Mutex
	faults []string
}

func openTab(t *testing.T, at string) *tab {
	t.Helper()
	path, err := chromefetch.Find("")
	if err != nil {
		t.Fatal(err)
	}
	file := os.Getenv("SEINE_TEST_AXE")
	if file == "" {
		t.Fatal("SEINE_TEST_AXE is not set: run the tests by `make test`, or set it to the file that scripts/axe prints")
	}
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(cancel)
	out := &tab{T: t, ctx: ctx, url: at, axe: string(source)}
	if err := chromedp.Listen(ctx, func(ev any) {
		out.mu.Lock()
		defer out.mu.Unlock()
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			out.faults = append(out.faults, ev.ExceptionDetails.Text)
		case *cdplog.EventEntryAdded:
			if string(ev.Entry.Level) == "error" {
				out.faults = append(out.faults, ev.Entry.Text+" "+ev.Entry.URL)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Text("body"))
		b.Fatalf("%s: %v; the page shows %.600q", what, err, text)
	}
}

// dark asks for the dark theme.
func dark() chromedp.Action[chromedp.Void] { return theme("dark") }

func theme(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
		return err
	})
}

// pictures writes the pictures of the documentation: see `make screenshots`.
func (b *tab) pictures(dir string) {
	b.Helper()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		b.Fatal(err)
	}
	b.do("size", chromedp.EmulateViewport(1100, 760))
	for _, name := range []string{"light", "dark"} {
		for page, path := range map[string]string{"job": "", "failures": "/failures", "hosts": "/hosts", "space": "/space"} {
			b.do(path, theme(name), chromedp.Navigate(b.url+"/jobs/shop"+path))
			image, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, page+"-"+name+".png"), image, 0o600)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// see opens a page, finds a text on it, and has axe judge it.
func (b *tab) see(path, want string) {
	b.Helper()
	b.do(path, chromedp.Navigate(b.url+path))
	text, err := chromedp.Run(b.ctx, chromedp.Text("main"))
	if err != nil || !strings.Contains(text, want) {
		b.Errorf("%s shows %.400q, %v; want %q", path, text, err, want)
	}
	b.judge(path)
}

func (b *tab) judge(path string) {
	b.Helper()
	b.do("axe", chromedp.Evaluate[chromedp.Void](b.axe+";0"))
	const run = `axe.run(document, {iframes: false, resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.filter(v => ["serious", "critical"].includes(v.impact)).map(v => [v.id, v.nodes[0].html, v.nodes[0].failureSummary])))`
	raw, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](run, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("axe on %s: %v", path, err)
	}
	var found [][]string
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		b.Fatal(err)
	}
	for _, v := range found {
		b.Errorf("axe on %s: %q", path, v)
	}
}

// faulty reports the errors on the console of the browser.
func (b *tab) faulty() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.faults) > 0 {
		b.Errorf("the browser reports %q", b.faults)
	}
	b.faults = nil
}

// Every page of the console opens in a browser while three workers run, in both themes and on a
// phone. Nothing that a site wrote runs.
func TestEveryPageInABrowser(t *testing.T) {
	t.Parallel()
	f := openFleet(t)
	defer f.close()
	ctx := t.Context()
	failed, err := f.frontier.Tasks(ctx, 1, frontier.Filter{States: []seine.State{seine.Error}, Limit: 1})
	if err != nil || len(failed) == 0 {
		t.Fatal(failed, err)
	}
	files, err := f.frontier.Newest(ctx, 1, frontier.StoredFile{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	b := openTab(t, f.url)
	f.until("the large page is done", func() bool {
		list, err := f.frontier.Tasks(ctx, 1, frontier.Filter{Keys: []string{"3"}})
		if err == nil && len(list) == 1 && list[0].Final && list[0].State != seine.Done {
			t.Fatalf("the large page: %+v", list[0])
		}
		return err == nil && len(list) == 1 && list[0].State == seine.Done
	})
	for path, want := range map[string]string{
		"/": "shop", "/jobs/shop": "tasks per second", "/workers": "worker-2", "/changes": "Nobody changed anything yet", "/login": "Token of the console",
		"/jobs/shop/tasks": "Last write", "/jobs/shop/tasks?state=error": "HTTP 500", "/jobs/shop/hosts": "127.0.0.1:", "/jobs/shop/failures": "HTTP 500",
		"/jobs/shop/kinds": "one kind of pages", "/jobs/shop/space": "IDs 1 to 400", "/jobs/shop/history": "Records", "/jobs/shop/changes": "Nobody changed",
		"/jobs/shop/pictures": "60 × 40", "/jobs/shop/task?key=" + url.QueryEscape(failed[0].Key): "HTTP 500", "/jobs/shop/task?key=" + url.QueryEscape(files[0].Key): hostile, "/jobs/shop/task?key=3": "(cut)",
		"/jobs/shop/space?from=1&to=100": "Block 1 to 100", "/jobs/shop/space?from=7&to=9": "Block 7 to 9", "/jobs/shop/pictures?field=title&value=" + url.QueryEscape(hostile): "60 × 40", "/jobs/shop/pictures?field=title&value=none": "No such file",
	} {
		b.see(path, want)
	}
	b.do("dark", dark(), chromedp.Navigate(f.url+"/jobs/shop"))
	b.judge("the job in the dark theme")
	if dir := os.Getenv("SEINE_SCREENSHOTS"); dir != "" {
		b.pictures(dir)
	}
	b.do("phone", chromedp.EmulateViewport(390, 844), chromedp.Navigate(f.url+"/jobs/shop"))
	wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil || wide {
		t.Errorf("on a phone the page is wider than the screen, %v", err)
	}
	b.faulty()
}

// Each action of the console works in a browser while three workers run, and is in the log.
func TestEveryActionInABrowser(t *testing.T) {
	t.Parallel()
	f := openFleet(t)
	defer f.close()
	ctx := t.Context()
	b := openTab(t, f.url)
	b.do("sign in", chromedp.Navigate(f.url+"/login"), chromedp.SendKeys("#token", consoleToken), chromedp.SendKeys("#name", "Ann\n"), chromedp.WaitVisible(`form[action="/logout"]`))
	form := func(action, more string) string {
		return `form[action="/jobs/shop/` + action + `"]:not(:has([name="host"]))` + more
	}
	job := chromedp.Navigate(f.url + "/jobs/shop")
	b.do("drain", job, chromedp.Click(form("drain", " button")), chromedp.WaitVisible(form("resume", "")))
	f.until("the job is drained", func() bool { n, err := f.frontier.InProgress(ctx, 1, ""); return err == nil && n == 0 })
	f.until("the page tells it", func() bool {
		b.do("drained", job)
		text, err := chromedp.Run(b.ctx, chromedp.Text("main"))
		return err == nil && strings.Contains(text, "the job is drained")
	})
	b.do("pace", job, chromedp.SendKeys(form("pace", ` [name="delay"]`), "10ms-30ms"), chromedp.Click(form("pace", " button")), chromedp.WaitVisible(`[name="reset"] + button`))
	b.do("reset the pace", job, chromedp.Click(`[name="reset"] + button`), chromedp.WaitNotPresent(`[name="reset"]`))
	b.do("resume", job, chromedp.Click(form("resume", " button")), chromedp.WaitVisible(form("pause", "")))
	b.do("pause", job, chromedp.Click(form("pause", " button")), chromedp.WaitVisible(form("resume", "")))
	b.do("pause a host", chromedp.Navigate(f.url+"/jobs/shop/hosts"), chromedp.Click(`form[action="/jobs/shop/pause"] button`), chromedp.WaitVisible(`form[action="/jobs/shop/resume"]`))
	b.do("resume a host", chromedp.Click(`form[action="/jobs/shop/resume"] button`), chromedp.WaitVisible(`form[action="/jobs/shop/pause"]`))
	b.do("a host's delay", chromedp.SendKeys(`form[action="/jobs/shop/pace"] [name="delay"]`, "25ms"), chromedp.Click(`form[action="/jobs/shop/pace"] button`), chromedp.WaitVisible(`main`))
	f.until("the host has its delay", func() bool {
		ts, err := f.frontier.Tunings(ctx, 1)
		return err == nil && len(ts) == 1 && ts[0].Delay.Min == 25*time.Millisecond
	})
	selection := func(what, path, button, confirm string) {
		t.Helper()
		b.do(what, chromedp.Navigate(f.url+path), chromedp.Click(button), chromedp.WaitVisible(confirm))
		b.judge("the question before " + what)
		b.do(what, chromedp.Click(confirm+" button"), chromedp.WaitVisible(`[role="status"]`))
		f.until(what+" ended", func() bool {
			b.do(what, job, chromedp.WaitVisible(`[role="status"]`))
			text, err := chromedp.Run(b.ctx, chromedp.Text(`[role="status"]`))
			return err == nil && strings.Contains(text, "finished")
		})
	}
	selection("send back", "/jobs/shop/failures", `form[action="/jobs/shop/count"] button`, `form[action="/jobs/shop/retry"]`)
	selection("prioritize", "/jobs/shop/tasks?state=pending", `form:has([value="prioritize"]) button`, `form[action="/jobs/shop/prioritize"]`)
	selection("drop", "/jobs/shop/tasks?state=pending", `form:has([value="drop"]) button`, `form[action="/jobs/shop/drop"]`)
	b.do("stop a worker", chromedp.Navigate(f.url+"/workers"), chromedp.Click(`form:has([value="worker-2"]) button`), chromedp.WaitVisible(`main`))
	if err := <-f.ends[1]; err == nil || !strings.Contains(err.Error(), "a person stopped this worker") {
		t.Errorf("the stopped worker ended with %v", err)
	}
	f.ends[1] <- nil
	b.see("/changes", "Ann (console from 127.0.0.1)")
	text, err := chromedp.Run(b.ctx, chromedp.Text("main"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"drain", "pace --delay 10ms-30ms", "pace --reset", "resume", "pause", "pause --host 127.0.0.1", "--delay 25ms", `retry --state error --reason "HTTP 500"`, "prioritize 0 --state pending", "drop --state pending: ", "stop worker-2"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log of changes lacks %q:\n%s", want, text)
		}
	}
	b.do("sign out", chromedp.Click(`form[action="/logout"] button`), chromedp.WaitNotPresent(`form[action="/logout"]`))
	b.faulty()
}
