package jobfile

import (
	"slices"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/extract"
)

// follows is a list of rules, or `all`.
type follows struct {
	all   bool
	rules []followKeys
}

func (v *follows) decode(d *decoder, n *node, path string) {
	if n.kind == scalar {
		if n.text != "all" {
			d.say(n.at, path, "%s is %q; it may be all, or a list of rules", name(path), n.shown())
		}
		v.all = true
		return
	}
	var list several[followKeys]
	list.decode(d, n, path)
	v.rules = list
}

// fetchers is a fetcher, or a list of them.
type fetchers []seine.Via

func (v *fetchers) decode(d *decoder, n *node, path string) {
	var list several[string]
	list.decode(d, n, path)
	words := []string{string(seine.ViaHTTP), string(seine.ViaChrome)}
	for i, word := range list {
		item := n
		if n.kind == sequence {
			item = n.items[i]
		}
		if word != "" && d.oneOf(word, item, path, words) {
			*v = append(*v, seine.Via(word))
		}
		if slices.Contains(list[:i], word) {
			d.say(n.at, path, "%s names %s twice", name(path), word)
		}
	}
}

// seedURL is a URL, or a URL with a page kind.
type seedURL struct{ url, page string }

func (v *seedURL) decode(d *decoder, n *node, path string) {
	if n.kind != mapping {
		v.url, _ = d.text(n, path)
		return
	}
	if u := n.get("url"); u == nil && n.joined() != nil {
		d.text(n, path) // reports the colon
		return
	}
	for _, p := range n.pairs {
		at := join(path, p.key)
		d.keys[at] = p.at
		d.values[at] = p.value.at
		switch p.key {
		case "url":
			v.url, _ = d.text(p.value, at)
		case "page":
			v.page, _ = d.text(p.value, at)
		default:
			d.say(p.at, at, "unknown key %q in %s%s", shorten(p.key), path, didYouMean(extract.Nearest(p.key, []string{"url", "page"})))
		}
	}
	if n.get("url") == nil {
		d.say(n.at, path, "missing key \"url\" in %s", path)
	}
}

// sitemaps is a list of URLs, or `auto`.
type sitemaps struct {
	auto bool
	urls []string
}

func (v *sitemaps) decode(d *decoder, n *node, path string) {
	if n.kind == scalar && n.text == "auto" {
		v.auto = true
		return
	}
	var list several[string]
	list.decode(d, n, path)
	v.urls = list
}

// scopeHosts is a list of hosts, or `domain`.
type scopeHosts struct {
	domain bool
	hosts  []string
}

func (v *scopeHosts) decode(d *decoder, n *node, path string) {
	if n.kind == scalar && n.text == "domain" {
		v.domain = true
		return
	}
	var list several[string]
	list.decode(d, n, path)
	v.hosts = list
}

// expressionText is an expression; a number or true stands for itself.
type expressionText string

func (v *expressionText) decode(d *decoder, n *node, path string) {
	s, _ := d.scalarText(n, path, "an expression")
	*v = expressionText(s)
}
