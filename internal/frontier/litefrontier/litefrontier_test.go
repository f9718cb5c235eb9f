package litefrontier_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/frontiertest"
	"github.com/seinehq/seine/internal/frontier/litefrontier"
)

func open(t *testing.T, path string, now func() time.Time) *litefrontier.Frontier {
	t.Helper()
	f, err := litefrontier.Open(t.Context(), path, litefrontier.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func TestFrontier(t *testing.T) {
	t.Parallel()
	frontiertest.Run(t, func(t *testing.T, now func() time.Time) frontier.Frontier {
		f := open(t, filepath.Join(t.TempDir(), "seine.db"), now)
		if _, err := f.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		return f
	})
}
