// Command bench prints the figures of docs/benchmarks.md: `make bench`. It needs
// bin/seine, and a PostgreSQL that SEINE_TEST_POSTGRES names.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/bench/measure"
	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
)

func main() {
	if err := bench(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// The numbers and sizes of a run.
const (
	frontierTasks = 100_000
	pages         = 10_000
	rounds        = 3
	batch         = 50
)

func bench(ctx context.Context) error {
	binary, err := measure.Command()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "seine-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	srv, err := measure.OpenPostgres(ctx, "bench")
	if err != nil {
		return err
	}
	fmt.Printf("%s; median of %d rounds (lowest to highest)\n\n", measure.Machine(), rounds)
	fmt.Println("| what | SQLite | PostgreSQL |")
	fmt.Println("| --- | --: | --: |")

	places := []func(string) (string, error){
		func(name string) (string, error) { return "sqlite:" + filepath.Join(dir, name+".db"), nil },
		func(name string) (string, error) { return srv.Database(ctx, "bench_"+name) },
	}
	var cells []string
	for i, place := range places {
		var rates []float64
		for r := range rounds {
			at, err := place(fmt.Sprintf("frontier%d", r))
			if err != nil {
				return err
			}
			rate, err := claimComplete(ctx, at, []int{1, 8}[i])
			if err != nil {
				return err
			}
			rates = append(rates, rate)
		}
		cells = append(cells, measure.Spread(rates))
	}
	fmt.Printf("| claim + complete, %d tasks, batches of %d, one record each, %d and %d workers: tasks/s | %s | %s |\n", frontierTasks, batch, 1, 8, cells[0], cells[1])

	site, err := cardsite.New(cardsite.Config{From: 1, To: 2 * pages, Calm: true, Plain: true})
	if err != nil {
		return err
	}
	served, err := cardsite.Serve(ctx, site, "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { _ = served.Close() }()
	job := filepath.Join(dir, "job.yaml")
	if err := os.WriteFile(job, []byte(fmt.Sprintf(benchJob, pages, served.PagesURL)), 0o600); err != nil {
		return err
	}
	var speed, memory [2]string
	for i, place := range places {
		var rates, peaks []float64
		for r := range rounds {
			at, err := place(fmt.Sprintf("run%d", r))
			if err != nil {
				return err
			}
			rate, peak, err := wholeRun(ctx, binary, dir, job, at)
			if err != nil {
				return err
			}
			rates, peaks = append(rates, rate), append(peaks, peak)
		}
		speed[i], memory[i] = measure.Spread(rates), measure.Spread(peaks)
	}
	fmt.Printf("| whole `seine run`, %d server-rendered pages without assets, no pace: pages/s | %s | %s |\n", pages, speed[0], speed[1])
	fmt.Printf("| the same: peak memory, MB | %s | %s |\n", memory[0], memory[1])

	var idle [2]string
	for i, place := range places {
		at, err := place("idle")
		if err != nil {
			return err
		}
		mb, err := idleWorker(ctx, binary, dir, at)
		if err != nil {
			return err
		}
		idle[i] = fmt.Sprintf("%.1f", mb)
	}
	fmt.Printf("| idle `seine worker` after 10 s: anonymous memory, MB | %s | %s |\n", idle[0], idle[1])
	return nil
}

// claimComplete is how many tasks a second are claimed and completed, in 16
// lanes, each with one record.
func claimComplete(ctx context.Context, at string, workers int) (float64, error) {
	f, err := drivers.Open(ctx, at, drivers.Options{Conns: int32(workers)})
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Migrate(ctx); err != nil {
		return 0, err
	}
	job, err := f.Register(ctx, frontier.Spec{Name: "bench", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 8, Page: frontier.LanePace{Inflight: 1 << 20}}, false)
	if err != nil {
		return 0, err
	}
	var tasks []frontier.New
	for i := range frontierTasks {
		tasks = append(tasks, frontier.New{Key: strconv.Itoa(i), Lane: fmt.Sprintf("shard/%02d", i%16), Priority: 1})
		if len(tasks) == 5000 {
			if _, err := f.Add(ctx, job, tasks); err != nil {
				return 0, err
			}
			tasks = tasks[:0]
		}
	}
	began := time.Now()
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() { errs[w] = work(ctx, f, job) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	took := time.Since(began)
	if c, err := f.Counts(ctx, job); err != nil || c.Final[seine.Done] != frontierTasks || c.Records != frontierTasks {
		return 0, fmt.Errorf("counts %+v, %w", c, err)
	}
	return frontierTasks / took.Seconds(), nil
}

func work(ctx context.Context, f frontier.Frontier, job frontier.JobID) error {
	lease, err := f.OpenLease(ctx, "bench", time.Minute)
	if err != nil {
		return err
	}
	for idle := 0; idle < 20; {
		got, err := f.Claim(ctx, lease, frontier.ClaimArgs{Job: job, N: batch})
		if err != nil {
			return err
		}
		if len(got) == 0 {
			idle++
			continue
		}
		idle = 0
		results := make([]frontier.Completion, len(got))
		for i, c := range got {
			results[i] = frontier.Completion{Claimed: c, State: seine.Done, Records: []frontier.Record{{
				Key: c.Key, Kind: "record", URL: "http://127.0.0.1/", Fields: []byte(`{"title":"a page"}`), Digest: []byte{1}, FetchedAt: time.Now(),
			}}}
		}
		if _, err := f.Complete(ctx, lease, job, results); err != nil {
			return err
		}
	}
	return nil
}

const benchJob = `job: bench
seeds:
  ids: {from: 1, to: %d}
  url: %s/cert/{id}/psa
fetch: {via: http, allow_private: [127.0.0.0/8]}
pace: {delay: 0s, concurrency: 0}
fields:
  cert:  {css: p.text-subtitle1, match: '#(\d+)'}
  title: {css: h1}
verdict:
  - {skip: "status == 404", why: no such id}
  - {stale: "cert != id", why: page did not load}
explore: {strategy: "off"}
`

// wholeRun runs the command and returns pages a second and peak memory in MB.
func wholeRun(ctx context.Context, binary, dir, job, at string) (rate, peak float64, err error) {
	c := exec.CommandContext(ctx, binary, "run", job, "--frontier", at)
	c.Dir, c.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	began := time.Now()
	if out, err := c.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("seine run: %w\n%s", err, out)
	}
	took := time.Since(began)
	usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, 0, fmt.Errorf("no resource usage on this system")
	}
	return pages / took.Seconds(), float64(usage.Maxrss) * 1024 / 1e6, nil
}

// idleWorker is the anonymous memory of a worker that has nothing to do.
func idleWorker(ctx context.Context, binary, dir, at string) (float64, error) {
	job := filepath.Join(dir, "idle.yaml")
	if err := os.WriteFile(job, []byte("job: idle\nseeds: {url: 'http://127.0.0.1:1/{id}'}\nfetch: {allow_private: [127.0.0.0/8]}\nfields: {title: {css: h1}}\n"), 0o600); err != nil {
		return 0, err
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	m := exec.CommandContext(ctx, binary, "migrate", "--frontier", at)
	m.Dir, m.Env = dir, env
	if out, err := m.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("seine migrate: %w\n%s", err, out)
	}
	c := exec.CommandContext(ctx, binary, "worker", job, "--frontier", at)
	c.Dir, c.Env = dir, env
	var errs strings.Builder
	c.Stderr = &errs
	if err := c.Start(); err != nil {
		return 0, err
	}
	time.Sleep(10 * time.Second)
	kb, ok := measure.Anonymous(c.Process.Pid)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	if err := c.Wait(); err != nil {
		return 0, fmt.Errorf("seine worker: %w\n%s", err, &errs)
	}
	if !ok {
		return 0, fmt.Errorf("no RssAnon in the process's status")
	}
	return float64(kb) * 1024 / 1e6, nil
}
