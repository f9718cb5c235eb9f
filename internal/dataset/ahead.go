package dataset

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/seinehq/seine/internal/frontier"
)

// aheadBatch is how many records are read while others are written.
const aheadBatch = 500

// ahead reads records, converts them and hands them to each, which this goroutine calls in their
// order. Each of the three steps has a goroutine of its own.
func ahead(ctx context.Context, read func(context.Context, func(frontier.Stored) error) error, convert func(frontier.Stored) (record, error),
	each func(record) error,
) error {
	group, ctx := errgroup.WithContext(ctx)
	stored := make(chan []frontier.Stored, 2)
	group.Go(func() error {
		defer close(stored)
		batch := make([]frontier.Stored, 0, aheadBatch)
		err := read(ctx, func(r frontier.Stored) error {
			if batch = append(batch, r); len(batch) < aheadBatch {
				return nil
			}
			full := batch
			batch = make([]frontier.Stored, 0, aheadBatch)
			return give(ctx, stored, full)
		})
		if err != nil {
			return err
		}
		return give(ctx, stored, batch)
	})
	converted := make(chan []record, 2)
	group.Go(func() error {
		defer close(converted)
		for batch := range stored {
			out := make([]record, len(batch))
			for i, r := range batch {
				var err error
				if out[i], err = convert(r); err != nil {
					return err
				}
			}
			if err := give(ctx, converted, out); err != nil {
				return err
			}
		}
		return nil
	})
	var err error
	for batch := range converted {
		for i := range batch {
			if err = each(batch[i]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		group.Go(func() error { return err }) // ends the others
	}
	return cmp.Or(err, group.Wait())
}

// give sends a value unless the context ends before.
func give[T any](ctx context.Context, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
