package deflate

import (
	"encoding/binary"
	"math/bits"
)

// match is a stretch that was there before, at most window bytes ago, with the
// symbol of its distance.
type match struct{ length, distance, symbol uint16 }

func newMatch(length, distance int) match {
	return match{uint16(length), uint16(distance), distanceSymbol(uint16(distance))}
}

const (
	hashBits = 16

	// nice is the length from which on a match is taken as it is.
	nice = 64

	// depth bounds how many places are compared with one position.
	depth = 48
)

// finder finds matches. For each hash of four bytes there is a binary tree of
// the positions in the window, in the order of the bytes that follow; the
// youngest is its root. A search turns its own position into the new root, so
// the way down meets all candidates that are longer than those before.
type finder struct {
	three [1 << hashBits]int32 // the last position with this hash of three bytes
	roots [1 << hashBits]int32
	nodes [window][2]int32 // by position: the subtrees of the lesser and the greater
}

// nowhere is a position outside of every window.
const nowhere = -1 << 30

func (f *finder) reset() {
	for i := range f.roots {
		f.three[i], f.roots[i] = nowhere, nowhere
	}
}

// slide moves all positions back. It must be a multiple of the window.
func (f *finder) slide(by int) {
	for _, table := range [][]int32{f.three[:], f.roots[:]} {
		for i, v := range table {
			table[i] = max(v-int32(by), nowhere)
		}
	}
	for i := range f.nodes {
		f.nodes[i][0] = max(f.nodes[i][0]-int32(by), nowhere)
		f.nodes[i][1] = max(f.nodes[i][1]-int32(by), nowhere)
	}
}

// find appends the matches at a position, each longer than the one before.
func (f *finder) find(buf []byte, pos int, to []match) []match {
	most := min(len(buf)-pos, maxMatch)
	if most < 4 {
		return to
	}
	best := minMatch - 1
	last := &f.three[hashOfThree(buf[pos:])]
	if at := int(*last); at > pos-window {
		if n := equal(buf[at:at+most], buf[pos:pos+most]); n > best {
			best = n
			to = append(to, newMatch(n, pos-at))
		}
	}
	*last = int32(pos)
	return f.descend(buf, pos, most, max(best, minMatch), to)
}

// skip takes a position in that nothing is looked for at. It adds no node, because in uniform input
// most positions are skipped and a tree of them would degenerate into a list. The table of three
// bytes finds it, with its whole length.
func (f *finder) skip(buf []byte, pos int) {
	if len(buf)-pos >= 4 {
		f.three[hashOfThree(buf[pos:])] = int32(pos)
	}
}

func hashOfThree(b []byte) uint32 {
	return binary.LittleEndian.Uint32(b) << 8 * 0x9e3779b1 >> (32 - hashBits)
}

// descend goes down the tree of a position's first four bytes.
func (f *finder) descend(buf []byte, pos, most, best int, to []match) []match {
	root := &f.roots[binary.LittleEndian.Uint32(buf[pos:])*0x9e3779b1>>(32-hashBits)]
	node := *root
	*root = int32(pos)
	oldest := int32(pos - window)
	own := &f.nodes[pos%window]
	less, more := &own[0], &own[1] // where the next lesser and greater node belongs
	lessLen, moreLen, length := 0, 0, 0
	in := buf[pos : pos+most]
	for range depth {
		if node <= oldest {
			break
		}
		at := buf[node : int(node)+most]
		length += equal(at[length:], in[length:])
		sub := &f.nodes[int(node)%window]
		if length > best {
			best = length
			to = append(to, newMatch(length, pos-int(node)))
		}
		if length >= min(nice, most) {
			// If both are about equal, the new node takes the old node's place.
			*less, *more = sub[0], sub[1]
			return to
		}
		if at[length] < in[length] {
			*less, less = node, &sub[1]
			node, lessLen = sub[1], length
		} else {
			*more, more = node, &sub[0]
			node, moreLen = sub[0], length
		}
		length = min(lessLen, moreLen)
	}
	*less, *more = nowhere, nowhere
	return to
}

// equal is the number of bytes at the start that are the same.
func equal(a, b []byte) int {
	n := 0
	for len(a) >= 8 && len(b) >= 8 {
		if x := binary.LittleEndian.Uint64(a) ^ binary.LittleEndian.Uint64(b); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
		a, b, n = a[8:], b[8:], n+8
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return n + i
		}
	}
	return n + min(len(a), len(b))
}
