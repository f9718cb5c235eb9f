package chromefetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"

	"github.com/seinehq/seine/internal/charset"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/weburl"
)

const (
	// pause is how long a page that has loaded is left alone before it is read.
	// Timers without a delay run, and navigations that they ask for begin.
	pause = 100 * time.Millisecond

	// startOfMove is how long a navigation that was requested may take to begin.
	startOfMove = time.Second

	// refreshSlack is how late a refresh may begin.
	refreshSlack = 2 * time.Second
)

// move is a navigation of the page that is requested or under way. The current document is then not
// the requested page.
//
//	requested ──→ under way ──┬─→ committed: another document
//	    └── nothing begins ───┴─→ given up (a download, mailto:, HTTP 204): the document stays
type move struct {
	to     string
	reason page.ClientNavigationReason // empty: the browser's own
	loader cdp.LoaderID                // empty: not begun
}

// errMoved ends a call into a document that is being replaced.
var errMoved = errors.New("the page moves on")

var errStopped = errors.New("a script ends the document before it is parsed: it calls stop() or navigates to something other than a page, such as mailto:")

// requested takes in that the page asks for a navigation.
func (t *tab) requested(ev *page.EventFrameRequestedNavigation) {
	if !t.main(ev.FrameID) || ev.Disposition != page.ClientNavigationDispositionCurrentTab {
		return
	}
	t.change(func() { t.moving = &move{to: ev.URL, reason: ev.Reason} })
}

// started takes in that a navigation begins.
func (t *tab) started(ev *page.EventFrameStartedNavigating) {
	switch ev.NavigationType {
	case page.FrameStartedNavigatingNavigationTypeSameDocument, page.FrameStartedNavigatingNavigationTypeHistorySameDocument:
		return
	}
	if !t.main(ev.FrameID) {
		return
	}
	t.change(func() {
		m := &move{to: ev.URL, loader: ev.LoaderID}
		if t.moving != nil && t.moving.loader == "" {
			m.reason = t.moving.reason
		}
		t.moving = m
	})
}

// committed takes in that another document is shown.
func (t *tab) committed(ev *page.EventFrameNavigated) {
	if !t.main(ev.Frame.ID) {
		return
	}
	t.change(func() {
		if t.moving != nil && t.moving.loader == ev.Frame.LoaderID {
			t.moving = nil
		}
		if t.asked == nil {
			return // the empty page of a new tab
		}
		if where := notWeb(ev.Frame); where != "" {
			t.fail(fetch.Fault{Reason: fetch.PageLeft + where, Host: t.host})
			return
		}
		t.document = t.answer
		t.document.shown = t.document.request != "" // there was an answer
		t.document.hops = len(t.asked)
		t.generation++
	})
}

// notWeb describes a document that is no page of the web. It is empty for a web page.
func notWeb(f *cdp.Frame) string {
	url := f.URL
	if f.UnreachableURL != "" {
		url = "chrome-error:"
	}
	scheme, _, _ := strings.Cut(url, ":")
	switch scheme = strings.ToLower(scheme); scheme {
	case "http", "https":
		return ""
	case "about":
		return "about:blank"
	case "blob", "data", "javascript", "chrome-error", "file", "filesystem", "chrome", "view-source":
		return scheme + ":"
	}
	return "what is no web page"
}

// abandoned takes in that a navigation ended without a document. The current document stays.
func (t *tab) abandoned(id network.RequestID) {
	t.change(func() {
		if t.moving == nil || string(t.moving.loader) != string(id) {
			return
		}
		t.moving = nil
		if t.document.shown {
			t.request, t.answer, t.url = t.document.request, t.document, t.document.url
			t.asked = t.asked[:t.document.hops]
		}
	})
}

// stopped takes in that a frame loads no longer. If a script calls stop() during parsing, or
// navigates to something other than a page, such as mailto:, the browser silently drops the rest of
// the document.
func (t *tab) stopped(ev *page.EventFrameStoppedLoading) {
	d := t.current()
	if !t.main(ev.FrameID) || !d.shown || d.parsed {
		return
	}
	t.handle(func() {
		var state string
		if err := t.ask(t.ctx, jsState, &state); err != nil || state == "loading" {
			return
		}
		t.update(func(now *document) {
			if now.request == d.request && !now.parsed {
				t.fail(fetch.Fault{Reason: fetch.PageStopped, Host: t.host, Err: errStopped})
			}
		})
	})
}

// settle waits until no navigation is scheduled or under way. stays reports
// whether the document of a generation is still the page then. When the time is up
// on the way to another page it fails.
func (t *tab) settle(ctx context.Context, generation int) (stays bool, err error) {
	paused, looked := false, false
	for {
		t.mu.Lock()
		m, now := t.moving, t.generation
		t.mu.Unlock()
		switch {
		case t.failure() != nil:
			return false, t.failure()
		case now != generation:
			return false, nil
		case m != nil && ctx.Err() != nil:
			return false, fetch.Fault{Reason: fetch.Timeout, Host: t.host, Err: fmt.Errorf("the page moves on to %s, which did not come within %v", shown(m.to), t.req.Timeout)}
		case m != nil:
			t.awaitMove(ctx, m)
		case ctx.Err() != nil:
			return true, nil //nolint:nilerr // the caller looks at the context
		case !paused:
			paused = true
			_ = t.ask(ctx, jsPause, nil, pause.Milliseconds())
		case !looked:
			looked = true
			t.awaitRefresh(ctx, generation)
		default:
			return true, nil
		}
	}
}

// shown returns a URL for messages, reduced to its scheme unless it is a web URL.
func shown(url string) string {
	if c, err := weburl.Canonical(url); err == nil {
		return c
	}
	scheme, _, _ := strings.Cut(url, ":")
	return fmt.Sprintf("%.20q", scheme+":")
}

// awaitMove waits until a move ends. A move that does not begin is given up.
func (t *tab) awaitMove(ctx context.Context, m *move) {
	if m.loader == "" {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, startOfMove)
		defer stop()
	}
	_ = t.when(ctx, func() bool { return t.moving != m })
	if m.loader == "" {
		t.change(func() {
			if t.moving == m && ctx.Err() != nil {
				t.moving = nil
			}
		})
	}
}

// awaitRefresh waits for the begin of a refresh that is a redirect. For any other refresh it leaves
// a note.
func (t *tab) awaitRefresh(ctx context.Context, generation int) {
	r, ok := t.refresh(ctx)
	if !ok {
		return
	}
	d := t.current()
	follows, note := r.Follows(d.url, d.status)
	if !follows && !t.checksCookies(ctx, r) {
		t.change(func() { t.notes = append(t.notes, note) })
		return
	}
	wait, stop := context.WithTimeout(ctx, r.Delay+refreshSlack)
	defer stop()
	_ = t.when(wait, func() bool { return t.moving != nil || t.generation != generation })
}

// refresh returns the refresh of the document, and keeps it.
func (t *tab) refresh(ctx context.Context) (fetch.Refresh, bool) {
	r, ok := t.lookForRefresh(ctx)
	if ok {
		t.change(func() { t.document.refresh = &r })
	}
	return r, ok
}

// lookForRefresh returns the refresh of the document, from its header and its meta elements.
func (t *tab) lookForRefresh(ctx context.Context) (fetch.Refresh, bool) {
	var found struct {
		Metas   []string `json:"metas"`
		Base    string   `json:"base"`
		Charset string   `json:"charset"`
	}
	if err := t.ask(ctx, jsRefresh, &found); err != nil {
		return fetch.Refresh{}, false
	}
	d := t.current()
	if c, ok := charset.Named(found.Charset); ok {
		t.change(func() { t.document.charset = c.Name })
	}
	var all []fetch.Refresh
	for _, v := range d.header.Values("Refresh") {
		if r, ok := fetch.ParseRefresh(v, d.url, d.url, found.Charset); ok {
			all = append(all, r)
			break
		}
	}
	for _, v := range found.Metas {
		if r, ok := fetch.ParseRefresh(v, found.Base, d.url, found.Charset); ok {
			all = append(all, r)
		}
	}
	return fetch.Soonest(all)
}

// checksCookies reports whether a page that reloads itself may change: it has set a cookie and was
// requested once.
func (t *tab) checksCookies(ctx context.Context, r fetch.Refresh) bool {
	d := t.current()
	if r.URL != d.url || r.Delay > fetch.MaxRefresh || d.status >= 400 || t.times(d.url) > 1 {
		return false
	}
	got, err := cdp.Call(ctx, t.target, network.GetCookies, network.GetCookiesParams{URLs: []string{d.url}})
	return err == nil && len(got.Cookies) > 0
}

// times returns how often a URL was requested.
func (t *tab) times(url string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 1
	for _, u := range t.asked[:min(t.document.hops, len(t.asked))] {
		if u == url {
			n++
		}
	}
	return n
}

// unwanted reports whether a navigation is a refresh that is not followed.
func (t *tab) unwanted(to string) bool {
	t.mu.Lock()
	m, d := t.moving, t.document
	t.mu.Unlock()
	if m == nil || !d.shown || !slices.Contains([]page.ClientNavigationReason{page.ClientNavigationReasonMetaTagRefresh, page.ClientNavigationReasonHTTPHeaderRefresh}, m.reason) {
		return false
	}
	r := fetch.Refresh{URL: to}
	if d.refresh != nil && d.refresh.URL == to {
		r = *d.refresh
	}
	follows, _ := r.Follows(d.url, d.status)
	return !follows && !t.checksCookies(t.ctx, r)
}

const (
	jsPause = `function (ms) { return new Promise((done) => { setTimeout(done, ms); }); }`

	jsState = `function () { return Object.getOwnPropertyDescriptor(Document.prototype, "readyState").get.call(document); }`

	jsRefresh = `function () {
  const of = (type, name) => Object.getOwnPropertyDescriptor(type.prototype, name).get.call(document);
  const metas = [];
  for (const m of Document.prototype.querySelectorAll.call(document, "meta[http-equiv][content]")) {
    if (m.getAttribute("http-equiv").toLowerCase() === "refresh") metas.push(m.getAttribute("content"));
  }
  return { metas: metas.slice(0, 20), base: of(Node, "baseURI"), charset: of(Document, "characterSet") };
}`
)

// ask calls a function in a world of its own, as long as the document is the
// page and stays it.
func (t *tab) ask(ctx context.Context, function string, result any, args ...any) error {
	ctx, stop := t.still(ctx)
	defer stop()
	params := runtime.CallFunctionOnParams{FunctionDeclaration: function, AwaitPromise: new(true), ReturnByValue: new(true)}
	for _, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			return err
		}
		params.Arguments = append(params.Arguments, &runtime.CallArgument{Value: text})
	}
	world, err := cdp.Call(ctx, t.target, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: cdp.FrameID(t.target.TargetID), WorldName: "seine"})
	if err != nil {
		return err
	}
	params.ExecutionContextID = world.ExecutionContextID
	got, err := cdp.Call(ctx, t.target, runtime.CallFunctionOn, params)
	switch {
	case err != nil:
		return err
	case got.ExceptionDetails != nil:
		return exception(got.ExceptionDetails)
	case result == nil || got.Result == nil:
		return nil
	}
	return json.Unmarshal(got.Result.Value, result)
}

// still returns a context that ends with [errMoved] once the page moves on, because the browser
// answers calls only after another document loads.
func (t *tab) still(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	t.mu.Lock()
	generation := t.generation
	t.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if t.when(ctx, func() bool { return t.moving != nil || t.generation != generation }) == nil {
			cancel(errMoved)
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}
