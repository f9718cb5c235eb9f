package cli_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/testkit"
)

// A run of a job that a person paused says so at once, and where its console is. It ends after a
// resume.
func TestARunOfAPausedJob(t *testing.T) {
	t.Parallel()
	srv := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<h1>card</h1>") })
	dir := t.TempDir()
	job := "job: cards\nseeds: {ids: {from: 1, to: 3}, url: \"" + srv.URL + "/{id}\"}\nfetch: {allow_private: [127.0.0.0/8]}\n" +
		"pace: {delay: 0s}\nfields: {title: {css: h1}}\nexplore: {strategy: \"off\"}\n"
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(job), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := call(t, dir, "run", "job.yaml", "--limit", "1"); code != 7 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	if out, code := call(t, dir, "pause", "cards"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	c, _ := process(t, dir, "run", "job.yaml", "--http", "127.0.0.1:0")
	c.Stderr = nil
	said, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	console, seen := "", ""
	for lines := bufio.NewScanner(said); lines.Scan(); {
		line := lines.Text()
		seen += line + "\n"
		if at, ok := strings.CutPrefix(line, "seine: console at "); ok {
			console = at
		}
		if strings.Contains(line, "is paused, so the run waits: `seine resume cards`") {
			resp, err := http.Get(console + "/healthz")
			if err != nil {
				t.Error(err)
			} else {
				_ = resp.Body.Close()
			}
			if out, code := call(t, dir, "resume", "cards"); code != 0 {
				t.Fatalf("exit %d\n%s", code, out)
			}
		}
	}
	if err := c.Wait(); err != nil || console == "" || !strings.Contains(seen, "is paused") {
		t.Errorf("%v\n%s", err, seen)
	}
}
