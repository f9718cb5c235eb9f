package pgfrontier

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// sqlVisits stores visits and the times of the next ones. $1 time, $2 job, $3 keys, $4 ETags,
	// $5 Last-Modified, $6 hashes, $7 intervals (s), $8 times until the next visit (s), 0: none, $9
	// whether the content is another one, $10 whether the page is gone, $11 priorities, $12 tasks
	// whose visits end.
	sqlVisits = `with i as materialized (select * from unnest($3::text[], $4::text[], $5::text[], $6::bytea[], $7::bigint[], $8::float8[], $9::bool[], $10::bool[], $11::smallint[])
     i(key, etag, last_modified, hash, every_s, next, changed, gone, prio)),
 c as (select coalesce($1::timestamptz, now()) as now),
 v as (insert into seine.visit as v (job_id, key, etag, last_modified, hash, every_s, checked_at, changed_at, gone_at, visits, changes)
   select $2, key, etag, last_modified, hash, every_s, c.now, case when changed then c.now end, case when gone then c.now end, 1, 0 from i cross join c order by key collate "C"
   on conflict (job_id, key) do update set etag = excluded.etag, last_modified = excluded.last_modified, hash = excluded.hash, every_s = excluded.every_s,
     checked_at = excluded.checked_at, changed_at = coalesce(excluded.changed_at, v.changed_at), gone_at = case when excluded.gone_at is not null then coalesce(v.gone_at, excluded.gone_at) end,
     visits = v.visits + 1, changes = v.changes + (excluded.changed_at is not null)::int),
 r as (insert into seine.recrawl(job_id, key, due_at, prio) select $2, key, c.now + next * interval '1 s', prio from i cross join c where next > 0 order by key collate "C"
   on conflict (job_id, key) do update set due_at = excluded.due_at, prio = excluded.prio)
 delete from seine.recrawl where job_id = $2 and key = any(array(select key from i where next <= 0) || $12::text[])`

	// sqlReturn clears the time of records whose page is there again. $1 job, $2 tasks, $3 the
	// times since when they were gone.
	sqlReturn = `update seine.record set gone_at = null
 where ctid = any(array(select r.place from unnest($2::text[], $3::timestamptz[]) t(key, since) cross join lateral ` + recordsOf + ` r where not r.superseded and r.gone_at >= t.since))`

	sqlNextRecrawl = `select due_at from seine.recrawl where job_id = $1 order by due_at limit 1`

	// sqlRecrawlDue reports whether a visit is due, and sqlRecrawls locks up to $2 of them.
	sqlRecrawlDue = `select exists (select from seine.job j cross join lateral (select from seine.recrawl r where r.job_id = j.job_id and r.due_at <= ` + now + ` limit 1) r)`
	sqlRecrawls   = `select r.job_id, r.key from seine.job j cross join lateral (
   select job_id, key from seine.recrawl r where r.job_id = j.job_id and r.due_at <= ` + now + ` order by due_at limit $2 for update skip locked) r limit $2`
)

// sqlRecrawl requeues finished tasks, as sqlRequeue does, and moves their next visits by their
// intervals. $2 jobs, $3 keys.
var sqlRecrawl = `with i as materialized (select r.job_id, r.key, r.prio, coalesce(v.every_s, 0) as every_s, v.key is not null as visited from unnest($2::int[], $3::text[]) i(job_id, key)
   join seine.recrawl r on r.job_id = i.job_id and r.key = i.key left join seine.visit v on v.job_id = r.job_id and v.key = r.key),
 t as materialized (select t.job_id, t.key, t.lane_id, i.prio, t.state, t.reason, t.page, i.visited or t.meta is not null or t.page <> '' as has_meta from seine.task t join i on i.job_id = t.job_id and i.key = t.key
   where t.state <> 0 order by t.job_id, t.key for update of t),
 u as (update seine.task k set state = 0, attempt = 0, reason = null, finished_at = null from t where k.job_id = t.job_id and k.key = t.key),
 q as (insert into seine.queue(job_id, key, lane_id, prio, mark, has_meta, owes) select job_id, key, lane_id, prio, ` + requeuedMark + `, has_meta,
   ` + owes + ` from t order by job_id, key
   returning lane_id, prio),
 s as (insert into seine.stat(job_id, lane_id, state, reason, page, n) select job_id, lane_id, state, reason, page, -count(*) from t group by 1, 2, 3, 4, 5),
 m as (update seine.recrawl r set due_at = ` + now + ` + i.every_s * interval '1 s' from i where r.job_id = i.job_id and r.key = i.key and i.every_s > 0),
 d as (delete from seine.recrawl r using i where r.job_id = i.job_id and r.key = i.key and i.every_s <= 0)
 select lane_id, min(prio), count(*) from q group by lane_id`

// visitColumns are the visits of tasks.
type visitColumns struct {
	keys, etags, modified []string
	hashes                [][]byte
	every                 []int64
	next                  []float64
	changed, gone         []bool
	prios                 []int16
	forget                []string

	returned []string // pages that are there again
	since    []time.Time
}

func (k *visitColumns) add(t frontier.Completion) {
	if t.Returns() {
		k.returned, k.since = append(k.returned, t.Key), append(k.since, t.Claimed.Visit.GoneAt)
	}
	if t.Forgets() {
		k.forget = append(k.forget, t.Key)
	}
	v := t.Visit
	if v == nil {
		return
	}
	k.keys, k.etags, k.modified = append(k.keys, t.Key), append(k.etags, frontier.Clean(v.ETag)), append(k.modified, frontier.Clean(v.LastModified))
	k.hashes, k.every, k.next = append(k.hashes, append([]byte{}, v.Hash...)), append(k.every, v.EverySeconds()), append(k.next, v.Next.Seconds())
	k.changed, k.gone, k.prios = append(k.changed, !t.Unchanged && !t.Gone), append(k.gone, t.Gone), append(k.prios, int16(t.Priority))
}

func (k *visitColumns) queue(b *pgx.Batch, now any, job frontier.JobID) {
	if len(k.returned) > 0 {
		b.Queue(sqlReturn, job, k.returned, k.since)
	}
	if len(k.keys)+len(k.forget) > 0 {
		b.Queue(sqlVisits, now, job, k.keys, k.etags, k.modified, k.hashes, k.every, k.next, k.changed, k.gone, k.prios, append([]string{}, k.forget...))
	}
}

// visitOf returns a visit from its columns: see visited.
func visitOf(columns []*string) *frontier.Visit {
	if len(columns) == 0 {
		return nil
	}
	v := &frontier.Visit{ETag: *columns[0], LastModified: *columns[1]}
	if *columns[2] != "" {
		v.Hash, _ = hex.DecodeString(*columns[2]) // the server wrote it
	}
	n := func(i int) int64 {
		if columns[i] == nil {
			return 0
		}
		k, _ := strconv.ParseInt(*columns[i], 10, 64)
		return k
	}
	at := func(i int) time.Time {
		if columns[i] == nil {
			return time.Time{}
		}
		return time.UnixMicro(n(i)).UTC()
	}
	v.Every, v.Visits, v.Changes = time.Duration(n(3))*time.Second, n(4), n(5)
	v.CheckedAt, v.ChangedAt, v.GoneAt = at(6), at(7), at(8)
	return v
}

// NextRecrawl returns the time of the job's next visit.
func (f *Frontier) NextRecrawl(ctx context.Context, job frontier.JobID) (at time.Time, ok bool, err error) {
	err = f.again(ctx, func(c *pgx.Conn) error { return c.QueryRow(ctx, sqlNextRecrawl, job).Scan(&at) })
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("next recrawl: %w", err)
	}
	return at.UTC(), true, nil
}

// recrawl requeues up to n finished tasks whose next visit is due.
func (f *Frontier) recrawl(ctx context.Context, n int) (int, error) {
	var due bool
	err := f.again(ctx, func(c *pgx.Conn) error { return c.QueryRow(ctx, sqlRecrawlDue, f.now()).Scan(&due) })
	if err != nil || !due {
		return 0, err
	}
	var requeued int64
	err = f.tx(ctx, func(c *pgx.Conn) error {
		b := &pgx.Batch{}
		begin(b)
		if _, err := run(ctx, c, b); err != nil {
			return err
		}
		rows, err := c.Query(ctx, sqlRecrawls, f.now(), n)
		if err != nil {
			return err
		}
		var (
			jobs []int32
			keys []string
			job  int32
			key  string
		)
		if _, err := pgx.ForEachRow(rows, []any{&job, &key}, func() error {
			jobs, keys = append(jobs, job), append(keys, key)
			return nil
		}); err != nil {
			return err
		}
		if rows, err = c.Query(ctx, sqlRecrawl, f.now(), jobs, keys); err != nil {
			return err
		}
		w, err := collectWake(rows)
		if err != nil {
			return err
		}
		requeued = w.n
		b = &pgx.Batch{}
		if len(w.lanes) > 0 {
			b.Queue(sqlLock, sorted(append([]int32{}, w.lanes...)))
			w.queue(b, f.now())
		}
		b.Queue(`commit`)
		_, err = run(ctx, c, b)
		return err
	})
	return int(requeued), err
}
