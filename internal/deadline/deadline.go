// Package deadline bounds calls of a store. Cloud clients retry without end, and a store that
// disappears during a call would block its caller forever.
package deadline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"
)

// ErrOver reports that the store gave no answer in time.
var ErrOver = errors.New("no answer")

// over reports the last error of the client, without the error of the ended context, which is not
// the caller's.
type over struct {
	after time.Duration
	last  error
}

func (o *over) Is(target error) bool { return target == ErrOver }

func (o *over) Error() string {
	if o.last == nil {
		return fmt.Sprintf("%v within %v", ErrOver, o.after.Round(time.Millisecond))
	}
	return fmt.Sprintf("%v within %v: %v", ErrOver, o.after.Round(time.Millisecond), o.last)
}

// Watch returns a context that ends if step was not called for the duration within. end must be
// called when the work is over.
func Watch(ctx context.Context, within time.Duration) (watched context.Context, step, end func()) {
	watched, cancel := context.WithCancelCause(ctx)
	t := time.AfterFunc(within, func() { cancel(&over{after: within}) })
	return watched, func() { t.Reset(within) }, func() { t.Stop(); cancel(nil) }
}

// Told returns ErrOver if the watch ended the work, else the error of the work itself.
func Told(watched context.Context, err error) error {
	var o *over
	if err == nil || !errors.As(context.Cause(watched), &o) {
		return err
	}
	return &over{o.after, last(err)}
}

// Call bounds one call.
func Call(ctx context.Context, within time.Duration, call func(context.Context) error) error {
	watched, _, end := Watch(ctx, within)
	defer end()
	return Told(watched, call(watched))
}

// last returns the last network error of a client that retried, or nil.
func last(err error) error {
	var (
		u  *url.Error
		op *net.OpError
	)
	switch {
	case errors.As(err, &op):
		return op
	case errors.As(err, &u) && !errors.Is(u.Err, context.Canceled):
		return u.Err
	}
	return nil
}
