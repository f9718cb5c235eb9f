package main

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// The builds that `make chaos-broken` must see caught can still be made.
func TestBrokenBuildsApply(t *testing.T) {
	t.Parallel()
	patches, err := filepath.Glob("broken/*.patch")
	if err != nil || len(patches) < 5 {
		t.Fatalf("patches %v, %v; want at least 5", patches, err)
	}
	for _, p := range patches {
		c := exec.CommandContext(t.Context(), "git", "apply", "--check", filepath.Join("tools/chaos", p))
		c.Dir = "../.."
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s does not apply any more: make it anew: %v\n%s", p, err, out)
		}
	}
}

func TestParseSeeds(t *testing.T) {
	t.Parallel()
	if got, err := parseSeeds("1, 4-6,9"); err != nil || len(got) != 5 || got[1] != 4 || got[4] != 9 {
		t.Errorf("seeds %v, %v", got, err)
	}
	for _, bad := range []string{"", "x", "3-1", "1-100000"} {
		if got, err := parseSeeds(bad); err == nil {
			t.Errorf("parseSeeds(%q) = %v; want an error", bad, got)
		}
	}
}
