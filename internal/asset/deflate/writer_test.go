package deflate_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/seinehq/seine/internal/asset/deflate"
)

func compress(t testing.TB, z *deflate.Writer, in []byte, step int) []byte {
	t.Helper()
	var out bytes.Buffer
	z.Reset(&out)
	for rest := in; len(rest) > 0; {
		n := min(step, len(rest))
		if _, err := z.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func comesBack(t testing.TB, packed, in []byte) {
	t.Helper()
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(out, in) {
		t.Fatalf("%d bytes came back as %d: %v", len(in), len(out), err)
	}
}

// inputs are of every kind of block, and longer than segment and window.
func inputs() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	make := func(n int, at func(i int) byte) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = at(i)
		}
		return b
	}
	noise := func(int) byte { return byte(r.Uint32()) }
	words := []string{"seine ", "frontier ", "lane ", "lease ", "task ", "record "}
	var text []byte
	for len(text) < 700_000 {
		text = append(text, words[r.IntN(len(words))]...)
	}
	far := make(32<<10+300, noise)
	return map[string][]byte{
		"nothing": nil, "one byte": {7}, "three": []byte("abc"), "four": []byte("aaaa"), "five": []byte("aaaaa"),
		"zeros":          make(1_000_000, func(int) byte { return 0 }),
		"noise":          make(700_000, noise),
		"text":           text,
		"peaked":         make(900_000, func(int) byte { return byte(int8(r.NormFloat64() * 6)) }),
		"runs":           make(600_000, func(i int) byte { return byte(i / 1000) }),
		"a short period": make(600_000, func(i int) byte { return byte(i % 300) }),
		"the window":     append(far, far...),
		"two kinds":      append(make(200_000, func(int) byte { return byte(r.Uint32() & 3) }), make(200_000, noise)...),
		"a segment":      make(288<<10, func(i int) byte { return byte(i * i >> 7) }),
		"a segment, 258": make(288<<10+258, func(i int) byte { return byte(i * i >> 7) }),
		"one less":       make(288<<10+257, func(i int) byte { return byte(i * i >> 7) }),
		"many matches":   make(600_000, func(int) byte { return byte(r.Uint32() % 3) }),
		"skewed":         make(300_000, func(int) byte { return byte(min(255, int(r.ExpFloat64()*2))) }),
	}
}

func TestWhatIsWrittenComesBack(t *testing.T) {
	t.Parallel()
	z := deflate.NewWriter(nil)
	for name, in := range inputs() {
		t.Run(name, func(t *testing.T) {
			packed := compress(t, z, in, len(in))
			comesBack(t, packed, in)
			if again := compress(t, z, in, 4099); !bytes.Equal(again, packed) {
				t.Error("other bytes when it is written in parts, by a writer that was used before")
			}
			var theirs bytes.Buffer
			w, err := zlib.NewWriterLevel(&theirs, zlib.BestCompression)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(in); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes: %d; compress/zlib %d", len(in), len(packed), theirs.Len())
			most := theirs.Len() + theirs.Len()/100
			if theirs.Len() < 10_000 {
				most += theirs.Len()/4 + 8 // of so little the headers are most
			}
			if len(packed) > most {
				t.Errorf("%d bytes; compress/zlib needs %d", len(packed), theirs.Len())
			}
		})
	}
}

// For any input, a writer takes the memory that Memory states.
func TestMemory(t *testing.T) {
	all := inputs()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	z := deflate.NewWriter(io.Discard)
	for _, in := range all {
		z.Reset(io.Discard)
		if _, err := z.Write(in); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 15<<20 {
		t.Errorf("%d bytes were allocated", got)
	}
}

var errFull = errors.New("full")

type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestAFailingWriter(t *testing.T) {
	t.Parallel()
	in := inputs()["noise"]
	for _, after := range []int{0, 100_000, 699_999} {
		z := deflate.NewWriter(&full{left: after})
		_, err := z.Write(in)
		if end := z.Close(); !errors.Is(errors.Join(err, end), errFull) || end == nil {
			t.Errorf("after %d bytes: %v, %v; want %v", after, err, end, errFull)
		}
	}
	z := deflate.NewWriter(io.Discard)
	if err := z.Close(); err != nil {
		t.Error(err)
	}
	if _, err := z.Write([]byte("x")); err == nil {
		t.Error("a closed writer takes bytes")
	}
}

func FuzzWriter(f *testing.F) {
	f.Add([]byte("abcabcabcabd"), uint16(3))
	f.Add(bytes.Repeat([]byte{0}, 600), uint16(1))
	z := deflate.NewWriter(nil)
	f.Fuzz(func(t *testing.T, in []byte, times uint16) {
		// Repeat the input, so that distant and long matches occur.
		in = bytes.Repeat(in, min(int(times)+1, 1+(1<<17)/(len(in)+1)))
		comesBack(t, compress(t, z, in, 1+int(times)), in)
	})
}
