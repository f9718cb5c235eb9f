package litefrontier

import (
	"context"
	"database/sql"
	"errors"

	"github.com/seinehq/seine/internal/frontier"
)

// Conditions on the rows of a task ?2: under its own key, and under other keys. One condition for
// both, or a search by job_id in the second one, would read all rows of the job.
const (
	ownKey  = `job_id = ?1 and key = ?2 and task is null`
	ownTask = `+job_id = ?1 and task = ?2`
)

var owned = []string{ownKey, ownTask}

// keeper stores the records and assets of a batch.
type keeper struct {
	f      *Frontier
	t      tx
	job    frontier.JobID
	moved  counts
	owners frontier.Owners

	// brought are the records of all tasks that take returned.
	brought map[frontier.RecordID]bool
	files   map[frontier.AssetID]bool
}

func newKeeper(f *Frontier, t tx, job frontier.JobID) *keeper {
	return &keeper{f, t, job, counts{}, frontier.NewOwners(), map[frontier.RecordID]bool{}, map[frontier.AssetID]bool{}}
}

// take returns the tasks whose records no other task owns, and reports the others. Tasks that are
// not the lease's stay in the batch.
func (k *keeper) take(ctx context.Context, l frontier.Lease, batch []frontier.Completion, swept map[int64]bool, out *frontier.Outcome) (mine []frontier.Completion, err error) {
	for _, c := range batch {
		ours, err := held(ctx, k.t, l, c.Seq)
		if err != nil {
			return nil, err
		}
		if !ours || swept[c.Seq] {
			mine = append(mine, c)
			continue
		}
		taken, err := k.own(ctx, c, out)
		if err != nil {
			return nil, err
		}
		if !taken {
			mine = append(mine, c)
		}
	}
	return mine, nil
}

// look reads the owners of a task's records and assets.
func (k *keeper) look(ctx context.Context, c frontier.Completion) error {
	owner := ""
	for _, r := range c.Records {
		id := frontier.RecordID{Key: frontier.Clean(r.Key), Kind: frontier.Clean(r.Kind)}
		err := k.t.scan(ctx, `select coalesce(task, key) from record where job_id = ? and key = ? and kind = ? limit 1`, []any{k.job, id.Key, id.Kind}, &owner)
		if err == nil {
			k.owners.Records[id] = owner
		} else if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	for _, a := range c.Assets {
		id := frontier.AssetID{Key: frontier.Clean(a.Key), Name: frontier.Clean(a.Name)}
		err := k.t.scan(ctx, `select coalesce(task, key) from asset where job_id = ? and key = ? and name = ? limit 1`, []any{k.job, id.Key, id.Name}, &owner)
		if err == nil {
			k.owners.Assets[id] = owner
		} else if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return nil
}

// own makes a completion the owner of its records. It reports whether another task owns one.
func (k *keeper) own(ctx context.Context, c frontier.Completion, out *frontier.Outcome) (taken bool, err error) {
	if err := k.look(ctx, c); err != nil {
		return false, err
	}
	if other, ok := k.owners.Take(c); ok {
		out.Take(c.Seq, other)
		return true, nil
	}
	k.brings(c)
	return false, nil
}

// brings notes what a task brings. An asset that failed this time stays as it was.
func (k *keeper) brings(c frontier.Completion) {
	for _, r := range c.Records {
		k.brought[frontier.RecordID{Key: frontier.Clean(r.Key), Kind: frontier.Clean(r.Kind)}] = true
	}
	for _, a := range c.Assets {
		k.files[frontier.AssetID{Key: frontier.Clean(a.Key), Name: frontier.Clean(a.Name)}] = true
	}
	for _, q := range c.Quarantined { // the earlier record stays
		k.brought[frontier.RecordID{Key: frontier.Clean(q.Key), Kind: frontier.Clean(q.Kind)}] = true
	}
	for _, a := range c.Failed {
		k.files[frontier.AssetID{Key: frontier.Clean(a.Key), Name: frontier.Clean(a.Name)}] = true
	}
}

// keep stores the records and assets of a task.
func (k *keeper) keep(ctx context.Context, c frontier.Completion) error {
	for _, r := range c.Records {
		if err := k.record(ctx, c, r); err != nil {
			return err
		}
	}
	for _, a := range c.Assets {
		if err := k.asset(ctx, c, a); err != nil {
			return err
		}
	}
	if c.Replaces() {
		k.brings(c)
		if err := k.drop(ctx, c); err != nil {
			return err
		}
	}
	if c.Gone {
		for _, own := range owned {
			if _, err := k.t.exec(ctx, `update record set gone_at = ?3 where `+own+` and not superseded and gone_at is null`, k.job, c.Key, k.f.now()); err != nil {
				return err
			}
		}
	}
	if err := k.quarantine(ctx, c); err != nil {
		return err
	}
	return k.visit(ctx, c)
}

// record stores a record. Most records are new, so the insert comes first.
func (k *keeper) record(ctx context.Context, c frontier.Completion, r frontier.Record) error {
	var (
		key, kind    = frontier.Clean(r.Key), frontier.Clean(r.Kind)
		fields       = string(frontier.CleanJSON(r.Fields))
		owner        = k.owners.Record(c, r)
		values       = []any{k.job, key, kind, fields, frontier.Clean(r.URL), append([]byte{}, r.Digest...), r.FetchedAt.UnixMicro()}
		version, rev int64
		was, of      string
	)
	insert := func(version int64) (int64, error) {
		if owner == key && version == 1 {
			return k.t.exec(ctx, `insert into record(job_id, key, kind, fields, url, digest, fetched_at) values (?, ?, ?, ?, ?, ?, ?) on conflict (job_id, key, kind, version) do nothing`, values...)
		}
		return k.t.exec(ctx, `insert into record(job_id, key, kind, fields, url, digest, fetched_at, task, version, revision) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
 on conflict (job_id, key, kind, version) do nothing`, append(values[:7:7], frontier.OwnerOf(owner, key), version)...)
	}
	n, err := insert(1)
	if k.moved[stat{frontier.StatRecords, "", ""}] += n; err != nil || n > 0 {
		return err
	}
	err = k.t.scan(ctx, `select version, revision, fields, coalesce(task, key) from record where job_id = ? and key = ? and kind = ? and not superseded`, []any{k.job, key, kind}, &version, &rev, &was, &of)
	if err == nil && of != owner {
		err = frontier.ErrOwned
	}
	if err != nil {
		return err
	}
	if was != fields {
		rev++
		if c.History {
			if _, err := k.t.exec(ctx, `update record set superseded = 1 where job_id = ? and key = ? and kind = ? and version = ?`, k.job, key, kind, version); err != nil {
				return err
			}
			_, err = insert(rev)
			return err
		}
	}
	_, err = k.t.exec(ctx, `update record set fields = ?4, url = ?5, digest = ?6, fetched_at = ?7, revision = ?8, gone_at = null where job_id = ?1 and key = ?2 and kind = ?3 and version = ?9`,
		append(values[:7:7], rev, version)...)
	return err
}

// sqlAssetUpdate replaces the row of an asset that a task owns. Other bytes remove its mark.
const sqlAssetUpdate = `update asset set path = ?4, bytes = ?5, sha256 = ?6, width = ?7, height = ?8, url = ?9, original_bytes = ?10, original_sha256 = ?11,
  phash = ?12, rendered_by = ?13, duplicate_of = case when sha256 = ?6 then duplicate_of end
 where job_id = ?1 and key = ?2 and name = ?3 and version = 1 and coalesce(task, key) = ?14`

func assetValues(job frontier.JobID, a frontier.Asset) []any {
	return []any{
		job, frontier.Clean(a.Key), frontier.Clean(a.Name), frontier.Clean(a.Path), a.Bytes, append([]byte{}, a.SHA256...),
		orNull(a.Width), orNull(a.Height), frontier.Clean(a.URL), orNull(a.OriginalBytes), a.OriginalSHA256, a.PHash, a.RenderedBy,
	}
}

// asset stores an asset.
func (k *keeper) asset(ctx context.Context, c frontier.Completion, a frontier.Asset) error {
	owner := k.owners.Asset(c, a)
	values := assetValues(k.job, a)
	n, err := k.t.exec(ctx, `insert into asset(job_id, key, name, path, bytes, sha256, width, height, url, original_bytes, original_sha256, phash, rendered_by, task, stored_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
 on conflict (job_id, key, name, version) do nothing`, append(values[:len(values):len(values)], frontier.OwnerOf(owner, frontier.Clean(a.Key)), k.f.now())...)
	if k.moved[stat{frontier.StatAssets, "", ""}] += n; err != nil || n > 0 {
		return err
	}
	n, err = k.t.exec(ctx, sqlAssetUpdate, append(values, owner)...)
	if err == nil && n == 0 {
		err = frontier.ErrOwned
	}
	return err
}

// drop deletes what a task brought before and does not bring now. With History records stay as
// gone.
func (k *keeper) drop(ctx context.Context, c frontier.Completion) error {
	var (
		records []frontier.RecordID
		assets  []frontier.AssetID
		keys    = map[string]bool{}
	)
	for id := range k.brought {
		keys[id.Key] = true
	}
	if err := k.t.each(ctx, `select key, kind from record where `+ownKey+` union select key, kind from record where `+ownTask, []any{k.job, c.Key}, func(r *sql.Rows) error {
		var id frontier.RecordID
		err := r.Scan(&id.Key, &id.Kind)
		if !k.brought[id] {
			records = append(records, id)
		}
		return err
	}); err != nil {
		return err
	}
	if err := k.t.each(ctx, `select key, name from asset where `+ownKey+` union all select key, name from asset where `+ownTask, []any{k.job, c.Key}, func(r *sql.Rows) error {
		var id frontier.AssetID
		err := r.Scan(&id.Key, &id.Name)
		if !k.files[id] && (!c.History || keys[id.Key]) {
			assets = append(assets, id)
		}
		return err
	}); err != nil {
		return err
	}
	for _, id := range records {
		if c.History {
			if _, err := k.t.exec(ctx, `update record set gone_at = ? where job_id = ? and key = ? and kind = ? and not superseded and gone_at is null`, k.f.now(), k.job, id.Key, id.Kind); err != nil {
				return err
			}
			continue
		}
		if _, err := k.t.exec(ctx, `delete from record where job_id = ? and key = ? and kind = ?`, k.job, id.Key, id.Kind); err != nil {
			return err
		}
		k.moved[stat{frontier.StatRecords, "", ""}]--
	}
	for _, id := range assets {
		if _, err := k.t.exec(ctx, `delete from asset where job_id = ? and key = ? and name = ?`, k.job, id.Key, id.Name); err != nil {
			return err
		}
		k.moved[stat{frontier.StatAssets, "", ""}]--
	}
	return nil
}
