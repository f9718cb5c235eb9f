package cli

import (
	"context"
	"fmt"

	"gocloud.dev/blob"

	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/wiring"
)

// openStore opens a store, by credentials that are in order.
func (p *places) openStore(ctx context.Context, at place) (*blob.Bucket, error) {
	if err := p.checkCredentials(ctx, at); err != nil {
		return nil, err
	}
	return wiring.Store(ctx, at.url)
}

// checkCredentials reports a mistake in the credentials of a bucket.
func (p *places) checkCredentials(ctx context.Context, at place) error {
	if p.checkStore == nil {
		return nil
	}
	if err := p.checkStore(ctx, at.url, p.getenv); err != nil {
		return fmt.Errorf("%w: %s: %w", wiring.ErrStore, drivers.Redact(at.url), err)
	}
	return nil
}
