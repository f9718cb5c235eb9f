package pgfrontier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

// endBatch is the largest number of tasks that one transaction of HostDown ends.
const endBatch = 5000

// HostDown ends the open tasks of a host that has been at fault for at least after.
func (f *Frontier) HostDown(ctx context.Context, job frontier.JobID, host string, after time.Duration, reason string) (down bool, ended int, err error) {
	for {
		var n int64
		err = f.tx(ctx, func(c *pgx.Conn) error {
			n, down = 0, false
			b := &pgx.Batch{}
			begin(b)
			if _, err := run(ctx, c, b); err != nil {
				return err
			}
			var lane int32
			err := c.QueryRow(ctx, sqlDown, f.now(), job, host, after.Seconds()).Scan(&lane)
			if errors.Is(err, pgx.ErrNoRows) {
				_, err = c.Exec(ctx, `rollback`)
				return err
			}
			if err != nil {
				return err
			}
			down = true
			if err := c.QueryRow(ctx, sqlEndHost, f.now(), lane, endBatch, frontier.CleanReason(reason)).Scan(&n); err != nil {
				return err
			}
			_, err = c.Exec(ctx, `commit`)
			return err
		})
		if err != nil {
			return false, ended, fmt.Errorf("end the tasks of a host: %w", err)
		}
		if ended += int(n); n < endBatch {
			return down, ended, nil
		}
	}
}

// HostUp records that a host answered.
func (f *Frontier) HostUp(ctx context.Context, job frontier.JobID, host string) error {
	_, err := f.exec(ctx, sqlHostUp, job, host)
	return err
}
