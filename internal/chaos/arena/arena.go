// Package arena runs a fleet of real parts and breaks them: worker processes on a PostgreSQL of its
// own or on one SQLite file, the bundled registry, and a store in a folder on a small disk. It
// returns a [chaos.History] of the run.
//
// A run admits ids, lets faults of a drawn plan happen until its duration is
// over, mends everything, waits until nothing is left to do, stops the workers
// and reads journal, database and store.
package arena

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/chaos"
)

// Config configures a run.
type Config struct {
	// Command runs seine, including the required environment.
	Command string
	Env     []string

	// Seed draws the site and the faults.
	Seed uint64

	// Duration is how long faults happen.
	Duration time.Duration

	// Workers is the number of processes. Default: 3 on PostgreSQL; on SQLite 1
	// and 2, by the seed.
	Workers int

	// SQLite has the frontier in one file, not in PostgreSQL.
	SQLite bool

	// Dir is an empty folder for the run's files.
	Dir string
}

// The parameters of a run.
const (
	firstID = 1_000_001

	lease      = 2 * time.Second
	assetDelay = 4 * time.Millisecond
	errorTries = 10
	staleTries = 5

	// slack, life and grace are described in chaos.Terms. The grace covers starts that a claim
	// reserved, and the second for which the result of a backoff check on an asset host holds.
	slack = 60 * time.Millisecond
	life  = 15 * time.Second
	grace = 1200 * time.Millisecond

	// robotsFails is how long the robots.txt of the linked host fails. robotsRetry is the time
	// after which the fleet asks for it again, less the slack of a busy machine.
	robotsFails = 8 * time.Second
	robotsRetry = 9 * time.Second

	// drainWithin is how long the remaining tasks may stay unchanged without any request to the
	// site, although none of them waits for a retry. A robots.txt that a killed worker was fetching
	// keeps them waiting for a minute.
	drainWithin = 90 * time.Second
)

// pace is a job's pace. A fast pace gives a fault much to hit, and with a slow pace claims reach
// far ahead.
type pace struct {
	delay    time.Duration
	inflight int
}

var paces = []pace{{50 * time.Millisecond, 6}, {25 * time.Millisecond, 4}, {200 * time.Millisecond, 12}}

func (c Config) pace() pace { return paces[c.Seed%uint64(len(paces))] }

// Result is the outcome of a run.
type Result struct {
	chaos.History
	Workers int
	Pace    time.Duration
	Took    time.Duration

	// Disk is the method that filled the disk.
	Disk string

	// Logs are the workers' last words, when they did not come to an end.
	Logs string
}

// arena is what one run consists of.
type arena struct {
	Config
	site        *cardsite.Served
	server      *server
	proxies     []*proxy
	store, base *disk
	closers     []func() error
}

// Run runs one.
func Run(ctx context.Context, cfg Config) (_ Result, err error) {
	if cfg.Workers == 0 {
		cfg.Workers = 3
		if cfg.SQLite {
			cfg.Workers = 1 + int((cfg.Seed+1)%2)
		}
	}
	if cfg.Command == "" || cfg.Dir == "" || cfg.Duration <= 0 {
		return Result{}, errors.New("chaos: a run needs a command, a folder and a duration")
	}
	a := &arena{Config: cfg}
	defer func() {
		for i := len(a.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, a.closers[i]())
		}
	}()
	if err := a.open(ctx); err != nil {
		return Result{}, err
	}
	return a.run(ctx)
}

// ids returns the number of IDs of the site. The pace processes them in most of the time in which
// faults occur, and faults add to that.
func (c Config) ids() int64 { return int64(c.Duration * 6 / 10 / c.pace().delay) }

func (a *arena) open(ctx context.Context) error {
	site, err := cardsite.New(cardsite.Config{
		Seed: a.Seed, From: firstID, To: firstID + a.ids() - 1, Stamps: true, Visits: true, Linked: true,
		Without: []cardsite.Trouble{cardsite.Unavailable, cardsite.Limited}, // a storm's: so many would slow the host to a crawl
	})
	if err != nil {
		return err
	}
	if a.site, err = cardsite.Serve(ctx, site, "127.0.0.1:0", "127.0.0.1:0"); err != nil {
		return err
	}
	a.closers = append(a.closers, a.site.Close)
	if a.store, err = a.disk("disk", 16<<20+a.ids()*(16<<10)); err != nil {
		return err
	}
	if a.SQLite {
		a.base, err = a.disk("base", 32<<20+a.ids()*(8<<10))
		if err != nil {
			return err
		}
	} else {
		if a.server, err = startServer(ctx); err != nil {
			return err
		}
		a.closers = append(a.closers, a.server.close)
		for range a.Workers {
			p, err := startProxy(ctx, a.server.port)
			if err != nil {
				return err
			}
			a.closers = append(a.closers, p.close)
			a.proxies = append(a.proxies, p)
		}
	}
	text := fmt.Sprintf(jobText, firstID, firstID+a.ids()-1, a.site.PagesURL, strings.TrimPrefix(a.site.LinkedURL, "http://"), a.pace().delay, a.pace().inflight, assetDelay, errorTries, staleTries)
	if err := os.WriteFile(a.jobFile(), []byte(text), 0o600); err != nil {
		return err
	}
	return a.seine(ctx, "migrate", "--frontier", a.frontier(-1))
}

func (a *arena) disk(name string, bytes int64) (*disk, error) {
	d, err := openDisk(filepath.Join(a.Dir, name), bytes)
	if err == nil {
		a.closers = append(a.closers, d.close)
	}
	return d, err
}

func (a *arena) jobFile() string  { return filepath.Join(a.Dir, "job.yaml") }
func (a *arena) storeDir() string { return filepath.Join(a.store.dir, "store") }
func (a *arena) storeURL() string { return "file:" + a.storeDir() }
func (a *arena) basePath() string { return filepath.Join(a.base.dir, "seine.db") }

// frontier is its URL, by the way of a worker; -1: straight.
func (a *arena) frontier(slot int) string {
	switch {
	case a.SQLite:
		return "sqlite:" + a.basePath()
	case slot < 0:
		return a.server.dsn()
	}
	return a.server.dsnAt(a.proxies[slot].port())
}

// command is a process of seine, with nothing of our environment that would
// divert it.
func (a *arena) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, a.Command, args...)
	c.Dir = a.Dir
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + a.Dir, "HOSTNAME=" + name}, a.Env...)
	return c
}

func (a *arena) seine(ctx context.Context, args ...string) error {
	out, err := a.command(ctx, "chaos", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("seine %s: %w\n%s", strings.Join(args, " "), err, tail(string(out)))
	}
	return nil
}

func (a *arena) run(ctx context.Context) (Result, error) {
	began := time.Now()
	res := Result{Workers: a.Workers, Pace: a.pace().delay, Disk: a.store.how()}
	res.Terms = chaos.Terms{
		Delay: map[string]time.Duration{"pages": a.pace().delay, "linked": a.pace().delay, "images": assetDelay},
		Slack: slack, Lease: lease, Life: life, Grace: grace, RobotsRetry: robotsRetry,
	}
	res.Retries.Error, res.Retries.Stale = errorTries, staleTries
	var (
		clock   watch
		watched sync.WaitGroup
	)
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	watched.Go(func() { clock.run(watching) })

	a.site.Storm(a.robotsFault(began))
	fleet := startFleet(ctx, a.Workers, func(slot int, name string) *exec.Cmd {
		return a.command(ctx, name, "worker", a.jobFile(), "--frontier", a.frontier(slot), "--store", a.storeURL(), "--lease", lease.String(), "--grace", "5s")
	}, func(pid int) error {
		if a.base != nil {
			if err := a.base.started(pid); err != nil {
				return err
			}
		}
		return a.store.started(pid)
	})
	w := &wrecker{site: a.site, fleet: fleet, server: a.server, proxies: a.proxies, store: a.store, base: a.base}
	plan := chaos.Plan(a.Seed, chaos.PlanFor{Duration: a.Duration, Workers: a.Workers, Lease: lease, OneFile: a.SQLite})
	err := w.wreck(ctx, plan, began, func() bool { return false })
	if err == nil {
		var drained bool
		if drained, err = a.drain(ctx); err == nil && !drained {
			res.Logs = fleet.logs()
		}
	}
	err = errors.Join(err, fleet.stop())
	stopWatching()
	watched.Wait()
	res.Took = time.Since(began)
	if err != nil {
		return res, err
	}
	late, busy := clock.seen()
	res.Late, res.Faults, res.Exits = late, append(w.faults, busy...), fleet.exits
	res.Acks = fleet.acks
	for i := range res.Acks {
		res.Acks[i].Key = a.keyOf(res.Acks[i].Key)
	}
	res.Visits = visits(a.site.Journal())
	return res, a.read(ctx, &res)
}

// robotsFault is the trouble of the linked host's robots.txt, which begins with the run.
func (a *arena) robotsFault(began time.Time) cardsite.Storm {
	kinds := []cardsite.Trouble{cardsite.Fails, cardsite.Reset, cardsite.Truncated, cardsite.Unavailable}
	return cardsite.Storm{Host: "robots", Trouble: kinds[a.Seed%uint64(len(kinds))], Until: began.Add(robotsFails)}
}

// linkedKey begins the keys of the pages of the linked host, which an ID follows.
const linkedKey = "linked:"

// keyOf returns the checker's name of a task's key. The key of a linked page is its URL.
func (a *arena) keyOf(key string) string {
	if id, ok := strings.CutPrefix(key, a.site.LinkedURL+"/cert/"); ok {
		return linkedKey + strings.TrimSuffix(id, "/psa")
	}
	return key
}

// read reads the results of the run.
func (a *arena) read(ctx context.Context, res *Result) (err error) {
	if res.Truth, err = truths(ctx, a.site.Site); err != nil {
		return err
	}
	if res.Files, err = filesOf(a.storeDir()); err != nil {
		return err
	}
	b, err := a.openBase()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if res.State, err = b.read(ctx, a.keyOf); err != nil {
		return err
	}
	// Files of killed writers are a fault that --fix removes, so the second audit must find none.
	args := []string{"audit", a.jobFile(), "--frontier", a.frontier(-1), "--store", a.storeURL(), "--grace", "0s"}
	if err := a.seine(ctx, append(args, "--fix")...); err != nil {
		res.Audit = err.Error()
	} else if err := a.seine(ctx, append(args, "--deep")...); err != nil {
		res.Audit = err.Error()
	}
	return nil
}

func (a *arena) openBase() (*base, error) {
	if a.SQLite {
		return openFile(a.basePath())
	}
	return openServer(a.server.dsn())
}

// drain waits until nothing is left to do, or nothing moves any more.
func (a *arena) drain(ctx context.Context) (drained bool, err error) {
	b, err := a.openBase()
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	var (
		last, seen = int64(-1), -1
		moved      = time.Now()
	)
	for time.Since(moved) < drainWithin {
		n, err := b.left(ctx)
		if err == nil && n == 0 {
			return true, nil
		}
		asked := len(a.site.Journal())
		due, e := b.due(ctx)
		if err == nil && e == nil && (n != last || asked != seen || due > 0) {
			last, seen, moved = n, asked, time.Now()
		}
		if !until(ctx, time.Now().Add(200*time.Millisecond)) {
			return false, ctx.Err()
		}
	}
	return false, nil
}
