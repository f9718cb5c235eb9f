package asset

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine"
)

// Sweep removes only the temporary files of exactly this key. Templates may make similar keys.
func TestSweepTakesNoFileOfAnotherKey(t *testing.T) {
	t.Parallel()
	store, dir := folderStore(t)
	names := []string{"f.png.18f2a0.tmp", "f.png.back.tmp", "f.png..tmp", "f.png.18f2/x.tmp", "f.png.18f2.tmp.png", "f.png.18F2.tmp"}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("file"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := New(store, Options{})
	if _, err := k.Keep(t.Context(), web{"u": {body: []byte("whole")}}, seine.Asset{URL: "u", Path: "f.png"}, Hold{Again: true}); err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(filesIn(t, dir))
	if len(got) != len(names) { // one went, f.png came
		t.Errorf("the store holds %q; want all but %s, and f.png", got, names[0])
	}
	if _, err := os.Stat(filepath.Join(dir, names[0])); err == nil {
		t.Errorf("%s is left", names[0])
	}
}

// Sweep recognizes the temporary names of fileblob, which a killed process leaves behind.
func TestSweepKnowsTheStoresOwnLeftovers(t *testing.T) {
	t.Parallel()
	store, dir := folderStore(t)
	w, err := store.NewWriter(t.Context(), "a/f.png", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	if _, err := w.Write(bytes.Repeat([]byte("half"), 1<<14)); err != nil {
		t.Fatal(err)
	}
	left := filesIn(t, dir)
	if !leftover("a/f.png", left) {
		t.Fatalf("a writer that is not done shows %q; want a leftover of a/f.png", left)
	}
	if err := New(store, Options{}).sweep(t.Context(), "a/f.png"); err != nil {
		t.Fatal(err)
	}
	if got := filesIn(t, dir); got != "" {
		t.Errorf("the sweep left %s", got)
	}
}

// Reasons are counted by their words, so a server must not be able to invent new ones.
func TestAMadeUpTypeIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, claim, body, want string }{
		{"an image of its own", "image/x-4711\xff", "<!doctype html>", "claims to be an image and is text/html"},
		{"a type of its own", "application/x-4711", "<!doctype html>", "claims to be another type and is text/html"},
		{"a common type", "IMAGE/PNG; q=1", "<!doctype html>", "claims to be image/png and is text/html"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(nil, Options{}).Preview(t.Context(), web{"u": {media: tt.claim, body: []byte(tt.body)}}, nil, seine.Asset{URL: "u", Path: "f"})
			if got := Reason(err); got != tt.want {
				t.Errorf("Reason(%v) = %q; want %q", err, got, tt.want)
			}
		})
	}
}

// chunk is a chunk of a PNG.
func chunk(name string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, name...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// A file of another program has a type that the rules permit, or is refused.
func TestAdoptChecksTypes(t *testing.T) {
	t.Parallel()
	store, _ := folderStore(t)
	k := New(store, Options{})
	for _, tt := range []struct {
		body  string
		image bool
		types []string
		want  string
	}{
		{"broken", false, []string{"image/*"}, "text/plain instead of image/*"},
		{"broken", false, nil, ""},
		{"broken", true, nil, "not an image but text/plain"},
		{"<!doctype html><p>Sorry", false, []string{"image/*", "application/pdf"}, "HTML instead of image/*, application/pdf"},
	} {
		_, err := k.Adopt(t.Context(), "front", "f.png", []byte(tt.body), tt.image, tt.types)
		if got := ""; err != nil || tt.want != "" {
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) || got == "" {
				t.Errorf("%q as an image %v of %q: %q; want %q", tt.body, tt.image, tt.types, got, tt.want)
			}
		}
	}
}
