package chromefetch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	cdpfetch "github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"

	"github.com/seinehq/seine/internal/fetch"
)

// browser is one running browser.
type browser struct {
	process *process
	chrome  *chromedp.Browser
	ctx     context.Context //nolint:containedctx // chromedp keeps the browser in it
	cancel  context.CancelFunc

	version   string // "HeadlessChrome/156.0.1"
	userAgent string // its own
	began     time.Time
	confined  bool
	ports     []uint16 // of proxies, which it can connect to; nil: any

	// unheard counts the commands without a reader of their answers. chromedp counts its own from
	// 1; the protocol's numbers have 31 bits.
	unheard atomic.Int64

	events sync.WaitGroup

	mu     sync.Mutex
	tabs   map[string]*tab // by the id of the target, which is its main frame's
	closed bool

	// Under Chrome.mu.
	pages   int
	users   int
	retired bool
}

// startTimeout bounds the start of a browser. On a busy machine it takes seconds.
const startTimeout = 30 * time.Second

func startBrowser(ctx context.Context, path string, flags []string, cfg Config, c Confinement, ports []uint16) (_ *browser, err error) {
	p, err := launch(path, flags, cfg.Root, c, ports)
	if err != nil {
		return nil, err
	}
	b := &browser{process: p, confined: c.on(), ports: ports, began: time.Now(), tabs: map[string]*tab{}}
	b.unheard.Store(1 << 30)
	// chromedp finds the browser in the context; it lives until close.
	root, cancel := chromedp.NewAllocatorContext(context.WithoutCancel(ctx), attached{b})
	quiet := func(format string, args ...any) { cfg.Log.Debug("chromedp", "text", fmt.Sprintf(format, args...)) }
	if b.chrome, err = chromedp.NewBrowserTransport(root, p.conn, chromedp.WithBrowserLogf(quiet), chromedp.WithBrowserErrorf(quiet)); err != nil {
		cancel()
		p.close()
		return nil, err
	}
	b.ctx, _ = chromedp.NewContext(root) // ends with root
	b.cancel = cancel
	hello, stop := context.WithTimeout(ctx, startTimeout)
	defer stop()
	// Targets is the one call that gives b.ctx its browser and opens no tab.
	_, err = chromedp.Targets(b.ctx)
	var v cdpbrowser.GetVersionResult
	if err == nil {
		err = chromedp.ListenBrowser(b.ctx, b.event)
	}
	if err == nil {
		v, err = cdp.Call(hello, b.chrome, cdpbrowser.GetVersion, cdp.Empty{})
	}
	if err == nil {
		_, err = cdp.Call(hello, b.chrome, cdpfetch.Enable, cdpfetch.EnableParams{Patterns: lastStop})
	}
	if err != nil {
		if ctx.Err() == nil {
			err = b.explain(ctx)
		}
		b.close()
		return nil, err
	}
	b.version, b.userAgent = v.Product, v.UserAgent
	return b, nil
}

// explain returns why a browser did not start, with the remedy.
func (b *browser) explain(ctx context.Context) error {
	err := b.process.died(ctx)
	if said := b.process.output.String(); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	if strings.Contains(err.Error(), "sandbox") {
		return fmt.Errorf("%w: this user may not create user namespaces. Allow them, or turn the browser's sandbox off (SEINE_BROWSER_SANDBOX=off)", err)
	}
	if b.confined && (strings.Contains(err.Error(), "ermission denied") || strings.Contains(err.Error(), "apabilit")) {
		return fmt.Errorf("it does not start: %w. It may use its own folder and the system's, no wrapper in another folder and no snap; "+
			"to start it unconfined: SEINE_BROWSER_CONFINE=off", err)
	}
	return fmt.Errorf("it does not start: %w", err)
}

// own and disown record the page that owns a tab.
func (b *browser) own(t *tab) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tabs[string(t.target.TargetID)] = t
}

func (b *browser) disown(t *tab) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.tabs, string(t.target.TargetID))
}

// event handles an event of the browser itself. It runs on chromedp's own goroutine and must not
// call the browser.
func (b *browser) event(ev any) {
	switch ev := ev.(type) {
	case *cdpbrowser.EventDownloadWillBegin:
		b.mu.Lock()
		t := b.tabs[string(ev.FrameID)]
		b.mu.Unlock()
		if t != nil && !t.f.job.Chrome.IgnoreDownloads && !t.isText() {
			t.fail(fetch.Fault{Reason: fetch.IsDownload})
		}
	case *cdpfetch.EventRequestPaused:
		b.mu.Lock()
		defer b.mu.Unlock()
		if !b.closed {
			b.events.Go(func() { b.paused(ev) })
		}
	}
}

// reaches reports whether the browser can connect to a proxy of this port.
func (b *browser) reaches(port uint16) bool { return b.ports == nil || slices.Contains(b.ports, port) }

// lost is closed when the pipe is.
func (b *browser) lost() <-chan struct{} { return b.chrome.LostConnection }

func (b *browser) isLost() bool {
	select {
	case <-b.lost():
		return true
	default:
		return false
	}
}

// close ends the browser and all of its processes.
func (b *browser) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.cancel()
	b.events.Wait()
	b.process.close()
}

// attached gives chromedp a browser that it did not start, because chromedp would kill only the
// first process.
type attached struct{ b *browser }

// Allocate satisfies [chromedp.Allocator].
func (a attached) Allocate(context.Context, ...chromedp.BrowserOption) (*chromedp.Browser, error) {
	if a.b.chrome == nil {
		return nil, errors.New("no browser")
	}
	return a.b.chrome, nil
}

// Wait satisfies [chromedp.Allocator].
func (attached) Wait() {}

// Attaches satisfies [chromedp.Attacher].
func (attached) Attaches() bool { return true }
