// Package chromefetch renders pages in a headless Chromium, by its debugging
// protocol ([chromedp]).
//
// A worker has one browser. Each page has a fresh context with its own cookies, storage and cache,
// which end with the page. A crash, a hang, a dialog, a new window or a download is a [fetch.Fault]
// of its page. If a browser dies, the pages that it renders fail, and the next page gets a new
// browser.
//
//	Open ─→ starts a browser ─┬─ MaxPages, MaxAge, MaxMemory, a lost pipe ─→ retired: finishes its pages
//	                          └─ a new one takes the pages that come ←──────────────┘
//
// The browser resolves no names and reaches nothing by itself. It reaches the network through a
// proxy of this package on a loopback address. Each job has a proxy, and each connection passes the
// job's [fetch.Guard]. Requests of the browser itself are refused. On Linux the kernel keeps a
// browser that a page took over to the same bounds. See [Confinement].
package chromefetch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/fetch/egress"
)

// ErrBrowser reports that no browser exists or that it does not start.
var ErrBrowser = errors.New("browser")

// Config configures the browsers. Its zero value works.
type Config struct {
	// Path is the browser. Default: the first existing one of [Names].
	Path string

	// NoSandbox turns the browser's sandbox off, which needs user namespaces.
	// It is always off for root, as which it does not work.
	NoSandbox bool

	// NoConfine turns the browser's confinement off. See [Confinement].
	NoConfine bool

	// Tabs is the most pages rendered at once. Default two a CPU.
	Tabs int

	// A browser is replaced after MaxPages pages (default 500), after MaxAge (default 30m), or when
	// its processes together hold more than MaxMemory bytes (default 2 GiB of proportional set
	// size, ignored without /proc).
	MaxPages  int
	MaxAge    time.Duration
	MaxMemory int64

	// Root is the folder of the browsers' profiles. Default: the system's folder for temporary
	// files.
	Root string

	Log *slog.Logger
}

func (c *Config) normal() {
	if c.Tabs <= 0 {
		c.Tabs = 2 * runtime.NumCPU()
	}
	if c.MaxPages <= 0 {
		c.MaxPages = 500
	}
	if c.MaxAge <= 0 {
		c.MaxAge = 30 * time.Minute
	}
	if c.MaxMemory <= 0 {
		c.MaxMemory = 2 << 30
	}
	if c.Root == "" {
		c.Root = os.TempDir()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Chrome is a worker's browser, including its replacements. It is safe for concurrent use.
type Chrome struct {
	config Config
	path   string
	limits Confinement
	doors  *doors
	deny   *proxy
	tabs   chan struct{} // holds one for each page that is being rendered

	starting sync.Mutex // one at a time
	started  bool       // once; under starting

	mu      sync.Mutex
	current *browser // nil: the next page starts one
	failed  error    // of the last start; nil: it worked
	all     map[*browser]struct{}
	closed  bool

	closing sync.WaitGroup // retired browsers
}

// Open finds a browser, removes what killed workers left behind and starts it.
// It fails with [ErrBrowser].
func Open(ctx context.Context, c Config) (*Chrome, error) {
	c.normal()
	path, err := Find(c.Path)
	if err != nil {
		return nil, err
	}
	if n := sweep(c.Root); n > 0 {
		c.Log.InfoContext(ctx, "removed what killed workers left", "browsers", n)
	}
	limits := off
	if !c.NoConfine {
		if limits, err = confines(); err != nil {
			return nil, fmt.Errorf("%w: Landlock: %w", ErrBrowser, err)
		}
		if runtime.GOOS == "linux" && !limits.whole() {
			c.Log.InfoContext(ctx, "browser has too little confinement", "confinement", limits.String())
		}
	}
	spare := 0
	if limits.tcp() {
		spare = spareDoors
	}
	ch := &Chrome{config: c, path: path, limits: limits, doors: newDoors(spare), tabs: make(chan struct{}, c.Tabs), all: map[*browser]struct{}{}}
	l, err := ch.doors.take()
	if err != nil {
		return nil, fmt.Errorf("%w: proxy: %w", ErrBrowser, err)
	}
	ch.deny = openProxy(l, nil)
	b, err := ch.take(ctx, ch.deny.port())
	if err != nil {
		ch.deny.close()
		ch.doors.close()
		return nil, err
	}
	ch.give(b)
	return ch, nil
}

// Path is the browser's program, and Version its version string.
func (c *Chrome) Path() string { return c.path }

// Version is the browser's version string, such as "HeadlessChrome/156.0.1".
func (c *Chrome) Version() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return ""
	}
	return c.current.version
}

// Confinement is the confinement of the browsers.
func (c *Chrome) Confinement() Confinement { return c.limits }

// A browser that was there and does not start again is tried after these
// pauses, about half a minute in all.
const (
	firstPause = time.Second
	lastPause  = 16 * time.Second
)

// take returns a browser for one page through the proxy of a port; give ends its use. It starts one
// when there is none, the last is used up, or the last is too old for the port.
func (c *Chrome) take(ctx context.Context, port uint16) (*browser, error) {
	if b := c.use(port); b != nil {
		return b, nil
	}
	c.starting.Lock()
	defer c.starting.Unlock()
	if b := c.use(port); b != nil { // another page started it
		return b, nil
	}
	b, err := c.start(ctx)
	// A machine that is short of memory may have some in a moment.
	for pause := firstPause; err != nil && c.started && pause <= lastPause; pause *= 2 {
		c.config.Log.WarnContext(ctx, "browser does not start", "err", err, "wait", pause.String())
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		b, err = c.start(ctx)
	}
	if err != nil {
		return nil, err
	}
	c.started = true
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		b.close()
		return nil, errClosed
	}
	c.current, b.pages, b.users = b, 1, 1
	c.all[b] = struct{}{}
	c.mu.Unlock()
	go c.watch(b)
	return b, nil
}

var errClosed = errors.New("browser is closed")

// use counts a page on the current browser, when it is fit for one.
func (c *Chrome) use(port uint16) *browser {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.current
	if b == nil {
		return nil
	}
	if b.pages >= c.config.MaxPages || time.Since(b.began) >= c.config.MaxAge {
		c.retireLocked(b, "used up")
		return nil
	}
	if !b.reaches(port) {
		c.retireLocked(b, "a new job")
		return nil
	}
	b.pages++
	b.users++
	return b
}

// give ends one use of a browser.
func (c *Chrome) give(b *browser) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b.users--
	if b.retired && b.users == 0 {
		c.end(b)
	}
}

// retire stops giving pages to a browser. It ends with its last page, or at once if it is dead.
func (c *Chrome) retire(b *browser, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retireLocked(b, why)
}

func (c *Chrome) retireLocked(b *browser, why string) {
	if b.retired {
		return
	}
	b.retired = true
	if c.current == b {
		c.current = nil
	}
	c.config.Log.Debug("browser retired", "why", why, "pages", b.pages, "took", time.Since(b.began).Round(time.Millisecond).String())
	if b.users == 0 {
		c.end(b)
	}
}

// end closes a browser; mu is held.
func (c *Chrome) end(b *browser) {
	if _, ok := c.all[b]; !ok {
		return
	}
	delete(c.all, b)
	c.closing.Go(b.close)
}

// memoryEvery is the interval between measurements of a browser's memory, which take a few
// milliseconds each.
const memoryEvery = 5 * time.Second

// watch retires a browser that is lost or has grown too large.
func (c *Chrome) watch(b *browser) {
	look := time.NewTicker(memoryEvery)
	defer look.Stop()
	for {
		select {
		case <-b.lost():
			c.retire(b, "lost")
			return
		case <-look.C:
			if used := groupMemory(b.process.pid); used > c.config.MaxMemory {
				c.retire(b, "memory")
				return
			}
		}
	}
}

// Close ends every browser. Pages that are being rendered fail.
func (c *Chrome) Close() error {
	c.mu.Lock()
	c.closed = true
	for b := range c.all {
		b.retired = true
		c.end(b)
	}
	c.current = nil
	c.mu.Unlock()
	c.closing.Wait()
	c.deny.close()
	c.doors.close()
	return nil
}

// start launches a browser and greets it.
func (c *Chrome) start(ctx context.Context) (*browser, error) {
	var ports []uint16
	var err error
	if c.limits.tcp() {
		ports, err = c.doors.ports()
	}
	var b *browser
	if err == nil {
		b, err = startBrowser(ctx, c.path, flags(c.deny.url(), sandboxed(c.config.NoSandbox)), c.config, c.limits, ports)
	}
	if err != nil {
		err = fmt.Errorf("%w: %s: %w", ErrBrowser, c.path, err)
	}
	c.mu.Lock()
	c.failed = err
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Guarded returns the fetcher of one job.
func (c *Chrome) Guarded(job Job) (*Fetcher, error) {
	dialer := job.Egress
	if dialer == nil {
		dialer, _ = egress.New(egress.Config{Guard: job.Guard}) // fails only with proxies
	}
	l, err := c.doors.take()
	if err != nil {
		return nil, fmt.Errorf("%w: proxy: %w", ErrBrowser, err)
	}
	p := openProxy(l, dialer)
	p.vendors = true
	return newFetcher(c, job, p), nil
}

// Group is the process group of the browser that takes the next page; 0: none.
func (c *Chrome) Group() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return 0
	}
	return c.current.process.pid
}
