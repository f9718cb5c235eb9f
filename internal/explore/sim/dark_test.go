package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seinehq/seine/internal/explore"
)

// A site that gives other pages is detected after few requests, and a healthy site raises no alarm
// in any kind of space.
func TestDark(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			w := k.Make(2)
			for _, workers := range []int{1, 8, 64} {
				f := NewForager(w, workers, 2)
				Run(w, f, workers, 8000, 2)
				if f.Dark != "" {
					t.Errorf("%d workers: stopped after %d answers: %s", workers, f.DarkAt, f.Dark)
				}
			}
			dark := *w
			dark.DarkFrom = 4000
			f := NewForager(&dark, 8, 2)
			Run(&dark, f, 8, 8000, 2)
			// A space with one wanted ID in a thousand mostly gives misses.
			if needle := k.Name == "needle-0.1%" || k.Name == "needles-530"; !needle && (f.Dark == "" || f.DarkAt > 4400) {
				t.Errorf("dark from answer 4000 on; stopped at %d (%s), want within 400", f.DarkAt, f.Dark)
			}
		})
	}
}

// A site that still fails after a resume is detected about as soon as the first time. A site that
// recovered by then raises no alarm.
func TestStillDark(t *testing.T) {
	t.Parallel()
	var again atomic.Int32
	t.Cleanup(func() {
		// Of 38 spaces that recovered, one is stopped a second time.
		if n := again.Load(); n > 1 {
			t.Errorf("%d of %d spaces that recovered were stopped again", n, 2*len(Kinds))
		}
	})
	for _, k := range Kinds {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			w := k.Make(2)
			// Where one probe in twenty hits, detection takes more answers.
			most := map[string]int{"live": 225, "isolated": 300, "50-of-1000": 350, "real3-regional": 275, "needle-0.1%": 1000}[k.Name]
			if most == 0 {
				most = 150
			}
			for _, workers := range []int{1, 8} {
				dark := *w
				dark.DarkFrom = 4000
				f := NewForager(&dark, workers, 2)
				f.Resume = true
				Run(&dark, f, workers, 5500, 2)
				for i, at := range f.Stops {
					until := f.answers
					if i+1 < len(f.Stops) {
						until = f.Stops[i+1]
					}
					if until-at > most {
						t.Errorf("%d workers: stopped after %v answers of %d: %d after the resume at %d, want at most %d", workers, f.Stops, f.answers, until-at, at, most)
						break
					}
				}
				back := dark
				f = NewForager(&back, workers, 3)
				f.Resume = true
				back.Back = func() bool { return len(f.Stops) > 0 }
				Run(&back, f, workers, 5500, 3)
				if len(f.Stops) > 1 {
					t.Logf("%d workers: back after %d answers, and stopped after %v", workers, f.Stops[0], f.Stops[1:])
					again.Add(1)
				}
			}
		})
	}
}

// In a small space a block is smaller than a local search, so the end of a run in one block is no
// evidence about the others.
func TestDarkOfSmallSpaces(t *testing.T) {
	t.Parallel()
	var (
		mu   sync.Mutex
		late []string
	)
	t.Cleanup(func() { // so few answers are no proof each time
		if len(late) > 2 {
			t.Errorf("dark, and not stopped within 400 answers:\n%s", strings.Join(late, "\n"))
		}
	})
	for _, tt := range []smallSpace{
		{10_000, 100, 700, 9_900}, {20_000, 150, 1000, 19_000}, {20_000, 100, 2000, 19_000},
		{50_000, 200, 2000, 40_000}, {50_000, 1000, 0, 40_000}, {200_000, 200, 2000, 60_000},
	} {
		for _, chance := range []bool{false, true} {
			for _, workers := range []int{1, 8} {
				t.Run(fmt.Sprintf("%+v by chance %v, %d workers", tt, chance, workers), func(t *testing.T) {
					t.Parallel()
					found := darkOfSmallSpace(t, tt, chance, workers)
					mu.Lock()
					defer mu.Unlock()
					late = append(late, found...)
				})
			}
		}
	}
}

// smallSpace has a run of thirty wanted IDs per every IDs. It turns dark after so many answers, if
// not zero. An undisturbed run has end answers.
type smallSpace struct {
	size, every int64
	dark, end   int
}

// darkOfSmallSpace returns the runs that did not stop in time.
func darkOfSmallSpace(t *testing.T, tt smallSpace, chance bool, workers int) (late []string) {
	r := rand.New(rand.NewPCG(uint64(tt.size), 1))
	starts := map[int64]bool{}
	for i := range tt.size / tt.every {
		at := i * tt.every
		if chance {
			at = r.Int64N(tt.size)
		}
		for k := range int64(30) {
			starts[at+k] = true
		}
	}
	w := Of("runs of thirty", tt.size, func(pos int64) explore.Answer {
		if starts[pos] {
			return explore.Hit
		}
		return explore.Missed
	})
	for seed := range uint64(3) {
		f := NewForager(w, workers, seed)
		Run(w, f, workers, tt.end, seed)
		if f.Dark != "" {
			t.Errorf("seed %d: stopped after %d answers: %s", seed, f.DarkAt, f.Dark)
		}
		if tt.dark == 0 {
			continue // nearly all that there is was found by then
		}
		dark := *w
		dark.DarkFrom = tt.dark
		f = NewForager(&dark, workers, seed)
		Run(&dark, f, workers, tt.dark+2500, seed)
		if f.Dark == "" || f.DarkAt > tt.dark+400 {
			late = append(late, fmt.Sprintf("%s, seed %d: stopped at %d, doubt %.0f", t.Name(), seed, f.DarkAt, f.Doubt))
		}
	}
	return late
}
