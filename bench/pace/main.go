// Command bench-pace shows by the site's own clock that a host's pace holds over a fleet: many
// worker processes on one host, some of them killed on the way, and then very many hosts with
// nearly all tasks on one of them. It exits with code 1 if the pace was exceeded. It needs
// bin/seine, and a PostgreSQL that SEINE_TEST_POSTGRES names.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/seinehq/seine/bench/measure"
	"github.com/seinehq/seine/internal/cardsite"
)

func main() {
	var fleet fleetTest
	flag.IntVar(&fleet.workers, "workers", 20, "worker processes on one host")
	flag.IntVar(&fleet.rate, "rate", 10, "requests a second that the job allows the host")
	flag.DurationVar(&fleet.duration, "duration", time.Minute, "how long they work")
	flag.IntVar(&fleet.kills, "kills", 8, "workers killed on the way, each replaced")
	hosts := flag.Int("hosts", 10_000, "hosts of the second part; 0 leaves it out")
	flag.Parse()
	ctx := context.Background()
	fmt.Printf("%d CPUs, %s/%s, %s\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	err := fleet.run(ctx)
	if err == nil && *hosts > 0 {
		err = manyHosts(ctx, *hosts)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-pace:", err)
		os.Exit(1)
	}
}

// fleetTest is one host and many workers.
type fleetTest struct {
	workers, rate, kills int
	duration             time.Duration
}

const job = `job: pace
seeds:
  ids: {from: 1, to: %d}
  url: %s/cert/{id}/psa
fetch: {via: http, allow_private: [127.0.0.0/8]}
pace: {delay: %s, concurrency: 40}
concurrency: 2
fields: {title: {css: h1}}
verdict: [{done: "true", why: every page}]
explore: {strategy: "off"}
`

func (t fleetTest) run(ctx context.Context) error {
	binary, err := measure.Command()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "seine-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ids := int64(2 * t.rate * int(t.duration/time.Second+10))
	site, err := cardsite.New(cardsite.Config{From: 1, To: ids, Calm: true, Plain: true})
	if err != nil {
		return err
	}
	served, err := cardsite.Serve(ctx, site, "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { _ = served.Close() }()
	srv, err := measure.OpenPostgres(ctx, "bench-pace")
	if err != nil {
		return err
	}
	at, err := srv.Database(ctx, "bench_pace")
	if err != nil {
		return err
	}
	text := fmt.Sprintf(job, ids, served.PagesURL, time.Second/time.Duration(t.rate))
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(text), 0o600); err != nil {
		return err
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "SEINE_FRONTIER=" + at}
	migrate := exec.CommandContext(ctx, binary, "migrate")
	migrate.Env = env
	if out, err := migrate.CombinedOutput(); err != nil {
		return fmt.Errorf("seine migrate: %w: %s", err, out)
	}
	start := func() (*exec.Cmd, error) {
		c := exec.CommandContext(ctx, binary, "worker", "job.yaml", "--lease", "10s")
		c.Dir, c.Env = dir, env
		return c, c.Start()
	}
	fleet := make([]*exec.Cmd, t.workers)
	defer func() {
		for _, c := range fleet {
			if c != nil {
				_ = c.Process.Kill()
				_ = c.Wait()
			}
		}
	}()
	for i := range fleet {
		if fleet[i], err = start(); err != nil {
			return err
		}
	}
	// The fleet counts from the moment at which all are there.
	for len(site.Journal()) < t.rate {
		<-time.After(100 * time.Millisecond)
	}
	<-time.After(3 * time.Second)
	began := time.Now()
	for i := range t.kills {
		<-time.After(t.duration / time.Duration(t.kills+1))
		_ = fleet[i%t.workers].Process.Kill()
		_ = fleet[i%t.workers].Wait()
		if fleet[i%t.workers], err = start(); err != nil {
			return err
		}
	}
	<-time.After(time.Until(began.Add(t.duration)))
	ended := time.Now()
	var all []time.Time
	used := 0
	for _, e := range site.Journal() {
		all = append(all, e.At)
		if e.At.After(began) && e.At.Before(ended) {
			used++
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	second, ten := most(all, time.Second), most(all, 10*time.Second)
	share := float64(used) / (ended.Sub(began).Seconds() * float64(t.rate))
	fmt.Printf("%d worker processes, %d requests a second allowed, %s, %d workers killed (SIGKILL) and replaced; by the site's clock:\n\n", t.workers, t.rate, t.duration, t.kills)
	fmt.Println("| most requests in any second | in any ten | share of the rate used |")
	fmt.Println("| --: | --: | --: |")
	fmt.Printf("| %d (allowed %d) | %d (allowed %d) | %.1f %% (at least 95 %%) |\n", second, t.rate+1, ten, 10*t.rate+1, 100*share)
	if second > t.rate+1 || ten > 10*t.rate+1 || share < 0.95 {
		return errors.New("the pace was not held, or not used")
	}
	return nil
}

// most is the most times within a window that begins at one of them.
func most(at []time.Time, window time.Duration) int {
	best, first := 0, 0
	for i := range at {
		for !at[first].Add(window).After(at[i]) {
			first++
		}
		best = max(best, i-first+1)
	}
	return best
}
