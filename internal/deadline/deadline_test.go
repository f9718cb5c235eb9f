package deadline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

// tries is a client that tries again until its context ends.
func tries(last error) func(context.Context) error {
	return func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("retry failed with %w; last error: %w", ctx.Err(), &url.Error{Op: "Get", URL: "http://b/?secret", Err: last})
	}
}

func TestCall(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	own := errors.New("its own")
	for _, tt := range []struct {
		name string
		call func(context.Context) error
		want error
		text string
	}{
		{"it answers", func(context.Context) error { return nil }, nil, ""},
		{"it fails", func(context.Context) error { return own }, own, "its own"},
		{"it tries without end", tries(refused), ErrOver, "no answer within 1m0s: dial tcp: connection refused"},
		{"it is silent", tries(context.Canceled), ErrOver, "no answer within 1m0s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				err := Call(t.Context(), time.Minute, tt.call)
				if !errors.Is(err, tt.want) || err != nil && err.Error() != tt.text || time.Since(began) > time.Minute {
					t.Errorf("%v after %v; want %q", err, time.Since(began), tt.text)
				}
				if errors.Is(err, context.Canceled) {
					t.Errorf("%v passes for the end of the caller's own context", err)
				}
			})
		})
	}
}

// An end by the caller is the caller's.
func TestCallOfAContextThatEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := Call(ctx, time.Minute, tries(errors.New("x"))); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrOver) {
			t.Errorf("%v; want the context's own error", err)
		}
	})
}

func TestWatchGoesOnWhileThereAreSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, step, end := Watch(t.Context(), time.Minute)
		defer end()
		for range 5 {
			time.Sleep(50 * time.Second)
			step()
		}
		if ctx.Err() != nil {
			t.Fatalf("ended while it made steps: %v", context.Cause(ctx))
		}
		time.Sleep(61 * time.Second)
		if err := Told(ctx, ctx.Err()); !errors.Is(err, ErrOver) {
			t.Errorf("%v; want %v", err, ErrOver)
		}
	})
}
