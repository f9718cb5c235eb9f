package sitemap

import (
	"strings"

	"github.com/seinehq/seine/internal/weburl"
)

// withBase returns the base of an element with xml:base.
func withBase(base string, e element) string {
	ref, ok := e.get("xml:base")
	if !ok {
		return base
	}
	if url, err := weburl.Resolve(base, clean(ref)); err == nil {
		return url
	}
	return base
}

// feedElement takes a start tag of RSS or Atom.
func (d *document) feedElement(e element) error {
	if !d.open {
		if e.name == "channel" && !e.empty {
			d.bases[0] = withBase(d.bases[0], e)
		}
		return nil
	}
	if d.known(e.name) {
		d.finish()
	}
	switch e.name {
	case "link":
		d.link(e)
	case "enclosure":
		d.picture(e, "url", "type")
	case "content":
		if e.prefix == "media" {
			d.picture(e, "url", "type")
			return nil
		}
		d.leave(e)
	case "thumbnail":
		if url, ok := e.get("url"); ok {
			d.image(url)
		}
	case "source", "summary", "description", "encoded":
		d.leave(e)
	case "guid":
		permanent, ok := e.get("ispermalink")
		if !e.empty && (!ok || !strings.EqualFold(permanent, "false")) {
			d.capture("guid")
		}
	case "pubdate", "date", "updated", "published":
		if !e.empty {
			d.capture(e.name)
		}
	}
	return nil
}

// leave skips the content of an element, which may hold elements of other documents.
func (d *document) leave(e element) {
	if !e.empty {
		d.skip = e.name
	}
}

// link takes <link>URL</link> of RSS and <link href="URL"> of Atom.
func (d *document) link(e element) {
	href, ok := e.get("href")
	if !ok {
		if !e.empty && e.prefix != "atom" {
			d.capture("link")
		}
		return
	}
	switch rel, ok := e.get("rel"); {
	case ok && strings.EqualFold(rel, "enclosure"):
		d.picture(e, "href", "type")
	case ok && !strings.EqualFold(rel, "alternate"):
	case d.e.Loc == "":
		d.e.Loc = href
		if base := withBase(d.bases[1], e); base != d.bases[1] {
			d.bases[2] = base
		}
	}
}

// picture takes the URL of an attached file if it is an image.
func (d *document) picture(e element, url, kind string) {
	t, _ := e.get(kind)
	if medium, _ := e.get("medium"); !strings.EqualFold(medium, "image") && !hasPrefixFold(t, "image/") {
		return
	}
	if u, ok := e.get(url); ok {
		d.image(u)
	}
}
