package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
)

// Warnings of one kind are one line, then one line an interval with their number.
func TestWarningsOfOneKindAreGrouped(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	now := time.Unix(0, 0)
	r := newRepeats()
	r.now = func() time.Time { return now }
	root := slog.New(r.handler(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})))
	log, other := root.With("job", "shop"), root.With("job", "other")
	lines := func() []string {
		out := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		b.Reset()
		return out
	}
	check := func(when string, want ...string) {
		t.Helper()
		got := lines()
		if len(got) != len(want) {
			t.Errorf("%s: %q; want %q", when, got, want)
			return
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: %q; want %q", when, got[i], want[i])
			}
		}
	}
	dead := func(i int) error {
		return fmt.Errorf("get http://host-%d.example/: %w", i, &net.DNSError{Err: "no such host", Name: fmt.Sprintf("host-%d.example", i)})
	}
	ctx := t.Context()
	for i := range 100 {
		log.WarnContext(ctx, "fetch failed", "task", i, "err", dead(i))
	}
	other.WarnContext(ctx, "fetch failed", "task", 0, "err", dead(0))
	log.WarnContext(ctx, "fetch failed", "task", 1, "err", errors.New("HTTP 500 from the proxy"))
	log.InfoContext(ctx, "task done")
	log.InfoContext(ctx, "task done")
	check("at once",
		`level=WARN msg="fetch failed" job=shop task=0 err="get http://host-0.example/: lookup host-0.example: no such host"`,
		`level=WARN msg="fetch failed" job=other task=0 err="get http://host-0.example/: lookup host-0.example: no such host"`,
		`level=WARN msg="fetch failed" job=shop task=1 err="HTTP 500 from the proxy"`,
		`level=INFO msg="task done" job=shop`, `level=INFO msg="task done" job=shop`)
	now = now.Add(59 * time.Second)
	r.flush(ctx, time.Minute)
	check("before the interval ends", "")
	now = now.Add(time.Second)
	r.flush(ctx, time.Minute)
	check("after the interval", `level=WARN msg="fetch failed" job=shop task=99 err="get http://host-99.example/: lookup host-99.example: no such host" repeated=99 within=1m0s`)

	// The repeated kind is counted. A kind that occurred once is forgotten and printed again. A
	// kind that came once is forgotten, and shown again.
	log.WarnContext(ctx, "fetch failed", "task", 7, "err", dead(7))
	other.WarnContext(ctx, "fetch failed", "task", 8, "err", dead(8))
	check("in the next interval", `level=WARN msg="fetch failed" job=other task=8 err="get http://host-8.example/: lookup host-8.example: no such host"`)
	r.flush(ctx, 0)
	check("at the end", `level=WARN msg="fetch failed" job=shop task=7 err="get http://host-7.example/: lookup host-7.example: no such host"`)
}

// Kinds without end do not take memory without end, and no warning is lost.
func TestKindsOfWarningsAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	r := newRepeats()
	log := slog.New(r.handler(slog.NewTextHandler(&b, nil)))
	const n = 3*maxKinds + 7
	for i := range n {
		log.WarnContext(t.Context(), "odd", "asset", fmt.Sprint(i))
		log.WarnContext(t.Context(), "odd", "asset", fmt.Sprint(i))
	}
	if len(r.kinds) > maxKinds {
		t.Errorf("%d kinds; at most %d", len(r.kinds), maxKinds)
	}
	r.flush(t.Context(), 0)
	if got := strings.Count(b.String(), "odd"); got != 2*n {
		t.Errorf("%d lines; want %d: one of each and its repetition", got, 2*n)
	}
}
