package chromefetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	cdpfetch "github.com/chromedp/cdproto/fetch"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// tab is one page in a browser context of its own.
type tab struct {
	f       *Fetcher
	browser *browser
	req     seine.Request
	limit   *fetch.Limit
	first   string // the canonical URL that was asked for
	host    string // of it

	ctx     context.Context //nolint:containedctx // ends with the first failure of the page
	fail    context.CancelCauseFunc
	target  *chromedp.Target
	context cdp.BrowserContextID
	shut    context.CancelFunc // ends chromedp's part and waits for it

	detached <-chan struct{} // closed when the page is gone

	events sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	changed  chan struct{}     // closed and made anew when document changes
	url      string            // canonical, of the last main document that was asked for
	asked    []string          // those before it; nil before the first
	request  network.RequestID // of the last main document
	answer   document          // to that request; it becomes the document when it is shown
	document document
	bytes    int64 // of the last main document

	moving     *move // nil: the document stays, as far as is known
	generation int   // of the document
	notes      []string
	pending    *pendingText // nil: none

	frames  map[cdp.FrameID]frame        // with the page's own
	senders map[network.RequestID]string // the URLs of the documents that send requests
	values  []string                     // that steps filled in

	// The steps that are done, what the waits among them found, and the condition that ended all
	// waiting. Only the goroutine of render uses them.
	stepped int
	waited  []seine.Waited
	ended   string

	blobRequests map[string]network.RequestID // of the blob: URLs that the page loaded
}

// document is a main document as the browser tells of it.
type document struct {
	url     string
	request network.RequestID
	hops    int // that led to it
	status  int
	header  http.Header
	media   string
	label   string // of the charset, by the header
	charset string // that the browser reads it in

	refresh *fetch.Refresh // that it asks for, once it was looked at

	taken bool // body is what was sent: a text that is no HTML
	body  []byte

	shown  bool // it is the page now
	whole  bool // its last byte is there
	parsed bool // DOMContentLoaded
	loaded bool // load
}

// openTimeout bounds the making of a tab. It is not part of the page's time, because a slow start
// on a busy machine would otherwise look like a dead browser to pages with short timeouts.
const openTimeout = 20 * time.Second

// open makes the tab and applies the job's settings.
func (t *tab) open(ctx context.Context) error {
	opening, stop := context.WithTimeout(ctx, openTimeout)
	defer stop()
	t.changed = make(chan struct{})
	t.frames, t.senders = map[cdp.FrameID]frame{}, map[network.RequestID]string{}
	t.ctx, t.fail = context.WithCancelCause(ctx)
	own, shut := chromedp.NewContext(t.browser.ctx,
		chromedp.WithNewBrowserContext(func(p *target.CreateBrowserContextParams) {
			p.ProxyServer, p.ProxyBypassList = t.f.proxy.url(), "<-loopback>"
		}),
		chromedp.WithListener(t.event))
	t.shut = shut
	made := make(chan error, 1)
	go func() { made <- chromedp.Do(own) }()
	select {
	case err := <-made:
		if err != nil {
			return fmt.Errorf("tab: %w", err)
		}
	case <-opening.Done():
		return errNoTab
	case <-t.browser.lost():
		return errLost
	}
	t.target = chromedp.FromContext(own).Target
	t.detached, _ = chromedp.Detached(own)
	t.browser.own(t)
	t.context = chromedp.FromContext(own).BrowserContextID
	return t.prepare(opening, t.context)
}

var errNoTab = errors.New("the browser opens no tab")

// spare is the extra memory that the browser keeps per body, so that a body at the bound is kept
// whole.
const spare = 1 << 20

// prepare sends the settings. They need no answers of each other, so they go
// all at once.
func (t *tab) prepare(ctx context.Context, own cdp.BrowserContextID) error {
	settings := t.f.job.Chrome
	commands := []struct {
		to     cdp.Session
		method string
		params any
	}{
		// chromedp asks to be told of every node, rule, line and context. A page
		// that has much to tell would keep all others waiting.
		{t.target, dom.Disable.Method, cdp.Empty{}},
		{t.target, css.Disable.Method, cdp.Empty{}},
		{t.target, cdplog.Disable.Method, cdp.Empty{}},
		{t.target, runtime.Disable.Method, cdp.Empty{}},

		{t.target, target.SetAutoAttach.Method, workers},
		{t.target, emulation.SetUserAgentOverride.Method, t.agent()},
		{t.target, network.SetBypassServiceWorker.Method, network.SetBypassServiceWorkerParams{Bypass: true}},
		{t.target, network.Enable.Method, network.EnableParams{MaxTotalBufferSize: new(t.buffer()), MaxResourceBufferSize: new(t.buffer())}},
		{t.target, cdpfetch.Enable.Method, cdpfetch.EnableParams{Patterns: t.patterns()}},
		{t.browser.chrome, cdpbrowser.SetDownloadBehavior.Method, cdpbrowser.SetDownloadBehaviorParams{
			Behavior: cdpbrowser.SetDownloadBehaviorBehaviorDeny, BrowserContextID: own, EventsEnabled: new(true),
		}},
	}
	add := func(method string, params any) {
		commands = append(commands, struct {
			to     cdp.Session
			method string
			params any
		}{t.target, method, params})
	}
	if w, h := settings.Width, settings.Height; w > 0 && h > 0 && (w != defaultWidth || h != defaultHeight) {
		add(emulation.SetDeviceMetricsOverride.Method, emulation.SetDeviceMetricsOverrideParams{
			Width: int64(w), Height: int64(h), ScreenWidth: int64(w), ScreenHeight: int64(h), DeviceScaleFactor: 1,
		})
	}
	if list := cookieParams(t.req.Cookies); len(list) > 0 {
		add(network.SetCookies.Method, network.SetCookiesParams{Cookies: list})
	}
	if settings.Locale != "" {
		add(emulation.SetLocaleOverride.Method, emulation.SetLocaleOverrideParams{Locale: settings.Locale})
	}
	if !settings.Desktop {
		// The browser was started with the flag off.
		add(emulation.SetAutomationOverride.Method, emulation.SetAutomationOverrideParams{Enabled: true})
	}
	failed := make(chan error, len(commands))
	for _, c := range commands {
		go func() {
			if err := c.to.Call(ctx, c.method, c.params, nil); err != nil {
				failed <- fmt.Errorf("%s: %w", c.method, err)
				return
			}
			failed <- nil
		}()
	}
	var errs []error
	for range commands {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
}

// closeTimeout bounds the end of a tab.
const closeTimeout = 5 * time.Second

// close ends the tab and reports whether it is gone.
func (t *tab) close() bool {
	if t.shut == nil {
		return true
	}
	t.fail(nil)
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.events.Wait()
	gone := true
	if t.target != nil {
		t.browser.disown(t)
		gone = t.closeTarget()
	}
	// chromedp disposes of the context with its cookies, storage and cache. It ends its tab's
	// goroutines first. A tab that still sends events would then block the browser's, so the target
	// is closed before.
	disposed := make(chan struct{})
	go func() {
		t.shut()
		close(disposed)
	}()
	select {
	case <-disposed:
		return gone
	case <-t.browser.lost():
		return true
	case <-time.After(closeTimeout):
		return false
	}
}

// closeTarget closes the page and waits until it has gone. A page with a busy script ignores the
// command.
func (t *tab) closeTarget() bool {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if _, err := cdp.Call(ctx, t.browser.chrome, target.CloseTarget, target.CloseTargetParams{TargetID: t.target.TargetID}); err != nil {
		return false
	}
	select {
	case <-t.detached:
		return true
	case <-t.browser.lost():
		return true
	case <-ctx.Done():
		return false
	}
}

// main reports whether a frame is the page's own, which has the target's ID.
func (t *tab) main(frame cdp.FrameID) bool {
	return t.target != nil && string(frame) == string(t.target.TargetID)
}

func (t *tab) update(f func(*document)) { t.change(func() { f(&t.document) }) }

// change updates the state of the page.
func (t *tab) change(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
	close(t.changed)
	t.changed = make(chan struct{})
}

// until waits until the main document meets a condition.
func (t *tab) until(ctx context.Context, holds func(document) bool) error {
	return t.when(ctx, func() bool { return holds(t.document) })
}

// when waits until the state of the page meets a condition.
func (t *tab) when(ctx context.Context, holds func() bool) error {
	for {
		t.mu.Lock()
		ok, changed := holds(), t.changed
		t.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-t.ctx.Done():
			return context.Cause(t.ctx)
		case <-t.browser.lost():
			return errLost
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

var errLost = errors.New("browser is lost")

// count bounds the main document while it comes in.
func (t *tab) count(id network.RequestID, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.request != id {
		return
	}
	if t.bytes += n; t.bytes > t.req.MaxBody {
		t.fail(tooLarge(t.req.MaxBody))
	}
}

func tooLarge(limit int64) error {
	return fetch.Fault{Reason: fetch.TooLarge, Err: fmt.Errorf("%w: more than %d bytes", seine.ErrTooLarge, limit)}
}

// dialog closes a dialog, because an open one halts the page.
func (t *tab) dialog(ev *page.EventJavascriptDialogOpening) {
	// Leaving a page is always allowed.
	if ev.Type != page.DialogTypeBeforeunload && !t.f.job.Chrome.IgnoreDialogs {
		t.fail(fetch.Fault{Reason: fetch.OpenedDialog})
	}
	ctx, cancel := t.last()
	defer cancel()
	_, _ = cdp.Call(ctx, t.target, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: ev.Type == page.DialogTypeBeforeunload})
}

// last is the context of a last word to a page that has failed.
func (t *tab) last() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(t.ctx), time.Second)
}

func headerOf(in network.Headers) http.Header {
	h := make(http.Header, len(in))
	for k, v := range in {
		text, ok := v.(string)
		if !ok {
			continue
		}
		// Several of one name come as one text, a line each.
		for line := range strings.SplitSeq(text, "\n") {
			h.Add(k, line)
		}
	}
	return h
}
