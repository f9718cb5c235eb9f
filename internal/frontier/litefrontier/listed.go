package litefrontier

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	sqlListed = `select lastmod, left_at from listed where job_id = ? and key = ? and list = ?`
	sqlList   = `insert into listed as l (job_id, key, list, read_at, lastmod) values (?, ?, ?, ?, ?)
 on conflict (job_id, key, list) do update set read_at = excluded.read_at, lastmod = coalesce(excluded.lastmod, l.lastmod), left_at = null`

	// sqlVisitSoon moves the next visit of a page to a time, or to so long after the last one. ?1
	// job, ?2 key, ?3 time, ?4 shortest time between visits (µs).
	sqlVisitSoon = `update recrawl set due_at = min(due_at, max(?3, (select checked_at + ?4 from visit where job_id = ?1 and key = ?2)))
 where job_id = ?1 and key = ?2 and exists (select 1 from visit where job_id = ?1 and key = ?2)`

	sqlReadSoon = `insert into recrawl(job_id, key, due_at, prio) values (?, ?, ?, 0) on conflict do update set due_at = excluded.due_at`

	// sqlForgetContent makes the next visit of a sitemap read it as if for the first time.
	sqlForgetContent = `update visit set hash = x'', etag = '', last_modified = '' where job_id = ? and key = ?`

	// sqlUnlist marks what a sitemap no longer lists. ?1 job, ?2 sitemap, ?3 time, ?4 whether all
	// is marked.
	sqlUnlist     = `update listed set left_at = ?3 where job_id = ?1 and list = ?2 and left_at is null and (?4 or read_at < ?3) returning key`
	sqlListedElse = `select count(*) from listed where job_id = ? and key = ? and left_at is null`

	// unlisted are the keys that no sitemap of a job lists any more.
	unlisted = `(select l.key from listed l where l.job_id = ?1 and l.left_at is not null
   and not exists (select 1 from listed o where o.job_id = l.job_id and o.key = l.key and o.left_at is null))`

	// unlistedAt is the time since when no sitemap lists a task t.
	unlistedAt = `(select max(l.left_at) from listed l where l.job_id = t.job_id and l.key = t.key having count(*) = count(l.left_at))`
)

// List records the entries of a sitemap.
func (f *Frontier) List(ctx context.Context, job frontier.JobID, list string, at time.Time, pages []frontier.Listed) error {
	if len(pages) == 0 {
		return nil
	}
	err := f.tx(ctx, func(t tx) error {
		for _, p := range frontier.Distinct(pages) {
			if err := listed(ctx, t, job, list, at.UnixMicro(), p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	return nil
}

func listed(ctx context.Context, t tx, job frontier.JobID, list string, at int64, p frontier.Listed) error {
	var was, left sql.NullInt64
	if err := ignoreNoRows(t.scan(ctx, sqlListed, []any{job, p.Key, list}, &was, &left)); err != nil {
		return err
	}
	var lastmod any
	if !p.LastMod.IsZero() {
		lastmod = p.LastMod.UnixMicro()
	}
	if _, err := t.exec(ctx, sqlList, job, p.Key, list, at, lastmod); err != nil {
		return err
	}
	if left.Valid && frontier.IsSitemap(p.Key) {
		if _, err := t.exec(ctx, sqlReadSoon, job, p.Key, at); err != nil {
			return err
		}
		if _, err := t.exec(ctx, sqlForgetContent, job, p.Key); err != nil {
			return err
		}
	}
	if p.Least > 0 && was.Valid && !p.LastMod.IsZero() && p.LastMod.UnixMicro() > was.Int64 {
		_, err := t.exec(ctx, sqlVisitSoon, job, p.Key, at, p.Least.Microseconds())
		return err
	}
	return nil
}

// Unlist marks what a sitemap no longer lists.
func (f *Frontier) Unlist(ctx context.Context, job frontier.JobID, list string, at time.Time) (n int, err error) {
	err = f.tx(ctx, func(t tx) error {
		n = 0
		for lists := []string{list}; len(lists) > 0; lists = lists[1:] {
			var keys []string
			if err := t.each(ctx, sqlUnlist, []any{job, lists[0], at.UnixMicro(), lists[0] != list}, func(r *sql.Rows) error {
				var key string
				err := r.Scan(&key)
				keys = append(keys, key)
				return err
			}); err != nil {
				return err
			}
			for _, key := range keys {
				gone, err := unlist(ctx, t, job, key)
				switch {
				case err != nil:
					return err
				case gone && !frontier.IsSitemap(key):
					n++
				case gone && key != list:
					lists = append(lists, key)
				}
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("unlist: %w", err)
	}
	return n, nil
}

// unlist reports whether no sitemap lists a page or a sitemap any more. Such a sitemap is not read
// again.
func unlist(ctx context.Context, t tx, job frontier.JobID, key string) (gone bool, err error) {
	var n int
	if err := t.scan(ctx, sqlListedElse, []any{job, key}, &n); err != nil || n > 0 {
		return false, err
	}
	if !frontier.IsSitemap(key) {
		return true, nil
	}
	if _, err := t.exec(ctx, `delete from recrawl where job_id = ? and key = ?`, job, key); err != nil {
		return false, err
	}
	_, err = t.exec(ctx, sqlForgetContent, job, key)
	return true, err
}
