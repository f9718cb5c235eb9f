package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seinehq/seine/bench/measure"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
)

// liteFigures is the report of the child process that works on a SQLite file.
type liteFigures struct{ Add, Work, P50, P99 float64 }

// benchLite works tasks off in a SQLite file, in a process of its own, whose
// memory can be told.
func benchLite(ctx context.Context, _ *measure.Postgres, s settings) error {
	dir, err := os.MkdirTemp("", "seine-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "seine.db")
	c := exec.CommandContext(ctx, self, "-child", path, "-lite", strconv.Itoa(s.lite))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, os.Stderr
	if err := c.Run(); err != nil {
		return err
	}
	var f liteFigures
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		return err
	}
	size, err := os.Stat(path)
	if err != nil {
		return err
	}
	fmt.Printf("SQLite, %s tasks, batches of %d, a record each, one worker: added at %.0f, claimed and completed at **%.0f** a second, claim p50 / p99 %.1f / %.1f ms, %.0f µs of CPU a task, adding included; file %.0f MB (%.0f B a task), peak memory %.0f MB.\n\n",
		count(s.lite), batch, f.Add, f.Work, f.P50, f.P99, cpuOf(c.ProcessState, s.lite), float64(size.Size())/1e6, float64(size.Size())/float64(s.lite), peakMB(c.ProcessState))
	return nil
}

// cpuOf is a process's CPU time, in µs for each of n.
func cpuOf(p *os.ProcessState, n int) float64 {
	return float64((p.UserTime() + p.SystemTime()).Microseconds()) / float64(n)
}

func peakMB(p *os.ProcessState) float64 {
	if u, ok := p.SysUsage().(*syscall.Rusage); ok {
		return float64(u.Maxrss) * 1024 / 1e6
	}
	return 0
}

func liteChild(ctx context.Context, path string, n int) error {
	f, err := drivers.Open(ctx, "sqlite:"+path, drivers.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Migrate(ctx); err != nil {
		return err
	}
	job, err := f.Register(ctx, spec("bench"), false)
	if err != nil {
		return err
	}
	began := time.Now()
	var tasks []frontier.New
	for i := range n {
		tasks = append(tasks, frontier.New{Key: key(i), Lane: fmt.Sprintf("shard/%02d", i%16), Priority: 1})
		if len(tasks) == 1000 || i == n-1 {
			if _, err := f.Add(ctx, job, tasks); err != nil {
				return err
			}
			tasks = tasks[:0]
		}
	}
	added := time.Since(began)
	var (
		l    line
		done atomic.Int64
	)
	began = time.Now()
	if err := workOff(ctx, f, job, n, batch, &done, func(d time.Duration) { l.claims = append(l.claims, d) }); err != nil {
		return err
	}
	took := time.Since(began)
	if err := f.Tend(ctx); err != nil {
		return err
	}
	if done.Load() != int64(n) {
		return fmt.Errorf("%d of %d tasks done", done.Load(), n)
	}
	return json.NewEncoder(os.Stdout).Encode(liteFigures{
		float64(n) / added.Seconds(), float64(n) / took.Seconds(), float64(l.claim(0.5).Microseconds()) / 1000, float64(l.claim(0.99).Microseconds()) / 1000,
	})
}
