// Command bench-explore prints the figures of docs/benchmarks.md on exploring. It counts the wanted
// items per request of the forager, the original's strategy, the same without its race, two-sided
// walks, uniform probes, probes of the forager with walks of patience 2, bisection for the newest
// ID with a walk down, and an oracle that knows every cluster and pays one probe for each. It
// exits with code 1 if the forager misses a target.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/explore/sim"
)

func main() {
	fleets := flag.String("workers", "1,8,64", "sizes of the fleet")
	budgets := flag.String("budgets", "1000,10000,100000", "requests")
	seeds := flag.Int("seeds", 5, "spaces of each kind; the mean counts")
	only := flag.String("only", "", "only spaces whose name holds this")
	flag.Parse()
	missed, err := bench(*fleets, *budgets, *seeds, *only)
	if err == nil {
		speed()
		if len(missed) > 0 {
			err = fmt.Errorf("aims missed:\n  %s", strings.Join(missed, "\n  "))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-explore:", err)
		os.Exit(1)
	}
}

func numbers(list string) (out []int, err error) {
	for f := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(f))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q: give numbers such as 8,64", list)
		}
		out = append(out, n)
	}
	return out, nil
}

// row is one line of the table, summed over seeds.
type row struct{ ours, original, repaired, twoSided, uniform, patient, descending, oracle, duplicates, stopped float64 }

func bench(fleets, budgets string, seeds int, only string) (missed []string, err error) {
	ws, err := numbers(fleets)
	if err != nil {
		return nil, err
	}
	bs, err := numbers(budgets)
	if err != nil {
		return nil, err
	}
	fmt.Printf("mean of %d spaces of each kind, 53 million ids\n\n", seeds)
	fmt.Println("| space | workers | requests | original | repaired | two-sided, uniform | uniform | patience 2 | descending | forager | oracle | of the oracle |")
	fmt.Println("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
	for _, k := range sim.Kinds {
		if !strings.Contains(k.Name, only) {
			continue
		}
		rows := map[[2]int]*row{}
		for seed := range uint64(seeds) {
			w := k.Make(seed + 1)
			for _, workers := range ws {
				for _, budget := range bs {
					at := [2]int{workers, budget}
					if rows[at] == nil {
						rows[at] = &row{}
					}
					rows[at].run(w, workers, budget, seed)
				}
			}
		}
		for _, workers := range ws {
			for _, budget := range bs {
				r := rows[[2]int{workers, budget}].over(float64(seeds))
				fmt.Printf("| %s | %d | %d | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | **%.3f** | %.3f | %.0f %% |\n", k.Name, workers, budget,
					r.original, r.repaired, r.twoSided, r.uniform, r.patient, r.descending, r.ours, r.oracle, 100*r.ours/r.oracle)
				if workers >= 8 && budget >= 10_000 {
					missed = append(missed, aims(k, workers, budget, r)...)
				}
			}
		}
	}
	return missed, nil
}

func (x *row) run(w *sim.World, workers, budget int, seed uint64) {
	yield := func(s sim.Strategy) (float64, float64) {
		r := sim.Run(w, s, workers, budget, seed)
		return r.Yield(), float64(r.Duplicates) / float64(max(1, r.Requests))
	}
	add := func(to *float64, s sim.Strategy) float64 {
		y, d := yield(s)
		*to += y
		return d
	}
	ours := sim.NewForager(w, workers, seed)
	x.duplicates += add(&x.ours, ours)
	if ours.Dark != "" {
		x.stopped++
	}
	add(&x.original, sim.NewOriginal(w, workers, false, seed))
	add(&x.repaired, sim.NewOriginal(w, workers, true, seed))
	add(&x.twoSided, sim.NewTwoSided(w, workers, 2, seed))
	add(&x.uniform, sim.NewUniform(w, seed))
	add(&x.patient, sim.NewPatient(w, workers, 2, seed))
	add(&x.descending, sim.NewDescending(w, seed))
	x.oracle += sim.Oracle(w, budget, seed)
}

func (x *row) over(n float64) row {
	return row{x.ours / n, x.original / n, x.repaired / n, x.twoSided / n, x.uniform / n, x.patient / n, x.descending / n, x.oracle / n, x.duplicates / n, x.stopped / n}
}

// aims returns the missed targets, from eight workers and 10,000 requests on.
func aims(k sim.Kind, workers, budget int, r row) (missed []string) {
	say := func(format string, args ...any) {
		missed = append(missed, fmt.Sprintf("%s, %d workers, %d requests: %s", k.Name, workers, budget, fmt.Sprintf(format, args...)))
	}
	if k.Realistic {
		if r.ours < k.Aim*r.oracle {
			say("%.3f is %.0f %% of the oracle's %.3f; want %.0f %%", r.ours, 100*r.ours/r.oracle, r.oracle, 100*k.Aim)
		}
		if r.ours < 2*r.repaired {
			say("%.3f is not twice the repaired original's %.3f", r.ours, r.repaired)
		}
	} else if r.ours < 0.9*r.repaired {
		say("%.3f is more than a tenth below the repaired original's %.3f", r.ours, r.repaired)
	}
	if r.stopped > 0 {
		say("taken for a site that went dark in %.0f %% of the runs", 100*r.stopped)
	}
	if r.duplicates > 0.001 {
		say("%.2f %% of the requests are duplicates", 100*r.duplicates)
	}
	return missed
}

// speed is the time of a decision at 4,096 blocks.
func speed() {
	const n = 20_000
	r := rand.New(rand.NewPCG(1, 1))
	f := explore.New(4096*16384, explore.Options{})
	for b := range int64(4096) {
		f.SetBlock(b, explore.Sums{Done: 200, Probes: 40, ProbeHits: r.Int64N(20), Walks: 160, WalkHits: r.Int64N(150)})
	}
	free := func(int64) bool { return true }
	began := time.Now()
	for range n {
		f.Probe(r, free)
	}
	fmt.Printf("\na probe's decision at 4,096 blocks: %.1f µs\n", float64(time.Since(began).Microseconds())/n)
}
