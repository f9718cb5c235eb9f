package weburl

import (
	"fmt"
	"sync"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// Base is the base URL of the references on a page. It is parsed once. It is safe for concurrent
// use.
type Base struct {
	url     *whatwg.Url
	err     error
	text    string
	charset string
}

// NewBase returns the base of a page in a charset (empty for UTF-8). A malformed base fails with
// each reference.
func NewBase(base, charset string) *Base {
	b := &Base{text: base, charset: charset}
	if b.url, b.err = parse(base); b.err != nil {
		b.err = fmt.Errorf("base: %w", b.err)
	}
	return b
}

// Canonical resolves a reference, as [ResolveIn] and then [Canonical].
func (b *Base) Canonical(ref string) (string, error) {
	if b.err != nil {
		return "", b.err
	}
	if err := bounded(ref); err != nil {
		return "", err
	}
	u, err := b.url.Parse(escapeInvalid(inCharset(ref, b.charset)))
	if err != nil {
		if hasScheme(ref) && !webScheme(ref) {
			return "", ErrNotWeb
		}
		return "", fmt.Errorf("malformed URL: %w", err)
	}
	if err := check(u); err != nil {
		return "", err
	}
	out, err := canonical(u, Options{})
	if err == nil {
		known.add(out)
	}
	return out, err
}

// known remembers URLs that are canonical. A crawler meets most links many times.
var known cache

// cacheSize is the number of URLs of each half of the cache, and cachedURL the longest one in
// bytes.
const (
	cacheSize = 8192
	cachedURL = 512
)

// cache is a set of canonical URLs that forgets the oldest ones: a full young half becomes the old
// one.
type cache struct {
	mu         sync.RWMutex
	young, old map[string]struct{}
}

func (c *cache) has(url string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if _, ok := c.young[url]; ok {
		return true
	}
	_, ok := c.old[url]
	return ok
}

func (c *cache) add(url string) {
	if len(url) > cachedURL || c.has(url) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= cacheSize {
		c.young, c.old = make(map[string]struct{}, cacheSize), c.young
	}
	c.young[url] = struct{}{}
}
