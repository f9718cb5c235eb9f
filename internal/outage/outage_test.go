package outage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

// An outage and its recovery are logged once each. The waits double, and the next outage begins
// with the first wait.
func TestOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &bytes.Buffer{}
		counted := 0
		o := OfFrontier(slog.New(slog.NewTextHandler(log, nil)), func() { counted++ })
		gone := fmt.Errorf("%w: refused", frontier.ErrUnavailable)
		began := time.Now()
		for _, want := range []time.Duration{200, 400, 800, 1600, 3200, 6400, 10_000, 10_000} {
			wait := o.Note(t.Context(), gone)
			if wait != want*time.Millisecond {
				t.Errorf("wait %v; want %dms", wait, int64(want))
			}
			time.Sleep(wait)
		}
		if since, err := o.Down(); !errors.Is(err, gone) || !since.Equal(began) {
			t.Errorf("Down = %v, %v; want %v, %v", since, err, began, gone)
		}
		o.Over(t.Context())
		o.Over(t.Context())
		if _, err := o.Down(); err != nil || !o.Back().Equal(time.Now()) {
			t.Errorf("after the recovery: %v, back at %v", err, o.Back())
		}
		o.NoteSince(t.Context(), began, gone) // the call began before the recovery
		if _, err := o.Down(); err != nil {
			t.Error("an old error begins another outage")
		}
		if wait := o.Note(t.Context(), errors.New("syntax error")); wait != 0 {
			t.Errorf("another error waits %v", wait)
		}
		o.NoteSince(t.Context(), time.Now(), gone)
		if wait := o.Note(t.Context(), gone); wait != 2*firstWait {
			t.Errorf("the next outage waits %v; want %v", wait, 2*firstWait)
		}
		for what, want := range map[string]int{"frontier does not answer": 2, "frontier is back": 1, "took=32.6s": 1} {
			if n := strings.Count(log.String(), what); n != want {
				t.Errorf("%q is logged %d times; want %d\n%s", what, n, want, log)
			}
		}
		if counted != 11 {
			t.Errorf("%d errors are counted; want 11", counted)
		}
	})
}

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if !Sleep(ctx, time.Second) || !Sleep(ctx, 0) {
			t.Error("ctx is not live")
		}
		if began := time.Now(); Sleep(ctx, time.Hour) || time.Since(began) != 59*time.Second || Sleep(ctx, 0) {
			t.Errorf("Sleep outlasts its context: %v", time.Since(began))
		}
	})
}
