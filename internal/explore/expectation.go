package explore

import "math"

// expectation is the expectation for a block: hits per answer of local searches that start in it,
// an upper bound of that figure, and the number of positions left.
type expectation struct {
	rate, most float64
	left       int64
}

// boundErrors is the number of standard errors by which the space around a block may exceed its
// expectation in an upper bound.
const boundErrors = 2

// Best returns the highest expectation of all blocks in which a local search may start: hits per
// answer, and the highest upper bound. Both are 0 if nothing is left.
func (f *Forager) Best() (best, most float64) { return f.tree.best(f.tree.expectations()) }

func (t *tree) best(of []expectation) (best, most float64) {
	t.open(func(block int64) {
		best, most = max(best, of[block].rate), max(most, of[block].most)
	})
	return best, most
}

// share is a share of wanted IDs, with the variance of all evidence except the node's own answers.
// Those answers select the node, and the selected node of many is a lucky one.
type share struct{ mean, variance float64 }

// estimate is the posterior of a node: the hit rates of probes and of steps, and the steps per
// local search.
type estimate struct {
	probes, steps share
	walk          float64

	// choice is the prior by which the node is chosen.
	choice prior
}

// expectations returns the expectations of the leaves.
//
// A node inherits the estimate of its parent, corrected by its own answers. Their weight is learned
// for each level from the differences between its nodes. Among hundreds of equal blocks some are
// lucky. Their own answers alone would give the expectation of the luckiest block.
func (t *tree) expectations() []expectation {
	all := t.total()
	above := []estimate{{
		probes: shareOf(float64(all.ProbeHits)+0.5, float64(all.Probes)+5),
		steps:  shareOf(float64(all.WalkHits)+14, float64(all.Walks)+20),
		walk:   (float64(all.Walks) + 20) / (float64(all.ProbeHits) + 2),
		choice: t.whole(),
	}}
	for l := len(t.levels) - 1; l >= 0; l-- {
		up := func(x int) *estimate {
			if l == len(t.levels)-1 {
				return &above[0]
			}
			return &above[x>>fan]
		}
		nodes := t.sums[l]
		probes := shrinkage(len(nodes), func(x int) (int64, int64, float64) { return nodes[x].ProbeHits, nodes[x].Probes, up(x).probes.mean })
		steps := shrinkage(len(nodes), func(x int) (int64, int64, float64) { return nodes[x].WalkHits, nodes[x].Walks, up(x).steps.mean })
		here := make([]estimate, len(nodes))
		for x, s := range nodes {
			here[x] = estimate{
				probes: up(x).probes.with(s.ProbeHits, s.Probes, probes),
				steps:  up(x).steps.with(s.WalkHits, s.Walks, steps),
				walk:   (float64(s.Walks) + priorWeight*up(x).walk) / (float64(s.ProbeHits) + priorWeight),
				choice: up(x).choice.of(s),
			}
		}
		above = here
	}
	out := make([]expectation, len(above))
	for x, e := range above {
		out[x] = e.expectation(t.asked(0, int64(x)), t.sizeAt(0, int64(x)))
	}
	return out
}

func shareOf(hits, n float64) share {
	p := hits / n
	return share{p, p * (1 - p) / n}
}

// with returns the share of a node with hits hits in n answers, if the parent's estimate weighs as
// much as strength answers.
func (s share) with(hits, n int64, strength float64) share {
	if math.IsInf(strength, 1) || n == 0 {
		return s
	}
	own := float64(n) / (float64(n) + strength)
	p := (1-own)*s.mean + own*float64(hits)/float64(n)
	return share{p, (1 - own) * (1 - own) * s.variance}
}

// expectation returns the expectation for the rest of a leaf.
func (e estimate) expectation(s Sums, size int64) expectation {
	left := size - s.Done
	if left <= 0 {
		return expectation{}
	}
	v, sd := e.probes.mean, math.Sqrt(e.probes.variance)
	if float64(s.Done) > 0.1*float64(size) {
		// Hits that were found are no longer available. The rest holds at most what the block held
		// at first, and at most what it was chosen for.
		v = min(v, max(0, v*float64(size)-float64(s.ProbeHits+s.WalkHits))/float64(left), e.choice.density(s, size))
	}
	if e.probes.mean > 0 {
		sd *= v / e.probes.mean
	}
	rate := func(v, q float64) float64 { return min(1, v*(1+q*e.walk)/(1+v*e.walk)) }
	p := rate(v, e.steps.mean)
	byProbes := rate(v+boundErrors*sd, e.steps.mean) - p
	bySteps := rate(v, e.steps.mean+boundErrors*math.Sqrt(e.steps.variance)) - p
	return expectation{p, min(1, p+math.Hypot(byProbes, bySteps)), left}
}

// strengths lists the candidate weights of a parent's estimate, in answers. Infinity means that the
// nodes do not differ.
var strengths = []float64{math.Inf(1), 1024, 256, 64, 16, 4, 1}

// chance is by how much likelier the answers have to be of nodes that differ more, as
// a logarithm, for it to be believed.
const chance = 2

// shrinkage returns how similar the n nodes of a level are: the weight of the parent's estimate in
// answers. It is the greatest strength of a Beta distribution that is about as likely as any. The
// choice of the probed nodes does not affect the result.
func shrinkage(n int, of func(x int) (hits, n int64, mean float64)) float64 {
	sums := make([]float64, len(strengths))
	for x := range n {
		hits, n, p := of(x)
		if n < 2 || p <= 0 || p >= 1 {
			continue // one answer does not tell
		}
		for i, m := range strengths {
			sums[i] += likelihood(float64(hits), float64(n), p, m)
		}
	}
	best := math.Inf(-1)
	for i := range strengths {
		best = max(best, sums[i])
	}
	for i, m := range strengths {
		if sums[i] >= best-chance {
			return m
		}
	}
	return strengths[0]
}

// likelihood returns the log-likelihood of the answers, if the share of hits follows a Beta
// distribution of mean p and the given strength.
func likelihood(hits, n, p, strength float64) float64 {
	if math.IsInf(strength, 1) {
		return hits*math.Log(p) + (n-hits)*math.Log(1-p)
	}
	a, b := strength*p, strength*(1-p)
	return rising(a, hits) + rising(b, n-hits) - rising(strength, n)
}

// rising is the logarithm of a·(a+1)···(a+n-1).
func rising(a, n float64) float64 {
	x, _ := math.Lgamma(a + n)
	y, _ := math.Lgamma(a)
	return x - y
}
