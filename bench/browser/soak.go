package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/bench/measure"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/fetch/chromefetch"
)

// soak renders many pages and shows that neither the browser, this process nor the number of
// processes grows.
func soak(pages int) error {
	ctx := context.Background()
	at, stop, err := startSite()
	if err != nil {
		return err
	}
	defer stop()
	c, err := chromefetch.Open(ctx, chromefetch.Config{Tabs: 4})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	f, err := c.Guarded(chromefetch.Job{Guard: fetch.Guard{Allow: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}}})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	fmt.Printf("%8s %8s %10s %12s %14s %12s %12s\n", "pages", "failed", "pages/s", "browsers", "processes", "their PSS MB", "our RSS MB")
	const step = 500
	seen := map[int]bool{}
	failed, began := 0, time.Now()
	for done := 0; done < pages; done += step {
		var wg sync.WaitGroup
		var mu sync.Mutex
		next := make(chan int)
		for range 4 {
			wg.Go(func() {
				for i := range next {
					_, err := f.Fetch(ctx, seine.Request{URL: fmt.Sprintf("%s/page/%d", at, i), Wait: waits, Timeout: time.Minute})
					mu.Lock()
					seen[c.Group()] = true
					if err != nil {
						failed++
					}
					mu.Unlock()
				}
			})
		}
		for i := range min(step, pages-done) {
			next <- done + i
		}
		close(next)
		wg.Wait()
		n := min(done+step, pages)
		fmt.Printf("%8d %8d %10.2f %12d %14d %12.0f %12.0f\n", n, failed, float64(n)/time.Since(began).Seconds(), len(seen), ofUser(), float64(measure.GroupMemory(c.Group()))/1e6, residentMB())
	}
	return nil
}

// ofUser counts this machine's processes that are browsers.
func ofUser() int {
	return measure.GroupProcesses(func(pid int) bool {
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		return err == nil && strings.HasPrefix(string(comm), "chrom")
	})
}

func residentMB() float64 {
	runtime.GC()
	text, _ := os.ReadFile("/proc/self/statm")
	f := strings.Fields(string(text))
	if len(f) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(f[1])
	return float64(n*os.Getpagesize()) / 1e6
}
