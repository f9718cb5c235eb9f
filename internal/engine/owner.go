package engine

import (
	"context"

	"github.com/seinehq/seine/internal/frontier"
)

// ownerFor returns what tells which other task owns a file that a task would replace.
func (r *runner) ownerFor(c frontier.Claimed) func(context.Context, string, []byte) (string, error) {
	return func(ctx context.Context, path string, sha256 []byte) (string, error) {
		return r.e.cfg.Frontier.Owner(ctx, r.job.ID, c.Key, path, sha256)
	}
}
