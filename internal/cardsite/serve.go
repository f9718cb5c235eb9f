package cardsite

import (
	"context"
	"errors"
	"fmt"

	"github.com/seinehq/seine/internal/sitekit"
)

// Served is a site at its two addresses.
type Served struct {
	*Site
	sitekit.Servers

	// PagesURL is where pages are, as in http://127.0.0.1:8700.
	PagesURL string
}

// Serve serves a site at two loopback addresses; port 0 is a free one. A linked host has a free
// port of its own.
func Serve(ctx context.Context, s *Site, pages, images string) (*Served, error) {
	out := &Served{Site: s}
	err := out.Listen(ctx, images, s.Images(), func(url string) { s.ImagesURL = url })
	if err == nil && s.cfg.Linked {
		err = out.Listen(ctx, "127.0.0.1:0", s.Linked(), func(url string) { s.LinkedURL = url })
	}
	if err == nil {
		err = out.Listen(ctx, pages, s.Pages(), func(url string) { out.PagesURL = url })
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cardsite: %w", err), out.Close())
	}
	return out, nil
}
