package dataset

import "math/bits"

// MaxDistance is the largest distance of near duplicates in bits. Beyond it different images count
// as equal.
const MaxDistance = 15

// The parts of a hash. The last one has 12 bits. More parts mean fewer and larger buckets. Five are
// the fastest for a million hashes at the default distance.
const (
	chunks    = 5
	chunkBits = 13
)

// near finds the nearest of the hashes that it holds. It is a multi-index (Norouzi et al., 2012):
// one of five parts differs in at most a fifth of the distance. So only hashes with such a part are
// compared.
type near struct {
	distance int
	masks    []uint16 // the differences of that part
	parts    [chunks][]bucket
}

// bucket holds the hashes with one value of a part, and the numbers of their images.
type bucket struct {
	hashes []uint64
	ns     []uint32
}

func newNear(distance int) *near {
	x := &near{distance: distance}
	for mask := range 1 << chunkBits {
		if bits.OnesCount(uint(mask)) <= distance/chunks {
			x.masks = append(x.masks, uint16(mask))
		}
	}
	for i := range x.parts {
		x.parts[i] = make([]bucket, 1<<chunkBits)
	}
	return x
}

func part(hash uint64, i int) uint16 { return uint16(hash>>(i*chunkBits)) & (1<<chunkBits - 1) }

func (x *near) add(hash uint64, n uint32) {
	for i := range x.parts {
		at := &x.parts[i][part(hash, i)]
		at.hashes, at.ns = append(at.hashes, hash), append(at.ns, n)
	}
}

// find returns the image at the least distance, and of several the first.
func (x *near) find(hash uint64) (n uint32, ok bool) {
	best := x.distance + 1
	for i := range x.parts {
		own := part(hash, i)
		for _, mask := range x.masks {
			at := &x.parts[i][own^mask]
			for k, other := range at.hashes {
				d := bits.OnesCount64(hash ^ other)
				if d < best || d == best && ok && at.ns[k] < n {
					best, n, ok = d, at.ns[k], true
				}
			}
		}
	}
	return n, ok
}

// groups puts images into groups. Each image of a group differs from the first one in at most the
// distance, so that groups do not chain.
type groups struct {
	near   *near
	byHash map[uint64]uint32   // the first image of the group of a hash
	bySum  map[[16]byte]uint32 // the same of a digest
}

func newGroups(distance int) *groups {
	return &groups{newNear(distance), map[uint64]uint32{}, map[[16]byte]uint32{}}
}

// add returns the first image of an image's group, which may be itself. exact reports that an
// earlier image has the same bytes.
func (g *groups) add(n uint32, sum [16]byte, hash uint64, hashed bool) (first uint32, exact bool) {
	if first, exact = g.bySum[sum]; exact {
		return first, true
	}
	first = n
	if hashed {
		known, ok := g.byHash[hash]
		if !ok {
			known, ok = g.near.find(hash)
		}
		if ok {
			first = known
		} else {
			g.near.add(hash, n)
		}
		g.byHash[hash] = first
	}
	g.bySum[sum] = first
	return first, false
}
