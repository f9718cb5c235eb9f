package dataset

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// The index finds what a look at all hashes finds.
func TestNearFindsTheNearest(t *testing.T) {
	t.Parallel()
	draws := rand.New(rand.NewPCG(1, 2))
	for _, distance := range []int{0, 3, 4, 8, 15} {
		x := newNear(distance)
		var all []uint64
		for n := range 2000 {
			hash := draws.Uint64()
			if n > 0 && n%2 == 0 { // a neighbor
				hash = all[draws.IntN(len(all))]
				for range draws.IntN(distance + 3) {
					hash ^= 1 << draws.IntN(64)
				}
			}
			want, best := -1, distance+1
			for i, other := range all {
				if d := bits.OnesCount64(hash ^ other); d < best {
					want, best = i, d
				}
			}
			got, ok := x.find(hash)
			if ok != (want >= 0) || ok && int(got) != want {
				t.Fatalf("distance %d: found %d, %v; want %d", distance, got, ok, want)
			}
			x.add(hash, uint32(n))
			all = append(all, hash)
		}
	}
}

func TestGroupsDoNotChain(t *testing.T) {
	t.Parallel()
	g := newGroups(8)
	sum := func(n uint32) (s [16]byte) {
		binary.BigEndian.PutUint32(s[:], n)
		return s
	}
	for _, c := range []struct {
		n           uint32
		hash        uint64
		hashed      bool
		sum         uint32
		first       uint32
		exact       bool
		description string
	}{
		{1, 0, true, 1, 1, false, "the first"},
		{2, 0x3f, true, 2, 1, false, "6 bits from the first"},
		{3, 0xfff, true, 3, 3, false, "6 bits from the second, 12 from the first"},
		{4, 0x7f, true, 4, 3, false, "5 bits from the third, 7 from the first"},
		{5, 0x3f, true, 5, 1, false, "the hash of the second"},
		{6, 0xfff, true, 2, 1, true, "the bytes of the second"},
		{7, 0, false, 7, 7, false, "no hash"},
		{8, 0, false, 7, 7, true, "no hash, equal bytes"},
	} {
		first, exact := g.add(c.n, sum(c.sum), c.hash, c.hashed)
		if first != c.first || exact != c.exact {
			t.Errorf("%s: got %d, %v, want %d, %v", c.description, first, exact, c.first, c.exact)
		}
	}
}

// SEINE_BENCH_HASHES=1000000 measures a million hashes, a tenth of them near others.
func TestGroupsOfManyHashes(t *testing.T) {
	many, err := strconv.Atoi(os.Getenv("SEINE_BENCH_HASHES"))
	if err != nil {
		many = 20_000
	}
	draws := rand.New(rand.NewPCG(3, 4))
	g, dupes := newGroups(DefaultDistance), 0
	all := make([]uint64, 0, many)
	for n := range many {
		hash, sum := draws.Uint64(), [16]byte{}
		if n%10 == 9 {
			hash = all[draws.IntN(len(all))] ^ 1<<draws.IntN(64) ^ 1<<draws.IntN(64)
		}
		all = append(all, hash)
		binary.BigEndian.PutUint64(sum[:], uint64(n))
		if first, _ := g.add(uint32(n), sum, hash, true); first != uint32(n) {
			dupes++
		}
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	t.Logf("%d hashes: %d near others, %d bytes per hash", many, dupes, int(m.HeapAlloc)/many)
	runtime.KeepAlive(g)
	if dupes < many/10-1 {
		t.Errorf("%d of %d near duplicates are found", dupes, many/10)
	}
}
