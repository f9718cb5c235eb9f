package internal_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Each proof that docs/from-python.md names exists.
func TestFromPythonNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/from-python.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests bytes.Buffer
	if err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "frontiertest") {
			return err
		}
		body, err := os.ReadFile(path)
		tests.Write(body)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	all := tests.String()
	for _, m := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(all, "func "+m[1]+"(") {
			t.Errorf("docs/from-python.md names %s, which is not there", m[1])
		}
	}
	_, proofs, _ := strings.Cut(string(text), "## Its defects")
	for _, m := range regexp.MustCompile(`"([a-z][A-Za-z -]+)"`).FindAllStringSubmatch(proofs, -1) {
		if name := m[1]; strings.Contains(name, " ") && !strings.Contains(all, `{"`+name+`", test`) {
			t.Errorf("docs/from-python.md names the suite's %q, which is not there", name)
		}
	}
	for _, m := range regexp.MustCompile("`([a-z]+)\\.txtar`").FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat("cli/testdata/script/" + m[1] + ".txtar"); err != nil {
			t.Errorf("docs/from-python.md names %s.txtar, which is not there", m[1])
		}
	}
}

var codeSpan = regexp.MustCompile("`[^`]*`")

// documents lists the Markdown files that people read. The changelog's parts become CHANGELOG.md.
func documents(t *testing.T) (out []string) {
	t.Helper()
	if err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && slices.Contains([]string{".git", "node_modules", "changelog", "bin", "dist", "data", "testdata"}, d.Name()) {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".md") && !d.IsDir() {
			out = append(out, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(out) < 40 {
		t.Fatalf("%d documents", len(out))
	}
	return out
}

// A cell of a table is read at a glance.
func TestCellsAreShort(t *testing.T) {
	t.Parallel()
	const most = 210 // characters
	for _, page := range documents(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			for cell := range strings.SplitSeq(line, "|") {
				if n := utf8.RuneCountInString(strings.TrimSpace(cell)); strings.HasPrefix(line, "|") && n > most {
					t.Errorf("%s:%d has a cell of %d characters; at most %d", page, i+1, n, most)
				}
			}
		}
	}
}

// Prose is at most 100 columns wide. Tables, code and lines without a space may be wider.
func TestDocumentsAreNarrow(t *testing.T) {
	t.Parallel()
	const most = 100
	for _, page := range documents(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		fence := false
		for i, line := range strings.Split(string(text), "\n") {
			trimmed := strings.TrimSpace(line)
			if strings.HasPrefix(trimmed, "```") {
				fence = !fence
			}
			wide := utf8.RuneCountInString(line) > most && strings.Contains(codeSpan.ReplaceAllString(strings.TrimLeft(trimmed, "-* "), "x"), " ")
			if wide && !fence && !strings.HasPrefix(trimmed, "|") && !strings.HasPrefix(trimmed, "<") && !strings.HasPrefix(trimmed, "#") {
				t.Errorf("%s:%d has %d columns; at most %d", page, i+1, utf8.RuneCountInString(line), most)
			}
		}
	}
}
