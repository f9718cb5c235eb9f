package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"gocloud.dev/gcerrors"
	"golang.org/x/sync/errgroup"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

const (
	// bodyMemory bounds the memory of all files under check together, in bytes. Their pixels have a
	// bound of their own, so that no two files wait for each other's memory.
	bodyMemory = 256 << 20

	// maxDecoded is the largest file that is decoded; a larger one is hashed.
	maxDecoded = 64 << 20
)

// verify looks at the files of rows that the list did not bear out, or with
// Deep at all files.
func (a *auditor) verify(ctx context.Context) error {
	if some, err := a.spill.has(ctx, `select 1 from suspect limit 1`); err != nil || !some && !a.opts.Deep {
		return err
	}
	var (
		rows []frontier.Asset
		n    int64
	)
	flush := func() error {
		found, err := a.look(ctx, rows)
		rows = rows[:0]
		if err != nil {
			return err
		}
		return a.settle(ctx, found)
	}
	err := a.Frontier.Assets(ctx, a.ID, func(r frontier.Asset) error {
		if !a.opts.Deep {
			suspect, err := a.spill.has(ctx, `select 1 from suspect where key = ? and name = ?`, r.Key, r.Name)
			if err != nil || !suspect {
				return err
			}
		}
		n++
		a.progress("files read", n)
		if rows = append(rows, r); len(rows) < batch {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// look checks the files of rows, several at once.
func (a *auditor) look(ctx context.Context, rows []frontier.Asset) ([]Finding, error) {
	verdicts := make([]Finding, len(rows))
	g, checking := errgroup.WithContext(ctx)
	g.SetLimit(lookers)
	for i, r := range rows {
		g.Go(func() error {
			kind, detail, err := a.check(checking, r)
			verdicts[i] = Finding{Kind: kind, Key: r.Key, task: r.Task, Asset: r.Name, Path: r.Path, Detail: detail}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var found []Finding
	for i, f := range verdicts {
		if f.Kind != "" {
			found = append(found, f)
			continue
		}
		if err := a.thereAfterAll(ctx, rows[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// thereAfterAll makes good for a list that did not have the file yet.
func (a *auditor) thereAfterAll(ctx context.Context, r frontier.Asset) error {
	suspect, err := a.spill.has(ctx, `select 1 from suspect where key = ? and name = ?`, r.Key, r.Name)
	place, made := a.layout.Parse(r.Path)
	if err != nil || !suspect || !made {
		return err
	}
	return a.spill.exec(ctx, insertPlaced, place.ID, folderOf(a.layout, place), place.Asset, r.Path, r.Bytes, 0, true, "")
}

// check returns the fault of a record's file, with an empty kind for none.
func (a *auditor) check(ctx context.Context, r frontier.Asset) (Kind, string, error) {
	at, err := a.Store.attributes(ctx, r.Path)
	switch {
	case gcerrors.Code(err) == gcerrors.NotFound:
		return Missing, "not in the store", nil
	case err != nil:
		return "", "", storeError("look at "+r.Path, err)
	case at.Size != r.Bytes:
		return Broken, fmt.Sprintf("%s; the record says %d", number.Counted(at.Size, "byte"), r.Bytes), nil
	case !a.opts.Deep:
		return "", "", nil
	}
	return a.read(ctx, r)
}

// read compares a file with its record's digest, and decodes it.
func (a *auditor) read(ctx context.Context, r frontier.Asset) (Kind, string, error) {
	need, decodes := r.Bytes, true
	if need > maxDecoded {
		need, decodes = 1<<20, false // it is hashed as it comes
	}
	if err := a.bodies.Acquire(ctx, need); err != nil {
		return "", "", err
	}
	defer a.bodies.Release(need)
	var kept bytes.Buffer
	h := sha256.New()
	to := io.Writer(h)
	if decodes {
		kept.Grow(int(r.Bytes))
		to = io.MultiWriter(h, &kept)
	}
	err := a.Store.read(ctx, r.Path, func(body io.Reader) error {
		// A file that grows while it is read is another one already.
		_, err := io.Copy(to, io.LimitReader(body, r.Bytes+1))
		return err
	})
	switch {
	case gcerrors.Code(err) == gcerrors.NotFound:
		return Missing, "not in the store", nil
	case err != nil:
		return "", "", storeError("read "+r.Path, err)
	}
	if !bytes.Equal(h.Sum(nil), r.SHA256) {
		return Broken, "its SHA-256 is not the record's", nil
	}
	if !decodes {
		return "", "", nil
	}
	err = a.images.Verify(ctx, kept.Bytes())
	var fault asset.Fault
	if errors.As(err, &fault) {
		return Broken, fault.Error(), nil
	}
	return "", "", err
}
