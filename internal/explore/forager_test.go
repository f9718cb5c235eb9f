package explore

import (
	"math/rand/v2"
	"testing"
)

// Each inner node holds the sum of its leaves, at any size of the space.
func TestTreeSums(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int64{1, 15, 16, 17, 4096, 4097, 53_371_179, 1 << 40} {
		tree := newTree(size, 4096)
		var want Sums
		for range 500 {
			b := tree.block(r.Int64N(size))
			s := tree.sums[0][b].Add(Sums{Done: 2, Probes: 1, ProbeHits: 1, Walks: 1})
			tree.set(b, s)
			want = want.Add(Sums{Done: 2, Probes: 1, ProbeHits: 1, Walks: 1})
		}
		for l := range tree.levels {
			var got Sums
			for _, s := range tree.sums[l] {
				got = got.Add(s)
			}
			if got != want {
				t.Errorf("size %d, level %d: %+v; want %+v", size, l, got, want)
			}
		}
		first, n := tree.bounds(tree.block(size - 1))
		if n < 1 || first+n != size || len(tree.sums[0]) > 4096 {
			t.Errorf("size %d: %d leaves, the last from %d on with %d", size, len(tree.sums[0]), first, n)
		}
	}
}

// A space is probed until nothing is left of it.
func TestProbesAreInTheSpaceAndFree(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	f := New(1000, Options{Blocks: 10, Start: 500})
	taken := map[int64]bool{}
	blocks := map[int64]Sums{}
	for i := range 1000 {
		pos, ok := f.Probe(r, func(p int64) bool { return !taken[p] })
		if !ok {
			t.Fatalf("%d of 1000 ids were probed, and no more are found", i)
		}
		if pos < 0 || pos >= 1000 || taken[pos] {
			t.Fatalf("probe %d at %d: outside, or taken", i, pos)
		}
		if i < firstProbes && f.Block(pos) != f.Block(500) {
			t.Errorf("probe %d at %d is not near the start", i, pos)
		}
		taken[pos] = true
		b := f.Block(pos)
		blocks[b] = blocks[b].Add(Sums{Done: 1, Probes: 1})
		f.SetBlock(b, blocks[b])
		if over := i == 999; f.Over() != over {
			t.Errorf("over after %d of 1000: %v", i+1, f.Over())
		}
	}
	if pos, ok := f.Probe(r, func(p int64) bool { return !taken[p] }); ok {
		t.Errorf("%d is left of none", pos)
	}
}

// The last free IDs are found, however few there are, by calls with a bounded search each. A chosen
// ID that was not requested is found again.
func TestTheLastIDsAreFound(t *testing.T) {
	t.Parallel()
	const size = 200_000
	for _, tt := range []struct {
		name   string
		blocks int
		choose func(f *Forager, r *rand.Rand, free func(int64) bool) (int64, bool)
	}{
		{"probes", 8, (*Forager).Probe}, {"probes of small blocks", 0, (*Forager).Probe}, {"anywhere", 8, (*Forager).Anywhere},
	} {
		f := New(size, Options{Blocks: tt.blocks})
		r := rand.New(rand.NewPCG(1, 2))
		left := map[int64]bool{17: true, 18: true, 77_777: true, 150_000: true, 199_999: true}
		failed := map[int64]bool{40_000: true, 40_001: true} // asked for, and not answered
		for b := range int64(len(f.tree.sums[0])) {
			first, n := f.tree.bounds(b)
			s := Sums{Done: n, Probes: n}
			for _, of := range []map[int64]bool{left, failed} {
				for pos := range of {
					if pos >= first && pos < first+n {
						s.Done, s.Probes = s.Done-1, s.Probes-1
					}
				}
			}
			f.SetBlock(b, s)
		}
		refused := map[int64]bool{}
		for calls := 0; !f.Over(); calls++ {
			looked := 0
			taken := int64(-1)
			pos, ok := tt.choose(f, r, func(pos int64) bool {
				looked++
				return left[pos] && pos != taken
			})
			if looked > lookRun+anyTries+drawTries*len(f.tree.sums[0]) || calls > 300 {
				t.Fatalf("%s: call %d looked at %d ids, and %d are left", tt.name, calls, looked, len(left))
			}
			switch {
			case ok && !refused[pos]:
				// Another one of the same batch is chosen before it is refused.
				taken, refused[pos] = pos, true
				tt.choose(f, r, func(pos int64) bool { return left[pos] && pos != taken })
				f.Refused(pos)
			case ok:
				delete(left, pos)
				b := f.Block(pos)
				f.SetBlock(b, f.tree.sums[0][b].Add(Sums{Done: 1, Probes: 1}))
			}
		}
		if len(left) > 0 {
			t.Errorf("%s: over, and %v were not found", tt.name, left)
		}
	}
}

// In a space where every tenth id is wanted the forager comes to ask every tenth.
func TestWalksLearnTheStep(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	f := New(1_000_000, Options{})
	wanted := func(pos int64) bool { return pos%10 == 3 }
	cells := map[Step]Trial{}
	count := func(o Observation) {
		if o.Trials > 0 {
			cells[o.Step] = cells[o.Step].Merge(o.Step, float64(o.Trials), float64(o.Hits))
			f.SetStep(o.Step, cells[o.Step])
			if f.Answered(1) {
				f.Learn()
			}
		}
	}
	answer := func(pos int64) Answer {
		if wanted(pos) {
			return Hit
		}
		return Missed
	}
	asked, hits := 0, 0
	for range 2000 {
		pos := r.Int64N(1_000_000)
		a := answer(pos)
		count(Observe(f.Block(pos), Probed, nil, false, false, a))
		walk, ok := f.Follow(pos, nil, false, a, r, func(int64) Known { return Unknown })
		for n := 0; ok && n < 50; n++ {
			at := walk.Position()
			if at < 0 || at >= 1_000_000 {
				t.Fatalf("an excursion asks for %d", at)
			}
			a := answer(at)
			if asked++; a == Hit {
				hits++
			}
			count(Observe(f.Block(at), Stepped, &walk, false, false, a))
			walk, ok = f.Follow(at, &walk, false, a, r, func(int64) Known { return Unknown })
		}
	}
	if rate := float64(hits) / float64(asked); rate < 0.8 {
		t.Errorf("%d of %d steps were wanted; want nearly all", hits, asked)
	}
}

// An answer is counted once, however often its task was tried.
func TestObserve(t *testing.T) {
	t.Parallel()
	walk := Begin(5)
	for _, tt := range []struct {
		name           string
		kind           Kind
		again, counted bool
		answer         Answer
		want           Sums
		trials         int
	}{
		{"a probe that hits", Probed, false, false, Hit, Sums{Done: 1, Probes: 1, ProbeHits: 1}, 1},
		{"a probe of an absent id", Probed, false, false, Absent, Sums{Done: 1, Probes: 1, Absent: 1}, 1},
		{"a stale page", Probed, false, false, Stale, Sums{Stale: 1}, 0},
		{"no answer", Probed, false, false, NoAnswer, Sums{}, 0},
		{"a step that misses", Stepped, false, false, Missed, Sums{Done: 1, Walks: 1}, 1},
		{"a step that the excursion went past", Stepped, true, false, Hit, Sums{Done: 1, Walks: 1, WalkHits: 1}, 0},
		{"a stale page that turns out a hit", Probed, true, true, Hit, Sums{ProbeHits: 1}, 0},
		{"a stale page that stays one", Stepped, true, true, Missed, Sums{}, 0},
		{"an id that was given", Given, false, false, Hit, Sums{Done: 1}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := Observe(7, tt.kind, &walk, tt.again, tt.counted, tt.answer)
			if o.Block != 7 || o.Sums != tt.want || o.Trials != tt.trials {
				t.Errorf("%+v; want %+v and %d trials", o, tt.want, tt.trials)
			}
		})
	}
}

// A local search goes up, then down, and skips known positions.
func TestExcursion(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	f := New(100, Options{})
	known := map[int64]Known{51: Miss, 48: Taken}
	see := func(pos int64) Known { return known[pos] }
	walk, ok := f.Next(Begin(50), r, see)
	if !ok || walk.Position() != 52 {
		t.Fatalf("first step at %d, %v; want 52, past a known miss", walk.Position(), ok)
	}
	for range 20 { // until this side ends
		if walk, ok = f.Follow(walk.Position(), &walk, false, Absent, r, see); !ok || walk.Dir < 0 {
			break
		}
	}
	if !ok || walk.Dir != -1 || walk.Position() != 49 {
		t.Fatalf("then %d (dir %d), %v; want 49 on the way down", walk.Position(), walk.Dir, ok)
	}
	if walk, ok = f.Follow(49, &walk, false, Hit, r, see); ok {
		t.Errorf("it goes on at %d, where another one is", walk.Position())
	}
}

// While the best blocks are requested and unanswered, probes go to other blocks. Probe finds
// nothing only if nothing is left.
func TestProbeSeesPastOpenRequests(t *testing.T) {
	t.Parallel()
	const size = 1000
	f := New(size, Options{})
	r := rand.New(rand.NewPCG(1, 2))
	// The forager looks first where probes hit.
	f.SetBlock(500, Sums{Done: 1, Probes: 1, ProbeHits: 1})
	open := map[int64]bool{500: true}
	for range size - 1 {
		pos, ok := f.Probe(r, func(pos int64) bool { return !open[pos] })
		if !ok || open[pos] {
			t.Fatalf("position %d, %v after %d open requests", pos, ok, len(open))
		}
		open[pos] = true
	}
	if pos, ok := f.Probe(r, func(pos int64) bool { return !open[pos] }); ok {
		t.Errorf("position %d is left of none", pos)
	}
	if got := f.Total(); got != (Sums{Done: 1, Probes: 1, ProbeHits: 1}) {
		t.Errorf("the sums are %+v after looking", got)
	}
}

// Clear positions lie beyond the requested one, within the range of the lookup, on the current side
// of the local search.
func TestIsClear(t *testing.T) {
	t.Parallel()
	up := LocalSearch{Dir: +1, Last: 10, M: 1, Clear: 21} // asks for 12
	down := LocalSearch{Dir: -1, Last: 10, Clear: 1}      // asks for 9, looked down to 0
	for _, tt := range []struct {
		e    LocalSearch
		pos  int64
		want bool
	}{{up, 12, false}, {up, 13, true}, {up, 20, true}, {up, 21, false}, {up, 5, false}, {down, 9, false}, {down, 8, true}, {down, 0, true}, {down, 12, false}, {Begin(5), 6, false}} {
		if got := tt.e.IsClear(tt.pos); got != tt.want {
			t.Errorf("%+v: %d is clear: %v; want %v", tt.e, tt.pos, got, tt.want)
		}
	}
}
