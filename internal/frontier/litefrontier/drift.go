package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// Drift returns the stored state of a job's windows.
func (f *Frontier) Drift(ctx context.Context, job frontier.JobID) (s frontier.DriftState, err error) {
	var state string
	err = f.one(ctx, `select version, state from drift where job_id = ?`, []any{job}, &s.Version, &state)
	s.State = json.RawMessage(state)
	return s, ignoreNoRows(err)
}

// SetDrift stores a state if its version is the next one.
func (f *Frontier) SetDrift(ctx context.Context, job frontier.JobID, s frontier.DriftState) (stored bool, err error) {
	err = f.tx(ctx, func(t tx) error {
		n, err := t.exec(ctx, `insert into drift as d (job_id, version, state) select ?1, ?2, ?3 where ?2 = 1 or exists (select 1 from drift where job_id = ?1)
 on conflict (job_id) do update set version = excluded.version, state = excluded.state where d.version = excluded.version - 1`, job, s.Version, string(s.State))
		stored = n > 0
		return err
	})
	return stored, err
}

// FieldCounts returns the counters of records and fields.
func (f *Frontier) FieldCounts(ctx context.Context, job frontier.JobID) (out []frontier.ReasonCount, err error) {
	err = f.each(ctx, `select state, reason, sum(n) from stat where job_id = ? and state in (20, 21) group by 1, 2`, []any{job}, func(r *sql.Rows) error {
		var (
			c     frontier.ReasonCount
			state int
		)
		err := r.Scan(&state, &c.Reason, &c.Count)
		c.State = seine.State(state)
		out = append(out, c)
		return err
	})
	return out, err
}

// sqlLost selects the records of done tasks without a value in a field. ?2 the page kind, ?3 the
// earliest end, ?4 the field, ?5 the keys as a JSON list, or NULL, ?6 the
// digest of their rules, or NULL.
const sqlLost = `select t.key, t.lane_id, coalesce(t.reason, ''), r.key, r.kind, r.revision from task t
 join record r on r.job_id = t.job_id and (r.key = t.key and r.task is null or r.task = t.key) and not r.superseded
 where t.job_id = ?1 and t.page = ?2 and t.state = 1 and t.finished_at >= ?3 and (?5 is null or t.key in (select value from json_each(?5)))
 and not exists (select 1 from json_each(r.fields) e where e.key = ?4 and e.type <> 'null' and not (e.type = 'array' and e.value = '[]'))
 and (?6 is null or r.digest = ?6)`

// HoldBack moves records that lost a value to the quarantine.
func (f *Frontier) HoldBack(ctx context.Context, job frontier.JobID, h frontier.HoldBack) (held int, err error) {
	var keys any
	if h.Keys != nil {
		list, err := json.Marshal(h.Keys)
		if err != nil {
			return 0, err
		}
		keys = string(list)
	}
	type lost struct {
		task, reason, key, kind string
		lane, revision          int64
	}
	err = f.tx(ctx, func(t tx) error {
		held = 0
		var list []lost
		if err := t.each(ctx, sqlLost, []any{job, h.Page, h.Since.UnixMicro(), h.Field, keys, h.Digest}, func(r *sql.Rows) error {
			var l lost
			err := r.Scan(&l.task, &l.lane, &l.reason, &l.key, &l.kind, &l.revision)
			list = append(list, l)
			return err
		}); err != nil {
			return err
		}
		moved, ended := counts{}, map[string]bool{}
		for _, l := range list {
			if err := f.holdBack(ctx, t, job, h, l.task, l.key, l.kind, l.revision, moved); err != nil {
				return err
			}
			if held++; ended[l.task] {
				continue
			}
			ended[l.task] = true
			moved[stat{int(seine.Done), l.reason, h.Page}]--
			moved[stat{int(seine.Error), frontier.CleanReason(h.Reason), h.Page}]++
			if _, err := t.exec(ctx, `update task set state = 2, reason = ? where job_id = ? and key = ?`, frontier.CleanReason(h.Reason), job, l.task); err != nil {
				return err
			}
			// The next visit stores the page anew, whatever it was.
			if _, err := t.exec(ctx, `delete from visit where job_id = ? and key = ?`, job, l.task); err != nil {
				return err
			}
		}
		return moved.write(ctx, t, job)
	})
	if err != nil {
		return 0, fmt.Errorf("hold back: %w", err)
	}
	return held, nil
}

// holdBack moves one record and deletes its assets.
func (f *Frontier) holdBack(ctx context.Context, t tx, job frontier.JobID, h frontier.HoldBack, task, key, kind string, revision int64, moved counts) error {
	if _, err := t.exec(ctx, `insert or replace into quarantine(job_id, task, key, kind, page, fields, url, digest, fetched_at, field, reason, at)
 select job_id, ?1, key, kind, ?2, fields, url, digest, fetched_at, ?3, ?4, ?5 from record where job_id = ?6 and key = ?7 and kind = ?8 and not superseded`,
		task, h.Page, frontier.CleanReason("/"+h.Field), frontier.CleanReason(h.Reason), f.now(), job, key, kind); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `delete from record where job_id = ? and key = ? and kind = ? and not superseded`, job, key, kind); err != nil {
		return err
	}
	var before int64
	err := t.scan(ctx, `select version from record where job_id = ? and key = ? and kind = ? and revision < ? order by revision desc limit 1`, []any{job, key, kind, revision}, &before)
	if err == nil {
		_, err = t.exec(ctx, `update record set superseded = 0 where job_id = ? and key = ? and kind = ? and version = ?`, job, key, kind, before)
		return err
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	moved[stat{frontier.StatRecords, "", ""}]--
	n, err := t.exec(ctx, `delete from asset where job_id = ? and key = ? and coalesce(task, key) = ?`, job, key, task)
	moved[stat{frontier.StatAssets, "", ""}] -= n
	return err
}
