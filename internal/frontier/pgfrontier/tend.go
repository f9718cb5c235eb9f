package pgfrontier

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

// The hot tables with enough dead rows: a fiftieth, as in the autovacuum settings of the queue. A
// table that was vacuumed less than a minute ago does not count, because an old transaction may
// keep its dead rows. Any worker vacuums.
const sqlDirty = `select s.relname::text from pg_stat_user_tables s join pg_class c on c.oid = s.relid
 where s.schemaname = 'seine' and s.relname in ('lane', 'queue', 'lease', 'stat', 'condemned', 'budget', 'history', 'attempt') and pg_has_role(c.relowner, 'USAGE')
   and s.n_dead_tup > 1000 + s.n_live_tup / 50
   and coalesce(greatest(s.last_vacuum, s.last_autovacuum) < clock_timestamp() - interval '1 min', true)
 order by s.n_dead_tup`

// Tend deletes old sweeps, attempts and changes, and vacuums the hot tables. SKIP_LOCKED passes
// over a table that another worker or autovacuum vacuums. It also works through PgBouncer, unlike
// an advisory lock of a session. No claim waits: the truncation, which locks tables, is left to
// autovacuum. A role that does not own the tables leaves them to autovacuum.
func (f *Frontier) Tend(ctx context.Context) error {
	if _, err := f.exec(ctx, sqlForget, f.now()); err != nil {
		return fmt.Errorf("tend: %w", err)
	}
	if _, err := f.exec(ctx, sqlForgetChanges, frontier.KeptChanges); err != nil {
		return fmt.Errorf("tend: %w", err)
	}
	if _, err := f.exec(ctx, sqlForgetAttempts, f.now(), frontier.KeptAttempts, frontier.AttemptsFor.Seconds()); err != nil {
		return fmt.Errorf("tend: %w", err)
	}
	dirty, err := collect(ctx, f, sqlDirty, nil, pgx.RowTo[string])
	if err == nil && len(dirty) > 0 {
		_, err = f.exec(ctx, `vacuum (skip_locked, truncate off) seine.`+strings.Join(dirty, ", seine."))
	}
	if err != nil {
		return fmt.Errorf("tend: %w", err)
	}
	return nil
}
