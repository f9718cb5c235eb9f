package verify

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestUnreadableBinary checks why the Dockerfile removes the read permission from the binary and
// from tini. The kernel then hides the environment of the process from other processes of the same
// user, such as a browser that a page took over.
func TestUnreadableBinary(t *testing.T) {
	t.Parallel()
	unreadable, user := os.FileMode(0o711), &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 10001, Gid: 10001}}
	if os.Geteuid() != 0 { // the file is this user's own: its owner may not read it either
		unreadable, user = 0o111, nil
	}
	for _, tt := range []struct {
		mode   os.FileMode
		hidden bool
	}{{unreadable, true}, {0o755, false}} {
		t.Run(strconv.FormatUint(uint64(tt.mode), 8), func(t *testing.T) {
			dir, err := os.MkdirTemp("", "seine-unreadable") // of t.TempDir only root may list
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			binary := filepath.Join(dir, "seine")
			// This process does not write the file itself, because a fork of another test could
			// still hold it open for writing, and it would not start ("text file busy").
			if said, err := command(t, dir, nil, "install", "-m", strconv.FormatUint(uint64(tt.mode), 8), tools(t, "seine"), binary); err != nil {
				t.Fatalf("install: %v\n%s", err, said)
			}
			c := exec.CommandContext(t.Context(), binary, "demo", "--serve-only", "--pages", "127.0.0.1:0", "--images", "127.0.0.1:0")
			c.SysProcAttr, c.Dir = user, dir
			c.Env = []string{"API_TOKEN=s3cret", "HOME=" + dir}
			out, err := c.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
			if _, err := io.ReadAtLeast(out, make([]byte, 512), 1); err != nil { // it runs
				t.Fatal(err)
			}
			reader := exec.CommandContext(t.Context(), "cat", "/proc/"+strconv.Itoa(c.Process.Pid)+"/environ")
			reader.SysProcAttr, reader.Dir = user, "/"
			got, err := reader.CombinedOutput()
			if hidden := err != nil && !strings.Contains(string(got), "s3cret"); hidden != tt.hidden {
				t.Errorf("hidden: %v, want %v: %v, %q", hidden, tt.hidden, err, got)
			}
		})
	}
}
