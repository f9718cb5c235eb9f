package fetch

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seinehq/seine"
)

func TestLimitPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := NewLimit(t.Context(), 10*time.Second)
		defer l.Stop()
		<-time.After(6 * time.Second)
		l.Pause()
		<-time.After(time.Hour)
		l.Resume()
		start := time.Now()
		<-l.Context().Done()
		if got := time.Since(start); got != 4*time.Second {
			t.Errorf("ended %v after the pause; want the 4s that were left", got)
		}
		if err := l.Explain("h", context.Canceled); Reason(err) != Timeout || !strings.Contains(err.Error(), "10s") {
			t.Errorf("explain = %v; want a timeout of 10s", err)
		}
	})
}

// overdue is a context whose deadline has passed but whose timer has not fired.
type overdue struct{ context.Context }

func (overdue) Deadline() (time.Time, bool) { return time.Now().Add(-time.Millisecond), true }

// A connection that the caller's deadline ends is no fault of the host, whoever notices the
// deadline first.
func TestADeadlineIsNoFaultOfTheHost(t *testing.T) {
	t.Parallel()
	l := NewLimit(overdue{t.Context()}, time.Minute)
	defer l.Stop()
	err := l.Explain("a.example:443", &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded})
	if Reason(err) != Timeout || errors.Is(err, seine.ErrHost) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Explain = %v; want a timeout", err)
	}
}
