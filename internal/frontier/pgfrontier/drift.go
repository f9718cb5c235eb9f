package pgfrontier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

const (
	sqlSetDrift = `insert into seine.drift as d (job_id, version, state) select $1::int, $2::bigint, $3::jsonb where $2 = 1 or exists (select from seine.drift where job_id = $1)
 on conflict (job_id) do update set version = excluded.version, state = excluded.state where d.version = excluded.version - 1`

	// sqlRestore makes the latest earlier versions of records current again. $1 job, $2 keys, $3
	// kinds. It returns the keys.
	sqlRestore = `update seine.record r set superseded = false from unnest($2::text[], $3::text[]) i(key, kind)
 where r.job_id = $1 and r.key = i.key and r.kind = i.kind and r.revision = (select max(revision) from seine.record l where l.job_id = $1 and l.key = i.key and l.kind = i.kind)
 returning r.key, r.kind`

	// sqlUncount counts the records that went, and deletes their assets. $1 job, $2 keys, $3 tasks.
	sqlUncount = `with a as (delete from seine.asset a using unnest($2::text[], $3::text[]) i(key, task)
   where a.job_id = $1 and a.key = i.key and coalesce(a.task, a.key) = i.task returning 1)
 insert into seine.stat(job_id, lane_id, state, n) select $1::int, 0, state, -n from (
   select 10 as state, cardinality($2::text[]) as n union all select 11, count(*) from a) c where n > 0`
)

// sqlHoldBack moves records of done tasks that lost a value to the quarantine, and ends their
// tasks in error. $1 job, $2 page kind, $3 the earliest end, $4 the field, $5 the keys, or NULL,
// $6 the reason, $7 the time, $8 the digest of their rules, or NULL. It returns the keys and kinds
// of the records, with their tasks.
var sqlHoldBack = `with t as materialized (select ctid as place, key, lane_id, state, reason, page from seine.task
   where job_id = $1 and page = $2 and state = ` + stateDone + ` and finished_at >= $3 and ($5::text[] is null or key = any($5::text[])) for update),
 x as materialized (select t.key as task, r.place from t cross join lateral ` + recordsOf + ` r
   join seine.record f on f.ctid = r.place where not r.superseded and coalesce(f.fields -> $4::text, 'null') in ('null', '[]')
   and ($8::bytea is null or f.digest = $8)),
 d as (delete from seine.record r using x where r.ctid = x.place returning x.task, r.key, r.kind, r.fields, r.url, r.digest, r.fetched_at),
 q as (insert into seine.quarantine(job_id, task, key, kind, page, fields, url, digest, fetched_at, field, reason, at)
   select $1, task, key, kind, $2, fields, url, digest, fetched_at, '/' || $4::text, $6, coalesce($7::timestamptz, now()) from d order by task, key, kind
   on conflict (job_id, task, key, kind) do update set fields = excluded.fields, field = excluded.field, reason = excluded.reason, at = excluded.at),
 e as materialized (select place, lane_id, state, reason, page, key from t where key in (select task from x)),
 v as (delete from seine.visit where job_id = $1 and key in (select key from e)),
 u as (update seine.task k set state = ` + stateError + `, reason = $6 from e where k.ctid = e.place),
 s as (insert into seine.stat(job_id, lane_id, state, reason, page, n)
   select $1, lane_id, state, reason, page, -count(*) from e group by 1, 2, 3, 4, 5
   union all select $1, lane_id, ` + stateError + `, $6, page, count(*) from e group by lane_id, page)
 select key, kind, task from d`

// Drift returns the stored state of a job's windows.
func (f *Frontier) Drift(ctx context.Context, job frontier.JobID) (s frontier.DriftState, err error) {
	var state string
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select version, state::text from seine.drift where job_id = $1`, job).Scan(&s.Version, &state)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return frontier.DriftState{}, nil
	}
	s.State = json.RawMessage(state)
	return s, err
}

// SetDrift stores a state if its version is the next one.
func (f *Frontier) SetDrift(ctx context.Context, job frontier.JobID, s frontier.DriftState) (bool, error) {
	n, err := f.exec(ctx, sqlSetDrift, job, s.Version, string(s.State))
	return n > 0, err
}

// FieldCounts returns the counters of records and fields.
func (f *Frontier) FieldCounts(ctx context.Context, job frontier.JobID) ([]frontier.ReasonCount, error) {
	return collect(ctx, f, `select state::int, reason, sum(n)::bigint from seine.stat where job_id = $1 and state in (20, 21) group by 1, 2`, []any{job},
		func(row pgx.CollectableRow) (r frontier.ReasonCount, err error) {
			var state int
			err = row.Scan(&state, &r.Reason, &r.Count)
			r.State = seine.State(state)
			return r, err
		})
}

// HoldBack moves records that lost a value to the quarantine.
func (f *Frontier) HoldBack(ctx context.Context, job frontier.JobID, h frontier.HoldBack) (held int, err error) {
	err = f.tx(ctx, func(c *pgx.Conn) error {
		held = 0
		if _, err := c.Exec(ctx, `begin`); err != nil {
			return err
		}
		rows, err := c.Query(ctx, sqlHoldBack, job, h.Page, h.Since, h.Field, h.Keys, frontier.CleanReason(h.Reason), f.now(), h.Digest)
		if err != nil {
			return err
		}
		var (
			keys, kinds     []string
			key, kind, task string
			tasks           = map[frontier.RecordID]string{}
		)
		if _, err := pgx.ForEachRow(rows, []any{&key, &kind, &task}, func() error {
			keys, kinds = append(keys, key), append(kinds, kind)
			tasks[frontier.RecordID{Key: key, Kind: kind}] = task
			return nil
		}); err != nil {
			return err
		}
		held = len(keys)
		if rows, err = c.Query(ctx, sqlRestore, job, keys, kinds); err != nil {
			return err
		}
		if _, err := pgx.ForEachRow(rows, []any{&key, &kind}, func() error {
			delete(tasks, frontier.RecordID{Key: key, Kind: kind})
			return nil
		}); err != nil {
			return err
		}
		var gone, owners []string
		for id, task := range tasks {
			gone, owners = append(gone, id.Key), append(owners, task)
		}
		if len(gone) > 0 {
			if _, err := c.Exec(ctx, sqlUncount, job, gone, owners); err != nil {
				return err
			}
		}
		_, err = c.Exec(ctx, `commit`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("hold back: %w", err)
	}
	return held, nil
}
