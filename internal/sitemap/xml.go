package sitemap

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// noPriority is the priority of entries without one (sitemaps.org).
const noPriority = 0.5

// document is the state of reading one XML file.
type document struct {
	*reader
	feed bool

	bases [3]string // of the root, the entry, the link
	root  element
	ended bool

	open    bool    // an entry is open
	e       Entry   // the open entry
	tag     element // its tag
	skip    string  // inside an element whose content is not of the entry
	inImage bool

	field  string // the element that is being captured
	guid   string // RSS: a permanent link that replaces a missing one
	stored bool   // a lastmod was read, which a later one does not replace
}

// xml reads from the first "<" on.
func (r *reader) xml() error {
	d := &document{reader: r}
	if err := d.begin(); err != nil {
		return err
	}
	for {
		err := r.s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if len(r.s.tag) > 0 && r.s.tag[0] == '!' {
			continue
		}
		if err := d.element(parseTag(r.s.tag)); err != nil {
			return err
		}
	}
	// Text that is being captured is dropped: a URL that is cut is another URL.
	r.sum.Incomplete = !d.ended
	return d.flush()
}

// begin reads the first tag, which decides about the format.
func (d *document) begin() error {
	line := d.s.line
	err := d.s.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: line %d: it has no element", ErrNoSitemap, line)
	}
	if isHTML(d.s.tag) {
		return fmt.Errorf("line %d: %w", d.s.line, ErrHTML)
	}
	root := parseTag(d.s.tag)
	d.root, d.bases[0] = root, d.base
	switch root.name {
	case "urlset", "sitemapindex":
		d.sum.Format = root.name
	case "url":
		d.sum.Format = "urlset"
	case "sitemap":
		d.sum.Format = "sitemapindex"
	case "rss", "channel", "item":
		d.sum.Format, d.feed = "rss", true
	case "rdf":
		d.sum.Format, d.feed = "rdf", true
	case "feed", "entry":
		d.sum.Format, d.feed = "atom", true
	default:
		return fmt.Errorf("%w: line %d: its root element is %.60q; a sitemap has urlset or sitemapindex, a feed rss, RDF or feed", ErrNoSitemap, d.s.line, root.name)
	}
	d.bases[0] = withBase(d.base, root)
	if d.isEntry(root.name) {
		return d.element(root)
	}
	d.ended = root.empty
	return nil
}

func (d *document) isEntry(name string) bool {
	switch d.sum.Format {
	case "rss", "rdf":
		return name == "item"
	case "atom":
		return name == "entry"
	}
	return name == "url" || name == "sitemap"
}

// element takes one tag.
func (d *document) element(e element) error {
	if d.skip != "" {
		own := e.end && e.name == d.skip
		if !own && !d.isEntry(e.name) && (!e.end || e.name != d.root.name) {
			return nil
		}
		if d.skip = ""; own {
			return nil
		}
	}
	switch {
	case e.end && e.name == d.root.name:
		d.ended = true
		d.finish()
		return d.flush()
	case d.isEntry(e.name):
		d.finish()
		if err := d.flush(); err != nil {
			return err
		}
		if !e.end && !e.empty {
			d.start(e)
		}
		return nil
	case e.end:
		if e.name == d.field || d.field != "" && d.known(e.name) {
			d.finish()
		}
		if e.name == "image" {
			d.inImage = false
		}
		return nil
	case d.feed:
		return d.feedElement(e)
	}
	return d.sitemapElement(e)
}

// start opens an entry.
func (d *document) start(e element) {
	d.open, d.tag, d.inImage = true, e, false
	d.e = Entry{Priority: noPriority}
	if e.name == "sitemap" {
		d.e.Kind = Sitemap
	}
	d.bases[1] = withBase(d.bases[0], e)
	if d.sum.Format == "rdf" {
		d.guid, _ = e.get("rdf:about")
	}
}

// flush passes the open entry on.
func (d *document) flush() error {
	if !d.open {
		return nil
	}
	e := d.e
	if e.Loc == "" {
		e.Loc = d.guid
	}
	base := d.bases[1]
	if d.bases[2] != "" {
		base = d.bases[2]
	}
	images := e.Images[:0]
	for _, i := range e.Images {
		if url, ok := absolute(base, i); ok && !slices.Contains(images, url) {
			images = append(images, url)
		}
	}
	if e.Images = images; len(images) == 0 {
		e.Images = nil
	}
	d.open, d.e, d.guid, d.stored, d.inImage, d.bases[2] = false, Entry{}, "", false, false, ""
	return d.add(e, base)
}

// known reports the elements of sitemaps and feeds whose start or end also ends another value.
func (d *document) known(name string) bool {
	switch name {
	case "loc", "lastmod", "changefreq", "priority", "link", "guid", "pubdate", "date", "updated", "published", "title", "description", "image", "video", "news", "id", "summary", "content", "author", "category":
		return true
	}
	return false
}

// sitemapElement takes a start tag of a sitemap.
func (d *document) sitemapElement(e element) error {
	if !d.known(e.name) {
		return nil
	}
	d.finish()
	if e.empty {
		return nil
	}
	switch e.name {
	case "image":
		d.inImage = true
	case "video", "news":
		d.skip = e.name
	case "loc":
		if d.inImage || e.prefix == "image" {
			d.capture("image:loc")
			return nil
		}
		if !d.open || d.e.Loc != "" { // an element url is missing
			if err := d.flush(); err != nil {
				return err
			}
			kind := "url"
			if d.sum.Format == "sitemapindex" {
				kind = "sitemap"
			}
			d.start(element{name: kind})
		}
		d.capture(e.name)
	case "lastmod", "changefreq", "priority":
		if d.open && !d.inImage {
			d.capture(e.name)
		}
	}
	return nil
}

// capture begins to keep the text of an element.
func (d *document) capture(field string) {
	d.field, d.s.on, d.s.over, d.s.value = field, true, false, d.s.value[:0]
}

// finish takes the captured text.
func (d *document) finish() {
	if d.field == "" {
		return
	}
	field, text := d.field, strings.Trim(unescape(string(d.s.value)), spaces)
	d.field, d.s.on = "", false
	if d.s.over || text == "" {
		return
	}
	switch field {
	case "loc", "link":
		if d.e.Loc == "" {
			d.e.Loc = text
		}
	case "guid":
		d.guid = text
	case "image:loc":
		d.image(text)
	case "lastmod", "pubdate", "date", "updated":
		d.lastMod(text, true)
	case "published":
		d.lastMod(text, false)
	case "changefreq":
		d.e.ChangeFreq = frequency(text)
	case "priority":
		if p, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64); err == nil && p >= 0 && p <= 1 {
			d.e.Priority = p
		}
	}
}

func (d *document) image(url string) {
	if len(d.e.Images) < maxImages {
		d.e.Images = append(d.e.Images, url)
	}
}

// lastMod keeps a time. Only a decisive one replaces another.
func (d *document) lastMod(text string, decisive bool) {
	t, ok := parseTime(text)
	if !ok {
		d.sum.BadLastMod++
		return
	}
	if d.e.LastMod.IsZero() || decisive && !d.stored {
		d.e.LastMod, d.stored = t.In(time.UTC), decisive
	}
}

func frequency(text string) string {
	switch f := strings.ToLower(text); f {
	case "always", "hourly", "daily", "weekly", "monthly", "yearly", "never":
		return f
	}
	return ""
}
