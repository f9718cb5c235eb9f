// Command bench measures the frontier and its peers in one run on one server
// (`make bench-frontier`). It is a module of its own, so that the peers are no dependency of Seine.
// It needs a PostgreSQL on this machine that SEINE_TEST_POSTGRES names, on Linux, and bin/seine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seinehq/seine/bench/measure"
)

// settings are the sizes of a run. The defaults are the sizes in docs/benchmarks.md.
type settings struct {
	sizes   []int         // tasks in the table
	open    int           // of them, at most, those that are not finished
	pinned  int           // the size at which an idle transaction is tried
	period  time.Duration // of one measurement, at most
	workers int
	lite    int // tasks of the SQLite run
	add     int // keys of the `seine add` run
	seine   string
}

func main() {
	var (
		s           settings
		sizes, only string
		child       string
	)
	flag.StringVar(&sizes, "sizes", "10000,1000000,10000000", "tasks in the table, rising")
	flag.IntVar(&s.open, "open", 100_000, "open tasks among them, at most")
	flag.IntVar(&s.pinned, "pinned", 1_000_000, "size at which an idle transaction is held")
	flag.DurationVar(&s.period, "for", 12*time.Second, "length of a measurement, at most")
	flag.IntVar(&s.workers, "workers", 8, "workers of the designs that have one connection each")
	flag.IntVar(&s.lite, "lite", 1_000_000, "tasks on SQLite")
	flag.IntVar(&s.add, "add", 1_000_000, "keys that seine add reads, half of them twice")
	flag.StringVar(&s.seine, "seine", "../bin/seine", "the command")
	flag.StringVar(&only, "only", "designs,sqlite,add", "parts to run")
	flag.StringVar(&child, "child", "", "internal: work on a SQLite file")
	flag.Parse()
	ctx := context.Background()
	err := func() error {
		if child != "" {
			return liteChild(ctx, child, s.lite)
		}
		for text := range strings.SplitSeq(sizes, ",") {
			n, err := strconv.Atoi(text)
			if err != nil {
				return fmt.Errorf("-sizes: %w", err)
			}
			s.sizes = append(s.sizes, n)
		}
		return bench(ctx, s, strings.Split(only, ","))
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, s settings, parts []string) error {
	var err error
	if s.seine, err = filepath.Abs(s.seine); err != nil {
		return err
	}
	if _, err := os.Stat(s.seine); err != nil {
		return fmt.Errorf("%w: run `make bench-frontier`", err)
	}
	srv, err := measure.OpenPostgres(ctx, "bench-frontier")
	if err != nil {
		return err
	}
	fmt.Printf("%s, %s\n\n", measure.Machine(), srv.Version)
	for _, p := range []struct {
		name string
		run  func(context.Context, *measure.Postgres, settings) error
	}{{"designs", benchDesigns}, {"sqlite", benchLite}, {"add", benchAdd}} {
		if slices.Contains(parts, p.name) {
			if err := p.run(ctx, srv, s); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return nil
}

// design is a queue on PostgreSQL.
type design interface {
	name() string

	// create makes the tables in an empty database; fill adds finished tasks,
	// feed open ones, by SQL.
	create(ctx context.Context, dsn string) error
	fill(ctx context.Context, dsn string, from, to int) error
	feed(ctx context.Context, dsn string, from, to int) error

	// add adds open tasks as its users do, as many as it can until ctx is done.
	add(ctx context.Context, dsn string, from, to int) (int, error)

	// work claims and completes n tasks, or as many as it can until ctx is
	// done, and calls claimed with the time that each claim took.
	work(ctx context.Context, dsn string, n int, claimed func(time.Duration)) (int, error)
}

// added is how many tasks are added by a design's own means for a measurement.
const added = 20_000

// line is one row of the table.
type line struct {
	design, size string
	tasks        int
	took         time.Duration
	cpu          time.Duration
	wal          int64
	claims       []time.Duration
	added        int
	addCPU       time.Duration
	addWAL       int64
}

func (l line) rate() float64   { return float64(l.tasks) / l.took.Seconds() }
func (l line) perCPU() float64 { return float64(l.tasks) / l.cpu.Seconds() }

// life is the tasks that a second of the server's CPU adds, claims and completes.
func (l line) life() float64 {
	return 1 / (l.cpu.Seconds()/float64(l.tasks) + l.addCPU.Seconds()/float64(l.added))
}

func (l line) claim(q float64) time.Duration {
	if len(l.claims) == 0 {
		return 0
	}
	slices.Sort(l.claims)
	return l.claims[min(len(l.claims)-1, int(q*float64(len(l.claims))))]
}

func (l line) String() string {
	n := float64(max(1, l.tasks))
	add, life, wal := "", "", ""
	if l.added > 0 {
		of := float64(l.added)
		add, life, wal = fmt.Sprintf("%.0f", float64(l.addCPU.Microseconds())/of), fmt.Sprintf("%.0f", l.life()), fmt.Sprintf("%.0f", float64(l.addWAL)/of)
	}
	return fmt.Sprintf("| %s | %s | %s | %s / %s | %.0f | %s | %s | %.0f | %s |", l.design, l.size, short(l.rate()), ms(l.claim(0.5)), ms(l.claim(0.99)),
		float64(l.cpu.Microseconds())/n, add, life, float64(l.wal)/n, wal)
}

func short(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

func benchDesigns(ctx context.Context, srv *measure.Postgres, s settings) error {
	fmt.Println("| design | tasks in the table | claim + complete a second | claim p50 / p99, ms | server CPU a task, µs | to add one, µs | tasks a CPU second, all told | WAL a task, B | to add one, B |")
	fmt.Println("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
	lines := map[string]line{}
	for _, group := range [][]design{
		{&original{workers: s.workers, ordered: true}, &original{workers: s.workers}},
		{&riverQueue{}},
		{&seineDesign{workers: s.workers, batch: batch, job: 1}, &seineDesign{workers: s.workers, batch: largeBatch, job: 1}},
	} {
		if err := benchTable(ctx, srv, group, s, lines); err != nil {
			return fmt.Errorf("%s: %w", group[0].name(), err)
		}
	}
	printAims(lines, s)
	return nil
}

// benchTable measures ways to work on one table as it grows.
func benchTable(ctx context.Context, srv *measure.Postgres, ways []design, s settings, lines map[string]line) error {
	d, there := ways[0], 0
	dsn, err := srv.Database(ctx, "bench_queue")
	if err != nil {
		return err
	}
	if err := d.create(ctx, dsn); err != nil {
		return err
	}
	for _, size := range s.sizes {
		open := min(s.open, size)
		if size-open > there {
			if err := d.fill(ctx, dsn, there, size-open); err != nil {
				return fmt.Errorf("fill: %w", err)
			}
			there = size - open
		}
		for _, way := range ways {
			l := line{design: way.name(), size: count(size)}
			// A small table is finished quickly, so repeat it.
			for round := 0; round < 5 && l.tasks < s.open/2 && l.took < s.period/2; round++ {
				if err := measureTable(ctx, srv, way, dsn, s.period, there, open, &l); err != nil {
					return err
				}
				there += open
			}
			lines[way.name()+l.size] = l
			fmt.Println(l)
		}
		if size == s.pinned {
			l, err := pinned(ctx, srv, d, dsn, s, there)
			if err != nil {
				return err
			}
			there += 2 * s.open
			lines[d.name()+"pinned"] = l
			fmt.Println(l)
		}
	}
	if _, ok := d.(*seineDesign); ok {
		if err := benchStatus(ctx, dsn, s, there); err != nil {
			return err
		}
	}
	return srv.Drop(ctx, dsn)
}

func count(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprintf("%d M", n/1_000_000)
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprintf("%d k", n/1000)
	}
	return strconv.Itoa(n)
}

// measure feeds open tasks and works them off; the table is vacuumed and a
// checkpoint taken before.
func measureTable(ctx context.Context, srv *measure.Postgres, d design, dsn string, period time.Duration, there, open int, l *line) error {
	if err := settle(ctx, dsn); err != nil {
		return err
	}
	cpu, wal, err := srv.Spent(ctx)
	if err != nil {
		return err
	}
	until, cancel := context.WithTimeout(ctx, period/4)
	defer cancel()
	n, err := d.add(until, dsn, there, there+min(added, open))
	if err != nil {
		return fmt.Errorf("add: %w", err)
	}
	cpu2, wal2, err := srv.Spent(ctx)
	if err != nil {
		return err
	}
	l.added, l.addCPU, l.addWAL = l.added+n, l.addCPU+cpu2-cpu, l.addWAL+wal2-wal
	if err := d.feed(ctx, dsn, there+n, there+open); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	if err := settle(ctx, dsn); err != nil {
		return err
	}
	return timed(ctx, srv, d, dsn, period, open, l, func() {})
}

func timed(ctx context.Context, srv *measure.Postgres, d design, dsn string, period time.Duration, n int, l *line, each func()) error {
	until, cancel := context.WithTimeout(ctx, period)
	defer cancel()
	cpu, wal, err := srv.Spent(ctx)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	began := time.Now()
	tasks, err := d.work(until, dsn, n, func(took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		l.claims = append(l.claims, took)
		each()
	})
	l.took += time.Since(began)
	if err != nil {
		return fmt.Errorf("work: %w", err)
	}
	cpu2, wal2, err := srv.Spent(ctx)
	if err != nil {
		return err
	}
	l.tasks, l.cpu, l.wal = l.tasks+tasks, l.cpu+cpu2-cpu, l.wal+wal2-wal
	return nil
}

// pinned measures a churn during which an idle transaction pins dead rows, and the claims of its
// second half.
func pinned(ctx context.Context, srv *measure.Postgres, d design, dsn string, s settings, there int) (line, error) {
	l := line{design: d.name(), size: count(s.pinned) + ", idle transaction"}
	if err := d.feed(ctx, dsn, there, there+2*s.open); err != nil {
		return l, err
	}
	if err := settle(ctx, dsn); err != nil {
		return l, err
	}
	free, err := pin(ctx, dsn)
	if err != nil {
		return l, err
	}
	defer free()
	var at []time.Time
	began := time.Now()
	if err := timed(ctx, srv, d, dsn, 2*s.period, 2*s.open, &l, func() { at = append(at, time.Now()) }); err != nil {
		return l, err
	}
	// Only the claims of the second half count, because the first half makes the dead rows.
	half := began.Add(time.Since(began) / 2)
	var late []time.Duration
	for i, c := range l.claims {
		if at[i].After(half) {
			late = append(late, c)
		}
	}
	l.claims = late
	return l, nil
}

func printAims(lines map[string]line, s settings) {
	const orig, peer = "the original's, by priority", "River"
	ours, large := (&seineDesign{batch: batch}).name(), (&seineDesign{batch: largeBatch}).name()
	fmt.Println()
	at := func(d string, n int) line { return lines[d+count(n)] }
	for _, n := range s.sizes {
		o, r, a, b := at(orig, n), at(peer, n), at(ours, n), at(large, n)
		if o.tasks > 0 && r.tasks > 0 && a.tasks > 0 && b.tasks > 0 {
			fmt.Printf("At %s: %.0f times the original's tasks a second. Of River's tasks a CPU second: %.2f times (claim + complete) and %.2f times (add too) at %d a time, %.2f and %.2f at %d.\n",
				count(n), a.rate()/o.rate(), a.perCPU()/r.perCPU(), a.life()/r.life(), batch, b.perCPU()/r.perCPU(), b.life()/r.life(), largeBatch)
		}
	}
	if first, last := at(ours, s.sizes[0]), at(ours, s.sizes[len(s.sizes)-1]); last.tasks > 0 {
		fmt.Printf("From %s to %s tasks: %.2f times the server CPU a task, %.2f times the time.\n", first.size, last.size, first.perCPU()/last.perCPU(), first.rate()/last.rate())
	}
	if p := lines[ours+"pinned"]; p.tasks > 0 {
		fmt.Printf("Claim p99 behind an idle transaction: %s ms.\n", ms(p.claim(0.99)))
	}
	fmt.Println()
}
