package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// riverQueue is River with the settings of its own bench command: a fetch every 2 ms, a poll every
// 20 ms, 2,000 workers, a pool of the driver's default size.
type riverQueue struct{}

func (riverQueue) name() string { return "River" }

func (riverQueue) create(ctx context.Context, dsn string) error {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: quiet})
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// fill drops the table's secondary indexes for a large fill and creates them again.
func (r riverQueue) fill(ctx context.Context, dsn string, from, to int) error {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	var defs []string
	if to-from > 100_000 {
		rows, err := c.Query(ctx, `select indexdef, indexname from pg_indexes where tablename = 'river_job' and indexname <> 'river_job_pkey'`)
		if err != nil {
			return err
		}
		var def, name string
		var names []string
		if _, err := pgx.ForEachRow(rows, []any{&def, &name}, func() error {
			defs, names = append(defs, def), append(names, name)
			return nil
		}); err != nil {
			return err
		}
		if _, err := c.Exec(ctx, `drop index `+strings.Join(names, ", ")); err != nil {
			return err
		}
	}
	if _, err := c.Exec(ctx, `insert into river_job(state, attempt, max_attempts, attempted_at, attempted_by, finalized_at, args, kind)
 select 'completed', 1, 25, now(), array['bench'], now(), jsonb_build_object('num', i), 'benchmark' from generate_series($1::int, $2::int - 1) i`, from, to); err != nil {
		return err
	}
	for _, def := range append([]string{`set maintenance_work_mem = '1GB'`}, defs...) {
		if _, err := c.Exec(ctx, def); err != nil {
			return err
		}
	}
	return nil
}

func (riverQueue) feed(ctx context.Context, dsn string, from, to int) error {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	_, err = c.Exec(ctx, `insert into river_job(state, max_attempts, args, kind)
 select 'available', 25, jsonb_build_object('num', i), 'benchmark' from generate_series($1::int, $2::int - 1) i`, from, to)
	return err
}

// add inserts by 5,000, as the bench command does.
func (r riverQueue) add(ctx context.Context, dsn string, from, to int) (int, error) {
	own := context.WithoutCancel(ctx)
	pool, err := pgxpool.New(own, dsn)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: quiet})
	if err != nil {
		return 0, err
	}
	n := 0
	for at := from; at < to && ctx.Err() == nil; at += 5_000 {
		var jobs []river.InsertManyParams
		for i := at; i < min(to, at+5_000); i++ {
			jobs = append(jobs, river.InsertManyParams{Args: benchArgs{i}})
		}
		if _, err := client.InsertMany(own, jobs); err != nil {
			return n, err
		}
		n += len(jobs)
	}
	return n, nil
}

type benchArgs struct {
	Num int `json:"num"`
}

func (benchArgs) Kind() string { return "benchmark" }

type benchWorker struct {
	river.WorkerDefaults[benchArgs]
}

func (benchWorker) Work(context.Context, *river.Job[benchArgs]) error { return nil }

// fetches times the statement that claims jobs.
type fetches struct{ claimed func(time.Duration) }

type fetchKey struct{}

func (f fetches) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.Contains(q.SQL, "JobGetAvailable") {
		return context.WithValue(ctx, fetchKey{}, time.Now())
	}
	return ctx
}

func (f fetches) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if began, ok := ctx.Value(fetchKey{}).(time.Time); ok {
		f.claimed(time.Since(began))
	}
}

func (riverQueue) work(ctx context.Context, dsn string, n int, claimed func(time.Duration)) (int, error) {
	// The client has its own context, because a cancelled client cannot end its jobs.
	own := context.WithoutCancel(ctx)
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return 0, err
	}
	cfg.ConnConfig.Tracer = fetches{claimed}
	pool, err := pgxpool.NewWithConfig(own, cfg)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	workers := river.NewWorkers()
	river.AddWorker(workers, &benchWorker{})
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		FetchCooldown:     2 * time.Millisecond,
		FetchPollInterval: 20 * time.Millisecond,
		Logger:            quiet,
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2_000}},
		Workers:           workers,
	})
	if err != nil {
		return 0, err
	}
	events, cancel := client.SubscribeConfig(&river.SubscribeConfig{ChanSize: 75_000, Kinds: []river.EventKind{river.EventKindJobCompleted}})
	defer cancel()
	if err := client.Start(own); err != nil {
		return 0, err
	}
	done := 0
	for done < n && ctx.Err() == nil {
		select {
		case <-events:
			done++
		case <-ctx.Done():
		}
	}
	if err := client.Stop(own); err != nil {
		return 0, err
	}
	// Jobs that ended during the stop count too, because their CPU time is counted.
	for {
		select {
		case e, ok := <-events:
			if !ok || e == nil {
				return done, nil
			}
			done++
		default:
			return done, nil
		}
	}
}
