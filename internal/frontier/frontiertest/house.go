package frontiertest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
)

// The counters equal a full count, whatever happened to the tasks, folded and tended or not.
func testFullCount(t *testing.T, s *suite) {
	job := s.job("j", fast())
	l := s.lease()
	draw := rand.New(rand.NewPCG(1, 2))
	check := func(when string) {
		t.Helper()
		st, err := s.Status(s.ctx(), job)
		s.check(err)
		want := map[seine.State]int64{seine.Pending: 0, seine.InProgress: 0, seine.Done: 0, seine.Skipped: 0, seine.Stale: 0, seine.Error: 0}
		var total, final int64
		all, err := s.Tasks(s.ctx(), job, frontier.Filter{})
		s.check(err)
		for _, task := range all {
			want[task.State]++
			total++
			if task.Final {
				final++
			}
		}
		if d := cmp.Diff(want, st.States); d != "" {
			t.Errorf("%s: states (-count +status):\n%s", when, d)
		}
		if st.Total != total || st.Open != total-final {
			t.Errorf("%s: %d tasks, %d open; a full count has %d, %d", when, st.Total, st.Open, total, total-final)
		}
		records := int64(0)
		s.check(s.Records(s.ctx(), job, func(frontier.Stored) error { records++; return nil }))
		if st.Records != records {
			t.Errorf("%s: %d records; a full count has %d", when, st.Records, records)
		}
	}
	for round := range 8 {
		var more []frontier.New
		for i := range 40 {
			more = append(more, tasks(fmt.Sprintf("h%d:80", i%7), fmt.Sprintf("k%d", round*20+i))...)
		}
		_, err := s.Add(s.ctx(), job, more)
		s.check(err)
		got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 30})
		s.check(err)
		var (
			ends  []frontier.Completion
			fails []frontier.Failure
			back  []frontier.Claimed
			sent  []frontier.New
		)
		for _, c := range got {
			switch draw.IntN(8) {
			case 0:
				ends = append(ends, frontier.Completion{Claimed: c, State: seine.Skipped, Reason: fmt.Sprintf("why %d", draw.IntN(3))})
			case 1:
				ends = append(ends, frontier.Completion{Claimed: c, State: seine.Error, Reason: "boom"})
			case 2:
				fails = append(fails, failures(seine.Stale, time.Hour, c)...)
			case 3:
				fails = append(fails, failures(seine.Error, time.Minute, c)...)
			case 4:
				back = append(back, c)
			case 5: // stays with the lease
			default:
				ends = append(ends, done(c)...)
				if draw.IntN(4) == 0 {
					sent = append(sent, tasks(c.LaneKey, c.Key)...)
				}
			}
		}
		s.complete(l, job, ends, len(ends))
		s.fail(l, job, fails)
		_, err = s.Release(s.ctx(), l, back)
		s.check(err)
		_, err = s.Retry(s.ctx(), job, sent)
		s.check(err)
		s.clock.Move(2 * time.Minute)
		_, err = s.Promote(s.ctx(), 100)
		s.check(err)
		check(fmt.Sprintf("round %d", round))
		s.check(s.Fold(s.ctx()))
		s.check(s.Tend(s.ctx()))
		check(fmt.Sprintf("round %d, folded", round))
	}
}

// Tending the tables, at any rate, changes nothing for the workers.
func testTend(t *testing.T, s *suite) {
	job := s.job("j", fast())
	const n = 600
	for i := range n {
		s.add(job, tasks(fmt.Sprintf("shard/%02d", i%4), fmt.Sprintf("k%d", i)), 1)
	}
	sweep, err := s.BeginSweep(s.ctx(), []string{"a.png", "b.png"}, time.Minute)
	s.check(err)
	s.check(s.EndSweep(s.ctx(), sweep))
	s.clock.Move(time.Hour)
	var wg sync.WaitGroup
	over := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if err := s.Tend(s.ctx()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	l := s.lease()
	for left := n; left > 0; {
		got, err := s.Claim(s.ctx(), l, frontier.ClaimArgs{Job: job, N: 20})
		s.check(err)
		s.complete(l, job, done(got...), len(got))
		left -= len(got)
	}
	close(over)
	wg.Wait()
	if c := s.counts(job); c.Open != 0 || c.Final[seine.Done] != n {
		t.Errorf("counts %+v; want %d done", c, n)
	}
}

// Adders of the same keys in different orders add each key once, without a ring of waits.
func testAdders(t *testing.T, s *suite) {
	job := s.job("j", fast())
	const n = 3000
	var (
		wg    sync.WaitGroup
		added atomic.Int64
	)
	for a := range 4 {
		wg.Go(func() {
			// All adders share half of the keys. Each has its own order.
			var mine []frontier.New
			for i := range n {
				mine = append(mine, tasks(fmt.Sprintf("h%d:80", i%23), fmt.Sprintf("k%d", i+a*n/2))...)
			}
			draw := rand.New(rand.NewPCG(uint64(a), 7))
			draw.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
			for batch := range slices.Chunk(mine, 250) {
				k, err := s.Add(s.ctx(), job, batch)
				if err != nil {
					t.Errorf("adder %d: %v", a, err)
					return
				}
				added.Add(int64(k))
			}
		})
	}
	wg.Wait()
	want := int64(n + 3*n/2)
	if c := s.counts(job); added.Load() != want || c.Total != want || c.Open != want {
		t.Errorf("%d tasks added, counts %+v; want %d", added.Load(), c, want)
	}
}
