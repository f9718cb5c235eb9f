package internal_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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

// Prose is at most 100 columns wide. Tables, code and lines without a space may be wider.
func TestDocumentsAreNarrow(t *testing.T) {
	t.Parallel()
	const most = 100
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	decisions, err := filepath.Glob("../docs/adr/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(append(pages, decisions...), "../README.md", "../deploy/README.md", "../CONTRIBUTING.md", "../CHANGELOG.md") {
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
