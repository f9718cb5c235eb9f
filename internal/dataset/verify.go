package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // files are of these kinds
	"image/jpeg"
	"image/png"
	"io"

	"gocloud.dev/gcerrors"
	_ "golang.org/x/image/webp" // files are of these kinds
	"golang.org/x/sync/errgroup"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// bodyMemory and pixelMemory bound what files and decoded pixels that are
	// being checked take, in bytes, over all at once. They are apart, so that
	// no two files wait for each other's memory.
	bodyMemory  = 256 << 20
	pixelMemory = 512 << 20

	// maxDecoded is the largest file that is decoded; a larger one is hashed.
	maxDecoded = 64 << 20

	// pixelBytes is what a decoded pixel takes at most.
	pixelBytes = 8
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
			verdicts[i] = Finding{Kind: kind, Key: r.Key, Asset: r.Name, Path: r.Path, Detail: detail}
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

// check says what is wrong with a record's file; an empty kind: nothing.
func (a *auditor) check(ctx context.Context, r frontier.Asset) (Kind, string, error) {
	at, err := a.Store.Attributes(ctx, r.Path)
	switch {
	case gcerrors.Code(err) == gcerrors.NotFound:
		return Missing, "not in the store", nil
	case err != nil:
		return "", "", storeError("look at "+r.Path, err)
	case at.Size != r.Bytes:
		return Broken, fmt.Sprintf("%d bytes; the record says %d", at.Size, r.Bytes), nil
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
	body, err := a.Store.NewReader(ctx, r.Path, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return Missing, "not in the store", nil
	}
	if err != nil {
		return "", "", storeError("read "+r.Path, err)
	}
	defer func() { _ = body.Close() }()
	var kept bytes.Buffer
	h := sha256.New()
	to := io.Writer(h)
	if decodes {
		kept.Grow(int(r.Bytes))
		to = io.MultiWriter(h, &kept)
	}
	// A file that grows while it is read is another one already.
	if _, err := io.Copy(to, io.LimitReader(body, r.Bytes+1)); err != nil {
		return "", "", storeError("read "+r.Path, err)
	}
	if !bytes.Equal(h.Sum(nil), r.SHA256) {
		return Broken, "its SHA-256 is not the record's", nil
	}
	if !decodes {
		return "", "", nil
	}
	return a.decode(ctx, kept.Bytes())
}

// decode decodes an image, unless it is too large for that or of a kind that is
// not known here.
func (a *auditor) decode(ctx context.Context, body []byte) (Kind, string, error) {
	cfg, kind, err := image.DecodeConfig(bytes.NewReader(body))
	if errors.Is(err, image.ErrFormat) || unsupported(err) {
		return "", "", nil
	}
	if err != nil {
		return Broken, kind + " that can't be decoded: " + err.Error(), nil
	}
	need := int64(cfg.Width) * int64(cfg.Height) * pixelBytes
	if cfg.Width > 1<<20 || cfg.Height > 1<<20 || need > pixelMemory {
		return "", "", nil
	}
	if err := a.pixels.Acquire(ctx, need); err != nil {
		return "", "", err
	}
	defer a.pixels.Release(need)
	if _, _, err := image.Decode(bytes.NewReader(body)); err != nil && !unsupported(err) {
		return Broken, kind + " that can't be decoded: " + err.Error(), nil
	}
	return "", "", nil
}

// unsupported reports whether an image may be good and only our decoder can't
// say so.
func unsupported(err error) bool {
	var (
		j jpeg.UnsupportedError
		p png.UnsupportedError
	)
	return errors.As(err, &j) || errors.As(err, &p)
}
