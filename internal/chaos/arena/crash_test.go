package arena

import (
	"fmt"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
)

// No other claim gets the starts that a claim reserved, even if the server crashes right after it.
// The worker still uses them, and the host must not be requested above its pace.
func TestAClaimsStartsSurviveACrash(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	// With this delay, data that the commit does not write is not written by chance either.
	s, err := startServer(ctx, "wal_writer_delay=10s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	open := func() (drivers.Frontier, frontier.Lease) {
		t.Helper()
		f, err := drivers.Open(ctx, s.dsn(), drivers.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		if _, err := f.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		lease, err := f.OpenLease(ctx, "w", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return f, lease
	}
	const delay = 20 * time.Second
	f, lease := open()
	job, err := f.Register(ctx, frontier.Spec{
		Name: "j", Config: []byte("{}"), Digest: []byte("d"), MaxAttempts: 8,
		Page: frontier.LanePace{Delay: seine.Span{Min: delay, Max: delay}, Inflight: 8},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	var tasks []frontier.New
	for i := range 20 {
		tasks = append(tasks, frontier.New{Key: fmt.Sprint(i), Lane: "site.example"})
	}
	if _, err := f.Add(ctx, job, tasks); err != nil {
		t.Fatal(err)
	}
	got, err := f.Claim(ctx, lease, frontier.ClaimArgs{Job: job, N: 8})
	if err != nil || len(got) == 0 {
		t.Fatalf("%d tasks, %v", len(got), err)
	}
	s.stop(false)
	if err := s.start(ctx); err != nil {
		t.Fatal(err)
	}
	f, lease = open()
	again, err := f.Claim(ctx, lease, frontier.ClaimArgs{Job: job, N: 8})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range again {
		if last := got[len(got)-1].StartAt; c.StartAt.Before(last.Add(delay)) {
			t.Errorf("a start at %v, %v after one that was given before the crash; want at least %v", c.StartAt, c.StartAt.Sub(last), delay)
		}
	}
}
