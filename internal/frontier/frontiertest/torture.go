package frontiertest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

// The torture test. Two adders add doubles and overlapping keys in random order. Workers with short
// leases crash, pause past their lease and commit late, fail, release, and complete with follow-ups
// that collide. Meanwhile hosts and the job are paused, starts reserved and counters folded. At the
// end every key was finished exactly once.
const (
	tortureKeys    = 2000
	tortureLanes   = 60
	tortureWorkers = 6
	tortureTTL     = 300 * time.Millisecond
	tortureMost    = 50 // attempts: enough that no task runs out of them
)

type torture struct {
	*testing.T
	f   frontier.Frontier
	job frontier.JobID

	mu       sync.Mutex
	finished map[string]int

	added, late, crashed, released, failed atomic.Int64
	adders, turn                           atomic.Int64
}

func testTorture(t *testing.T, f frontier.Frontier) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	job, err := f.Register(ctx, frontier.Spec{
		Name: "torture", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: tortureMost, Page: frontier.LanePace{Inflight: 6}, Asset: fast(),
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	tt := &torture{T: t, f: f, job: job, finished: map[string]int{}}
	var workers, house sync.WaitGroup
	stop := make(chan struct{})
	house.Go(func() { tt.housekeep(ctx, stop) })
	for range 2 {
		workers.Go(func() { tt.adder(ctx) })
	}
	for w := range tortureWorkers {
		workers.Go(func() { tt.worker(ctx, fmt.Sprint("w", w)) })
	}
	workers.Wait()
	close(stop)
	house.Wait()
	if ctx.Err() != nil {
		t.Fatal("the torture did not end in time")
	}
	tt.verify(ctx)
}

func hash(key string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return h.Sum32()
}

func tortureTask(key string) frontier.New {
	return frontier.New{Key: key, Lane: fmt.Sprintf("h%d:80", hash(key)%tortureLanes), Priority: int(hash(key) % 4)}
}

// passing reports an error that a busy frontier may return. The caller then continues.
func (tt *torture) passing(ctx context.Context, what string, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	if !errors.Is(err, frontier.ErrLeaseLost) {
		tt.Errorf("%s: %v", what, err)
	}
	return true
}

func (tt *torture) adder(ctx context.Context) {
	defer tt.adders.Add(1)
	for o := 0; o < tortureKeys; o += 100 {
		var batch []frontier.New
		for i := o; i < o+100; i++ {
			t := tortureTask(fmt.Sprint("t", i))
			batch = append(batch, t, t)
			if i%3 == 0 {
				batch = append(batch, tortureTask(fmt.Sprint("f", i)))
			}
		}
		rand.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
		n, err := tt.f.Add(ctx, tt.job, batch)
		if err != nil {
			tt.Errorf("add: %v", err)
		}
		tt.added.Add(int64(n))
	}
}

func (tt *torture) over(ctx context.Context) bool {
	if tt.adders.Load() < 2 {
		return false
	}
	c, err := tt.f.Counts(ctx, tt.job)
	return err == nil && c.Open == 0
}

func (tt *torture) worker(ctx context.Context, name string) {
	open := func() frontier.Lease {
		l, err := tt.f.OpenLease(ctx, name, tortureTTL)
		if err != nil {
			tt.Errorf("open lease: %v", err)
		}
		return l
	}
	lease := open()
	for ctx.Err() == nil && !tt.over(ctx) {
		if err := tt.f.Heartbeat(ctx, lease, nil); errors.Is(err, frontier.ErrLeaseLost) {
			lease = open()
		}
		got, err := tt.f.Claim(ctx, lease, frontier.ClaimArgs{Job: tt.job, N: 20, Ahead: 50 * time.Millisecond})
		if tt.passing(ctx, "claim", err) {
			continue
		}
		if len(got) == 0 {
			pause(ctx, 3*time.Millisecond)
			continue
		}
		// 37 and 100 are coprime, so every kind of failure occurs.
		switch r := tt.turn.Add(37) % 100; {
		case r < 3: // a crash: no worker returns these
			tt.crashed.Add(int64(len(got)))
			lease = open()
		case r < 6: // commit after the lease ended
			pause(ctx, 3*tortureTTL)
			tt.complete(ctx, lease, got)
		case r < 12:
			out, err := tt.f.Fail(ctx, lease, tt.job, failures([]seine.State{seine.Error, seine.Stale}[r%2], 30*time.Millisecond, got...))
			tt.passing(ctx, "fail", err)
			tt.failed.Add(int64(out.Kept))
		case r < 18:
			out, err := tt.f.Release(ctx, lease, got)
			tt.passing(ctx, "release", err)
			tt.released.Add(int64(out.Kept))
		default:
			tt.complete(ctx, lease, got)
		}
	}
}

func (tt *torture) complete(ctx context.Context, lease frontier.Lease, got []frontier.Claimed) {
	batch := done(got...)
	for i, c := range batch {
		batch[i].Records = append(batch[i].Records, record("shared"+c.Key[len(c.Key)-1:], `{"by":"`+c.Key+`"}`))
		batch[i].Records[1].Merge = true
		batch[i].Assets = []frontier.Asset{{Key: c.Key, Stored: assetfile.Stored{Name: "front", Path: "p/" + c.Key, Bytes: 1, SHA256: []byte("s"), URL: "u"}}}
		if c.Key[0] == 't' {
			var n int
			if _, err := fmt.Sscanf(c.Key, "t%d", &n); err != nil {
				tt.Error(err)
			}
			for _, k := range []string{fmt.Sprint("f", n), fmt.Sprint("f", n/2), fmt.Sprint("t", n/3)} {
				batch[i].Follow = append(batch[i].Follow, tortureTask(k))
			}
		}
	}
	out, err := tt.f.Complete(ctx, lease, tt.job, batch)
	if errors.Is(err, frontier.ErrLeaseLost) {
		tt.late.Add(int64(len(got)))
		return
	}
	if err != nil || len(out.Bad) > 0 || len(out.Taken) > 0 {
		tt.Errorf("complete: %v, %v, %v", err, out.Bad, out.Taken)
		return
	}
	tt.late.Add(int64(len(out.Lost)))
	lost := map[int64]bool{}
	for _, seq := range out.Lost {
		lost[seq] = true
	}
	tt.mu.Lock()
	defer tt.mu.Unlock()
	for _, c := range got {
		if !lost[c.Seq] {
			tt.finished[c.Key]++
		}
	}
}

func (tt *torture) housekeep(ctx context.Context, stop <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(15 * time.Millisecond):
		}
		_, _, _, err := tt.f.Rescue(ctx)
		tt.passing(ctx, "rescue", err)
		_, err = tt.f.Promote(ctx, 10_000)
		tt.passing(ctx, "promote", err)
		if i%10 != 0 {
			continue
		}
		tt.passing(ctx, "fold", tt.f.Fold(ctx))
		tt.passing(ctx, "tend", tt.f.Tend(ctx))
		host := fmt.Sprintf("h%d:80", rand.IntN(tortureLanes))
		_, err = tt.f.PauseHost(ctx, tt.job, host, true)
		tt.passing(ctx, "pause", err)
		_, err = tt.f.PauseHost(ctx, tt.job, host, false)
		tt.passing(ctx, "resume", err)
		_, err = tt.f.Reserve(ctx, tt.job, host, rand.Float64(), time.Minute)
		tt.passing(ctx, "reserve", err)
		tt.passing(ctx, "pause job", tt.f.PauseJob(ctx, tt.job, true))
		tt.passing(ctx, "resume job", tt.f.PauseJob(ctx, tt.job, false))
	}
}

func (tt *torture) verify(ctx context.Context) {
	for {
		found, back, _, err := tt.f.Rescue(ctx)
		if err != nil {
			tt.Fatal(err)
		}
		if back > 0 {
			tt.Errorf("%d tasks were still leased at the end", back)
		}
		if !found {
			break
		}
	}
	want := map[string]bool{}
	for i := range tortureKeys {
		want[fmt.Sprint("t", i)], want[fmt.Sprint("f", i)] = true, true
	}
	tt.mu.Lock()
	defer tt.mu.Unlock()
	for key, n := range tt.finished {
		if n != 1 || !want[key] {
			tt.Errorf("%s was finished %d times", key, n)
		}
	}
	if len(tt.finished) != len(want) {
		tt.Errorf("%d keys were finished; want %d", len(tt.finished), len(want))
	}
	if err := tt.f.Fold(ctx); err != nil {
		tt.Error(err)
	}
	st, err := tt.f.Status(ctx, tt.job)
	if err != nil {
		tt.Fatal(err)
	}
	if st.Open != 0 || st.Total != int64(len(want)) || st.Final[seine.Done] != st.Total || st.States[seine.InProgress] != 0 || len(st.Hosts) != 0 {
		tt.Errorf("status %+v; want %d done and nothing held", st, len(want))
	}
	records := map[string]int{}
	if err := tt.f.Records(ctx, tt.job, func(r frontier.Stored) error {
		if !strings.HasPrefix(r.Key, "shared") {
			records[r.Key]++
			if len(r.Assets) != 1 {
				tt.Errorf("%s has %d assets; want 1", r.Key, len(r.Assets))
			}
		}
		return nil
	}); err != nil {
		tt.Error(err)
	}
	if len(records) != len(want) {
		tt.Errorf("%d tasks have a record; want %d", len(records), len(want))
	}
	if tt.crashed.Load() == 0 || tt.late.Load() == 0 || tt.failed.Load() == 0 || tt.released.Load() == 0 {
		tt.Errorf("too gentle: %d crashed, %d late, %d failed, %d released", tt.crashed.Load(), tt.late.Load(), tt.failed.Load(), tt.released.Load())
	}
	tt.Logf("%d keys, %d added by adders, %d late results refused, %d crashed, %d failed, %d released",
		len(want), tt.added.Load(), tt.late.Load(), tt.crashed.Load(), tt.failed.Load(), tt.released.Load())
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
