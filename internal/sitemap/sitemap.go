// Package sitemap reads the URLs of sitemaps and feeds. It is pure.
//
// [Read] takes the formats of sitemaps.org (urlset, sitemapindex, lists of lines), RSS 2.0, RSS 1.0
// and Atom, plain or as gzip, in any charset. It needs constant memory: every entry is passed on as
// soon as it ends. The reader is tolerant, because many of these files are not well-formed XML. It
// ignores namespaces, takes an ampersand that begins no reference as text, and takes an entry
// without an end tag as ended when the next one begins.
//
// Entries before an error have been passed on. Reading the same bytes again gives the same entries.
package sitemap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/weburl"
)

const (
	// MaxEntries is the most entries of one read. The protocol permits 50,000 per file, and sites
	// exceed that.
	MaxEntries = 50_000_000

	// maxGap is the most bytes without an entry. A gzip bomb of other text ends there.
	maxGap = 16 << 20

	// maxValue is the most bytes of a value, and of a tag. It is the longest URL of package weburl.
	maxValue = 8 << 10

	// maxImages is the most images of an entry, as in Google's extension.
	maxImages = 1000
)

var (
	// ErrHTML reports a page instead of a sitemap, as many sites answer unknown paths.
	ErrHTML = errors.New("is HTML, not a sitemap")

	// ErrNoSitemap reports any other content.
	ErrNoSitemap = errors.New("is no sitemap")
)

// Kind tells pages from further sitemaps.
type Kind int

const (
	// Page is the URL of a page.
	Page Kind = iota
	// Sitemap is the URL of a further sitemap.
	Sitemap
)

// Entry is one URL.
type Entry struct {
	Kind Kind

	// Loc is the absolute URL, http or https. It is not canonical.
	Loc string

	// LastMod is the time of the last change in UTC. It is zero if there is none, or if it is
	// unreadable. A date without a time is its midnight, a time without a zone is UTC.
	LastMod time.Time

	// ChangeFreq is one of always, hourly, daily, weekly, monthly, yearly and never, or empty.
	ChangeFreq string

	// Priority is from 0 to 1. It is 0.5 if there is none, as the protocol states.
	Priority float64

	// Images lists absolute URLs: image:loc of sitemaps, pictures of feeds. At most 1000.
	Images []string
}

// Summary counts what a read found.
type Summary struct {
	// Format is "urlset", "sitemapindex", "text", "rss", "rdf" or "atom".
	Format string

	// Gzip states whether the content was compressed.
	Gzip bool

	// Charset is the name of the charset in lower case.
	Charset string

	// Pages and Sitemaps count the entries that were passed on.
	Pages, Sitemaps int

	// Invalid counts entries without an http or https URL of at most 8 KiB.
	Invalid int

	// BadLastMod counts values that are no date.
	BadLastMod int

	// Bytes is the length of the content, after decompression and in UTF-8.
	Bytes int64

	// Incomplete states that the content ended before its root element did.
	Incomplete bool
}

// Read calls each for every entry of a sitemap or feed, in their order. Relative URLs are resolved
// against base, the URL of the content. Read fails with [ErrHTML] or [ErrNoSitemap] and the line.
// It also fails if the content has more than 50 million entries or 16 MiB without one, if r fails,
// or if each does. The summary holds the counts up to the error.
func Read(r io.Reader, base string, each func(Entry) error) (Summary, error) {
	out := &reader{base: base, each: each}
	err := out.read(r)
	return out.sum, err
}

// reader passes entries on and counts them.
type reader struct {
	base string
	each func(Entry) error
	sum  Summary
	s    *scanner
}

func (r *reader) read(in io.Reader) error {
	text, err := r.open(in)
	if err != nil {
		return err
	}
	r.s = newScanner(text)
	defer func() { r.sum.Bytes = r.s.bytes() }()
	first, err := r.s.first()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it is empty", ErrNoSitemap)
	case err != nil:
		return err
	case first == '<':
		return r.xml()
	default:
		return r.lines()
	}
}

// add passes an entry on if its URL is one.
func (r *reader) add(e Entry, base string) error {
	loc, ok := absolute(base, e.Loc)
	if !ok {
		r.sum.Invalid++
		return nil
	}
	e.Loc = loc
	r.s.progress()
	if e.Kind == Sitemap {
		r.sum.Sitemaps++
	} else {
		r.sum.Pages++
	}
	if r.sum.Pages+r.sum.Sitemaps > MaxEntries {
		return fmt.Errorf("line %d: more than %d entries", r.s.line, MaxEntries)
	}
	return r.each(e)
}

// absolute resolves a URL. A URL with a scheme is not parsed: whoever admits it does that.
func absolute(base, ref string) (string, bool) {
	ref = clean(ref)
	if ref == "" || len(ref) > maxValue {
		return "", false
	}
	if hasPrefixFold(ref, "http://") || hasPrefixFold(ref, "https://") {
		return ref, true
	}
	url, err := weburl.Resolve(base, ref)
	return url, err == nil
}

// clean removes white space as a browser does: around a URL, and line ends and tabs in it.
func clean(ref string) string {
	ref = strings.Trim(ref, spaces+"\u00a0\ufeff")
	if strings.ContainsAny(ref, "\t\r\n") {
		ref = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(ref)
	}
	return ref
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// lines reads a list of URLs, one per line.
func (r *reader) lines() error {
	const patience = 1000 // lines without a URL before the content is taken for something else
	r.sum.Format = "text"
	in := bufio.NewReaderSize(r.s, maxValue+2)
	fault := ""
	for n := r.s.line; ; n++ {
		line, err := in.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		text := strings.Trim(string(line), spaces)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return err
		case text == "" || text[0] == '#':
		case long || !hasPrefixFold(text, "http://") && !hasPrefixFold(text, "https://"):
			r.sum.Invalid++
			if fault == "" {
				fault = fmt.Sprintf("line %d is no URL: %.80q", n, text)
			}
		default:
			if err := r.add(Entry{Loc: text, Priority: noPriority}, ""); err != nil {
				return err
			}
		}
		if fault != "" && r.sum.Pages == 0 && (err != nil || r.sum.Invalid >= patience) {
			return fmt.Errorf("%w: %s", ErrNoSitemap, fault)
		}
		if err != nil {
			return nil //nolint:nilerr // the end of the list
		}
	}
}
