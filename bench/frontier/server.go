package main

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/bench/measure"
)

// settle leaves nothing for autovacuum to do. The next write of each page is logged in full, for
// all designs alike.
func settle(ctx context.Context, dsn string) error {
	return measure.Exec(ctx, dsn, `vacuum analyze`, `checkpoint`)
}

// pin holds an idle transaction until free is called.
func pin(ctx context.Context, dsn string) (free func(), err error) {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	_, err = c.Exec(ctx, `begin isolation level repeatable read; select count(*) from pg_class`)
	return func() { _ = c.Close(ctx) }, err
}
