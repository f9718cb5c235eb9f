package pgfrontier

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// sqlList stores the entries of a sitemap. $1 job, $2 keys, $3 the sitemap, $4 time of the
	// reading, $5 LastMods, $6 shortest times between visits (s), $7 the mark of sitemaps.
	sqlList = `with i as materialized (select * from unnest($2::text[], $5::timestamptz[], $6::float8[]) i(key, lastmod, least)),
 o as materialized (select i.key, i.lastmod, i.least, l.lastmod as was, l.left_at from i join seine.listed l on l.job_id = $1 and l.key = i.key collate "C" and l.list = $3),
 l as (insert into seine.listed as l (job_id, key, list, read_at, lastmod) select $1, key, $3, $4, lastmod from i order by key collate "C"
   on conflict (job_id, key, list) do update set read_at = excluded.read_at, lastmod = coalesce(excluded.lastmod, l.lastmod), left_at = null),
 b as materialized (select key from o where left_at is not null and right(key, length($7::text)) = $7),
 r as (insert into seine.recrawl(job_id, key, due_at, prio) select $1, key, $4, 0 from b order by key collate "C"
   on conflict (job_id, key) do update set due_at = excluded.due_at),
 d as (update seine.visit set hash = ''::bytea, etag = '', last_modified = '' where job_id = $1 and key in (select key from b))
 update seine.recrawl r set due_at = least(r.due_at, greatest($4, v.checked_at + o.least * interval '1 s'))
 from o join seine.visit v on v.job_id = $1 and v.key = o.key where r.job_id = $1 and r.key = o.key and o.least > 0 and o.lastmod > o.was`

	// sqlUnlist marks what a sitemap no longer lists. It returns the number of pages, and the
	// sitemaps, that no other one lists. $1 job, $2 sitemap, $3 time, $4 the mark of sitemaps, $5
	// whether all is marked.
	sqlUnlist = `with u as (update seine.listed set left_at = $3 where job_id = $1 and list = $2 and left_at is null and ($5 or read_at < $3) returning key),
 g as (select u.key, right(u.key, length($4::text)) = $4 as list from u
   where not exists (select from seine.listed o where o.job_id = $1 and o.key = u.key and o.left_at is null and o.list <> $2))
 select count(*) filter (where not list), coalesce(array_agg(key order by key) filter (where list), '{}') from g`

	// sqlForgetContent makes the next visit of sitemaps read them as if for the first time. $1 job,
	// $2 keys.
	sqlForgetContent = `update seine.visit set hash = ''::bytea, etag = '', last_modified = '' where job_id = $1 and key = any($2::text[])`

	// unlisted are the keys that no sitemap of a job lists any more.
	unlisted = `(select l.key from seine.listed l where l.job_id = %s and l.left_at is not null
   and not exists (select from seine.listed o where o.job_id = l.job_id and o.key = l.key and o.left_at is null))`

	// unlistedAt is the time since when no sitemap lists a task t.
	unlistedAt = `(select max(l.left_at) from seine.listed l where l.job_id = %s and l.key = t.key having bool_and(l.left_at is not null))`
)

// List records the entries of a sitemap.
func (f *Frontier) List(ctx context.Context, job frontier.JobID, list string, at time.Time, pages []frontier.Listed) error {
	if len(pages) == 0 {
		return nil
	}
	pages = frontier.Distinct(pages)
	var (
		keys    []string
		lastmod []*time.Time
		least   []float64
	)
	for _, p := range pages {
		keys, least = append(keys, p.Key), append(least, p.Least.Seconds())
		if p.LastMod.IsZero() {
			lastmod = append(lastmod, nil)
		} else {
			lastmod = append(lastmod, &p.LastMod)
		}
	}
	err := f.tx(ctx, func(c *pgx.Conn) error {
		b := &pgx.Batch{}
		begin(b)
		b.Queue(sqlList, job, keys, list, at, lastmod, least, frontier.SitemapMark)
		b.Queue(`commit`)
		_, err := run(ctx, c, b)
		return err
	})
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	return nil
}

// Unlist marks what a sitemap no longer lists.
func (f *Frontier) Unlist(ctx context.Context, job frontier.JobID, list string, at time.Time) (n int, err error) {
	err = f.tx(ctx, func(c *pgx.Conn) error {
		n = 0
		if _, err := c.Exec(ctx, `begin`); err != nil {
			return err
		}
		for lists := []string{list}; len(lists) > 0; lists = lists[1:] {
			var (
				pages int
				gone  []string
			)
			if err := c.QueryRow(ctx, sqlUnlist, job, lists[0], at, frontier.SitemapMark, lists[0] != list).Scan(&pages, &gone); err != nil {
				return err
			}
			b := &pgx.Batch{}
			b.Queue(sqlForgetRecrawl, job, gone)
			b.Queue(sqlForgetContent, job, gone)
			if _, err := run(ctx, c, b); err != nil {
				return err
			}
			gone = slices.DeleteFunc(gone, func(key string) bool { return key == list })
			n, lists = n+pages, append(lists, gone...)
		}
		_, err := c.Exec(ctx, `commit`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("unlist: %w", err)
	}
	return n, nil
}
