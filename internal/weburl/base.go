package weburl

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// Base is the base URL of the references on a page. It is parsed once. It is safe for concurrent
// use.
type Base struct {
	url     *whatwg.Url
	err     error
	charset string

	// The canonical form of the base in parts: up to the path, the path up to and with its last
	// slash, the rest of the path, the query with its question mark. Empty if it has no such form.
	origin, dir, file, query string
}

// NewBase returns the base of a page in a charset (empty for UTF-8). A malformed base fails with
// each reference.
func NewBase(base, charset string) *Base {
	b := &Base{charset: charset}
	if b.url, b.err = parse(base); b.err != nil {
		b.err = fmt.Errorf("base: %w", b.err)
		return b
	}
	whole, err := canonical(b.url, Options{})
	if err != nil {
		return b
	}
	rest := whole
	if i := strings.IndexByte(rest, '?'); i >= 0 {
		rest, b.query = rest[:i], rest[i:]
	}
	slash := strings.IndexByte(rest[len("https://"):], '/') + len("https://")
	last := strings.LastIndexByte(rest, '/') + 1
	b.origin, b.dir, b.file = rest[:slash], rest[slash:last], rest[last:]
	return b
}

// Canonical resolves a reference, as [ResolveIn] and then [Canonical].
func (b *Base) Canonical(ref string) (string, error) {
	if out, ok := b.plain(ref); ok {
		known.add(out)
		return out, nil
	}
	u, err := b.parse(ref)
	if err != nil {
		return "", err
	}
	out, err := canonical(u, Options{})
	if err == nil {
		known.add(out)
	}
	return out, err
}

// plain resolves a reference of letters, digits and marks that mean the same in every part of a
// URL. Nearly all links of a page are so. It returns false for the others.
func (b *Base) plain(ref string) (string, bool) {
	if b.origin == "" || len(ref) > cachedURL {
		return "", false
	}
	if i := strings.IndexByte(ref, '#'); i >= 0 {
		ref = ref[:i]
	}
	path, query := ref, ""
	for i := range len(ref) {
		switch plainURL[ref[i]] {
		case 0:
			return "", false
		case '?':
			if query == "" {
				path, query = ref[:i], ref[i:]
			}
		case ':':
			if query == "" {
				return "", false
			}
		}
	}
	out := make([]byte, 0, len(b.origin)+len(b.dir)+len(b.file)+len(b.query)+len(ref))
	out = append(out, b.origin...)
	switch {
	case path == "" && query == "":
		out = append(append(append(out, b.dir...), b.file...), b.query...)
		return string(out), len(out) <= maxURL
	case path == "":
		out = append(append(out, b.dir...), b.file...)
	case strings.HasPrefix(path, "//"):
		return "", false
	case path[0] == '/':
		out = segments(append(out, '/'), len(b.origin), path[1:])
	default:
		out = segments(append(out, b.dir...), len(b.origin), path)
	}
	out = append(out, query...)
	return string(out), len(out) <= maxURL
}

// segments appends the segments of a path to a path that ends in a slash and begins at root.
func segments(out []byte, root int, path string) []byte {
	for more := true; more; {
		var segment string
		segment, path, more = strings.Cut(path, "/")
		switch segment {
		case ".":
		case "..":
			if len(out) > root+1 {
				out = out[:bytes.LastIndexByte(out[:len(out)-1], '/')+1]
			}
		default:
			out = append(out, segment...)
			if more {
				out = append(out, '/')
			}
		}
	}
	return out
}

// plainURL holds the octets of plain references: a question mark and a colon, which have a meaning
// in a path, as themselves, and the others as 1.
var plainURL = func() (t [256]byte) {
	for c := range 128 {
		if unreserved(byte(c)) || strings.IndexByte("/=&+,;", byte(c)) >= 0 {
			t[c] = 1
		}
	}
	t['?'], t[':'] = '?', ':'
	return t
}()

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
