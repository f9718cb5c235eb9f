package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
)

// batch is how many tasks a worker claims and completes at a time; the engine's commits are of
// about that size under load. River takes up to its 2,000 at a time, which largeBatch matches.
const (
	batch      = 50
	largeBatch = 500
)

// seineDesign is Seine's frontier: workers with one frontier each, as processes have, 16 lanes, and
// a record per task. Housekeeping runs at the same time, as in the engine.
type seineDesign struct {
	workers, batch int
	job            frontier.JobID // the first of its database
}

func (d *seineDesign) name() string { return fmt.Sprintf("Seine, %d at a time", d.batch) }

func spec(name string) frontier.Spec {
	return frontier.Spec{Name: name, Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 8, Page: frontier.LanePace{Inflight: 1 << 20}}
}

func (d *seineDesign) create(ctx context.Context, dsn string) error {
	f, err := drivers.Open(ctx, dsn, drivers.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Migrate(ctx); err != nil {
		return err
	}
	if id, err := f.Register(ctx, spec("bench"), false); err != nil || id != d.job {
		return fmt.Errorf("job %d, %w", id, err)
	}
	// Its lanes are made by the first tasks.
	var first []frontier.New
	for i := range 16 {
		first = append(first, frontier.New{Key: fmt.Sprint("first", i), Lane: fmt.Sprintf("shard/%02d", i), Priority: 1})
	}
	_, err = f.Add(ctx, d.job, first)
	return err
}

func (d *seineDesign) fill(ctx context.Context, dsn string, from, to int) error {
	return d.sql(ctx, dsn, from, to,
		`insert into seine.task(job_id, key, lane_id, state, attempt, worker, finished_at)
 select $1, `+keySQL+`, 1 + i % 16, 1, 1, 'bench', now() from generate_series($2::int, $3::int - 1) i`,
		`insert into seine.record(job_id, key, kind, fields, url, digest, fetched_at)
 select $1, `+keySQL+`, 'record', '{"title": "a page"}', `+keySQL+`, '\x01', now() from generate_series($2::int, $3::int - 1) i`,
		`insert into seine.stat select $1, 0, s, null, $3::int - $2::int from unnest(array[0, 1, 10]) s`)
}

func (d *seineDesign) feed(ctx context.Context, dsn string, from, to int) error {
	return d.sql(ctx, dsn, from, to,
		`insert into seine.task(job_id, key, lane_id) select $1, `+keySQL+`, 1 + i % 16 from generate_series($2::int, $3::int - 1) i`,
		`insert into seine.queue(job_id, key, lane_id, has_meta) select $1, `+keySQL+`, 1 + i % 16, false from generate_series($2::int, $3::int - 1) i`,
		`update seine.lane set parked = false, prio = 1, next_at = clock_timestamp() where job_id = $1 and $3::int > $2::int`,
		`insert into seine.stat select $1, 0, 0, null, $3::int - $2::int`)
}

// addBatch is `seine add`'s.
const addBatch = 1000

func (d *seineDesign) add(ctx context.Context, dsn string, from, to int) (int, error) {
	own := context.WithoutCancel(ctx)
	f, err := drivers.Open(own, dsn, drivers.Options{Conns: 1})
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	n := 0
	for at := from; at < to && ctx.Err() == nil; at += addBatch {
		var tasks []frontier.New
		for i := at; i < min(to, at+addBatch); i++ {
			tasks = append(tasks, frontier.New{Key: key(i), Lane: fmt.Sprintf("shard/%02d", i%16), Priority: 1})
		}
		if _, err := f.Add(own, d.job, tasks); err != nil {
			return n, err
		}
		n += len(tasks)
	}
	return n, nil
}

func (d *seineDesign) sql(ctx context.Context, dsn string, from, to int, statements ...string) error {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		for _, sql := range statements {
			if _, err := tx.Exec(ctx, sql, d.job, from, to); err != nil {
				return fmt.Errorf("%w in %.120s", err, sql)
			}
		}
		return nil
	})
}

func (d *seineDesign) work(ctx context.Context, dsn string, n int, claimed func(time.Duration)) (int, error) {
	var (
		wg   sync.WaitGroup
		done atomic.Int64
		errs = make([]error, d.workers+1)
	)
	over := make(chan struct{})
	house := sync.WaitGroup{}
	house.Go(func() { errs[d.workers] = housekeep(ctx, dsn, over) })
	for w := range d.workers {
		wg.Go(func() {
			errs[w] = func() error {
				f, err := drivers.Open(context.WithoutCancel(ctx), dsn, drivers.Options{Conns: 1})
				if err != nil {
					return err
				}
				defer func() { _ = f.Close() }()
				return workOff(ctx, f, d.job, n, d.batch, &done, claimed)
			}()
		})
	}
	wg.Wait()
	close(over)
	house.Wait()
	return int(done.Load()), errors.Join(errs...)
}

// housekeep runs the engine's housekeeping at the engine's interval.
func housekeep(ctx context.Context, dsn string, over <-chan struct{}) error {
	ctx = context.WithoutCancel(ctx)
	f, err := drivers.Open(ctx, dsn, drivers.Options{Conns: 1})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for i := 1; ; i++ {
		select {
		case <-over:
			return nil
		case <-tick.C:
		}
		if _, err := f.Promote(ctx, 10_000); err != nil {
			return err
		}
		if i%5 == 0 {
			if _, _, _, err := f.Rescue(ctx); err != nil {
				return err
			}
		}
		if i%10 == 0 {
			if err := errors.Join(f.Fold(ctx), f.Tend(ctx)); err != nil {
				return err
			}
		}
	}
}

// workOff claims and completes batches until n tasks are done by all, or ctx is.
func workOff(ctx context.Context, f frontier.Frontier, job frontier.JobID, n, batch int, done *atomic.Int64, claimed func(time.Duration)) error {
	own := context.WithoutCancel(ctx)
	lease, err := f.OpenLease(own, "bench", time.Minute)
	if err != nil {
		return err
	}
	for empty := 0; ctx.Err() == nil && done.Load() < int64(n) && empty < 50; {
		began := time.Now()
		got, err := f.Claim(own, lease, frontier.ClaimArgs{Job: job, N: batch})
		if err != nil {
			return err
		}
		claimed(time.Since(began))
		if len(got) == 0 {
			empty++
			select {
			case <-time.After(5 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		empty = 0
		results := make([]frontier.Completion, len(got))
		for i, c := range got {
			results[i] = frontier.Completion{Claimed: c, State: seine.Done, Records: []frontier.Record{{
				Key: c.Key, Kind: "record", URL: c.Key, Fields: []byte(`{"title":"a page"}`), Digest: []byte{1}, FetchedAt: time.Now(),
			}}}
		}
		out, err := f.Complete(own, lease, job, results)
		if err != nil {
			return err
		}
		done.Add(int64(out.Kept))
	}
	return f.CloseLease(own, lease)
}

// benchStatus tells how long `seine status` takes.
func benchStatus(ctx context.Context, dsn string, s settings, tasks int) error {
	f, err := drivers.Open(ctx, dsn, drivers.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	infos, err := f.Jobs(ctx)
	if err != nil || len(infos) != 1 {
		return fmt.Errorf("%d jobs, %w", len(infos), err)
	}
	var asked, command []time.Duration
	for range 9 {
		began := time.Now()
		st, err := f.Status(ctx, infos[0].ID)
		if err != nil {
			return err
		}
		asked = append(asked, time.Since(began))
		if st.Total < int64(tasks) {
			return fmt.Errorf("status counts %d tasks of %d", st.Total, tasks)
		}
		c := exec.CommandContext(ctx, s.seine, "status", "bench", "--frontier", dsn)
		c.Dir = os.TempDir() // where no file has the job's name
		began = time.Now()
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("seine status: %w\n%s", err, out)
		}
		command = append(command, time.Since(began))
	}
	slices.Sort(asked)
	slices.Sort(command)
	fmt.Printf("\n`seine status` on %d tasks: %s ms, of which the database %s ms (medians of 9).\n", tasks, ms(command[4]), ms(asked[4]))
	return nil
}
