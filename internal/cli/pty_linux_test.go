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

// On a terminal of 40 columns a run shows its progress, hosts, records and failures below its log.
// No line is wider, and no log line shares a line with them. Control characters of a page are shown
// and do nothing.
func TestARunOnATerminal(t *testing.T) {
	t.Parallel()
	recorded, failed := make(chan struct{}), make(chan struct{})
	srv := testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/robots.txt":
			http.NotFound(w, r)
			return
		case "/2": // the warning of this page comes above a view
			<-recorded
			w.WriteHeader(http.StatusOK)
			panic(http.ErrAbortHandler)
		case "/3":
			<-failed
		}
		_, _ = fmt.Fprint(w, "<h1>a\x1b[31m card</h1>")
	})
	dir := t.TempDir()
	job := "job: cards\nseeds: {ids: {from: 1, to: 3}, url: \"" + srv.URL + "/{id}\"}\nfetch: {allow_private: [127.0.0.0/8]}\n" +
		"pace: {delay: 0s, concurrency: 1}\nconcurrency: 1\nfields: {title: {css: h1}}\nexplore: {strategy: \"off\"}\nretry: {error: 1}\nmax_failures: 1\n"
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(job), 0o600); err != nil {
		t.Fatal(err)
	}
	at := &testkit.Screen{Columns: 40, Rows: 24}
	seen := map[string]bool{}
	host := strings.TrimPrefix(srv.URL, "http://")
	onTerminal(t, at, func() bool {
		lines := at.Lines()
		for i, line := range lines {
			switch {
			case strings.HasPrefix(line, "done "):
				seen["progress"] = true
			case strings.HasPrefix(line, "  host    "+host):
				seen["host"] = true
			case strings.HasPrefix(line, `  record  1  title=a\x1b[31m card`) && !seen["record"]:
				seen["record"] = true
				close(recorded)
			case strings.HasPrefix(line, "  error   1 ") && !seen["failure"]:
				seen["failure"] = true
				close(failed)
			case strings.Contains(line, "fetch failed") && (i == 0 || !strings.HasPrefix(lines[i-1], "time=")): // the terminal wrapped it
				t.Errorf("the log line is glued to other text: %q", lines)
			}
		}
		return true
	}, dir, "run", "job.yaml")
	lines := at.Lines()
	if all := strings.Join(lines, ""); len(seen) != 4 || len(at.Unknown) > 0 || !strings.Contains(all, "fetch failed") || strings.Contains(all, "  record  1") {
		t.Errorf("the terminal showed %v, unknown %q, and at the end %q", seen, at.Unknown, lines)
	}
	// The views of other commands.
	for _, args := range [][]string{{"top"}, {"status", "--watch", "cards"}} {
		at, frames := &testkit.Screen{Columns: 40, Rows: 24}, 0
		onTerminal(t, at, func() bool {
			frames++
			return frames < 2
		}, dir, args...)
		if all := strings.Join(at.Lines(), "\n"); !strings.Contains(all, "cards") || len(at.Unknown) > 0 || strings.Count(all, "cards") > 3 {
			t.Errorf("%q shows %q, unknown %q", args, all, at.Unknown)
		}
	}
	// Data for programs.
	for _, format := range []string{"csv", "jsonl"} {
		at := &testkit.Screen{Columns: 200, Rows: 24}
		onTerminal(t, at, func() bool { return true }, dir, "export", "job.yaml", "--format", format, "-o", "-", "-q")
		want := map[string]string{"csv": `a\x1b[31m card`, "jsonl": `a\u001b[31m card`}[format]
		if all := strings.Join(at.Lines(), "\n"); !strings.Contains(all, want) || len(at.Unknown) > 0 {
			t.Errorf("an export as %s shows %q, unknown %q", format, all, at.Unknown)
		}
	}
}

// onTerminal runs the command on a terminal. look is called after each write. If it returns false,
// the command gets an interrupt.
func onTerminal(t *testing.T, at *testkit.Screen, look func() bool, dir string, args ...string) {
	t.Helper()
	control, tty := openTerminal(t, uint16(at.Columns))
	c, _ := process(t, dir, args...)
	c.Stdout, c.Stderr = tty, tty
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	hangs := time.AfterFunc(50*time.Second, func() { _ = c.Process.Kill() })
	defer hangs.Stop()
	stopped := false
	for b := make([]byte, 4096); ; {
		n, err := control.Read(b)
		_, _ = at.Write(b[:n])
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.EIO) { // the terminal has no user any more
				t.Fatal(err)
			}
			break
		}
		if !look() && !stopped {
			stopped = true
			_ = c.Process.Signal(os.Interrupt)
		}
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("%q: %v\n%q", args, err, at.Lines())
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
