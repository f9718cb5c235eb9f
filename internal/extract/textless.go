package extract

import (
	"cmp"
	"slices"

	"github.com/seinehq/seine/internal/css"
)

// readText reports whether rules look at the text of a page's elements, except for the content of
// title and script. The tree of a page of other rules is made without it, which is about half of
// the nodes: pages that are only followed, and records of meta elements, attributes and JSON-LD. A
// doubt means true.
func (rules Rules) readText() bool {
	return slices.ContainsFunc(rules.Fields, Field.readsText) || slices.ContainsFunc(rules.Assets, AssetRule.readsText) ||
		slices.ContainsFunc(rules.Follow, func(f FollowRule) bool { return f.Source.withHref().readsText() }) ||
		slices.ContainsFunc(rules.Each, func(e Each) bool {
			return e.Source.selectsByText() || slices.ContainsFunc(e.Fields, Field.readsText) || slices.ContainsFunc(e.Assets, AssetRule.readsText)
		})
}

func (a AssetRule) readsText() bool { return a.Source != nil && a.Source.readsText() }

// withHref returns the source of a follow rule, which takes href by default.
func (f Field) withHref() Field {
	if f.CSS != "" {
		f.Attr = cmp.Or(f.Attr, "href")
	}
	return f
}

// readsText reports whether a field looks at the text of elements.
func (f Field) readsText() bool {
	switch {
	case f.selectsByText():
		return true
	case f.First != nil:
		return slices.ContainsFunc(f.First, Field.readsText)
	case f.Fields != nil:
		return slices.ContainsFunc(f.Fields, Field.readsText)
	case f.CSS == "title", f.Attr != "", f.Meta != "", f.JSON != "", f.JSONLD != "", f.JSONLDType != "", f.Column != "", f.Asset != "":
		return false
	}
	return f.Structured != "opengraph"
}

// selectsByText reports whether text decides what the source of a field finds.
func (f Field) selectsByText() bool {
	if f.CSS != "" && f.CSS != "." {
		selector, err := css.Parse(f.CSS)
		return err != nil || selector.ReadsText()
	}
	return f.XPath != "" || f.Text != "" || f.Regex != "" || f.Table != "" || f.Structured != "" && f.Structured != "opengraph"
}
