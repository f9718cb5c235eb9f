//go:build unix

package chromefetch

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A starting worker removes an unlocked folder, including one that another worker has just made.
func TestAProfileIsMadeWhileOthersSweep(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					sweep(root)
				}
			}
		})
	}
	for range 25 {
		p, err := newProfile(root)
		if err != nil {
			t.Errorf("newProfile: %v", err)
			break
		}
		if err := os.WriteFile(filepath.Join(p.dir, "a"), nil, 0o600); err != nil {
			t.Errorf("the profile was taken away: %v", err)
		}
		p.remove()
	}
	close(stop)
	wg.Wait()
}

// A browser's children do not have its flag.
func TestKillUsersEndsTheGroup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "sleep 300 & echo $!; wait", profileFlag+dir)
	cmd.SysProcAttr = ownGroup()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(line)
	}
	began := time.Now()
	killUsers(dir, 0)
	if took := time.Since(began); took >= usersEnd {
		t.Errorf("it took %v", took)
	}
	if n := living(cmd.Process.Pid); n > 0 {
		t.Errorf("%d processes of the group run", n)
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
	_ = cmd.Wait()
}
