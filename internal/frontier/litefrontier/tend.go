package litefrontier

import (
	"context"
	"fmt"
	"os"

	"github.com/seinehq/seine/internal/frontier"
)

// longLog is the size from which on Tend truncates the log. SQLite reuses the log from its start
// when no reader needs it, so a long read leaves a long log.
const longLog = 16 << 20

// Tend deletes old sweeps, attempts and changes, and truncates a log that grew during a read. The
// next tasks reuse the free pages of the file, so Tend does not rewrite it. SQLite needs no
// statistics here, because each statement has one index.
func (f *Frontier) Tend(ctx context.Context) error {
	err := f.tx(ctx, func(t tx) error {
		if _, err := t.exec(ctx, sqlForget, f.now()); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `delete from attempt where attempt_id <= max(coalesce((select max(attempt_id) from attempt), 0) - ?1,
  coalesce((select max(attempt_id) from (select attempt_id, at from attempt order by attempt_id limit `+frontier.TendAttempts+`) where at < ?2), 0))`, frontier.KeptAttempts, f.now()-frontier.AttemptsFor.Microseconds()); err != nil {
			return err
		}
		_, err := t.exec(ctx, `delete from change where change_id <= (select max(change_id) from change) - ?`, frontier.KeptChanges)
		return err
	})
	if err == nil {
		err = f.cutLog(ctx)
	}
	if err != nil {
		return fmt.Errorf("tend: %w", err)
	}
	return nil
}

func (f *Frontier) cutLog(ctx context.Context) error {
	info, err := os.Stat(f.path + "-wal")
	if err != nil || info.Size() < longLog {
		return nil // no log
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn == nil {
		return nil
	}
	// The checkpoint does not wait for readers. A later one succeeds.
	for _, pragma := range []string{`pragma busy_timeout = 0`, `pragma wal_checkpoint(truncate)`, `pragma busy_timeout = 10000`} {
		if _, err := f.conn.ExecContext(ctx, pragma); err != nil {
			f.drop() // the connection keeps its timeout otherwise
			return classify(err)
		}
	}
	return nil
}
