package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The bill names its subject and the linked modules, the standard library first.
func TestBill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "testcount")
	c := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../testcount")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	got, err := of(path, "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	if got.Metadata.Component.PURL != "pkg:golang/github.com/seinehq/seine@v1.2.3" || len(got.Metadata.Component.Hashes[0].Content) != 64 {
		t.Errorf("of what: %+v", got.Metadata.Component)
	}
	if len(got.Components) == 0 || got.Components[0].Name != "std" || !strings.HasPrefix(got.Components[0].Version, "go1.") {
		t.Errorf("components %+v, want the standard library first", got.Components)
	}
	if len(got.Dependencies) != 1 || len(got.Dependencies[0].DependsOn) != len(got.Components) {
		t.Errorf("dependencies %+v of %d components", got.Dependencies, len(got.Components))
	}
}

func TestNoBinary(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("no binary"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := of(path, "v1"); err == nil {
		t.Error("no error for a file that is no binary")
	}
}
