package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/bench/measure"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
)

// The second part: tasks on each of the small hosts, and workers.
const (
	tasksEach = 10
	takers    = 8
	batch     = 50
)

// manyHosts works off the tasks of many hosts, a task a second each, without
// and with a host that has nine times as many tasks as all of them. Its tasks
// wait; the others must not wait for them.
func manyHosts(ctx context.Context, hosts int) error {
	small := (hosts - 1) * tasksEach
	fmt.Printf("\n%d hosts at one request a second each, %d tasks on the small ones, claimed and completed by %d workers:\n\n", hosts, small, takers)
	fmt.Println("| tasks on one more host | the small hosts' tasks: tasks/s |")
	fmt.Println("| --: | --: |")
	for _, giant := range []int{0, 9 * small} {
		rate, err := smallHosts(ctx, hosts, giant)
		if err != nil {
			return err
		}
		fmt.Printf("| %d | %.0f |\n", giant, rate)
	}
	return nil
}

// smallHosts is how many tasks of the small hosts end in a second.
func smallHosts(ctx context.Context, hosts, giant int) (float64, error) {
	srv, err := measure.OpenPostgres(ctx, "bench-pace")
	if err != nil {
		return 0, err
	}
	at, err := srv.Database(ctx, "bench_hosts")
	if err != nil {
		return 0, err
	}
	f, err := drivers.Open(ctx, at, drivers.Options{Conns: takers})
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Migrate(ctx); err != nil {
		return 0, err
	}
	second := seine.Span{Min: time.Second, Max: time.Second}
	job, err := f.Register(ctx, frontier.Spec{Name: "hosts", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 8, Page: frontier.LanePace{Delay: second, Inflight: 4}}, false)
	if err != nil {
		return 0, err
	}
	var tasks []frontier.New
	add := func(lane string, n int) error {
		tasks = append(tasks, frontier.New{Key: strconv.Itoa(n) + "@" + lane, Lane: lane, Priority: 1})
		if len(tasks) < 5000 {
			return nil
		}
		_, err := f.Add(ctx, job, tasks)
		tasks = tasks[:0]
		return err
	}
	for i := range giant {
		if err := add("giant:80", i); err != nil {
			return 0, err
		}
	}
	for i := range tasksEach {
		for h := range hosts - 1 {
			if err := add(fmt.Sprintf("h%d:80", h), i); err != nil {
				return 0, err
			}
		}
	}
	if _, err := f.Add(ctx, job, tasks); err != nil {
		return 0, err
	}
	var (
		left  atomic.Int64
		wg    sync.WaitGroup
		first = make([]error, takers)
	)
	left.Store(int64((hosts - 1) * tasksEach))
	began := time.Now()
	for w := range takers {
		wg.Go(func() { first[w] = take(ctx, f, job, &left) })
	}
	wg.Wait()
	took := time.Since(began)
	for _, err := range first {
		if err != nil {
			return 0, err
		}
	}
	return float64((hosts-1)*tasksEach) / took.Seconds(), nil
}

func take(ctx context.Context, f frontier.Frontier, job frontier.JobID, left *atomic.Int64) error {
	lease, err := f.OpenLease(ctx, "bench", time.Minute)
	if err != nil {
		return err
	}
	for left.Load() > 0 {
		got, err := f.Claim(ctx, lease, frontier.ClaimArgs{Job: job, N: batch})
		if err != nil {
			return err
		}
		if len(got) == 0 {
			<-time.After(10 * time.Millisecond)
			continue
		}
		var results []frontier.Completion
		for _, c := range got {
			if c.LaneKey != "giant:80" {
				left.Add(-1)
			}
			results = append(results, frontier.Completion{Claimed: c, State: seine.Done})
		}
		if _, err := f.Complete(ctx, lease, job, results); err != nil {
			return err
		}
	}
	return nil
}
