package chromefetch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

func TestAKilledBrowserIsReplaced(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<p>x</p>`), "/b": html(`<p>x</p>`)})
	c := alone(t, Config{})
	f := fetcher(t, c, Job{})
	first := c.Group()
	done := make(chan error, 1)
	go func() {
		_, err := f.Fetch(t.Context(), seine.Request{URL: s.URL + "/a", Timeout: enough, Wait: []seine.Wait{{CSS: "h1"}}})
		done <- err
	}()
	for s.Count("/a") == 0 {
		<-time.After(20 * time.Millisecond)
	}
	if killIn(first, "") == 0 {
		t.Fatal("no browser to kill")
	}
	if err := <-done; fetch.Reason(err) != fetch.BrowserDied {
		t.Errorf("%v; want %s, and how", err, fetch.BrowserDied)
	}
	get(t, f, s.URL+"/b")
	if c.Group() == first || groupSize(first) > 0 {
		t.Errorf("%d processes of the dead browser are there", groupSize(first))
	}
}

func TestABrowserIsReplacedAfterSoManyPages(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]http.HandlerFunc{"/a": html(`<p>x</p>`)})
	for name, cfg := range map[string]Config{"pages": {MaxPages: 2}, "age": {MaxAge: time.Millisecond}} {
		c := alone(t, cfg)
		f := fetcher(t, c, Job{})
		seen := map[int]bool{}
		for range 4 {
			get(t, f, s.URL+"/a")
			seen[c.Group()] = true
		}
		if len(seen) < 2 {
			t.Errorf("%s: %d browsers for 4 pages; want at least 2", name, len(seen))
		}
	}
	t.Run("memory", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			return // there is no /proc to look at
		}
		c := alone(t, Config{MaxMemory: 1 << 20})
		first := c.Group()
		for deadline := time.Now().Add(2 * time.Minute); c.Group() == first && time.Now().Before(deadline); {
			<-time.After(100 * time.Millisecond)
		}
		if c.Group() == first {
			t.Error("a browser over its memory is still in use")
		}
	})
}

func TestABrowserThatDoesNotStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := filepath.Join(dir, "browser")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho 'no usable screen' >&2\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Config{Path: script, Root: dir})
	if !errors.Is(err, ErrBrowser) || !strings.Contains(err.Error(), "exit status 3: no usable screen") {
		t.Errorf("%v; want what it said", err)
	}
	if _, err := Open(t.Context(), Config{Path: filepath.Join(dir, "none")}); !errors.Is(err, ErrBrowser) {
		t.Errorf("%v; want %v", err, ErrBrowser)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, profilePrefix+"*")); len(left) > 0 {
		t.Errorf("files are left behind: %v", left)
	}
}

// living counts the processes of a group that are not waiting to be reaped.
func living(group int) int {
	n := 0
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range files {
		if text, err := os.ReadFile(f); err == nil && pgid(f) == group && !strings.Contains(string(text), ") Z ") {
			n++
		}
	}
	return n
}

func TestABrowserThatDoesNotStartAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, err := Find("")
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "browser")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	c := alone(t, Config{Path: link, MaxPages: 1})
	s := serve(t, map[string]http.HandlerFunc{"/a": html("<p>x")})
	f := fetcher(t, c, Job{})
	// The file returns in a moment.
	_ = os.Remove(link)
	go func() {
		<-time.After(500 * time.Millisecond)
		_ = os.Symlink(path, link)
	}()
	get(t, f, s.URL+"/a")
	// It does not, while somebody waits.
	_ = os.Remove(link)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := f.Fetch(ctx, seine.Request{URL: s.URL + "/a"}); fetch.Reason(err) != fetch.Canceled {
		t.Errorf("%v; want it to wait", err)
	}
}

// The next worker removes everything that a killed worker left.
const workerEnv = "CHROMEFETCH_TEST_WORKER"

func beWorker() {
	c, err := Open(context.Background(), Config{Root: os.Getenv(workerEnv)})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(c.Group())
	select {}
}

func TestAKilledWorkersBrowserIsGone(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), workerEnv+"="+root)
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
	group, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(line)
	}
	// A running worker's browser is left alone.
	if n := sweep(root); n != 0 || living(group) == 0 {
		t.Errorf("swept %d browsers of a running worker", n)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	alone(t, Config{Root: root}) // its end looks for what is left
	for deadline := time.Now().Add(5 * time.Second); living(group) > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d processes of the killed worker's browser are there", living(group))
		}
		<-time.After(50 * time.Millisecond)
	}
}
