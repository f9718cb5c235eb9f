package cli_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seinehq/seine/internal/terminal"
	"github.com/seinehq/seine/internal/testkit"
)

// On a terminal of 40 columns no progress line is wider, and no log line shares a line with it.
func TestARunOnATerminal(t *testing.T) {
	t.Parallel()
	drawn := make(chan struct{})
	srv := testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/robots.txt":
			http.NotFound(w, r)
			return
		case "/2": // the warning of this page comes below a progress line
			<-drawn
			w.WriteHeader(http.StatusOK)
			panic(http.ErrAbortHandler)
		}
		_, _ = fmt.Fprint(w, "<h1>card</h1>")
	})
	dir := t.TempDir()
	job := "job: cards\nseeds: {ids: {from: 1, to: 3}, url: \"" + srv.URL + "/{id}\"}\nfetch: {allow_private: [127.0.0.0/8]}\n" +
		"pace: {delay: 0s, concurrency: 1}\nconcurrency: 1\nfields: {title: {css: h1}}\nexplore: {strategy: \"off\"}\nretry: {error: 1}\nmax_failures: 1\n"
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(job), 0o600); err != nil {
		t.Fatal(err)
	}
	control, tty := openTerminal(t, 40)
	c, _ := process(t, dir, "run", "job.yaml")
	c.Stdout, c.Stderr = tty, tty
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	hangs := time.AfterFunc(50*time.Second, func() { _ = c.Process.Kill() })
	defer hangs.Stop()
	var out strings.Builder
	seen := false
	for b := make([]byte, 4096); ; {
		n, err := control.Read(b)
		out.Write(b[:n])
		if !seen && strings.Contains(out.String(), "\x1b[Kdone") {
			seen = true
			close(drawn)
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.EIO) { // the terminal has no user any more
				t.Fatal(err)
			}
			break
		}
	}
	if !seen {
		close(drawn)
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	warned := false
	for _, line := range strings.Split(strings.ReplaceAll(out.String(), "\r\n", "\n"), "\n") {
		pieces := strings.Split(line, "\r\x1b[K")
		for i, piece := range pieces {
			switch {
			case strings.Contains(piece, "fetch failed"):
				warned = true
				if !strings.HasPrefix(piece, "time=") || i != len(pieces)-1 {
					t.Errorf("the log line %q is glued to other text: %q", piece, line)
				}
			case strings.HasPrefix(piece, "done "):
				if n := terminal.Columns(piece); n > 39 {
					t.Errorf("a progress line of %d columns: %q", n, piece)
				}
			}
		}
	}
	if !seen || !warned {
		t.Errorf("progress %v, warning %v; want both in\n%s", seen, warned, out.String())
	}
}

// openTerminal makes a pseudoterminal of some columns.
func openTerminal(t *testing.T, columns uint16) (control, tty *os.File) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = control.Close() })
	fd := int(control.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return control, tty
}

// A table fits a terminal of 40 columns. In a pipe its lines have their whole length.
func TestTablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	srv := testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, "<h1>card</h1>") })
	dir := t.TempDir()
	const why = "this site says of each of its pages that it must not be stored by anyone"
	job := "job: cards\nseeds: {ids: {from: 1, to: 3}, url: \"" + srv.URL + "/{id}\"}\nfetch: {allow_private: [127.0.0.0/8]}\n" +
		"pace: {delay: 0s}\nfields: {title: {css: h1}}\nexplore: {strategy: \"off\"}\nverdict: [{skip: \"true\", why: " + why + "}]\n"
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(job), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _ := process(t, dir, "run", "job.yaml", "-q")
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	c, _ = process(t, dir, "status", "cards")
	var piped strings.Builder
	if c.Stdout = &piped; c.Run() != nil || !strings.Contains(piped.String(), why) {
		t.Fatalf("in a pipe\n%s", piped.String())
	}
	control, tty := openTerminal(t, 40)
	c, _ = process(t, dir, "status", "cards")
	c.Stdout, c.Stderr = tty, tty
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	hangs := time.AfterFunc(50*time.Second, func() { _ = c.Process.Kill() })
	defer hangs.Stop()
	shown, err := io.ReadAll(control)
	if err != nil && !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, shown)
	}
	out := strings.ReplaceAll(string(shown), "\r\n", "\n")
	for line := range strings.SplitSeq(out, "\n") {
		if terminal.Columns(line) > 40 {
			t.Errorf("a line of %d columns: %q", terminal.Columns(line), line)
		}
	}
	if words := strings.Join(strings.Fields(out), " "); !strings.Contains(words, why) {
		t.Errorf("%s\nwant the whole reason %q", out, why)
	}
}
