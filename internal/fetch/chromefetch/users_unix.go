//go:build unix

package chromefetch

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// take opens and locks the file; an error means that another process holds it.
// The file is made only in a folder that is this user's own.
func (l *lock) take(path string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil {
		return err
	} else if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != os.Geteuid() {
		return os.ErrPermission
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600) //nolint:gosec // of a folder of ours
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return err
	}
	l.file = f
	return nil
}

// killUsers ends the processes that were started with the profile: a browser
// gives the flag to each of its children. Where there is no /proc the group is
// all that is known.
func killUsers(dir string) {
	want := []byte(profileFlag + dir)
	procs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range procs {
		line, err := os.ReadFile(file) //nolint:gosec // of /proc
		if err != nil {
			continue
		}
		for arg := range bytes.SplitSeq(line, []byte{0}) {
			if bytes.Equal(arg, want) {
				if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
				break
			}
		}
	}
}
