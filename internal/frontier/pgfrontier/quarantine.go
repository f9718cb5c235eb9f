package pgfrontier

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// sqlUnquarantine deletes the quarantined records of tasks. $1 job, $2 keys.
	sqlUnquarantine = `delete from seine.quarantine where ctid = any(array(select q.ctid from unnest($2::text[]) t(key)
   cross join lateral (select ctid from seine.quarantine where job_id = $1 and task = t.key) q))`

	// sqlQuarantine stores quarantined records. $1 job, $2 the time, $3 tasks, $4 keys, $5 kinds,
	// $6 page kinds, $7 fields, $8 URLs, $9 digests, $10 times, $11 pointers, $12 reasons.
	sqlQuarantine = `insert into seine.quarantine(job_id, task, key, kind, page, fields, url, digest, fetched_at, field, reason, at)
 select $1, task, key, kind, page, fields::jsonb, url, digest, fetched_at, field, reason, coalesce($2::timestamptz, clock_timestamp())
 from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::timestamptz[], $11::text[], $12::text[])
   i(task, key, kind, page, fields, url, digest, fetched_at, field, reason) order by task collate "C", key collate "C", kind collate "C" on conflict do nothing`

	sqlQuarantinePage = `select task, key, kind, page, fields::text, url, digest, fetched_at, field, reason, at from seine.quarantine
 where job_id = $1 and (task, key, kind) > ($2, $3, $4) order by task, key, kind limit $5`
)

// quarantineColumns are the quarantined records of tasks. forget lists the tasks whose earlier ones
// are deleted.
type quarantineColumns struct {
	forget                                 []string
	tasks, keys, kinds, pages, fields, url []string
	digests                                [][]byte
	at                                     []time.Time
	pointers, reasons                      []string
}

func (k *quarantineColumns) add(t frontier.Completion) {
	if t.Clears() {
		k.forget = append(k.forget, t.Key)
	}
	for _, q := range t.Quarantined {
		k.tasks, k.keys, k.kinds = append(k.tasks, t.Key), append(k.keys, frontier.Clean(q.Key)), append(k.kinds, frontier.Clean(q.Kind))
		k.pages, k.fields = append(k.pages, frontier.Clean(q.Page)), append(k.fields, string(frontier.CleanJSON(q.Fields)))
		k.url, k.digests, k.at = append(k.url, frontier.Clean(q.URL)), append(k.digests, append([]byte{}, q.Digest...)), append(k.at, q.FetchedAt)
		k.pointers, k.reasons = append(k.pointers, frontier.CleanReason(q.Field)), append(k.reasons, frontier.CleanReason(q.Reason))
	}
}

func (k *quarantineColumns) queue(b *pgx.Batch, now any, job frontier.JobID) {
	if len(k.forget) > 0 {
		b.Queue(sqlUnquarantine, job, k.forget)
	}
	if len(k.keys) > 0 {
		b.Queue(sqlQuarantine, job, now, k.tasks, k.keys, k.kinds, k.pages, k.fields, k.url, k.digests, k.at, k.pointers, k.reasons)
	}
}

// Quarantined calls each for every quarantined record.
func (f *Frontier) Quarantined(ctx context.Context, job frontier.JobID, each func(frontier.Quarantined) error) error {
	return frontier.EachQuarantined(each, func(last frontier.Quarantined) ([]frontier.Quarantined, error) {
		return collect(ctx, f, sqlQuarantinePage, []any{job, last.Task, last.Key, last.Kind, frontier.RecordPage}, scanQuarantined)
	})
}

func scanQuarantined(row pgx.CollectableRow) (q frontier.Quarantined, err error) {
	var fields string
	err = row.Scan(&q.Task, &q.Key, &q.Kind, &q.Page, &fields, &q.URL, &q.Digest, &q.FetchedAt, &q.Field, &q.Reason, &q.At)
	q.Fields, q.FetchedAt, q.At = json.RawMessage(fields), q.FetchedAt.UTC(), q.At.UTC()
	return q, err
}
