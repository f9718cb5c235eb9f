package litefrontier

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// sqlForget ends the marks of files that no leased task may have found in place.
const sqlForget = `delete from condemned where held_until < min(?1, coalesce((select min(coalesce(claimed_at, 0)) from queue where lease_id is not null), ?1))`

// BeginSweep marks the paths that no record owns, in one transaction.
func (f *Frontier) BeginSweep(ctx context.Context, paths []string, ttl time.Duration) (frontier.Sweep, error) {
	all := slices.Clone(paths)
	slices.Sort(all)
	all = slices.Compact(all)
	s := frontier.Sweep{ID: rand.Int64()}
	err := f.tx(ctx, func(t tx) error {
		s.Free = nil
		if _, err := t.exec(ctx, sqlForget, f.now()); err != nil {
			return err
		}
		for _, p := range all {
			if _, err := t.exec(ctx, `insert into condemned(path, sweep_id, held_until) values (?, ?, ?)`, p, s.ID, f.now()+ttl.Microseconds()); err != nil {
				return err
			}
		}
		// The assets and recordings have no index by path, so one pass reads them all.
		owned := map[string]bool{}
		if err := t.each(ctx, `select a.path from asset a where exists (select 1 from condemned c where c.path = a.path and c.sweep_id = ?1)
 union select segment from recording r where exists (select 1 from condemned c where c.path = r.segment and c.sweep_id = ?1)
 union select body_segment from recording r where exists (select 1 from condemned c where c.path = r.body_segment and c.sweep_id = ?1)`, []any{s.ID}, func(r *sql.Rows) error {
			var p string
			err := r.Scan(&p)
			owned[p] = true
			return err
		}); err != nil {
			return err
		}
		for _, p := range all {
			if !owned[p] {
				s.Free = append(s.Free, p)
				continue
			}
			if _, err := t.exec(ctx, `delete from condemned where path = ? and sweep_id = ?`, p, s.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return frontier.Sweep{}, fmt.Errorf("begin sweep: %w", err)
	}
	return s, nil
}

// EndSweep allows tasks that are claimed from now on to own the paths again.
func (f *Frontier) EndSweep(ctx context.Context, s frontier.Sweep) error {
	err := f.tx(ctx, func(t tx) error {
		if _, err := t.exec(ctx, `update condemned set held_until = min(held_until, ?) where sweep_id = ?`, f.now(), s.ID); err != nil {
			return err
		}
		_, err := t.exec(ctx, sqlForget, f.now())
		return err
	})
	if err != nil {
		return fmt.Errorf("end sweep: %w", err)
	}
	return nil
}

// The claims of tasks by ?2, their seq. The seqs of an adoption or a replay number its batch:
// nobody claimed its tasks.
const (
	claimedAt = `(select claimed_at from queue where seq = ?2)`
	unclaimed = `nullif(?2, ?2)`
)

// pendingDeletion returns the tasks that bring a file that a sweep deletes, or deleted after their
// claim. They may have found the file in place.
func pendingDeletion(ctx context.Context, t tx, batch []frontier.Completion, claim string) (map[int64]bool, error) {
	swept := map[int64]bool{}
	var any bool
	if err := t.scan(ctx, `select exists (select 1 from condemned)`, nil, &any); err != nil || !any {
		return nil, err
	}
	for _, c := range batch {
		for _, path := range c.Paths() {
			found, err := exists(ctx, t, `select exists (select 1 from condemned where path = ?1 and held_until >= coalesce(`+claim+`, 0))`, path, c.Seq)
			if err != nil {
				return nil, err
			}
			if found {
				swept[c.Seq] = true
			}
		}
	}
	return swept, nil
}
