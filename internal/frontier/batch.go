package frontier

import (
	"errors"
	"slices"
)

// ownerTries bounds the attempts of a batch whose records other transactions take meanwhile.
const ownerTries = 5

// CompleteBatch completes a batch with a driver's transaction. If the database rejects the batch as
// data, each task gets a transaction of its own, so that one bad record does not fail the others.
// Outcome.Bad names the rejected tasks. complete looks up the owners of the records if owners is
// true, which only tasks with several records need, and else returns ErrOwned if it meets one.
func CompleteBatch(batch []Completion, isData func(error) bool, complete func(batch []Completion, owners bool) (Outcome, error)) (Outcome, error) {
	whole := func(batch []Completion) (out Outcome, err error) {
		owners := NeedsOwners(batch)
		for range ownerTries {
			if out, err = complete(batch, owners); !errors.Is(err, ErrOwned) {
				break
			}
			owners = true
		}
		return out, err
	}
	batch = withoutUnchanged(batch)
	out, err := whole(batch)
	if err == nil || !isData(err) {
		return out, err
	}
	out = Outcome{Bad: map[int64]error{}}
	for _, one := range batch {
		o, err := whole([]Completion{one})
		switch {
		case err != nil && isData(err):
			out.Bad[one.Seq] = err
		case err != nil:
			return out, err
		}
		out.Kept += o.Kept
		out.Lost, out.Refused = append(out.Lost, o.Lost...), append(out.Refused, o.Refused...)
		out.OverBudget += o.OverBudget
		for seq, taken := range o.Taken {
			out.Take(seq, taken)
		}
	}
	return out, nil
}

// withoutUnchanged returns a batch without the records and assets of unchanged pages.
func withoutUnchanged(batch []Completion) []Completion {
	unchanged := func(c Completion) bool { return c.Unchanged }
	if !slices.ContainsFunc(batch, unchanged) {
		return batch
	}
	batch = slices.Clone(batch)
	for i := range batch {
		if unchanged(batch[i]) {
			batch[i].Records, batch[i].Assets = nil, nil
		}
	}
	return batch
}

// EachRecord calls each for the records of a job, page by page. page returns the records after a
// key and kind, assets their assets by key, and failed their failed assets.
func EachRecord(each func(Stored) error, page func(key, kind string) ([]Stored, error), assets func(keys []string) (map[string][]Asset, error), failed func(keys []string) ([]FailedAsset, error)) error {
	return EachVersion(each, func(last Stored) ([]Stored, error) { return page(last.Key, last.Kind) }, assets, failed)
}

// EachVersion is EachRecord for every version. page returns the versions after one.
func EachVersion(each func(Stored) error, page func(last Stored) ([]Stored, error), assets func(keys []string) (map[string][]Asset, error), failed func(keys []string) ([]FailedAsset, error)) error {
	var last Stored
	for {
		records, err := page(last)
		if err != nil || len(records) == 0 {
			return err
		}
		keys := make([]string, len(records))
		for i, r := range records {
			keys[i] = r.Key
		}
		owned, err := assets(keys)
		if err != nil {
			return err
		}
		list, err := failed(keys)
		if err != nil {
			return err
		}
		lacks := map[string][]FailedAsset{}
		for _, f := range list {
			lacks[f.Key] = append(lacks[f.Key], f)
		}
		for _, r := range records {
			if !r.Superseded {
				r.Assets = ofTask(owned[r.Key], func(a Asset) bool { return a.Task == r.Task })
				r.Failed = ofTask(lacks[r.Key], func(a FailedAsset) bool { return a.Task == r.Task })
			}
			if err := each(r); err != nil {
				return err
			}
		}
		last = records[len(records)-1]
	}
}

// JoinAssets gives records their assets and failed assets.
func JoinAssets(records []Stored, assets []Asset, failed []FailedAsset) {
	owned, lacks := map[string][]Asset{}, map[string][]FailedAsset{}
	for _, a := range assets {
		owned[a.Key] = append(owned[a.Key], a)
	}
	for _, f := range failed {
		lacks[f.Key] = append(lacks[f.Key], f)
	}
	for i := range records {
		r := &records[i]
		r.Assets = ofTask(owned[r.Key], func(a Asset) bool { return a.Task == r.Task })
		r.Failed = ofTask(lacks[r.Key], func(f FailedAsset) bool { return f.Task == r.Task })
	}
}

// ofTask returns the elements of the task that owns a record.
func ofTask[T any](list []T, owned func(T) bool) (out []T) {
	for _, v := range list {
		if owned(v) {
			out = append(out, v)
		}
	}
	return out
}

// EachAsset calls each for the assets of a job, page by page. page returns the assets after a key
// and name.
func EachAsset(each func(Asset) error, page func(key, name string) ([]Asset, error)) error {
	key, name := "", ""
	for {
		assets, err := page(key, name)
		if err != nil || len(assets) == 0 {
			return err
		}
		for _, a := range assets {
			if err := each(a); err != nil {
				return err
			}
		}
		last := assets[len(assets)-1]
		key, name = last.Key, last.Name
	}
}
