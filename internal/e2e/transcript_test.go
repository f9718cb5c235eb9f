package e2e

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/shopsite"
)

var update = flag.Bool("update", false, "write the output of commands into the pages of docs")

// spans are the durations in the output of a command.
var spans = regexp.MustCompile(`\b(took|in) [0-9.]+(µs|ms|s)\b`)

// A transcript is a page whose blocks of the language console hold commands with their output.
type transcript struct {
	dir string

	// in is the folder below dir of the next command.
	in string

	// real maps the addresses of the page to the ones of the run.
	real map[string]string
}

// run runs the commands of a block and returns it with their output.
func (x *transcript) run(t *testing.T, block string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(block) {
		command, is := strings.CutPrefix(line, "$ ")
		if !is {
			continue
		}
		out.WriteString(line)
		if to, is := strings.CutPrefix(strings.TrimSpace(command), "cd "); is {
			x.in = filepath.Join(x.in, to)
			continue
		}
		for page, run := range x.real {
			command = strings.ReplaceAll(command, page, run)
		}
		c := exec.CommandContext(t.Context(), "sh", "-c", command)
		c.Dir = filepath.Join(x.dir, x.in)
		c.Env = []string{"PATH=" + x.dir + "/bin:" + os.Getenv("PATH"), "HOME=" + x.dir, "TMPDIR=" + os.TempDir()}
		said, err := c.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", command, err, said)
		}
		text := string(said)
		for page, run := range x.real {
			text = strings.ReplaceAll(text, run, page)
		}
		out.WriteString(text)
	}
	return out.String()
}

// write writes a file that the page shows.
func (x *transcript) write(t *testing.T, file, text string) {
	t.Helper()
	for page, run := range x.real {
		text = strings.ReplaceAll(text, page, run)
	}
	if err := os.WriteFile(filepath.Join(x.dir, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// check runs the blocks of a page in order and compares them with their output.
func (x *transcript) check(t *testing.T, page string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(x.dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "seine"), []byte("#!/bin/sh\n"+asCommand+"=1 exec '"+self+"' \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", page)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var now strings.Builder
	ran := 0
	for i, block := range strings.Split(string(text), "```") {
		if i > 0 {
			now.WriteString("```")
		}
		language, body, _ := strings.Cut(block, "\n")
		file, _, named := strings.Cut(strings.TrimPrefix(body, "# "), "\n")
		switch {
		case i%2 == 1 && language == "yaml" && named:
			x.write(t, file, body)
		case i%2 == 1 && language == "console":
			is := x.run(t, body)
			if want, got := spans.ReplaceAllString(body, "$1 TIME"), spans.ReplaceAllString(is, "$1 TIME"); !*update {
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("docs/%s (-page +run):\n%s", page, d)
				}
			}
			block, ran = language+"\n"+is, ran+1
		}
		now.WriteString(block)
	}
	if ran < 2 {
		t.Errorf("docs/%s has %d blocks with commands", page, ran)
	}
	if *update {
		if err := os.WriteFile(path, []byte(now.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The pages with transcripts are what happens.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	site, err := shopsite.New(shopsite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	// The widths of columns depend on the length of the address, and another test may use the
	// address of the pages.
	for host := range 99 {
		ip := fmt.Sprintf("127.%d.%d.2", 1+host/9%9, 1+host%9)
		s, err := shopsite.Serve(t.Context(), site, ip+":8710", ip+":8711")
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		for _, page := range []string{"first-ten-minutes.md", "expressions.md", "pace.md"} {
			t.Run(page, func(t *testing.T) {
				t.Parallel()
				x := transcript{dir: t.TempDir(), real: map[string]string{"127.0.0.1:8710": ip + ":8710", "127.0.0.1:8711": ip + ":8711"}}
				x.check(t, page)
			})
		}
		return
	}
	t.Fatal("no address is free")
}
