package explore

import "math"

// promise is what is to be expected of a block: hits by answer of excursions that
// begin in it, as much as that may be by what is known, and how many positions are
// left to begin at.
type promise struct {
	rate, most float64
	left       int64
}

// doubtful is by how many standard errors the space, or the part of it around a
// block, may give more than is expected of it, in what a block may promise.
const doubtful = 2

// Promise is what the block promises that promises most of those in which an
// excursion may begin: hits by answer, as it is to be expected, and as much as any of
// them may promise by what is known. Both are 0 when nothing is left.
func (f *Forager) Promise() (best, most float64) { return f.tree.promised(f.tree.promises()) }

func (t *tree) promised(of []promise) (best, most float64) {
	t.open(func(block int64) {
		best, most = max(best, of[block].rate), max(most, of[block].most)
	})
	return best, most
}

// share is a share of wanted ids, and the variance of what is known of it but by a
// node's own answers: by those a block is chosen, and of many one is lucky.
type share struct{ mean, variance float64 }

// estimate is what is known of a node: the share of probes that hit, that of steps,
// and how many steps an excursion takes.
type estimate struct {
	probes, steps share
	walk          float64

	// choice is what it is chosen by.
	choice belief
}

// promises are those of the leaves.
//
// What is known of a node is what is known of the one above, but for its own answers;
// how much those count is learned at each level, by how much its nodes differ at all.
// Of hundreds of blocks that are alike some are lucky: by their own answers alone the
// promise would be that of the luckiest.
func (t *tree) promises() []promise {
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
		probes := likeness(len(nodes), func(x int) (int64, int64, float64) { return nodes[x].ProbeHits, nodes[x].Probes, up(x).probes.mean })
		steps := likeness(len(nodes), func(x int) (int64, int64, float64) { return nodes[x].WalkHits, nodes[x].Walks, up(x).steps.mean })
		here := make([]estimate, len(nodes))
		for x, s := range nodes {
			here[x] = estimate{
				probes: up(x).probes.with(s.ProbeHits, s.Probes, probes),
				steps:  up(x).steps.with(s.WalkHits, s.Walks, steps),
				walk:   (float64(s.Walks) + prior*up(x).walk) / (float64(s.ProbeHits) + prior),
				choice: up(x).choice.of(s),
			}
		}
		above = here
	}
	out := make([]promise, len(above))
	for x, e := range above {
		out[x] = e.promise(t.asked(0, int64(x)), t.sizeAt(0, int64(x)))
	}
	return out
}

func shareOf(hits, n float64) share {
	p := hits / n
	return share{p, p * (1 - p) / n}
}

// with is the share of a node of which so many hits of n answers are known, where
// what is known of the one above counts for so many answers.
func (s share) with(hits, n int64, strength float64) share {
	if math.IsInf(strength, 1) || n == 0 {
		return s
	}
	own := float64(n) / (float64(n) + strength)
	p := (1-own)*s.mean + own*float64(hits)/float64(n)
	return share{p, (1 - own) * (1 - own) * s.variance}
}

// promise is what is expected of what is left of a leaf.
func (e estimate) promise(s Sums, size int64) promise {
	left := size - s.Done
	if left <= 0 {
		return promise{}
	}
	v, sd := e.probes.mean, math.Sqrt(e.probes.variance)
	if float64(s.Done) > 0.1*float64(size) {
		// Of what was wanted there, what was found is gone; no more is left than there
		// was, nor than it is chosen for.
		v = min(v, max(0, v*float64(size)-float64(s.ProbeHits+s.WalkHits))/float64(left), e.choice.density(s, size))
	}
	if e.probes.mean > 0 {
		sd *= v / e.probes.mean
	}
	rate := func(v, q float64) float64 { return min(1, v*(1+q*e.walk)/(1+v*e.walk)) }
	p := rate(v, e.steps.mean)
	byProbes := rate(v+doubtful*sd, e.steps.mean) - p
	bySteps := rate(v, e.steps.mean+doubtful*math.Sqrt(e.steps.variance)) - p
	return promise{p, min(1, p+math.Hypot(byProbes, bySteps)), left}
}

// strengths are for how many answers what is known of the node above may count: all,
// where nodes don't differ.
var strengths = []float64{math.Inf(1), 1024, 256, 64, 16, 4, 1}

// chance is by how much likelier the answers have to be of nodes that differ more, as
// a logarithm, for it to be believed.
const chance = 2

// likeness is how much the n nodes of a level are alike, by their answers: for how
// many of a node's own what is known of the one above counts. It is the greatest
// strength of the Beta distribution by which answers are about as likely as by any.
// In which nodes was asked by what was known before does not matter to that.
func likeness(n int, of func(x int) (hits, n int64, mean float64)) float64 {
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

// likelihood is that of answers, as a logarithm, where the share of hits is drawn
// from a Beta distribution of mean p and so many answers' strength.
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
