package pngenc

import (
	"math/rand/v2"
	"testing"
)

// Work on eight bytes at once equals work on each byte, for any length.
func TestEightAtOnceIsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	bytes := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = []byte{0, 1, 127, 128, 129, 255, byte(r.Uint32()), byte(r.Uint32())}[r.IntN(8)]
		}
		return b
	}
	for n := range 70 {
		for range 50 {
			x, a, b, out := bytes(n), bytes(n), bytes(n), make([]byte, n)
			plain, less, mean := 0, 0, 0
			for i := range n {
				plain += magnitude(x[i])
				less += magnitude(x[i] - a[i])
				mean += magnitude(x[i] - uint8((int(a[i])+int(b[i]))/2))
			}
			if got := weight(x); got != plain {
				t.Fatalf("weight(%v) = %d; want %d", x, got, plain)
			}
			if got := subtract(out, x, a); got != less {
				t.Fatalf("subtract weighs %d; want %d", got, less)
			}
			for i := range n {
				if out[i] != x[i]-a[i] {
					t.Fatalf("%d - %d = %d", x[i], a[i], out[i])
				}
			}
			if got := average(out, x, a, b); got != mean {
				t.Fatalf("average weighs %d; want %d", got, mean)
			}
			for i := range n {
				if out[i] != x[i]-uint8((int(a[i])+int(b[i]))/2) {
					t.Fatalf("%d - (%d + %d)/2 = %d", x[i], a[i], b[i], out[i])
				}
			}
		}
	}
	for d, want := range map[uint8]int{0: 0, 1: 1, 127: 127, 128: 128, 255: 1} {
		if got := magnitude(d); got != want {
			t.Errorf("magnitude(%d) = %d; want %d", d, got, want)
		}
	}
}
