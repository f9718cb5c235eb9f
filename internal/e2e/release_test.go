package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The Homebrew formula of a release names the archive of each system with its digest. A release
// without an archive has no formula.
func TestFormula(t *testing.T) {
	t.Parallel()
	script, err := filepath.Abs(filepath.Join("..", "..", "scripts", "formula"))
	if err != nil {
		t.Fatal(err)
	}
	sums, want := "", map[string]string{}
	for i, target := range []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"} {
		digest := strings.Repeat(fmt.Sprint(i+1), 64)
		sums += fmt.Sprintf("%s  seine_v1.2.0_%s\n%s  seine_v1.2.0_%[2]s.tar.gz\n", strings.Repeat("0", 64), target, digest)
		want[target] = fmt.Sprintf("url \"https://github.com/seinehq/seine/releases/download/v1.2.0/seine_v1.2.0_%s.tar.gz\"\n      sha256 %q", target, digest)
	}
	path := filepath.Join(t.TempDir(), "SHA256SUMS")
	formula := func(sums string) (string, error) {
		if err := os.WriteFile(path, []byte(sums), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), script, "v1.2.0", path).Output()
		return string(out), err
	}
	out, err := formula(sums)
	if err != nil {
		t.Fatal(err)
	}
	for target, text := range want {
		if !strings.Contains(out, text) {
			t.Errorf("%s: %s\nwant %s", target, out, text)
		}
	}
	if !strings.Contains(out, "version \"1.2.0\"\n  license \"MIT\"\n") || strings.Count(out, "sha256") != 4 || !strings.HasSuffix(out, "end\nend\n") && !strings.HasSuffix(out, "  end\nend\n") {
		t.Errorf("%s", out)
	}
	if out, err := formula(strings.Replace(sums, "darwin_arm64.tar.gz", "other", 1)); err == nil {
		t.Errorf("a release without an archive gives\n%s", out)
	}
}
