package e2e

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/explore"
	"github.com/seinehq/seine/internal/explore/sim"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// exploreBudget is 10,000 in docs/benchmarks.md.
var exploreBudget = flag.Int("budget", 4000, "requests of the run that explores")

const exploreJob = `job: explored
seeds:
  ids: {from: %d, to: %d}
  url: %s/cert/{id}/psa
fetch: {allow_private: [127.0.0.0/8]}
pace: {delay: 0s, concurrency: 0}
concurrency: 1
fields:
  cert: {css: p.text-subtitle1, match: '#(\d+)'}
  text: {text: body, keep: false}
verdict:
  - {skip: "status == 404", why: no such id}
  - {stale: "cert != id", why: page did not load}
  - {skip: "!(lower(text) contains 'pokemon')", why: not pokemon}
  - {skip: "lower(text) matches 'japanese|asia|chinese'", why: not english}
explore: {strategy: forager, budget: %d}
retry: {backoff: 200ms}
`

// Eight worker processes explore a registry; one is killed and started again. By the site's journal
// no page is requested twice without a reason, and the yield matches the simulator's in the same
// space.
func TestEightWorkersExploreOneSpace(t *testing.T) {
	t.Parallel()
	const (
		last    = firstID + 199_999
		workers = 8
	)
	budget := *exploreBudget
	dir := t.TempDir()
	site := serve(t, cardsite.Config{From: firstID, To: last, Sparse: true, Plain: true, Calm: true})
	job := filepath.Join(dir, "job.yaml")
	if err := os.WriteFile(job, []byte(fmt.Sprintf(exploreJob, firstID, last, site.PagesURL, budget)), 0o600); err != nil {
		t.Fatal(err)
	}
	at := pgtest.Empty(t)
	run(t, dir, 0, "migrate", "--frontier", at)
	work := func() *process { return start(t, dir, nil, "worker", job, "--frontier", at, "--lease", "5s") }
	var fleet []*process
	for range workers {
		fleet = append(fleet, work())
	}
	await(t, "the middle of the run", func() bool { return len(site.Journal()) > budget/3 })
	if err := fleet[0].Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = fleet[0].Wait()
	fleet[0] = work()
	await(t, "the budget's end", func() bool {
		s := readStatus(t, dir, at, "explored")
		return s.left() == 0 && s.States["done"]+s.States["skipped"] >= int64(budget)
	})
	for _, p := range fleet {
		p.stop(t)
	}
	wanted := func(id int64) bool { truth, _ := site.Truth(id); return truth.Kind == cardsite.English }
	asked, hits := map[int64]int{}, 0
	for _, e := range site.Journal() {
		id, err := strconv.ParseInt(strings.Split(e.Path, "/")[2], 10, 64)
		if err != nil {
			t.Fatal(e.Path)
		}
		if asked[id]++; asked[id] == 1 && wanted(id) {
			hits++
		}
	}
	twice := 0
	for id, n := range asked {
		if n > 2 {
			t.Errorf("%d was asked for %d times", id, n)
		}
		twice += n - 1
	}
	if twice > 4 { // what the killed worker held
		t.Errorf("%d pages were asked for twice", twice)
	}
	yield := float64(hits) / float64(len(asked))
	world := sim.Of("registry", last-firstID+1, func(pos int64) explore.Answer {
		switch truth, _ := site.Truth(firstID + pos); {
		case truth.Kind == cardsite.Absent:
			return explore.Absent
		case truth.Kind == cardsite.English:
			return explore.Hit
		}
		return explore.Missed
	})
	const outstanding = 2 * workers // what an unpaced worker has under way
	const seeds = 20
	mean, square := 0.0, 0.0
	for seed := range uint64(seeds) {
		y := sim.Run(world, sim.NewForager(world, outstanding, seed), outstanding, budget, seed).Yield()
		mean, square = mean+y/seeds, square+y*y/seeds
	}
	spread := math.Sqrt(square - mean*mean)
	t.Logf("%d requests, %.3f wanted by request; simulated %.3f, by chance %.3f more or less", len(asked), yield, mean, spread)
	// One run is one draw, so the tolerance is four times the spread of the simulator's runs.
	if yield < mean-4*spread || yield > mean+4*spread {
		t.Errorf("%.3f wanted by request; the simulator finds %.3f, by chance %.3f more or less", yield, mean, spread)
	}
}
