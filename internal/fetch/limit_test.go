package fetch

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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
