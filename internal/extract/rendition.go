package extract

import (
	"slices"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
)

// Rendition returns the options of the image of a page kind that is stored under a name, or nil if
// the rules render no file of this name.
func (s *Scraper) Rendition(page, name string) *seine.Image { return s.AssetRule(page, name).Image }

// AssetRule returns the rule of the asset of a page kind that is stored under a name, or the zero
// value if the rules have none.
func (s *Scraper) AssetRule(page, name string) AssetRule {
	if of := s.page(page); of != nil {
		for _, a := range of.allAssets() {
			if !a.All && a.Name == name || a.All && inList(name, a.Name) {
				return a.AssetRule
			}
		}
	}
	return AssetRule{}
}

// inList reports whether a name is of a list of files: NAME_1, NAME_2 and so on.
func inList(name, list string) bool {
	digits, ok := strings.CutPrefix(name, list+"_")
	n, err := strconv.Atoi(digits)
	return ok && err == nil && n >= 1 && n <= seine.MaxAssets
}

// KeepsOriginals reports whether the rules store the original of any image.
func (s *Scraper) KeepsOriginals() bool {
	return slices.ContainsFunc(s.pages, func(p *pageRules) bool {
		return slices.ContainsFunc(p.allAssets(), func(a *assetRule) bool { return a.keepsOriginal() })
	})
}

// FileFields lists the fields of a page kind's records that name a property of a stored file, if
// another rendition changes the property.
func (s *Scraper) FileFields(page, kind string) (fields []seine.AssetField) {
	of := s.page(page)
	if of == nil || of.kind != kind {
		return nil
	}
	for _, f := range of.late {
		if f.Property != "url" && !strings.HasPrefix(f.Property, "original_") {
			fields = append(fields, f)
		}
	}
	return fields
}
