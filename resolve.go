package seine

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// ErrNotWeb reports a reference that no request can be made for, because its scheme is not http or
// https or it has no host.
var ErrNotWeb = errors.New("no web address")

// Resolve returns a reference on the page, such as the value of an href, as an absolute URL. The
// base is Base, or else URL. It fails with [ErrNotWeb] on mail addresses, scripts and the like, and
// on references that are malformed.
//
// Resolve follows RFC 3986. It is not needed for [Follow.URL] and [Asset.URL], because the engine
// resolves them as browsers do.
func (p *Page) Resolve(ref string) (string, error) {
	base, err := url.Parse(cmp.Or(p.Base, p.URL))
	if err != nil {
		return "", fmt.Errorf("the page's URL: %w", err)
	}
	ref = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(strings.TrimSpace(ref))
	to, err := base.Parse(ref)
	if err != nil {
		return "", fmt.Errorf("malformed URL: %w", errors.Unwrap(err))
	}
	if to.Scheme != "http" && to.Scheme != "https" || to.Host == "" {
		return "", ErrNotWeb
	}
	return to.String(), nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
