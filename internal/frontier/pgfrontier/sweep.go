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
	// A completion that brings files holds this lock, shared, from its first
	// statement on: whoever gets it alone knows that each completion before it
	// has committed, and that each later one sees what was condemned before.
	sqlSweepShared = `select pg_advisory_xact_lock_shared(7305808, 2)`
	sqlSweepAlone  = `select pg_advisory_xact_lock(7305808, 2)`

	// Which tasks bring a condemned file: $1 seqs, $2 their paths. A task that
	// was claimed after the end of the sweep put its file there itself.
	sqlCondemned = `select distinct q.seq from unnest($1::bigint[], $2::text[]) b(seq, path)
 join seine.condemned c on c.path = b.path join seine.queue q on q.seq = b.seq where q.claimed_at is null or q.claimed_at <= c.held_until`

	sqlCondemn = `insert into seine.condemned(path, sweep_id, held_until)
 select p, $2, ` + now + ` + $4::float8 * interval '1 s' from unnest($3::text[]) p order by p`
	sqlOwned = `select distinct a.path from seine.asset a join seine.condemned c on c.path = a.path where c.sweep_id = $1`
	sqlSpare = `delete from seine.condemned where sweep_id = $1 and path = any($2::text[])`

	sqlEndSweep = `update seine.condemned set held_until = least(held_until, ` + now + `) where sweep_id = $2`
	// What no leased task may have found in place any more.
	sqlForget = `delete from seine.condemned where held_until < least(` + now + `,
   (select min(coalesce(claimed_at, '-infinity')) from seine.queue where lease_id is not null))`
)

// BeginSweep condemns the paths first, lets the completions that did not see
// that come to their end, and then looks who owns them: no completion has to
// wait while the assets are read.
func (f *Frontier) BeginSweep(ctx context.Context, paths []string, ttl time.Duration) (frontier.Sweep, error) {
	all := slices.Clone(paths)
	slices.Sort(all)
	all = slices.Compact(all)
	s := frontier.Sweep{ID: rand.Int64()}
	if _, err := f.exec(ctx, sqlForget, f.now()); err != nil {
		return s, fmt.Errorf("begin sweep: %w", err)
	}
	if err := f.condemn(ctx, s.ID, all, ttl); err != nil {
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

func (f *Frontier) condemn(ctx context.Context, id int64, paths []string, ttl time.Duration) error {
	return f.tx(ctx, func(c *pgx.Conn) error {
		b := &pgx.Batch{}
		b.Queue(`begin`)
		b.Queue(sqlSpare, id, paths) // of a try whose answer was lost
		b.Queue(sqlCondemn, f.now(), id, paths, ttl.Seconds())
		b.Queue(`commit`)
		b.Queue(`begin`)
		b.Queue(sqlSweepAlone)
		b.Queue(`commit`)
		_, err := run(ctx, c, b)
		return err
	})
}

// EndSweep lets tasks that are claimed from now on own the paths again.
func (f *Frontier) EndSweep(ctx context.Context, s frontier.Sweep) error {
	if _, err := f.exec(ctx, sqlEndSweep, f.now(), s.ID); err != nil {
		return fmt.Errorf("end sweep: %w", err)
	}
	if _, err := f.exec(ctx, sqlForget, f.now()); err != nil {
		return fmt.Errorf("end sweep: %w", err)
	}
	return nil
}
