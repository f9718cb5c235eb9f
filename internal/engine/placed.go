package engine

import (
	"cmp"
	"fmt"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/redact"
)

// placed gives the assets without a path the one that the job's key template makes of the key and
// the fields of their records. key is the task's. Two assets of a task never share such a path.
func placed(job *seine.Job, key string, result *seine.Result) error {
	clean := redact.New(job.Secrets).Replace
	taken := map[string]string{}
	for _, a := range result.Assets {
		if a.Path != "" {
			taken[a.Path] = a.Name
		}
	}
	for i := range result.Assets {
		a := &result.Assets[i]
		id, values := valuesOf(result.Records, *a, key, clean)
		place := func(path *string, name string) (err error) {
			if *path != "" {
				if err := extract.CheckPath(*path); err != nil {
					return fmt.Errorf("%w: asset %s: its path %q %w", seine.ErrFinal, name, *path, err)
				}
				return nil
			}
			if *path, err = extract.CodePath(cmp.Or(job.Store.Key, extract.DefaultKey), id, clean(name), values); err != nil {
				return fmt.Errorf("asset %s: %w", a.Name, err)
			}
			if other, twice := taken[*path]; twice {
				return fmt.Errorf("the assets %s and %s have the path %s: give them names of their own, and put {asset} into store.key", other, name, *path)
			}
			taken[*path] = name
			return nil
		}
		if err := place(&a.Path, a.Name); err != nil {
			return err
		}
		if a.Image == nil || a.Image.Keep != seine.KeepOriginal {
			continue
		}
		if err := place(&a.OriginalPath, a.Name+assetfile.OriginalSuffix); err != nil {
			return err
		}
	}
	return nil
}

// valuesOf returns the key and the printed fields of the record of an asset, without secrets. A
// secret must go before a value is sanitized, because it is not found afterwards.
func valuesOf(records []seine.Record, a seine.Asset, key string, clean func(string) string) (id string, values map[string]string) {
	id, values = clean(cmp.Or(a.Record, key)), map[string]string{}
	for _, r := range records {
		if cmp.Or(r.Key, key) != cmp.Or(a.Record, key) {
			continue
		}
		for name, v := range r.Fields {
			values[name] = clean(extract.Printed(v))
		}
		break
	}
	return id, values
}
