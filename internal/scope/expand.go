package scope

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	// maxExpanded is the most URLs of one seed. More IDs belong into an ID space, which stores a
	// position instead of a task per URL.
	maxExpanded = 100_000

	// maxExpandedBytes is the most memory of them.
	maxExpandedBytes = 64 << 20
)

var ranges = regexp.MustCompile(`\{([0-9]{1,18})\.\.([0-9]{1,18})(?:\.\.([0-9]{1,18}))?\}`)

// Expand returns the URLs of a seed with ranges: "{1..50}", "{01..12}" with leading zeros and
// "{0..100..10}" with a step. A range may fall: "{3..1}". Several ranges of one seed multiply, and
// the last one changes fastest. All other braces stay as they are. Expand fails if a step is 0, if
// there are more than 100,000 URLs, or if they have more than 64 MiB.
func Expand(seed string) ([]string, error) {
	places := ranges.FindAllStringSubmatchIndex(seed, -1)
	total := 1
	counters := make([]counter, len(places))
	for i, m := range places {
		c, err := newCounter(seed, m)
		if err != nil {
			return nil, err
		}
		if c.n > maxExpanded || total*int(c.n) > maxExpanded {
			return nil, fmt.Errorf("ranges of seed %.200q give more than %d URLs: use an ID space (ids)", seed, maxExpanded)
		}
		total *= int(c.n)
		counters[i] = c
	}
	if total*len(seed) > maxExpandedBytes {
		return nil, fmt.Errorf("ranges of seed %.200q give more than %d MiB: use an ID space (ids)", seed, maxExpandedBytes>>20)
	}
	out := make([]string, total)
	var b strings.Builder
	for i := range out {
		b.Reset()
		rest, each, behind := i, total, 0
		for k, c := range counters {
			each /= int(c.n)
			b.WriteString(seed[behind:places[k][0]])
			c.write(&b, int64(rest/each))
			rest, behind = rest%each, places[k][1]
		}
		b.WriteString(seed[behind:])
		out[i] = b.String()
	}
	return out, nil
}

// counter is a range: n numbers from first on.
type counter struct {
	first, step, n int64
	width          int // digits with leading zeros
}

func newCounter(seed string, m []int) (counter, error) {
	first, last := seed[m[2]:m[3]], seed[m[4]:m[5]]
	c := counter{first: number(first), step: 1}
	if m[6] >= 0 {
		c.step = number(seed[m[6]:m[7]])
	}
	if c.step == 0 {
		return counter{}, fmt.Errorf("range %s of seed %.200q has step 0: give at least 1", seed[m[0]:m[1]], seed)
	}
	for _, bound := range []string{first, last} {
		if len(bound) > 1 && bound[0] == '0' {
			c.width = max(len(first), len(last))
		}
	}
	distance := number(last) - c.first
	if distance < 0 {
		distance, c.step = -distance, -c.step
	}
	c.n = distance/max(c.step, -c.step) + 1
	return c, nil
}

// number reads up to 18 digits, which an int64 holds.
func number(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64)
	return n
}

func (c counter) write(b *strings.Builder, i int64) {
	fmt.Fprintf(b, "%0*d", c.width, c.first+i*c.step)
}
