package wiring

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// A link inside a folder that leads out of it is not followed, whatever is done; a link within the
// folder is.
func TestLinksDoNotLeaveTheStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, outside := filepath.Join(dir, "store"), filepath.Join(dir, "outside")
	for _, d := range []string{store, filepath.Join(store, "in"), outside} {
		if err := os.Mkdir(d, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(outside, "secret.txt"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"out": outside, "up": "../outside", "file.txt": filepath.Join(outside, "secret.txt"), "within": "in", "gone": "../outside/none"} {
		if err := os.Symlink(to, filepath.Join(store, name)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := Store(t.Context(), "file:"+store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	ctx := t.Context()
	for _, key := range []string{"out/secret.txt", "up/secret.txt", "file.txt", "out/new.txt", "up/new/new.txt", "gone"} {
		_, read := b.ReadAll(ctx, key)
		_, attributes := b.Attributes(ctx, key)
		for what, err := range map[string]error{
			"read": read, "attributes": attributes, "write": b.WriteAll(ctx, key, []byte("x"), nil),
			"create": b.WriteAll(ctx, key, []byte("x"), &blob.WriterOptions{IfNotExist: true}), "delete": b.Delete(ctx, key),
		} {
			if err == nil || what != "delete" && what != "read" && what != "attributes" && !strings.Contains(err.Error(), "symbolic link") {
				t.Errorf("%s %s: %v; want an error that names the link", what, key, err)
			}
		}
	}
	entries, err := os.ReadDir(outside)
	if err != nil || len(entries) != 1 {
		t.Errorf("outside the store are %v, %v; want the secret alone", entries, err)
	}
	if err := b.WriteAll(ctx, "within/a.txt", []byte("a"), nil); err != nil {
		t.Errorf("a link within the store: %v", err)
	}
	if got, err := b.ReadAll(ctx, "in/a.txt"); err != nil || string(got) != "a" {
		t.Errorf("a link within the store leads to %q, %v", got, err)
	}
	if _, err := b.ReadAll(ctx, "none"); gcerrors.Code(err) != gcerrors.NotFound {
		t.Errorf("a key that is not there: %v; want NotFound", err)
	}
}
