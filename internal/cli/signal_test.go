package cli_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/testkit"
)

// A run that is stopped ends with 8, a worker with 0. Both finish the page in flight and leave no
// task in progress.
func TestSIGTERM(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, command string
		want          int
	}{
		{"a run stops before its work is done", "run", 8},
		{"a worker drains", "worker", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked, answer := make(chan struct{}, 64), make(chan struct{})
			srv := testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/robots.txt" {
					http.NotFound(w, r)
					return
				}
				asked <- struct{}{}
				<-answer
				_, _ = fmt.Fprint(w, "<h1>card</h1>")
			})
			dir := t.TempDir()
			job := "job: cards\nseeds: {ids: {from: 1, to: 50}, url: \"" + srv.URL + "/{id}\"}\nfetch: {allow_private: [127.0.0.0/8]}\n" +
				"pace: {delay: 0s, concurrency: 1}\nconcurrency: 1\nfields: {title: {css: h1}}\nexplore: {strategy: \"off\"}\n"
			if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(job), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, code := call(t, dir, "migrate"); code != 0 {
				t.Fatalf("migrate: exit %d\n%s", code, out)
			}
			c, out := process(t, dir, tt.command, "job.yaml")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Process.Kill() }()
			select {
			case <-asked:
			case <-time.After(2 * time.Minute):
				t.Fatalf("no page was asked for\n%s", out)
			}
			if err := c.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			close(answer)
			_ = c.Wait()
			if got := c.ProcessState.ExitCode(); got != tt.want {
				t.Errorf("exit code %d; want %d\n%s", got, tt.want, out)
			}
			if tt.want == 8 && !strings.Contains(out.String(), "stopped by a signal before the work was done") {
				t.Errorf("output %q; want it to say that a signal came", out)
			}
			status, _ := call(t, dir, "status", "-o", "json", "cards")
			if !strings.Contains(status, `"in_progress":0`) || strings.Contains(status, `"done":0,`) || strings.Contains(status, `"done":50,`) {
				t.Errorf("status %s; want the page in flight done, none in progress, the rest left", status)
			}
			// The same command continues.
			if more, code := call(t, dir, "run", "job.yaml"); code != 0 {
				t.Errorf("run again: exit %d; want 0\n%s", code, more)
			}
			if status, _ := call(t, dir, "status", "-o", "json", "cards"); !strings.Contains(status, `"done":50,`) {
				t.Errorf("status %s; want all 50 done", status)
			}
		})
	}
}

// An adder that is killed in the middle of its list loses nothing, because the same list adds the
// missing keys.
func TestKilledAddGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	job := "job: cards\nseeds: {url: 'http://127.0.0.1:1/{id}'}\nfetch: {allow_private: [127.0.0.0/8]}\nfields: {title: {css: h1}}\n"
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(job), 0o600); err != nil {
		t.Fatal(err)
	}
	const n = 60_000 // each key of the first half comes twice
	var list bytes.Buffer
	for i := range n {
		_, _ = fmt.Fprintln(&list, i%(n/2))
	}
	c, out := process(t, dir, "add", "job.yaml", "-")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	// It has read all of this, except the content of the pipe and its buffer.
	if _, err := in.Write(list.Bytes()[:list.Len()*2/3]); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	again, out := process(t, dir, "add", "job.yaml", "-")
	again.Stdin = &list
	if err := again.Run(); err != nil {
		t.Fatalf("add again: %v\n%s", err, out)
	}
	var keys, added, known int
	lines := strings.Split(strings.TrimSpace(out.String()), "\n") // above the last: how it goes on
	if _, err := fmt.Sscanf(lines[len(lines)-1], "%d keys, %d added, %d known already", &keys, &added, &known); err != nil || keys != n || known <= n/2 || added == 0 && known != n {
		t.Errorf("add again: %q, %v; want %d keys, some of the first half known from before", out, err, n)
	}
	if status, _ := call(t, dir, "status", "-o", "json", "cards"); !strings.Contains(status, fmt.Sprintf(`"pending":%d,`, n/2)) {
		t.Errorf("status %s; want %d pending", status, n/2)
	}
}

// process is the command as a process of its own, with nothing of the caller's
// environment that would divert it.
func process(t *testing.T, dir string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, args...)
	c.Dir, c.Env = dir, []string{asCommand + "=1", "HOME=" + dir, "TMPDIR=" + os.TempDir()}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	return c, &out
}

func call(t *testing.T, dir string, args ...string) (output string, code int) {
	t.Helper()
	c, out := process(t, dir, args...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	// A process that hangs prints its stacks.
	hangs := time.AfterFunc(50*time.Second, func() { _ = c.Process.Signal(syscall.SIGQUIT) })
	defer hangs.Stop()
	_ = c.Wait()
	return out.String(), c.ProcessState.ExitCode()
}
