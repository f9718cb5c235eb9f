package chromefetch

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// leftOpen opens a file that started programs inherit, as a shell's redirection does. Its number is
// one that a small program does not use itself.
func leftOpen(t *testing.T) int {
	t.Helper()
	f, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	n, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD, 400)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(n) })
	return n
}

// These tests are not parallel, because each start of a browser marks the files of the process.

func TestABrowserInheritsNoFiles(t *testing.T) {
	whole, err := confines()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Confinement{off, whole} {
		link := fmt.Sprintf("link:/proc/self/fd/%d", leftOpen(t))
		if got := takenOver(t, c, nil, []string{"link:/proc/self/exe", link}); got[link] == "done" || got["link:/proc/self/exe"] != "done" {
			t.Errorf("%v: %v; want a browser without the file", c, got)
		}
	}
}

// Kernels before 5.11 mark no range of files.
func TestFilesAreMarkedOneByOne(t *testing.T) {
	n := leftOpen(t)
	if err := keepListed("/proc/self/fd"); err != nil {
		t.Fatal(err)
	}
	if flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %#x, %v; want close-on-exec", flags, err)
	}
}
