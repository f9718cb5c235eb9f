package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/testkit"
)

// The commands of docs/operations.md about a worker's health work, and the page lists exactly the
// existing metrics.
func TestOperationsHealth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cardJob(t, dir, serve(t, cardsite.Config{From: firstID, To: lastID}))
	run(t, dir, 0, "migrate")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	var ask []string
	for line := range strings.Lines(blockOf(t, "docs/operations.md", "--http :8080")) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		line = strings.TrimSpace(strings.NewReplacer("localhost:8080", addr, ":8080", addr).Replace(line))
		if at, found := strings.CutPrefix(line, "curl -s "); found {
			ask = append(ask, "http://"+at)
			continue
		}
		args, found := strings.CutPrefix(line, "seine ")
		if !found {
			continue
		}
		c := command(t, dir, strings.Fields(args)...)
		c.Env = append(c.Env, "SEINE_LOG=json") // as in our images
		errs, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		logged := make(chan int)
		go func() { logged <- jsonLines(t, errs) }()
		defer func() {
			_ = c.Process.Signal(syscall.SIGTERM)
			if n := <-logged; n == 0 {
				t.Error("a worker with SEINE_LOG=json logs no JSON")
			}
			if err := c.Wait(); err != nil {
				t.Errorf("the worker ends with %v", err)
			}
		}()
	}
	if len(ask) != 4 {
		t.Fatalf("the page asks for %q; want four paths", ask)
	}
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `seine_.*$").FindAllString(string(page), -1) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(row, "|"), "|")
		for _, m := range regexp.MustCompile("`(seine_[a-z_]+)`").FindAllStringSubmatch(cell, -1) {
			listed[m[1]] = true
		}
	}
	// Metrics of tasks are there when the first task has ended.
	var told map[string]bool
	for _, at := range ask {
		for deadline := time.Now().Add(time.Minute); ; <-time.After(200 * time.Millisecond) {
			status, body := fetch(t, at)
			metrics := metricsOf(body)
			if len(metrics) > 1 {
				told = metrics
			}
			if status == http.StatusOK && (json.Valid([]byte(body)) || len(metrics) >= len(listed)) {
				break
			}
			if time.Now().After(deadline) {
				if len(metrics) > 1 {
					break
				}
				t.Fatalf("%s: %d %s", at, status, body)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(listed))); diff != "" {
		t.Errorf("metrics that there are and those of docs/operations.md (-there +page):\n%s", diff)
	}
}

// metricsOf returns the names of the metrics of a response.
func metricsOf(body string) map[string]bool {
	names := map[string]bool{"seine_pace_use_ratio": true} // this job has no pace
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (seine_[a-z_]+) `).FindAllStringSubmatch(body, -1) {
		names[m[1]] = true
	}
	return names
}

// fetch returns the status and the body of a response, or 0 and the error.
func fetch(t *testing.T, at string) (int, string) {
	t.Helper()
	status, body, err := testkit.Try(t, at)
	if err != nil {
		return 0, err.Error()
	}
	return status, string(body)
}

// jsonLines counts the log's lines, each of which is JSON with a time, a level
// and a message; the command's own sentences begin with its name.
func jsonLines(t *testing.T, in io.Reader) (n int) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		text := lines.Text()
		if strings.HasPrefix(text, "seine: ") {
			continue
		}
		var line struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(text), &line); err != nil || line.Time == "" || line.Level == "" || line.Msg == "" {
			t.Errorf("no line of a log: %q", text)
		}
		n++
	}
	return n
}
