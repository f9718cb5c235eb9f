package pgfrontier

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// A completion that brings files shares this lock from its first statement on. A sweep takes it
	// alone: then every earlier completion has committed, and every later one sees the paths that
	// were marked before.
	sqlSweepShared = `select pg_advisory_xact_lock_shared(7305808, 2)`
	sqlSweepAlone  = `select pg_advisory_xact_lock(7305808, 2)`

	// The tasks that bring a file pending deletion: $1 seqs, $2 their paths. A task that was
	// claimed after the end of the sweep wrote its file itself.
	sqlPendingDeletion = `select distinct q.seq from unnest($1::bigint[], $2::text[]) b(seq, path)
 join seine.condemned c on c.path = b.path join seine.queue q on q.seq = b.seq where q.claimed_at is null or q.claimed_at <= c.held_until`

	sqlMark = `insert into seine.condemned(path, sweep_id, held_until)
 select p, $2, ` + now + ` + $4::float8 * interval '1 s' from unnest($3::text[]) p order by p`
	sqlOwned = `select a.path from seine.asset a join seine.condemned c on c.path = a.path where c.sweep_id = $1
 union select r.segment from seine.recording r join seine.condemned c on c.path = r.segment where c.sweep_id = $1
 union select r.body_segment from seine.recording r join seine.condemned c on c.path = r.body_segment where c.sweep_id = $1`
	sqlSpare = `delete from seine.condemned where sweep_id = $1 and path = any($2::text[])`

	sqlEndSweep = `update seine.condemned set held_until = least(held_until, ` + now + `) where sweep_id = $2`
	// A mark ends when no leased task may have found the file in place.
	sqlForget = `delete from seine.condemned where held_until < least(` + now + `,
   (select min(coalesce(claimed_at, '-infinity')) from seine.queue where lease_id is not null))`
)

// BeginSweep marks the paths first, waits for the completions that did not see the marks, and then
// reads which paths are owned. No completion waits while the assets are read.
func (f *Frontier) BeginSweep(ctx context.Context, paths []string, ttl time.Duration) (frontier.Sweep, error) {
	all := slices.Clone(paths)
	slices.Sort(all)
	all = slices.Compact(all)
	s := frontier.Sweep{ID: rand.Int64()}
	if _, err := f.exec(ctx, sqlForget, f.now()); err != nil {
		return s, fmt.Errorf("begin sweep: %w", err)
	}
	if err := f.mark(ctx, s.ID, all, ttl); err != nil {
		return s, fmt.Errorf("begin sweep: %w", err)
	}
	owned, err := collect(ctx, f, sqlOwned, []any{s.ID}, pgx.RowTo[string])
	if err == nil && len(owned) > 0 {
		_, err = f.exec(ctx, sqlSpare, s.ID, owned)
	}
	if err != nil {
		return s, fmt.Errorf("begin sweep: %w", err)
	}
	slices.Sort(owned)
	for _, p := range all {
		if _, found := slices.BinarySearch(owned, p); !found {
			s.Free = append(s.Free, p)
		}
	}
	return s, nil
}

// mark marks paths and waits for earlier completions.
func (f *Frontier) mark(ctx context.Context, id int64, paths []string, ttl time.Duration) error {
	return f.tx(ctx, func(c *pgx.Conn) error {
		b := &pgx.Batch{}
		b.Queue(`begin`)
		b.Queue(sqlSpare, id, paths) // of a try in doubt
		b.Queue(sqlMark, f.now(), id, paths, ttl.Seconds())
		b.Queue(`commit`)
		b.Queue(`begin`)
		b.Queue(sqlSweepAlone)
		b.Queue(`commit`)
		_, err := run(ctx, c, b)
		return err
	})
}

// EndSweep allows tasks that are claimed from now on to own the paths again.
func (f *Frontier) EndSweep(ctx context.Context, s frontier.Sweep) error {
	if _, err := f.exec(ctx, sqlEndSweep, f.now(), s.ID); err != nil {
		return fmt.Errorf("end sweep: %w", err)
	}
	if _, err := f.exec(ctx, sqlForget, f.now()); err != nil {
		return fmt.Errorf("end sweep: %w", err)
	}
	return nil
}
