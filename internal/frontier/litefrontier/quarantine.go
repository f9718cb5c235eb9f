package litefrontier

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/seinehq/seine/internal/frontier"
)

// sqlQuarantine stores a quarantined record.
const sqlQuarantine = `insert into quarantine(job_id, task, key, kind, page, fields, url, digest, fetched_at, field, reason, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
 on conflict do nothing`

// quarantine replaces the quarantined records of a task.
func (k *keeper) quarantine(ctx context.Context, c frontier.Completion) error {
	if !c.Clears() {
		return nil
	}
	if _, err := k.t.exec(ctx, `delete from quarantine where job_id = ? and task = ?`, k.job, c.Key); err != nil {
		return err
	}
	for _, q := range c.Quarantined {
		if _, err := k.t.exec(ctx, sqlQuarantine, k.job, c.Key, frontier.Clean(q.Key), frontier.Clean(q.Kind), frontier.Clean(q.Page), string(frontier.CleanJSON(q.Fields)),
			frontier.Clean(q.URL), append([]byte{}, q.Digest...), q.FetchedAt.UnixMicro(), frontier.CleanReason(q.Field), frontier.CleanReason(q.Reason), k.f.now()); err != nil {
			return err
		}
	}
	return nil
}

// Quarantined calls each for every quarantined record.
func (f *Frontier) Quarantined(ctx context.Context, job frontier.JobID, each func(frontier.Quarantined) error) error {
	return frontier.EachQuarantined(each, func(last frontier.Quarantined) (out []frontier.Quarantined, err error) {
		err = f.each(ctx, `select task, key, kind, page, fields, url, digest, fetched_at, field, reason, at from quarantine
 where job_id = ? and (task, key, kind) > (?, ?, ?) order by task, key, kind limit ?`, []any{job, last.Task, last.Key, last.Kind, frontier.RecordPage}, func(r *sql.Rows) error {
			var (
				q           frontier.Quarantined
				fields      string
				fetched, at int64
			)
			err := r.Scan(&q.Task, &q.Key, &q.Kind, &q.Page, &fields, &q.URL, &q.Digest, &fetched, &q.Field, &q.Reason, &at)
			q.Fields, q.FetchedAt, q.At = json.RawMessage(fields), fromMicro(fetched), fromMicro(at)
			out = append(out, q)
			return err
		})
		return out, err
	})
}
