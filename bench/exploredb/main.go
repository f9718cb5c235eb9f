// Command bench-explore-db prints the cost of exploring for a PostgreSQL: the server's CPU time,
// its WAL and the waits for locks of a fleet that explores one space, and of the same fleet that
// processes the same number of IDs without exploring.
//
// A task's cost covers its whole life. Each way admits its tasks during the measurement: a list a
// thousand at a time as `seeds.ids` does, links and steps of local search with the completing page,
// probes one by one. The first tasks, during which each session plans its statements, are not
// measured. A fleet does not check for the end of its work. SEINE_TEST_POSTGRES names the server,
// which runs on this machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/seinehq/seine/bench/measure"
)

func main() {
	tasks := flag.Int("tasks", 3000, "ids that each fleet works off in one run, after the first ones")
	rounds := flag.Int("rounds", 3, "runs of each; the median counts")
	only := flag.String("fleet", "", "only fleets whose name holds this")
	flag.Parse()
	if err := bench(context.Background(), *tasks, *rounds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench-explore-db:", err)
		os.Exit(1)
	}
}

// shape is a fleet, and how long a page takes.
type shape struct {
	name    string
	workers int
	held    int // tasks at once in a worker
	unpaced bool
	took    time.Duration
}

var shapes = []shape{
	{"8 workers, one page at a time", 8, 1, false, 40 * time.Millisecond},
	{"8 workers without a pace", 8, 8, true, 40 * time.Millisecond},
	{"64 workers, one page at a time", 64, 1, false, 400 * time.Millisecond},
}

// ways are the sources of a fleet's tasks: a thousand at a time, one per completed page, or
// exploring.
var ways = []string{enumerates, follows, explores}

const (
	enumerates = "enumerates a range"
	follows    = "follows a link of each page"
	explores   = "explores"
)

// aim is what exploring may add to a task's cost.
const aim = 0.20

// warming is the number of tasks before the measurement starts, half of an enumerated block, so
// that as many IDs are admitted as end.
const warming = 500

func bench(ctx context.Context, tasks, rounds int, only string) error {
	postgres, err := measure.OpenPostgres(ctx, "bench-explore-db")
	if err != nil {
		return err
	}
	srv := &server{Postgres: postgres, waited: map[string]int{}}
	fmt.Printf("%s, %s; %d IDs per run, median of %d runs (lowest to highest)\n\n", measure.Machine(), srv.Version, tasks, rounds)
	fmt.Println("| fleet | | wanted | server CPU a task, µs | WAL a task, B | transactions a task | tasks/s | waits for a lock, of all samples | longest, ms |")
	fmt.Println("| --- | --- | --: | --: | --: | --: | --: | --: | --: |")
	var over []string
	for _, s := range shapes {
		if !strings.Contains(s.name, only) {
			continue
		}
		var of [3][]figures
		for range rounds { // in turns: the machine is not always as busy
			for i := range of {
				f, err := srv.run(ctx, s, ways[i], tasks)
				if err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				of[i] = append(of[i], f)
			}
		}
		for i, name := range ways {
			m := of[i]
			fmt.Printf("| %s | %s | %.0f %% | %s | %s | %.1f | %s | %.2f %% | %.0f |\n", s.name, name, 100*measure.Median(measure.Of(m, func(f figures) float64 { return f.found })),
				measure.Spread(measure.Of(m, func(f figures) float64 { return f.cpu })), measure.Spread(measure.Of(m, func(f figures) float64 { return f.wal })),
				measure.Median(measure.Of(m, func(f figures) float64 { return f.calls })), measure.Spread(measure.Of(m, func(f figures) float64 { return f.rate })),
				100*measure.Median(measure.Of(m, func(f figures) float64 { return f.waits })), measure.Median(measure.Of(m, func(f figures) float64 { return f.longest })))
		}
		cpu := func(f figures) float64 { return f.cpu }
		for i, name := range []string{"enumerating", "following"} {
			added := measure.Median(measure.Of(of[2], cpu))/measure.Median(measure.Of(of[i], cpu)) - 1
			fmt.Printf("| | exploring adds to %s | | **%.0f %%** | | | | | |\n", name, 100*added)
			if added > aim {
				over = append(over, fmt.Sprintf("%s, to %s: %.0f %%", s.name, name, 100*added))
			}
		}
	}
	for where, n := range srv.waited {
		fmt.Printf("\n%d looks, one each 10 ms, found a session waiting for %s", n, where)
	}
	if len(over) > 0 {
		return fmt.Errorf("exploring adds more than %.0f %%: %v", 100*aim, over)
	}
	return nil
}

// figures holds the figures of one run per task.
type figures struct{ found, cpu, wal, calls, rate, waits, longest float64 }
