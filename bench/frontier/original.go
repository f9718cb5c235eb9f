package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/bench/measure"
)

// original is the queue of the scraper that Seine replaces: one table with a status and an index on
// it, one task per claim, one commit to claim and one to complete. ordered claims the best priority
// first, as its generic form, which has one; without, a claim takes any pending task.
type original struct {
	workers int
	ordered bool
}

func (o *original) name() string {
	if o.ordered {
		return "the original's, by priority"
	}
	return "the original's, in no order"
}

func (o *original) create(ctx context.Context, dsn string) error {
	return measure.Exec(ctx, dsn, `create table work_queue (task_id varchar(255) primary key, status varchar(20) not null default 'pending', worker_id varchar(255),
 priority int not null default 0, metadata jsonb, updated_at timestamptz not null default now())`, `create index work_queue_status on work_queue(status)`)
}

func (o *original) fill(ctx context.Context, dsn string, from, to int) error {
	return o.insert(ctx, dsn, from, to, "done")
}

func (o *original) feed(ctx context.Context, dsn string, from, to int) error {
	return o.insert(ctx, dsn, from, to, "pending")
}

func (o *original) insert(ctx context.Context, dsn string, from, to int, status string) error {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	_, err = c.Exec(ctx, `insert into work_queue(task_id, status, priority) select `+keySQL+`, $3, i % 4 from generate_series($1::int, $2::int - 1) i`, from, to, status)
	return err
}

// keySQL and key are the key of task i, the same for all designs.
const keySQL = `'https://cards.example/cert/' || lpad(i::text, 10, '0')`

func key(i int) string { return fmt.Sprintf("https://cards.example/cert/%010d", i) }

// add reserves ids one by one, as the original's exploring workers do.
func (o *original) add(ctx context.Context, dsn string, from, to int) (int, error) {
	own := context.WithoutCancel(ctx)
	c, err := pgx.Connect(own, dsn)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close(own) }()
	n := 0
	for i := from; i < to && ctx.Err() == nil; i++ {
		if _, err := c.Exec(own, `insert into work_queue(task_id, status, priority) values ($1, 'pending', $2) on conflict do nothing`, key(i), i%4); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (o *original) work(ctx context.Context, dsn string, n int, claimed func(time.Duration)) (int, error) {
	order := ""
	if o.ordered {
		order = " order by priority desc"
	}
	claim := `update work_queue set status = 'in_progress', worker_id = $1, updated_at = now()
 where task_id = (select task_id from work_queue where status = 'pending'` + order + ` limit 1 for update skip locked) returning task_id`
	var (
		wg   sync.WaitGroup
		done atomic.Int64
		errs = make([]error, o.workers)
	)
	for w := range o.workers {
		wg.Go(func() {
			errs[w] = func() error {
				c, err := pgx.Connect(context.WithoutCancel(ctx), dsn)
				if err != nil {
					return err
				}
				defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
				for ctx.Err() == nil && done.Load() < int64(n) {
					began := time.Now()
					var key string
					err := c.QueryRow(context.WithoutCancel(ctx), claim, fmt.Sprint("worker-", w)).Scan(&key)
					if errors.Is(err, pgx.ErrNoRows) {
						return nil
					}
					if err != nil {
						return err
					}
					claimed(time.Since(began))
					if _, err := c.Exec(context.WithoutCancel(ctx), `update work_queue set status = 'done', updated_at = now() where task_id = $1`, key); err != nil {
						return err
					}
					done.Add(1)
				}
				return nil
			}()
		})
	}
	wg.Wait()
	return int(done.Load()), errors.Join(errs...)
}
