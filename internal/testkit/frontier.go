package testkit

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// SQLite returns an empty frontier in a file of the test's own folder, and the path of that file.
// The frontier reads the time from now, or from the driver's clock if now is nil.
func SQLite(t testing.TB, now func() time.Time) (f drivers.Frontier, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "seine.db")
	f = Open(t, "sqlite:"+path, drivers.Options{Now: now})
	if _, err := f.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f, path
}

// Postgres returns an empty frontier in a database of its own.
func Postgres(t testing.TB) drivers.Frontier {
	t.Helper()
	return Open(t, pgtest.Migrated(t), drivers.Options{})
}

// Open opens the frontier at a DSN and closes it when the test ends. It does not migrate.
func Open(t testing.TB, dsn string, opts drivers.Options) drivers.Frontier {
	t.Helper()
	f, err := drivers.Open(t.Context(), dsn, opts)
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

// DSNs runs a parallel test per driver, with the DSN of a frontier that has no schema.
func DSNs(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite:"+filepath.Join(t.TempDir(), "seine.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.Empty(t))
	})
}

// Frontiers runs a parallel test per driver, with an empty frontier.
func Frontiers(t *testing.T, test func(t *testing.T, f drivers.Frontier)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f, _ := SQLite(t, nil)
		test(t, f)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, Postgres(t))
	})
}
