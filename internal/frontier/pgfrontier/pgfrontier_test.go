package pgfrontier_test

import (
	"os"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/frontiertest"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func open(t *testing.T, dsn string, now func() time.Time) *pgfrontier.Frontier {
	t.Helper()
	f, err := pgfrontier.Open(t.Context(), dsn, pgfrontier.Options{Now: now, Conns: 8})
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
		return open(t, pgtest.Migrated(t), now)
	})
}

// PgBouncer in transaction mode has no prepared statements.
func TestFrontierUnprepared(t *testing.T) {
	t.Parallel()
	frontiertest.Run(t, func(t *testing.T, now func() time.Time) frontier.Frontier {
		return open(t, pgtest.Migrated(t)+"&default_query_exec_mode=exec", now)
	})
}
