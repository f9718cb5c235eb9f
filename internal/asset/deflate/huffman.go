package deflate

import (
	"cmp"
	"math/bits"
	"slices"
)

// maxCode is the greatest length of a code; of the codes that write the codes'
// lengths it is less.
const (
	maxCode       = 15
	maxLengthCode = 7
)

// code is a Huffman code, its bits in the order in which they are written.
type code struct {
	bits   uint16
	length uint8
}

// codes holds the codes of a block and of the lengths in its header.
type codes struct {
	literal  [288]code
	distance [distances]code
	header   [19]code

	work lengthWork
}

// lengthWork is what making lengths needs.
type lengthWork struct {
	symbols []weighed
	lengths [288]uint8
}

type weighed struct {
	weight uint32
	symbol uint16
}

// lengthsOf makes the lengths of the codes, each of at most most bits. A single symbol gets a code
// of one bit.
func (w *lengthWork) lengthsOf(counts []uint32, most int) []uint8 {
	lengths := w.lengths[:len(counts)]
	clear(lengths)
	w.symbols = w.symbols[:0]
	for i, n := range counts {
		if n > 0 {
			w.symbols = append(w.symbols, weighed{n, uint16(i)})
		}
	}
	list := w.symbols
	switch len(list) {
	case 0:
		return lengths
	case 1:
		lengths[list[0].symbol] = 1
		return lengths
	}
	slices.SortFunc(list, func(a, b weighed) int {
		return cmp.Or(cmp.Compare(a.weight, b.weight), cmp.Compare(a.symbol, b.symbol))
	})
	used := depths(list)
	limit(&used, most)
	// The rarest get the longest.
	at := 0
	for length := len(used) - 1; length > 0; length-- {
		for range used[length] {
			lengths[list[at].symbol] = uint8(length)
			at++
		}
	}
	return lengths
}

// depths returns how many leaves there are at each depth of the Huffman tree of
// sorted weights, which it overwrites (Moffat and Katajainen, 1995).
func depths(list []weighed) (used [33]int) {
	n := len(list)
	a := make([]uint32, n)
	for i, w := range list {
		a[i] = w.weight
	}
	// Nodes arise in the order of their weight, so leaf and root advance along both queues. A node
	// that has a parent holds its parent's index.
	a[0] += a[1]
	root, leaf := 0, 2
	for next := 1; next < n-1; next++ {
		if leaf >= n || a[root] < a[leaf] {
			a[next] = a[root]
			a[root] = uint32(next)
			root++
		} else {
			a[next] = a[leaf]
			leaf++
		}
		if leaf >= n || root < next && a[root] < a[leaf] {
			a[next] += a[root]
			a[root] = uint32(next)
			root++
		} else {
			a[next] += a[leaf]
			leaf++
		}
	}
	a[n-2] = 0
	for i := n - 3; i >= 0; i-- {
		a[i] = a[a[i]] + 1
	}
	// a holds the depths of the inner nodes, and every other node is a leaf.
	open, depth := 1, 0
	for inner := n - 2; open > 0; depth++ {
		nodes := 0
		for inner >= 0 && a[inner] == uint32(depth) {
			nodes++
			inner--
		}
		used[min(depth, len(used)-1)] += open - nodes
		open = 2 * nodes
	}
	return used
}

// limit moves leaves up that lie too deep, and others down to make room.
func limit(used *[33]int, most int) {
	room := 0 // what lies too deep, in leaves at the limit, beyond what there is
	for length := len(used) - 1; length > most; length-- {
		used[most] += used[length]
		used[length] = 0
	}
	for length := 1; length <= most; length++ {
		room += used[length] << (most - length)
	}
	for ; room > 1<<most; room-- {
		length := most - 1
		for used[length] == 0 {
			length--
		}
		// One leaf of this depth becomes two below it, one of which is a leaf
		// from the limit.
		used[length]--
		used[length+1] += 2
		used[most]--
	}
}

// assign gives codes of these lengths their bits.
func assign(to []code, lengths []uint8) {
	var next, used [maxCode + 2]uint16
	for _, n := range lengths {
		used[n]++
	}
	used[0] = 0
	for n := 1; n <= maxCode; n++ {
		next[n+1] = (next[n] + used[n]) << 1
	}
	for i, n := range lengths {
		to[i] = code{}
		if n > 0 {
			to[i] = code{bits.Reverse16(next[n]) >> (16 - n), n}
			next[n]++
		}
	}
}
