package litefrontier

import (
	"context"
	"database/sql"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	sqlRecordColumns = `select key, kind, fields, url, digest, fetched_at, coalesce(task, ''), revision, superseded, coalesce(gone_at, 0),
 (select x.sha256 from recording x where x.job_id = record.job_id and x.key = coalesce(record.task, record.key) and x.fetched_at = record.fetched_at) from record`
	sqlRecordPage   = sqlRecordColumns + ` where job_id = ? and (key, kind) > (?, ?) and not superseded order by key, kind limit ?`
	sqlVersionPage  = sqlRecordColumns + ` where job_id = ? and (key, kind, revision) > (?, ?, ?) order by key, kind, revision limit ?`
	sqlAssetColumns = `select key, name, path, bytes, sha256, coalesce(width, 0), coalesce(height, 0), url, coalesce(original_bytes, 0), original_sha256, coalesce(task, ''), phash, rendered_by, coalesce(duplicate_of, '') from asset`
)

// reader is the file or a transaction on it.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Records calls each for every record with its assets, ordered by key and kind.
func (f *Frontier) Records(ctx context.Context, job frontier.JobID, each func(frontier.Stored) error) error {
	return records(ctx, f.read, job, each, false)
}

// Snapshot is Records in one transaction, which sees the commits before its begin. The file's log
// grows until its end.
func (f *Frontier) Snapshot(ctx context.Context, job frontier.JobID, each func(frontier.Stored) error) error {
	tx, err := f.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }() // it wrote nothing
	return records(ctx, tx, job, each, false)
}

// Versions calls each for every version of every record.
func (f *Frontier) Versions(ctx context.Context, job frontier.JobID, each func(frontier.Stored) error) error {
	return records(ctx, f.read, job, each, true)
}

func records(ctx context.Context, from reader, job frontier.JobID, each func(frontier.Stored) error, versions bool) error {
	return frontier.EachVersion(each, func(last frontier.Stored) ([]frontier.Stored, error) {
		page := make([]frontier.Stored, 0, frontier.RecordPage)
		query, args := sqlRecordPage, []any{job, last.Key, last.Kind, frontier.RecordPage}
		if versions {
			query, args = sqlVersionPage, []any{job, last.Key, last.Kind, last.Version, frontier.RecordPage}
		}
		err := rowsOf(ctx, from, query, args, func(r *sql.Rows) error {
			s, err := scanRecord(r)
			page = append(page, s)
			return err
		})
		return page, err
	}, func(keys []string) (map[string][]frontier.Asset, error) {
		out := map[string][]frontier.Asset{}
		query, args := ofRecords(sqlAssetColumns, job, keys)
		err := rowsOf(ctx, from, query, args, func(r *sql.Rows) error {
			a, err := scanAsset(r)
			out[a.Key] = append(out[a.Key], a)
			return err
		})
		return out, err
	}, func(keys []string) (out []frontier.FailedAsset, err error) {
		query, args := ofRecords(`select key, name, url, reason, coalesce(task, '') from asset_failure`, job, keys)
		err = rowsOf(ctx, from, query, args, func(r *sql.Rows) error {
			var a frontier.FailedAsset
			err := r.Scan(&a.Key, &a.Name, &a.URL, &a.Reason, &a.Task)
			out = append(out, a)
			return err
		})
		return out, err
	})
}

// ofRecords returns the query for what belongs to a page of records, whose keys are in order. A
// range costs a fraction of a list of the keys, which the database would parse each time.
func ofRecords(columns string, job frontier.JobID, keys []string) (query string, args []any) {
	return columns + ` where job_id = ? and key between ? and ? order by key, name`, []any{job, keys[0], keys[len(keys)-1]}
}

// Assets calls each for every asset, ordered by key and name.
func (f *Frontier) Assets(ctx context.Context, job frontier.JobID, each func(frontier.Asset) error) error {
	return frontier.EachAsset(each, func(key, name string) (page []frontier.Asset, err error) {
		err = f.each(ctx, sqlAssetColumns+` where job_id = ? and (key, name) > (?, ?) order by key, name limit ?`, []any{job, key, name, frontier.RecordPage}, func(r *sql.Rows) error {
			a, err := scanAsset(r)
			page = append(page, a)
			return err
		})
		return page, err
	})
}

func scanRecord(r *sql.Rows) (s frontier.Stored, err error) {
	var at, gone int64
	err = r.Scan(&s.Key, &s.Kind, (*[]byte)(&s.Fields), &s.URL, &s.Digest, &at, &s.Task, &s.Version, &s.Superseded, &gone, &s.Recording)
	s.FetchedAt, s.GoneAt = fromMicro(at), orZero(gone)
	return s, err
}

func scanAsset(r *sql.Rows) (a frontier.Asset, err error) {
	return a, r.Scan(&a.Key, &a.Name, &a.Path, &a.Bytes, &a.SHA256, &a.Width, &a.Height, &a.URL, &a.OriginalBytes, &a.OriginalSHA256, &a.Task, &a.PHash, &a.RenderedBy, &a.DuplicateOf)
}

// Owner returns another task whose record names a file.
func (f *Frontier) Owner(ctx context.Context, job frontier.JobID, key, path string, sha256 []byte) (owner string, err error) {
	err = f.one(ctx, `select coalesce((select coalesce(task, key) from asset where job_id = ?1 and path = ?3 and coalesce(task, key) <> ?2
  and not exists (select 1 from asset where `+ownKey+` and path = ?3 and sha256 = ?4)
  and not exists (select 1 from asset where `+ownTask+` and path = ?3 and sha256 = ?4) limit 1), '')`, []any{job, key, path, sha256}, &owner)
	return owner, err
}
