package recording_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
)

// An erased recording is gone, the others come back, and decoders still read the whole segment.
func TestErasedFramesAreGone(t *testing.T) {
	t.Parallel()
	for name, open := range stores(t) {
		s, dir := open()
		rows := write(t, s, nil, encode(t, "a", page("first secret")), encode(t, "b", page("second")), encode(t, "c", page("third secret")))
		forgotten := []frontier.Frame{rows[0].Head, rows[0].Body, rows[2].Head, rows[2].Body}
		for range 2 { // the second time nothing is left to do
			if err := s.Erase(t.Context(), rows[0].Head.Segment, forgotten); err != nil {
				t.Fatal(err)
			}
		}
		for i, key := range []string{"a", "b", "c"} {
			got, err := s.Page(t.Context(), *rows[i])
			switch {
			case key != "b" && !errors.Is(err, recording.ErrDamaged):
				t.Errorf("%s: erased page %s comes back as %v, %v", name, key, got, err)
			case key == "b" && (err != nil || string(got.Body) != "second"):
				t.Errorf("%s: page b comes back as %v, %v", name, got, err)
			}
		}
		// Later recordings are read too.
		later := write(t, s, nil, encode(t, "d", page("later")))
		if got, err := s.Page(t.Context(), *later[0]); err != nil || string(got.Body) != "later" {
			t.Errorf("%s: page d comes back as %v, %v", name, got, err)
		}
		if dir != "" {
			text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(rows[0].Head.Segment)))
			if err != nil {
				t.Fatal(err)
			}
			r, err := zstd.NewReader(nil)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := r.DecodeAll(text, nil)
			r.Close()
			if err != nil || strings.Contains(string(plain), "secret") || !strings.Contains(string(plain), "second") || !strings.Contains(string(plain), "later") {
				t.Errorf("%s: the segment decodes to %q, %v", name, plain, err)
			}
		}
		if err := s.Erase(t.Context(), "pages/j/none.zst", forgotten); err != nil {
			t.Errorf("%s: a segment that does not exist: %v", name, err)
		}
		if err := s.Erase(t.Context(), rows[0].Head.Segment, []frontier.Frame{{Pos: 0, Bytes: 3}}); err == nil {
			t.Errorf("%s: a frame of three bytes was erased", name)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
