package litefrontier

import (
	"context"
	"fmt"
	"os"
)

// longLog is how long the log may be before it is cut. SQLite copies it into
// the file as it grows, and begins it anew when no reader needs it; one that
// reads for long leaves it long.
const longLog = 16 << 20

// Tend forgets old sweeps and cuts a log that grew while somebody read. Pages
// that the queue has left are used by the next tasks, so the file is not
// rewritten; statistics are not kept, as each statement has one index.
func (f *Frontier) Tend(ctx context.Context) error {
	err := f.tx(ctx, func(t tx) error {
		_, err := t.exec(ctx, sqlForget, f.now())
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
		return nil // no log, nothing to cut
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn == nil {
		return nil
	}
	// A reader is not waited for: the next time will do.
	for _, pragma := range []string{`pragma busy_timeout = 0`, `pragma wal_checkpoint(truncate)`, `pragma busy_timeout = 10000`} {
		if _, err := f.conn.ExecContext(ctx, pragma); err != nil {
			f.drop() // with its timeout
			return classify(err)
		}
	}
	return nil
}
