// Command chaos breaks a fleet of real parts and judges the result. See packages chaos and arena.
// It exits with code 1 if the history violates a rule, and with 2 if a run failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seinehq/seine/internal/chaos"
	"github.com/seinehq/seine/internal/chaos/arena"
)

func main() {
	os.Exit(command())
}

func command() int {
	var (
		seeds    = flag.String("seeds", "1", "seeds, as in 1,2,7 or 1-5")
		duration = flag.Duration("duration", time.Minute, "how long faults happen, for each seed")
		workers  = flag.Int("workers", 0, "worker processes (default 3; on SQLite 1 and 2, by the seed)")
		frontier = flag.String("frontier", "both", "postgres, sqlite or both")
		seine    = flag.String("seine", "bin/seine", "the command")
		first    = flag.Bool("first", false, "end with the first seed that violates a rule")
		verbose  = flag.Bool("v", false, "list the faults")
	)
	flag.Parse()
	list, err := parseSeeds(*seeds)
	path, e := filepath.Abs(*seine)
	if err := errors.Join(err, e); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		return 2
	}
	on := map[string][]bool{"postgres": {false}, "sqlite": {true}, "both": {false, true}}[*frontier]
	if on == nil {
		fmt.Fprintln(os.Stderr, "chaos: -frontier is postgres, sqlite or both")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit := 0
	for _, sqlite := range on {
		for _, seed := range list {
			found, err := one(ctx, arena.Config{Command: path, Seed: seed, Duration: *duration, Workers: *workers, SQLite: sqlite}, *verbose)
			switch {
			case err != nil:
				fmt.Fprintln(os.Stderr, "chaos:", err)
				return 2
			case found > 0:
				exit = 1
				if *first {
					return exit
				}
			}
		}
	}
	return exit
}

func one(ctx context.Context, cfg arena.Config, verbose bool) (violations int, err error) {
	if cfg.Dir, err = os.MkdirTemp("", "seine-chaos."); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(cfg.Dir)) }()
	res, err := arena.Run(ctx, cfg)
	if err != nil {
		return 0, err
	}
	found := chaos.Check(res.History)
	on := "postgres"
	if cfg.SQLite {
		on = "sqlite"
	}
	fmt.Printf("seed %d on %s: %s\n", cfg.Seed, on, summary(res))
	if verbose {
		for _, f := range res.Faults {
			fmt.Printf("  %s to %s  %-14s %-6s %s\n", f.From.Format("15:04:05.000"), f.Until.Format("15:04:05.000"), f.Kind, f.Worker, f.Note)
		}
	}
	by := map[chaos.Rule]int{}
	for _, v := range found {
		if by[v.Rule]++; by[v.Rule] <= shown {
			fmt.Printf("  VIOLATED %s\n", v)
		}
	}
	for rule, n := range by {
		if n > shown {
			fmt.Printf("  VIOLATED %s: %d times in all\n", rule, n)
		}
	}
	if len(found) > 0 && res.Logs != "" {
		fmt.Println(res.Logs)
	}
	return len(found), nil
}

// shown is how many violations of a rule are printed.
const shown = 5

func summary(r arena.Result) string {
	kinds := map[chaos.Kind]int{}
	for _, f := range r.Faults {
		kinds[f.Kind]++
	}
	var parts []string
	for k, n := range kinds {
		parts = append(parts, fmt.Sprintf("%s %d", k, n))
	}
	slices.Sort(parts)
	var most time.Duration
	for _, l := range r.Late {
		most = max(most, l.By)
	}
	pages := 0
	for _, v := range r.Visits {
		if v.Page {
			pages++
		}
	}
	return fmt.Sprintf("%d IDs, a start in %v, %d workers, %d visits, %d of them repeated, %v; %s; machine late by at most %v",
		len(r.Truth), r.Pace, r.Workers, len(r.Visits), pages-len(r.Truth), r.Took.Round(time.Second), strings.Join(parts, ", "), most.Round(time.Millisecond))
}

func parseSeeds(text string) (out []uint64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		from, to, ok := strings.Cut(strings.TrimSpace(part), "-")
		if !ok {
			to = from
		}
		a, err := strconv.ParseUint(from, 10, 64)
		b, e := strconv.ParseUint(to, 10, 64)
		if err := errors.Join(err, e); err != nil || a > b || b-a > 1000 {
			return nil, fmt.Errorf("-seeds %q: give numbers and ranges, as in 1,2,7 or 1-5", text)
		}
		for ; a <= b; a++ {
			out = append(out, a)
		}
	}
	return out, nil
}
