package frontiertest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
)

// withFile completes a claim with one file.
func withFile(c frontier.Claimed, path string) []frontier.Completion {
	batch := done(c)
	batch[0].Assets = []frontier.Asset{{Key: c.Key, Stored: assetfile.Stored{Name: "front", Path: path, Bytes: 1, SHA256: []byte("sum"), URL: "u"}}}
	return batch
}

func (s *suite) assets(job frontier.JobID) []string {
	s.Helper()
	var out []string
	s.check(s.Assets(s.ctx(), job, func(a frontier.Asset) error {
		out = append(out, a.Key+" "+a.Name+" "+a.Path)
		return nil
	}))
	return out
}

func (s *suite) sweep(free []string, paths ...string) frontier.Sweep {
	s.Helper()
	got, err := s.BeginSweep(s.ctx(), paths, time.Minute)
	s.check(err)
	slices.Sort(got.Free)
	if !slices.Equal(got.Free, free) {
		s.Fatalf("%v are free of %v; want %v", got.Free, paths, free)
	}
	return got
}

func testAssets(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	const n = 1203 // more than a page
	s.add(job, tasks("h:80", keysOf(n)...), n)
	s.add(other, tasks("h:80", "x"), 1)
	l := s.lease()
	var want []string
	for range 3 {
		got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: n})
		s.check(err)
		var batch []frontier.Completion
		for _, c := range got {
			one := withFile(c, "p/"+c.Key)
			one[0].Assets = append(one[0].Assets, frontier.Asset{Key: c.Key, Stored: assetfile.Stored{Name: "back", Path: "b/" + c.Key, Bytes: 2, SHA256: []byte("sum"), URL: "u"}})
			batch = append(batch, one...)
			want = append(want, c.Key+" back b/"+c.Key, c.Key+" front p/"+c.Key)
		}
		s.complete(l, job, batch, len(batch))
	}
	s.complete(l, other, withFile(s.claim(l, other, 1, 1)[0], "x"), 1)
	slices.Sort(want)
	if got := s.assets(job); len(got) != 2*n || !slices.Equal(got, want) {
		t.Errorf("%d assets; want %d, ordered by key and name", len(got), 2*n)
	}
}

func testSnapshot(t *testing.T, s *suite) {
	job := s.job("j", fast())
	const n = 803 // more than a page, fewer than the slots of a lane
	s.add(job, tasks("h:80", keysOf(n)...), n)
	l := s.lease()
	var held []frontier.Claimed
	for len(held) < n {
		got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: n})
		s.check(err)
		held = append(held, got...)
	}
	slices.SortFunc(held, func(a, b frontier.Claimed) int { return int(a.Seq - b.Seq) })
	s.complete(l, job, done(held[:n-1]...), n-1)
	seen := 0
	s.check(s.Snapshot(s.ctx(), job, func(r frontier.Stored) error {
		if seen++; seen == 1 {
			// A later commit is not part of the snapshot.
			s.complete(l, job, done(held[n-1]), 1)
		}
		return nil
	}))
	if seen != n-1 {
		t.Errorf("the snapshot has %d records; want %d", seen, n-1)
	}
	if c := s.counts(job); c.Records != n {
		t.Errorf("%d records; want %d", c.Records, n)
	}
}

func testSweepOwned(t *testing.T, s *suite) {
	job, other := s.job("j", fast()), s.job("other", fast())
	s.add(job, tasks("h:80", "a"), 1)
	s.add(other, tasks("h:80", "b"), 1)
	l := s.lease()
	s.complete(l, job, withFile(s.claim(l, job, 1, 1)[0], "p/a"), 1)
	s.complete(l, other, withFile(s.claim(l, other, 1, 1)[0], "p/b"), 1)
	sweep := s.sweep([]string{"p/c", "p/d"}, "p/a", "p/d", "p/b", "p/c", "p/d")
	s.check(s.EndSweep(s.ctx(), sweep))
	s.sweep(nil)
}

func testSweepRefuses(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a", "b"), 2)
	l := s.lease()
	got := s.claim(l, job, 2, 2)
	slices.SortFunc(got, func(x, y frontier.Claimed) int { return int(x.Seq - y.Seq) })
	sweep := s.sweep([]string{"p/a"}, "p/a")

	// The task with the swept file is released. The other one is done.
	s.complete(l, job, append(withFile(got[0], "p/a"), withFile(got[1], "p/b")...), 1)
	want := []string{"b front p/b"}
	if list := s.assets(job); !slices.Equal(list, want) {
		t.Fatalf("assets %q; want %q", list, want)
	}
	if c := s.counts(job); c.Open != 1 || c.Final[seine.Done] != 1 || c.Records != 1 || c.Assets != 1 {
		t.Errorf("counts %+v; want one task open", c)
	}
	st, err := s.Status(s.ctx(), job)
	s.check(err)
	if st.States[seine.Pending] != 1 || st.States[seine.InProgress] != 0 {
		t.Errorf("states %v; want one task pending", st.States)
	}

	// Tasks that were claimed during the sweep are rejected, alone in a batch too.
	again := s.claim(l, job, 1, 1)[0]
	if again.Attempt != 1 {
		t.Errorf("attempt %d; want 1: giving back costs none", again.Attempt)
	}
	s.complete(l, job, withFile(again, "p/a"), 0)
	again = s.claim(l, job, 1, 1)[0]
	s.clock.Move(time.Second)
	s.check(s.EndSweep(s.ctx(), sweep))
	s.complete(l, job, withFile(again, "p/a"), 0)

	// A later sweep of other files does not end the mark.
	again = s.claim(l, job, 1, 1)[0]
	s.check(s.EndSweep(s.ctx(), s.sweep([]string{"p/x"}, "p/x")))
	s.complete(l, job, withFile(again, "p/a"), 0)

	// Claimed after its end.
	s.clock.Move(time.Second)
	s.complete(l, job, withFile(s.claim(l, job, 1, 1)[0], "p/a"), 1)
	s.sweep(nil, "p/a")
	if c := s.counts(job); c.Open != 0 || c.Final[seine.Done] != 2 || c.Assets != 2 {
		t.Errorf("counts %+v; want both done", c)
	}
}

func testSweepDied(t *testing.T, s *suite) {
	job := s.job("j", fast())
	s.add(job, tasks("h:80", "a"), 1)
	l := s.lease()
	held := s.claim(l, job, 1, 1)[0]
	s.sweep([]string{"p/a"}, "p/a") // without an end
	s.clock.Move(30 * time.Second)
	s.check(s.Heartbeat(s.ctx(), l, nil))
	s.complete(l, job, withFile(held, "p/a"), 0)
	held = s.claim(l, job, 1, 1)[0]
	s.clock.Move(31 * time.Second)
	s.complete(l, job, withFile(held, "p/a"), 0) // claimed during the sweep
	s.complete(l, job, withFile(s.claim(l, job, 1, 1)[0], "p/a"), 1)
}

// A completion and a sweep of the same file run at once: either the record owns the file, or the
// sweep may delete it.
func testSweepRace(t *testing.T, s *suite) {
	job := s.job("j", fast())
	const rounds = 150
	s.add(job, tasks("h:80", keysOf(rounds)...), rounds)
	l := s.lease()
	wins := map[string]int{}
	for i := range rounds {
		c := s.claim(l, job, 1, 1)[0]
		path := fmt.Sprintf("p/%d", i)
		var (
			wg    sync.WaitGroup
			out   frontier.Outcome
			sweep frontier.Sweep
			errs  [2]error
		)
		wg.Go(func() { out, errs[0] = s.Complete(s.ctx(), l, job, withFile(c, path)) })
		wg.Go(func() { sweep, errs[1] = s.BeginSweep(s.ctx(), []string{path}, time.Minute) })
		wg.Wait()
		s.check(errs[0])
		s.check(errs[1])
		if out.Kept+len(sweep.Free) != 1 {
			t.Fatalf("round %d: %d records own the file, and %d sweeps may delete it", i, out.Kept, len(sweep.Free))
		}
		wins[fmt.Sprint(out.Kept)]++
		s.clock.Move(time.Millisecond)
		s.check(s.EndSweep(s.ctx(), sweep))
		s.clock.Move(time.Millisecond)
		if out.Kept == 0 {
			s.complete(l, job, withFile(s.claim(l, job, 1, 1)[0], path), 1)
		}
	}
	if got := s.assets(job); len(got) != rounds {
		t.Errorf("%d assets; want %d", len(got), rounds)
	}
	t.Logf("the record won %d times, the sweep %d", wins["1"], wins["0"])
}
