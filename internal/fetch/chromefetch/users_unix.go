//go:build unix

package chromefetch

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
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

// usersEnd is how long killed processes may take to be gone: on a busy machine
// the last of a browser's still write into its profile after the first has died.
const usersEnd = 5 * time.Second

// killUsers ends the processes that were started with the profile, and waits
// until they are gone: a browser gives the flag to each of its children. Where
// there is no /proc the group is all that is known.
func killUsers(dir string) {
	want := []byte(profileFlag + dir)
	for deadline := time.Now().Add(usersEnd); ; {
		pids := startedWith(want)
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		if len(pids) == 0 || time.Now().After(deadline) {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
}

// startedWith lists the processes that have an argument. One that has ended and
// was not waited for has none.
func startedWith(want []byte) (pids []int) {
	procs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range procs {
		line, err := os.ReadFile(file) //nolint:gosec // of /proc
		if err != nil {
			continue
		}
		for arg := range bytes.SplitSeq(line, []byte{0}) {
			if bytes.Equal(arg, want) {
				if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
					pids = append(pids, pid)
				}
				break
			}
		}
	}
	return pids
}
