package dataset

import (
	"context"
	"encoding/json"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
)

// shardFile matches the files of shards, below the folder of their split.
var shardFile = regexp.MustCompile(`^([0-9]{6})(?:\.tar|\.parquet|_stats\.json)$`)

// manifestFile is the file about a WebDataset, in its folder.
const manifestFile = "manifest.json"

// sweep removes what earlier exports left in the folder of a WebDataset.
func (x *export) sweep(ctx context.Context) error {
	if x.opts.Format != WebDataset {
		return nil
	}
	now := map[string]int{}
	for _, o := range x.outs {
		if s, ok := o.(*shardSet); ok {
			now[strings.TrimPrefix(s.prefix, x.opts.Shards.Prefix)] = s.n
		}
	}
	return x.opts.Shards.sweep(ctx, now)
}

// sweep removes what earlier exports left in the folder of a WebDataset: further shards, shards of
// other splits, and files that a killed export was writing. now has the number of shards by the
// folder of their split.
//
// A folder holds the shards of another split if Seine wrote its stats and it has no manifest. A
// folder with a manifest is an export of its own.
func (s *Shards) sweep(ctx context.Context, now map[string]int) error {
	bucket := Store{Bucket: s.Bucket}
	old, others, apart := []string{}, map[string][]string{}, map[string]bool{}
	err := bucket.list(ctx, s.Prefix, func(o object) error {
		dir, base := path.Split(strings.TrimPrefix(o.path, s.Prefix))
		if strings.Count(dir, "/") > 1 {
			return nil
		}
		n, written := now[dir]
		if of, ok := leftover(base); ok && (of == manifestFile || shardFile.MatchString(of)) && (written || dir == "") {
			old = append(old, o.path)
			return nil
		}
		switch m := shardFile.FindStringSubmatch(base); {
		case m == nil:
			apart[dir] = apart[dir] || base == manifestFile
		case !written && dir != "":
			others[dir] = append(others[dir], o.path)
		case m[1] >= shardName(n):
			old = append(old, o.path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for dir, files := range others {
		if apart[dir] {
			continue
		}
		ours, err := anyOurs(ctx, bucket, files)
		if err != nil {
			return err
		}
		if ours {
			old = append(old, files...)
		}
	}
	slices.Sort(old) // stats before their shard: _ comes after the dot
	slices.Reverse(old)
	for _, name := range old {
		if err := bucket.remove(ctx, name); err != nil {
			return storeError("delete "+name, err)
		}
	}
	return nil
}

// anyOurs reports whether the first stats among the files of shards are Seine's.
func anyOurs(ctx context.Context, bucket Store, files []string) (bool, error) {
	i := slices.IndexFunc(files, func(name string) bool { return strings.HasSuffix(name, statsEnd) })
	if i < 0 {
		return false, nil
	}
	var text []byte
	err := bucket.read(ctx, files[i], func(r io.Reader) (err error) {
		text, err = io.ReadAll(io.LimitReader(r, maxStats))
		return err
	})
	if err != nil {
		return false, storeError("read "+files[i], err)
	}
	var st stats
	return json.Unmarshal(text, &st) == nil && st.Form > 0 && st.Source != "", nil
}
