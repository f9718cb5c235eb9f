package litefrontier

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

const sqlRecordingColumns = `select key, fetched_at, segment, pos, bytes, body_segment, body_pos, body_bytes, sha256, size, digest from recording`

// record stores the index row of a recorded page.
func record(ctx context.Context, t tx, job frontier.JobID, r *frontier.Recording) error {
	if r == nil {
		return nil
	}
	_, err := t.exec(ctx, `insert into recording(job_id, key, fetched_at, segment, pos, bytes, body_segment, body_pos, body_bytes, sha256, size, digest) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
 on conflict (job_id, key, fetched_at) do update set digest = excluded.digest`,
		job, r.Key, r.At.UnixMicro(), r.Head.Segment, r.Head.Pos, r.Head.Bytes, r.Body.Segment, r.Body.Pos, r.Body.Bytes, r.SHA256, r.Size, append([]byte{}, r.Digest...))
	return err
}

func scanRecording(r *sql.Rows) (out frontier.Recording, err error) {
	var at int64
	err = r.Scan(&out.Key, &at, &out.Head.Segment, &out.Head.Pos, &out.Head.Bytes, &out.Body.Segment, &out.Body.Pos, &out.Body.Bytes, &out.SHA256, &out.Size, &out.Digest)
	out.At = fromMicro(at)
	return out, err
}

// Bodies returns the frames of recorded contents.
func (f *Frontier) Bodies(ctx context.Context, job frontier.JobID, digests [][]byte) (map[string]frontier.Frame, error) {
	out := map[string]frontier.Frame{}
	query, args := sqlBody, []any{job}
	if len(digests) == 1 { // most commits of a slow job
		args = append(args, digests[0])
	} else {
		sums := make([]string, len(digests))
		for i, d := range digests {
			sums[i] = hex.EncodeToString(d)
		}
		list, err := json.Marshal(sums)
		if err != nil {
			return nil, err
		}
		query, args = sqlBodies, append(args, string(list))
	}
	// For a context that can end, the driver and database/sql start two goroutines, which cost more
	// than the search in an index.
	err := f.each(context.WithoutCancel(ctx), query, args, func(r *sql.Rows) error {
		var (
			sum []byte
			at  frontier.Frame
		)
		err := r.Scan(&sum, &at.Segment, &at.Pos, &at.Bytes)
		out[string(sum)] = at
		return err
	})
	return out, err
}

// By itself SQLite would read all recordings of the job, by the primary key.
const (
	sqlBody   = `select sha256, body_segment, body_pos, body_bytes from recording indexed by recording_body where job_id = ?1 and sha256 = ?2 limit 1`
	sqlBodies = `select r.sha256, r.body_segment, r.body_pos, r.body_bytes from json_each(?2) d
  cross join recording r indexed by recording_body on r.job_id = ?1 and r.sha256 = unhex(d.value) group by r.sha256`
)

// Recorded returns the latest recordings of tasks.
func (f *Frontier) Recorded(ctx context.Context, job frontier.JobID, keys []string) (map[string]frontier.Recording, error) {
	out := map[string]frontier.Recording{}
	marks, args := list(keys)
	err := f.each(ctx, sqlRecordingColumns+` where job_id = ? and key in (`+marks+`) order by key, fetched_at`, append([]any{job}, args...), func(r *sql.Rows) error {
		one, err := scanRecording(r)
		out[one.Key] = one
		return err
	})
	return out, err
}

// Recordings calls each for every recording.
func (f *Frontier) Recordings(ctx context.Context, job frontier.JobID, each func(frontier.Recording) error) error {
	return frontier.EachRecording(each, func(key string, at time.Time, n int) (page []frontier.Recording, err error) {
		err = f.each(ctx, sqlRecordingColumns+` where job_id = ? and (key, fetched_at) > (?, ?) order by key, fetched_at limit ?`, []any{job, key, at.UnixMicro(), n}, func(r *sql.Rows) error {
			one, err := scanRecording(r)
			page = append(page, one)
			return err
		})
		return page, err
	})
}

// RecordsOf returns the records that tasks own.
func (f *Frontier) RecordsOf(ctx context.Context, job frontier.JobID, tasks []string) (out []frontier.Stored, err error) {
	marks, keys := list(tasks)
	args := append(append(append([]any{job}, keys...), job), keys...)
	// One condition for both kinds of rows would read all rows of the job.
	owned := func(columns, also string) string {
		return columns + ` where job_id = ? and task is null and key in (` + marks + `)` + also + ` union all ` +
			columns + ` where +job_id = ? and task in (` + marks + `)` + also + ` order by 1, 2`
	}
	if err := f.each(ctx, owned(sqlRecordColumns, ` and not superseded`), args, func(r *sql.Rows) error {
		s, err := scanRecord(r)
		out = append(out, s)
		return err
	}); err != nil {
		return nil, err
	}
	var (
		assets []frontier.Asset
		failed []frontier.FailedAsset
	)
	if err := f.each(ctx, owned(sqlAssetColumns, ``), args, func(r *sql.Rows) error {
		a, err := scanAsset(r)
		assets = append(assets, a)
		return err
	}); err != nil {
		return nil, err
	}
	err = f.each(ctx, owned(`select key, name, url, reason, coalesce(task, '') from asset_failure`, ``), args, func(r *sql.Rows) error {
		var a frontier.FailedAsset
		err := r.Scan(&a.Key, &a.Name, &a.URL, &a.Reason, &a.Task)
		failed = append(failed, a)
		return err
	})
	frontier.JoinAssets(out, assets, failed)
	return out, err
}

// Replay replaces the results of finished tasks.
func (f *Frontier) Replay(ctx context.Context, job frontier.JobID, batch []frontier.Completion) (frontier.Outcome, error) {
	return frontier.CompleteBatch(batch, isData, func(batch []frontier.Completion, owners bool) (out frontier.Outcome, err error) {
		err = f.tx(ctx, func(t tx) error {
			out, err = f.replay(ctx, t, job, batch, owners)
			return err
		})
		if err != nil {
			return frontier.Outcome{}, fmt.Errorf("replay: %w", err)
		}
		return out, nil
	})
}

func (f *Frontier) replay(ctx context.Context, t tx, job frontier.JobID, batch []frontier.Completion, owners bool) (out frontier.Outcome, err error) {
	swept, err := pendingDeletion(ctx, t, batch, unclaimed)
	if err != nil {
		return out, err
	}
	k := newKeeper(f, t, job)
	var mine []frontier.Completion
	workers := map[int64]string{}
	for _, c := range batch {
		was, worker, ok, err := finished(ctx, t, job, c)
		if err != nil {
			return out, err
		}
		if !ok || swept[c.Seq] {
			out.Lost = append(out.Lost, c.Seq)
			continue
		}
		if owners {
			if taken, err := k.own(ctx, c, &out); err != nil {
				return out, err
			} else if taken {
				continue
			}
		}
		k.moved[was]--
		workers[c.Seq] = worker
		mine = append(mine, c)
	}
	for _, c := range mine {
		_, over, err := f.finish(ctx, t, frontier.Lease{Worker: workers[c.Seq]}, k, c)
		if err != nil {
			return out, err
		}
		out.OverBudget += over
	}
	out.Kept = len(mine)
	return out, k.moved.write(ctx, t, job)
}

// finished returns the counter of a task, and the worker that ended it. ok is false if the task is
// open, or ended at another time than its recording was read.
func finished(ctx context.Context, t tx, job frontier.JobID, c frontier.Completion) (was stat, worker string, ok bool, err error) {
	var (
		state int
		at    int64
	)
	err = t.scan(ctx, `select state, coalesce(reason, ''), page, coalesce(worker, ''), coalesce(finished_at, 0) from task where job_id = ? and key = ?`, []any{job, c.Key},
		&state, &was.reason, &was.page, &worker, &at)
	was.state = state
	return was, worker, err == nil && state != 0 && at == c.Replayed.UnixMicro(), ignoreNoRows(err)
}
