package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/bench/measure"
)

// server is the PostgreSQL under test.
type server struct {
	*measure.Postgres

	n      int            // databases created so far
	waited map[string]int // samples of a statement that waited for a lock
}

// database creates an empty database and returns how to drop it.
func (s *server) database(ctx context.Context) (dsn string, drop func(), err error) {
	s.n++
	dsn, err = s.Database(ctx, fmt.Sprintf("bench_explore_%d_%d", os.Getpid(), s.n))
	return dsn, func() { _ = s.Drop(context.WithoutCancel(ctx), dsn) }, err
}

// sampled is the result of sampling the sessions of a database every 10 ms.
type sampled struct {
	busy, waits int
	longest     time.Duration
}

const look = 10 * time.Millisecond

// sample looks at the sessions until ctx is done.
func (s *server) sample(ctx context.Context, dsn string) (out sampled, err error) {
	c, err := pgx.Connect(context.WithoutCancel(ctx), dsn)
	if err != nil {
		return out, err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	for {
		select {
		case <-ctx.Done():
			return out, nil
		case <-time.After(look):
		}
		rows, err := c.Query(context.WithoutCancel(ctx), `select coalesce(wait_event_type = 'Lock', false), coalesce(wait_event, ''),
   regexp_replace(left(query, 60), '\s+', ' ', 'g'), extract(epoch from clock_timestamp() - state_change)::float8
 from pg_stat_activity where datname = current_database() and state = 'active' and pid <> pg_backend_pid()`)
		if err != nil {
			return out, err
		}
		var (
			waits       bool
			on, query   string
			since       float64
			whereWaited string
		)
		if _, err := pgx.ForEachRow(rows, []any{&waits, &on, &query, &since}, func() error {
			out.busy++
			if waits {
				out.waits++
				out.longest = max(out.longest, time.Duration(since*float64(time.Second)))
				whereWaited = on + ": " + query
				s.waited[whereWaited]++
			}
			return nil
		}); err != nil {
			return out, err
		}
	}
}
