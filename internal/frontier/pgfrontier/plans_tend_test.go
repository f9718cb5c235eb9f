package pgfrontier_test

import (
	"testing"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// Tend reads each attempt at most once. A list of images on very many hosts that do not resolve has
// hundreds of thousands.
func TestTendingReadsAttemptsOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	exec := executing(t, dsn)
	exec(`alter table seine.attempt set (autovacuum_enabled = off)`)
	job, err := f.Register(ctx, frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3}, false)
	if err != nil {
		t.Fatal(err)
	}
	costs := explained(t, f)
	tended := func(attempts int) int {
		t.Helper()
		exec(`insert into seine.attempt(job_id, key, attempt, at, state, final) select $1, 'k' || i, 1, now(), 1, false from generate_series(1, $2::int) i`, job, attempts)
		costs.take()
		for range 6 { // by then every statement keeps its plan
			if err := f.Tend(ctx); err != nil {
				t.Fatal(err)
			}
		}
		return costs.take()["sqlForgetAttempts"].buffers()
	}
	few := tended(1000)
	many := tended(7000)
	t.Logf("%d buffers of 1000 attempts, %d of 8000", few, many)
	if few == 0 || many > 16*few+slack {
		t.Errorf("tending touches %d buffers of 1000 attempts, and %d of 8000", few, many)
	}
}
