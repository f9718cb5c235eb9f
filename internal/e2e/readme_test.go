package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/cardsite"
)

// block returns the fenced block of the README that holds a text.
func block(t *testing.T, text string) string {
	t.Helper()
	return blockOf(t, "README.md", text)
}

func blockOf(t *testing.T, page, text string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("../..", page))
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range strings.Split(string(body), "```") {
		if i%2 == 1 && strings.Contains(b, text) {
			return b
		}
	}
	t.Fatalf("%s has no block with %q", page, text)
	return ""
}

// The commands of docs/operations.md run in their order, on a data set with a missing file and an
// ownerless one.
func TestOperationsCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	site := serve(t, cardsite.Config{From: firstID, To: lastID, Stamps: true})
	cardJob(t, dir, site)
	run(t, dir, 0, "run", "job.yaml")
	files, _ := filepath.Glob(filepath.Join(dir, "data", "*", "png", "*", "*_back.png"))
	if len(files) == 0 {
		t.Fatal("the run stored nothing")
	}
	for page, text := range map[string]string{"after the run": "seine audit job.yaml --deep  ", "after a restore": "seine migrate"} {
		if err := os.Remove(files[0]); err != nil {
			t.Fatal(err)
		}
		ran := 0
		for line := range strings.Lines(blockOf(t, "docs/operations.md", text)) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
			args, found := strings.CutPrefix(strings.TrimSpace(line), "seine ")
			if !found {
				continue
			}
			code := 0
			if strings.HasPrefix(args, "audit") && ran < 3 {
				code = 10 // until the task that lost its file is done again
			}
			run(t, dir, code, strings.Fields(args)...)
			ran++
		}
		if ran < 4 {
			t.Errorf("%s: %d commands were run; the page shows more", page, ran)
		}
		if _, err := os.Stat(files[0]); err != nil {
			t.Errorf("%s: %v", page, err)
		}
	}
	run(t, dir, 0, "audit", "job.yaml", "--deep")
	for line := range strings.Lines(blockOf(t, "docs/operations.md", "seine drain")) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		if args, found := strings.CutPrefix(strings.TrimSpace(line), "seine "); found {
			run(t, dir, 0, strings.Fields(args)...)
		}
	}
}

// The commands of the README's section "Use it", in their order.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	site := serve(t, cardsite.Config{From: firstID, To: lastID, Stamps: true})
	job := cardJob(t, dir, site)
	ran := 0
	for line := range strings.Lines(block(t, "bin/seine validate")) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		args, found := strings.CutPrefix(strings.TrimSpace(line), "bin/seine ")
		if !found || strings.HasPrefix(args, "demo") {
			continue // built and served already
		}
		fields := strings.Fields(strings.ReplaceAll(args, "examples/cardsite/job.yaml", job))
		run(t, dir, 0, fields...)
		ran++
	}
	if ran < 7 {
		t.Errorf("%d commands were run; the README shows more", ran)
	}
}

const badJob = `job: cardsite
seeds:
  ids: {from: 1, to: 9}
  url: http://127.0.0.1:8700/cert/{id}/psa
fields:
  cert: {css: "p.text-subtitle1"}
verdict:
  - {stale: "certt != id"}
explor: {strategy: off}
pace: {delay: 5 seconds}
`

// The mistakes in the README are the command's output.
func TestReadmeMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bad.yaml"), []byte(badJob), 0o600); err != nil {
		t.Fatal(err)
	}
	c := command(t, dir, "validate", "bad.yaml")
	var errs bytes.Buffer
	c.Stderr = &errs
	if err := c.Run(); err == nil || c.ProcessState.ExitCode() != 3 {
		t.Errorf("validate: %v; want exit 3", err)
	}
	_, want, _ := strings.Cut(block(t, "seine validate bad.yaml"), "$ seine validate bad.yaml\n")
	if errs.String() != want {
		t.Errorf("validate says\n%sand the README\n%s", &errs, want)
	}
}

// The demo ends as in the README, because one seed gives one result.
func TestReadmeDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := run(t, dir, 0, "demo")
	want := strings.TrimSpace(block(t, "258 files"))
	if !strings.Contains(out, want) {
		t.Errorf("the demo ends\n%sand the README\n%s", out, want)
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "demo", "sheet.png")); err != nil {
		t.Error(err)
	}
}
