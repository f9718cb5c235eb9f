package pgfrontier

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// sqlRecording stores the index rows of recorded pages. $1 job.
	sqlRecording = `insert into seine.recording(job_id, key, fetched_at, segment, pos, bytes, body_segment, body_pos, body_bytes, sha256, size, digest)
 select $1, * from unnest($2::text[], $3::timestamptz[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::bytea[], $11::bigint[], $12::bytea[])
   i(key, fetched_at, segment, pos, bytes, body_segment, body_pos, body_bytes, sha256, size, digest) order by key collate "C", fetched_at
 on conflict (job_id, key, fetched_at) do update set digest = excluded.digest`

	sqlRecordingColumns = `select key, fetched_at, segment, pos, bytes, body_segment, body_pos, body_bytes, sha256, size, digest from seine.recording`
	sqlRecordingPage    = sqlRecordingColumns + ` where job_id = $1 and (key, fetched_at) > ($2, $3::timestamptz) order by key, fetched_at limit $4`
	sqlRecorded         = `select r.* from unnest($2::text[]) i(key) cross join lateral (` + sqlRecordingColumns + `
   where job_id = $1 and key = i.key collate "C" order by job_id desc, key desc, fetched_at desc limit 1) r`
	sqlBodies = `select r.* from unnest($2::bytea[]) i(sum) cross join lateral (select sha256, body_segment, body_pos, body_bytes from seine.recording
   where job_id = $1 and sha256 = i.sum limit 1) r`

	// sqlFinished locks the finished tasks of a replay. They stay finished until its end: a retry
	// locks the same rows. $1 job, $2 keys, $3 the times at which they were finished.
	sqlFinished = `with i as materialized (select key collate "C" as key, at from unnest($2::text[], $3::timestamptz[]) i(key, at) order by 1)
 select t.key from i cross join lateral (select t.key from seine.task t where t.job_id = $1 and t.key = i.key and t.state <> 0 and t.finished_at = i.at limit 1 for update of t) t`

	// The tasks that bring a file pending deletion: $1 seqs, $2 their paths.
	sqlReplaySwept = `select distinct b.seq from unnest($1::bigint[], $2::text[]) b(seq, path) join seine.condemned c on c.path = b.path`

	// sqlReplayed moves tasks that are no lease's to final states. $2 job, $3 keys, $4 states, $5
	// reasons, $6 page kinds.
	sqlReplayed = `with f as materialized (select * from unnest($3::text[], $4::smallint[], $5::text[], $6::text[]) f(key, state, reason, page)),
 o as materialized (select t.job_id, t.lane_id, t.state, t.reason, t.page from f cross join lateral (
   select * from seine.task t where t.job_id = $2 and t.key = f.key collate "C" limit 1) t),
 s as (insert into seine.stat(job_id, lane_id, state, reason, page, n)
   select job_id, lane_id, state, reason, page, -count(*) from o where state <> 0 group by 1, 2, 3, 4, 5
   union all select $2, 0, state, reason, coalesce(page, ''), count(*) from f group by state, reason, page)
 update seine.task t set state = f.state, reason = f.reason, finished_at = coalesce($1::timestamptz, clock_timestamp())
 from f where t.job_id = $2 and t.key = f.key collate "C"`
)

// ownedBy returns the query for the rows that tasks own: $1 job, $2 tasks. One condition for both
// kinds of rows might read all rows of the job.
func ownedBy(columns, also string) string {
	return columns + ` where job_id = $1 and task is null and key = any($2::text[])` + also + ` union all ` +
		columns + ` where job_id = $1 and task = any($2::text[])` + also + ` order by 1, 2`
}

var (
	sqlRecordsOf = ownedBy(sqlRecordColumns, ` and not superseded`)
	sqlAssetsOfT = ownedBy(sqlAssetColumns, ``)
	sqlFailedOf  = ownedBy(`select key, name, url, reason, coalesce(task, '') from seine.asset_failure`, ``)
)

// recordingColumns are the index rows of recorded pages.
type recordingColumns struct {
	keys, segments, bodySegments       []string
	at                                 []time.Time
	pos, bytes, bodyPos, bodyBytes, of []int64
	sums, digests                      [][]byte
}

func (k *recordingColumns) add(r *frontier.Recording) {
	if r == nil {
		return
	}
	k.keys, k.at, k.of = append(k.keys, r.Key), append(k.at, r.At), append(k.of, r.Size)
	k.segments, k.pos, k.bytes = append(k.segments, r.Head.Segment), append(k.pos, r.Head.Pos), append(k.bytes, r.Head.Bytes)
	k.bodySegments, k.bodyPos, k.bodyBytes = append(k.bodySegments, r.Body.Segment), append(k.bodyPos, r.Body.Pos), append(k.bodyBytes, r.Body.Bytes)
	k.sums, k.digests = append(k.sums, r.SHA256), append(k.digests, append([]byte{}, r.Digest...))
}

func (k *recordingColumns) queue(b *pgx.Batch, job frontier.JobID) {
	if len(k.keys) > 0 {
		b.Queue(sqlRecording, job, k.keys, k.at, k.segments, k.pos, k.bytes, k.bodySegments, k.bodyPos, k.bodyBytes, k.sums, k.of, k.digests)
	}
}

// replayColumns are the new states of finished tasks.
type replayColumns struct {
	keys    []string
	states  []int16
	reasons []*string
	pages   []string
}

// add adds a task if it is replayed, and reports whether it is.
func (k *replayColumns) add(t frontier.Completion) bool {
	if t.Replayed.IsZero() {
		return false
	}
	k.keys, k.states = append(k.keys, t.Key), append(k.states, int16(t.State))
	k.reasons, k.pages = append(k.reasons, reason(t.Reason)), append(k.pages, frontier.Clean(t.Page))
	return true
}

func (k *replayColumns) queue(b *pgx.Batch, now any, job frontier.JobID) *pgx.QueuedQuery {
	return b.Queue(sqlReplayed, now, job, k.keys, k.states, k.reasons, k.pages)
}

func scanRecording(row pgx.CollectableRow) (r frontier.Recording, err error) {
	err = row.Scan(&r.Key, &r.At, &r.Head.Segment, &r.Head.Pos, &r.Head.Bytes, &r.Body.Segment, &r.Body.Pos, &r.Body.Bytes, &r.SHA256, &r.Size, &r.Digest)
	r.At = r.At.UTC()
	return r, err
}

// Bodies returns the frames of recorded contents.
func (f *Frontier) Bodies(ctx context.Context, job frontier.JobID, digests [][]byte) (map[string]frontier.Frame, error) {
	out := map[string]frontier.Frame{}
	_, err := collect(ctx, f, sqlBodies, []any{job, digests}, func(row pgx.CollectableRow) (at frontier.Frame, err error) {
		var sum []byte
		err = row.Scan(&sum, &at.Segment, &at.Pos, &at.Bytes)
		out[string(sum)] = at
		return at, err
	})
	return out, err
}

// Recorded returns the latest recordings of tasks.
func (f *Frontier) Recorded(ctx context.Context, job frontier.JobID, keys []string) (map[string]frontier.Recording, error) {
	out := map[string]frontier.Recording{}
	rows, err := collect(ctx, f, sqlRecorded, []any{job, keys}, scanRecording)
	for _, r := range rows {
		out[r.Key] = r
	}
	return out, err
}

// Recordings calls each for every recording.
func (f *Frontier) Recordings(ctx context.Context, job frontier.JobID, each func(frontier.Recording) error) error {
	return frontier.EachRecording(each, func(key string, at time.Time, n int) ([]frontier.Recording, error) {
		return collect(ctx, f, sqlRecordingPage, []any{job, key, at, n}, scanRecording)
	})
}

// RecordsOf returns the records that tasks own.
func (f *Frontier) RecordsOf(ctx context.Context, job frontier.JobID, tasks []string) ([]frontier.Stored, error) {
	out, err := collect(ctx, f, sqlRecordsOf, []any{job, tasks}, scanRecord)
	if err != nil {
		return nil, err
	}
	assets, err := collect(ctx, f, sqlAssetsOfT, []any{job, tasks}, scanAsset)
	if err != nil {
		return nil, err
	}
	failed, err := collect(ctx, f, sqlFailedOf, []any{job, tasks}, scanFailure)
	frontier.JoinAssets(out, assets, failed)
	return out, err
}

// Replay replaces the results of finished tasks.
func (f *Frontier) Replay(ctx context.Context, job frontier.JobID, batch []frontier.Completion) (frontier.Outcome, error) {
	return frontier.CompleteBatch(batch, isData, func(batch []frontier.Completion, owners bool) (frontier.Outcome, error) {
		return f.replay(ctx, job, batch, owners)
	})
}

func (f *Frontier) replay(ctx context.Context, job frontier.JobID, batch []frontier.Completion, owners bool) (out frontier.Outcome, err error) {
	var (
		follow  []frontier.New
		brought files
		keys    []string
		at      []time.Time
	)
	for _, t := range batch {
		follow, keys, at = append(follow, t.Follow...), append(keys, t.Key), append(at, t.Replayed)
		brought.add(t)
	}
	lanes, err := f.laneIDs(ctx, job, laneKeys(follow))
	if err != nil {
		return out, fmt.Errorf("replay: %w", err)
	}
	err = f.tx(ctx, func(c *pgx.Conn) error {
		out = frontier.Outcome{}
		var (
			finished []string
			pending  []int64
		)
		b := &pgx.Batch{}
		begin(b)
		b.Queue(sqlSweepShared)
		b.Queue(sqlFinished, job, keys, at).Query(func(rows pgx.Rows) (err error) {
			finished, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		b.Queue(sqlReplaySwept, brought.seqs, brought.paths).Query(collectInto(&pending))
		if err := c.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		mine := stillFinished(batch, finished, pending, &out)
		held := (*frontier.Owners)(nil)
		if owners {
			if mine, held, err = take(ctx, c, job, mine, &out); err != nil {
				return err
			}
		}
		if len(mine) == 0 {
			_, err := c.Exec(ctx, `commit`)
			return err
		}
		return f.write(ctx, c, frontier.Lease{}, job, mine, nil, lanes, held, &out)
	})
	if owned(err) {
		err = frontier.ErrOwned
	}
	if err != nil {
		return frontier.Outcome{}, fmt.Errorf("replay: %w", err)
	}
	return out, nil
}

// stillFinished returns the tasks with these keys that bring no file pending deletion. The others
// are lost.
func stillFinished(batch []frontier.Completion, keys []string, pending []int64, out *frontier.Outcome) (mine []frontier.Completion) {
	there := map[string]bool{}
	for _, k := range keys {
		there[k] = true
	}
	for _, seq := range pending {
		for _, t := range batch {
			if t.Seq == seq {
				delete(there, t.Key)
			}
		}
	}
	for _, t := range batch {
		if !there[t.Key] {
			out.Lost = append(out.Lost, t.Seq)
			continue
		}
		mine = append(mine, t)
	}
	out.Kept = len(mine)
	return mine
}
