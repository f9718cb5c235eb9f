package verify

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tools returns the folder that verify.sh fills with the provider's schema, its stand-in, the
// schemas of Kubernetes, promtool, and the command itself.
func tools(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("SEINE_DEPLOY_TOOLS")
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); dir == "" || err != nil {
		t.Fatalf("no %s: run these tests by `make check-deploy`", name)
	}
	return path
}

// need fails a test without its program.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is not here: install it, or run these tests by `make check-deploy`, which states what it needs", program)
	}
}

// copyOf copies a folder of deploy/ to where a test may change it.
func copyOf(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", name))); err != nil {
		t.Fatal(err)
	}
	// These files belong to a user's project and not to the repository.
	for _, own := range []string{".terraform", "terraform.tfvars", "backend.tf", "terraform.tfstate"} {
		if err := os.RemoveAll(filepath.Join(dir, own)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// edit replaces one text of a file, which must occur exactly once, so that each planted mistake
// still applies.
func edit(t *testing.T, path, from, to string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), from); n != 1 {
		t.Fatalf("%s holds %q %d times, not once", path, from, n)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), from, to, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// command runs a program in a folder and returns its output and its error.
func command(t *testing.T, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.String(), err
}

// words is a text with its line breaks and frames taken out, so that a sentence
// is found however Terraform breaks it.
func words(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' || r == '│' || r == '╷' || r == '╵' }), " ")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
