package sim

import (
	"math/rand/v2"
	"testing"

	"github.com/seinehq/seine/internal/explore"
)

// thrifty is a fleet that stops when no block's expectation reaches least. It checks every fifty
// answers, from 500 on.
type thrifty struct {
	*Foraging
	least  float64
	judged int
	over   bool
}

func (s *thrifty) Next(worker int) (Ask, bool) {
	s.refresh(worker)
	if s.answers >= 500 && s.answers >= s.judged+50 {
		_, most := s.workers[worker].Best()
		s.judged, s.over = s.answers, most < s.least
	}
	if s.over {
		return Ask{}, false
	}
	return s.Foraging.Next(worker)
}

// If all wanted IDs lie in one run, the fleet finds the run before it gives up, and it gives up
// after some tens of requests in each block.
func TestWorthIt(t *testing.T) {
	t.Parallel()
	const size, wanted = 50_000, 1000
	for seed := range uint64(10) {
		w := Of("one run", size, func(pos int64) explore.Answer {
			if pos < wanted {
				return explore.Hit
			}
			return explore.Absent
		})
		f := NewForager(w, 4, seed)
		for i := range f.workers {
			f.workers[i] = model{Forager: explore.New(w.Size, explore.Options{Blocks: 64})}
		}
		res := Run(w, &thrifty{Foraging: f, least: 0.1}, 4, size, seed)
		if res.Hits < 0.98*wanted {
			t.Errorf("seed %d: gave up after %d requests with %d of %d wanted ids", seed, res.Requests, res.Hits, wanted)
		}
		if res.Requests > 3200 { // 2270 to 2880 in ten runs
			t.Errorf("seed %d: gave up after %d requests; want at most 3200", seed, res.Requests)
		}
	}
}

// A space without order ends when its share of wanted IDs is known, however many blocks it has. The
// luck of some blocks does not raise the expectation.
func TestNothingIsPromisedByLuck(t *testing.T) {
	t.Parallel()
	const size, most = 100_000, 2000
	late := 0
	for seed := range uint64(20) {
		w := newWorld("even", size)
		scatter(w, rand.New(rand.NewPCG(seed, 7)), 0, size, 0.05)
		if res := Run(w, &thrifty{Foraging: NewForager(w, 4, seed), least: 0.2}, 4, 2*most, seed); res.Requests > most {
			t.Logf("seed %d: %d hits of %d", seed, res.Hits, res.Requests)
			late++
		}
	}
	if late > 1 {
		t.Errorf("%d of 20 were not given up after %d answers", late, most)
	}
}

// A space whose wanted ids lie together is not given up before it is worked off, as
// little as is known of most of its blocks.
func TestClustersAreNotGivenUp(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds {
		switch k.Name {
		case "needle-0.1%", "needles-530": // of which nothing is found in 500 answers
			continue
		case "every-tenth": // no clusters: how far to go is not learned by then, now and then
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			const budget = 5000
			for seed := range uint64(3) {
				w := k.Make(seed)
				yield := Run(w, NewForager(w, 4, seed), 4, budget, seed).Yield()
				if res := Run(w, &thrifty{Foraging: NewForager(w, 4, seed), least: yield / 2}, 4, budget, seed); res.Requests < budget {
					t.Errorf("seed %d: given up after %d requests at a limit of %.3f, with %.3f", seed, res.Requests, yield/2, res.Yield())
				}
			}
		})
	}
}
