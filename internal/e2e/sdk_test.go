package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The snippets of docs/sdk.md are one program: it compiles, and its tests pass.
func TestSDKSnippets(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/sdk.md")
	if err != nil {
		t.Fatal(err)
	}
	// In the module, so that the program needs no download.
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("testdata", "sdk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	n := 0
	for i, m := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		name := "snippet" + strconv.Itoa(i) + ".go"
		if strings.Contains(m[1], "testing.T") {
			name = "snippet" + strconv.Itoa(i) + "_test.go"
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(m[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 3 {
		t.Errorf("docs/sdk.md has %d snippets; want 3", n)
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-count=1", "./"+dir).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
