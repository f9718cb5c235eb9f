package engine_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// A worker that died held tasks of a time without a pace. They return to the lanes of that time,
// and are still requested at the current pace.
func TestPaceAfterADeadWorker(t *testing.T) {
	t.Parallel()
	const delay = 100 * time.Millisecond
	pulse := testkit.NewPulse(t)
	r := newRig(t, hello)
	j := r.register(r.job(nil))
	r.add(j, "a", "b", "c", "d", "e", "f", "g", "h")
	dead, err := r.f.OpenLease(t.Context(), "dead", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for range 20 {
		got, err := r.f.Claim(t.Context(), dead, frontier.ClaimArgs{Job: j.ID, N: 8})
		if err != nil {
			t.Fatal(err)
		}
		held += len(got)
	}
	j = r.register(r.job(func(j *seine.Job) {
		j.Pace = seine.Pace{Delay: seine.Span{Min: delay, Max: delay}, Concurrency: 4}
	}))
	// Releasing tasks of a wrong lane is retried until it succeeds.
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.engine(j, func(c *engine.Config) { c.Frontier = clumsy{r.f, new(sync.Once)} }).Run(ctx); err != nil || ctx.Err() != nil {
		t.Fatalf("%v, %v\n%s", err, ctx.Err(), r.log)
	}
	at := r.site.Starts("")
	if held != 8 || len(at) != 8 {
		t.Fatalf("%d held, %d requests; want 8 and 8\n%s", held, len(at), r.log)
	}
	if span := at[7].Sub(at[0]); span < 7*delay-delay/2-pulse.Late(at[0]) {
		t.Errorf("8 requests in %v; want at least %v", span, 7*delay)
	}
}

// closedPort returns an address without a listener.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Without a pace, an unreachable host and a host that requests a backoff affect the fleet, and do
// not delay other hosts.
func TestHostsWithoutAPaceHaveRules(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	dead := closedPort(t)
	busy := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	job := r.job(func(j *seine.Job) {
		j.Seeds.URL = ""
		j.Concurrency = 4
	})
	j := r.register(job)
	var keys []string
	for i := range 120 {
		keys = append(keys, fmt.Sprintf("http://%s/%d", dead, i), fmt.Sprintf("%s/%d", busy.URL, i), fmt.Sprintf("%s/p/%d", r.site.URL, i))
	}
	r.add(j, keys...)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	done := make(chan error, 2)
	for i := range 2 {
		go func() {
			done <- r.engine(j, func(c *engine.Config) { c.UntilDone, c.Worker = false, fmt.Sprintf("w%d", i) }).Run(ctx)
		}()
	}
	good := int64(0)
	for good < 120 && ctx.Err() == nil {
		c, err := r.f.Counts(t.Context(), j.ID)
		if err != nil {
			t.Fatal(err)
		}
		good = c.Final[seine.Done]
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(time.Second) // would the others be asked now?
	st, err := r.f.Status(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if good != 120 || st.Final[seine.Error] != 0 {
		t.Fatalf("%d of 120 good pages are done, counts %+v\n%s", good, st.Counts, r.log)
	}
	// Two workers with four tasks each may have sent requests before they knew.
	if n := len(busy.Requests()); n > 16 {
		t.Errorf("the host in backoff got %d requests; want at most 16", n)
	}
	if n := strings.Count(r.log.String(), "connection refused"); n > 20 {
		t.Errorf("the dead host was tried %d times", n)
	}
	why := map[string]string{}
	for _, h := range st.Hosts {
		why[h.Host] = h.Reason
	}
	if why[dead] != "connection refused" || why[strings.TrimPrefix(busy.URL, "http://")] != "Retry-After" {
		t.Errorf("status names %v", why)
	}
}

// A host of a job without a pace can be paused before anything of it is known.
func TestPauseAHostWithoutAPace(t *testing.T) {
	t.Parallel()
	r := newRig(t, hello)
	j := r.register(r.job(nil))
	r.add(j, "a", "b", "c")
	host := strings.TrimPrefix(r.site.URL, "http://")
	if found, err := r.f.PauseHost(t.Context(), j.ID, host, true); err != nil || !found {
		t.Fatalf("paused %v, %v", found, err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	if err := r.engine(j, nil).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(r.site.Counts()) != 0 {
		t.Errorf("a paused host got the requests %v", r.site.Counts())
	}
	if _, err := r.f.PauseHost(t.Context(), j.ID, host, false); err != nil {
		t.Fatal(err)
	}
	r.run(j)
	if got := r.states(j); got != "a:done b:done c:done" {
		t.Errorf("%s\n%s", got, r.log)
	}
}
