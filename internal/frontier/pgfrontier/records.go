package pgfrontier

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	sqlRecordColumns = `select key, kind, fields::text, url, digest, fetched_at, coalesce(task, ''), revision, superseded, gone_at,
 (select x.sha256 from seine.recording x where x.job_id = record.job_id and x.key = coalesce(record.task, record.key) and x.fetched_at = record.fetched_at) from seine.record`
	sqlRecordPage   = sqlRecordColumns + ` where job_id = $1 and (key, kind) > ($2, $3) and not superseded order by key, kind limit $4`
	sqlVersionPage  = sqlRecordColumns + ` where job_id = $1 and (key, kind, revision) > ($2, $3, $4::int) order by key, kind, revision limit $5`
	sqlAssetColumns = `select key, name, path, bytes, sha256, coalesce(width, 0), coalesce(height, 0), url, coalesce(original_bytes, 0), original_sha256, coalesce(task, ''), phash, rendered_by, coalesce(duplicate_of, '') from seine.asset`
	sqlAssetsOf     = sqlAssetColumns + ` where job_id = $1 and key = any($2::text[]) order by key, name`
	sqlFailuresOf   = `select key, name, url, reason, coalesce(task, '') from seine.asset_failure where job_id = $1 and key = any($2::text[]) order by key, name`
	sqlAssetPage    = sqlAssetColumns + ` where job_id = $1 and (key, name) > ($2, $3) order by key, name limit $4`
)

// Records calls each for every record with its assets, ordered by key and kind.
func (f *Frontier) Records(ctx context.Context, job frontier.JobID, each func(frontier.Stored) error) error {
	return f.stored(ctx, job, each, func(last frontier.Stored) ([]frontier.Stored, error) {
		return collect(ctx, f, sqlRecordPage, []any{job, last.Key, last.Kind, frontier.RecordPage}, scanRecord)
	})
}

// Versions calls each for every version of every record.
func (f *Frontier) Versions(ctx context.Context, job frontier.JobID, each func(frontier.Stored) error) error {
	return f.stored(ctx, job, each, func(last frontier.Stored) ([]frontier.Stored, error) {
		return collect(ctx, f, sqlVersionPage, []any{job, last.Key, last.Kind, last.Version, frontier.RecordPage}, scanRecord)
	})
}

func (f *Frontier) stored(ctx context.Context, job frontier.JobID, each func(frontier.Stored) error, page func(last frontier.Stored) ([]frontier.Stored, error)) error {
	return frontier.EachVersion(each, page, func(keys []string) (map[string][]frontier.Asset, error) {
		rows, err := collect(ctx, f, sqlAssetsOf, []any{job, keys}, scanAsset)
		return byKey(rows), err
	}, func(keys []string) ([]frontier.FailedAsset, error) {
		return collect(ctx, f, sqlFailuresOf, []any{job, keys}, scanFailure)
	})
}

// Snapshot is Records in one transaction, which sees the commits before its begin.
func (f *Frontier) Snapshot(ctx context.Context, job frontier.JobID, each func(frontier.Stored) error) error {
	conn, err := f.pool.Acquire(ctx)
	if err != nil {
		return classify(err)
	}
	defer conn.Release()
	var consumer error
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return frontier.EachRecord(func(s frontier.Stored) error {
			consumer = each(s)
			return consumer
		}, func(key, kind string) ([]frontier.Stored, error) {
			rows, err := tx.Query(ctx, sqlRecordPage, job, key, kind, frontier.RecordPage)
			if err != nil {
				return nil, err
			}
			return pgx.CollectRows(rows, scanRecord)
		}, func(keys []string) (map[string][]frontier.Asset, error) {
			rows, err := tx.Query(ctx, sqlAssetsOf, job, keys)
			if err != nil {
				return nil, err
			}
			assets, err := pgx.CollectRows(rows, scanAsset)
			return byKey(assets), err
		}, func(keys []string) ([]frontier.FailedAsset, error) {
			rows, err := tx.Query(ctx, sqlFailuresOf, job, keys)
			if err != nil {
				return nil, err
			}
			return pgx.CollectRows(rows, scanFailure)
		})
	})
	if consumer != nil && errors.Is(err, consumer) {
		return err // not the database's
	}
	return classify(err)
}

// Assets calls each for every asset, ordered by key and name.
func (f *Frontier) Assets(ctx context.Context, job frontier.JobID, each func(frontier.Asset) error) error {
	return frontier.EachAsset(each, func(key, name string) ([]frontier.Asset, error) {
		return collect(ctx, f, sqlAssetPage, []any{job, key, name, frontier.RecordPage}, scanAsset)
	})
}

func scanRecord(row pgx.CollectableRow) (s frontier.Stored, err error) {
	var (
		fields string
		gone   *time.Time
	)
	err = row.Scan(&s.Key, &s.Kind, &fields, &s.URL, &s.Digest, &s.FetchedAt, &s.Task, &s.Version, &s.Superseded, &gone, &s.Recording)
	s.Fields, s.FetchedAt = json.RawMessage(fields), s.FetchedAt.UTC()
	if gone != nil {
		s.GoneAt = gone.UTC()
	}
	return s, err
}

func scanAsset(row pgx.CollectableRow) (a frontier.Asset, err error) {
	return a, row.Scan(&a.Key, &a.Name, &a.Path, &a.Bytes, &a.SHA256, &a.Width, &a.Height, &a.URL, &a.OriginalBytes, &a.OriginalSHA256, &a.Task, &a.PHash, &a.RenderedBy, &a.DuplicateOf)
}

func scanFailure(row pgx.CollectableRow) (a frontier.FailedAsset, err error) {
	return a, row.Scan(&a.Key, &a.Name, &a.URL, &a.Reason, &a.Task)
}

func byKey(assets []frontier.Asset) map[string][]frontier.Asset {
	out := map[string][]frontier.Asset{}
	for _, a := range assets {
		out[a.Key] = append(out[a.Key], a)
	}
	return out
}

// Owner returns another task whose record names a file. It searches the task's own row first,
// because the other search reads all assets of the job.
func (f *Frontier) Owner(ctx context.Context, job frontier.JobID, key, path string, sha256 []byte) (owner string, err error) {
	err = f.again(ctx, func(c *pgx.Conn) error {
		var own bool
		if err := c.QueryRow(ctx, `select exists (select 1 from seine.asset where job_id = $1 and key = $2 and task is null and path = $3 and sha256 = $4)
   or exists (select 1 from seine.asset where job_id = $1 and task = $2 and path = $3 and sha256 = $4)`, job, key, path, sha256).Scan(&own); err != nil || own {
			owner = ""
			return err
		}
		return c.QueryRow(ctx, `select coalesce((select coalesce(task, key) from seine.asset where job_id = $1 and path = $3 and coalesce(task, key) <> $2 limit 1), '')`, job, key, path).Scan(&owner)
	})
	return owner, err
}
