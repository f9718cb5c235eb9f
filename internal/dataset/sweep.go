package dataset

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gocloud.dev/gcerrors"
	"golang.org/x/sync/errgroup"
)

const (
	// sweepTTL is how long a sweep holds its paths; it deletes in the first
	// half, so that a slow request is over before others may own them again.
	sweepTTL = 10 * time.Minute

	// sweepBatch is the number of files deleted in one sweep, which reads the paths of all assets
	// once.
	sweepBatch = 10_000

	// deleters is the number of concurrent deletions, and lookers the number of concurrent checks.
	deleters = 8
	lookers  = 16
)

// errSlow reports that the store took longer than a sweep may.
var errSlow = errors.New("the store is too slow to delete files safely while workers run: run the same command again")

// remove deletes those of the files that no record owns and that were last written before a given
// time. It tells which are gone.
func (s *Set) remove(ctx context.Context, files []object, before time.Time) (gone map[string]bool, err error) {
	gone = map[string]bool{}
	for len(files) > 0 {
		n := min(len(files), sweepBatch)
		if err := s.removeSome(ctx, files[:n], before, gone); err != nil {
			return gone, err
		}
		files = files[n:]
	}
	return gone, nil
}

func (s *Set) removeSome(ctx context.Context, files []object, before time.Time, gone map[string]bool) error {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.path
	}
	if s.Frontier == nil {
		return s.delete(ctx, paths, before, gone)
	}
	began := time.Now()
	sweep, err := s.Frontier.BeginSweep(ctx, paths, sweepTTL)
	if err != nil {
		return err
	}
	deleting, cancel := context.WithDeadlineCause(ctx, began.Add(sweepTTL/2), errSlow)
	defer cancel()
	err = s.delete(deleting, sweep.Free, before, gone)
	if errors.Is(context.Cause(deleting), errSlow) || time.Since(began) > sweepTTL {
		// A request may still be under way, so the sweep lasts until its time is over.
		return fmt.Errorf("%w: %w", ErrStore, errSlow)
	}
	// Its end must be told even while we are stopping.
	return errors.Join(err, s.Frontier.EndSweep(context.WithoutCancel(ctx), sweep))
}

// delete deletes files, unless they were rewritten.
func (s *Set) delete(ctx context.Context, paths []string, before time.Time, gone map[string]bool) error {
	done := make([]atomic.Bool, len(paths))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(deleters)
	for i, p := range paths {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			at, err := s.Store.attributes(ctx, p)
			switch {
			case gcerrors.Code(err) == gcerrors.NotFound:
				return nil
			case err != nil:
				return storeError("look at "+p, err)
			case at.ModTime.After(before):
				return nil
			}
			if err := s.Store.remove(ctx, p); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
				return storeError("delete "+p, err)
			}
			done[i].Store(true)
			return nil
		})
	}
	err := g.Wait()
	for i, p := range paths {
		if done[i].Load() {
			gone[p] = true
		}
	}
	return err
}
