package extract

import (
	"context"
	"math"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Memory of trees.
const (
	// nodeBytes is the approximate memory of one node with its text, its attributes, and its entry
	// in the index of XPath.
	nodeBytes = 160

	// treeShare is the part of the process's memory limit that trees may take. The rest is for
	// bodies, images and garbage.
	treeShare = 3

	// freeTrees is what trees may take in a process without a memory limit.
	freeTrees = 1 << 30

	// textShare is the part of the limit that is for reading JSON: bodies, and blocks of JSON-LD.
	textShare = 6

	// leastTrees is the minimum room for trees. With it, pages are read one by one.
	leastTrees = 64 << 20
)

// gate bounds the memory of all trees, or of all texts, of the process.
type gate struct {
	size int64
	free *semaphore.Weighted
}

// trees and texts are the process's gates for the trees of pages, and for the reading of JSON.
// Their sizes follow the memory limit that the process has when it reads its first page. Whoever
// has room for a text waits for nothing else, so one may wait for it with a tree in memory.
var (
	trees = sync.OnceValue(func() *gate { return newGate(share(treeShare, freeTrees)) })
	texts = sync.OnceValue(func() *gate { return newGate(share(textShare, freeTrees)) })
)

// share returns a part of the memory limit, or free without one.
func share(part, free int64) int64 {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		return max(leastTrees, limit/part)
	}
	return free
}

func newGate(size int64) *gate { return &gate{size: size, free: semaphore.NewWeighted(size)} }

// enter waits until a tree of the given number of nodes has room, and returns the function that
// leaves. A tree that is larger than the gate has it alone.
func (g *gate) enter(ctx context.Context, nodes int) (leave func(), err error) {
	n := min(int64(nodes)*nodeBytes, g.size)
	if err := g.free.Acquire(ctx, n); err != nil {
		return nil, context.Cause(ctx)
	}
	return sync.OnceFunc(func() { g.free.Release(n) }), nil
}
