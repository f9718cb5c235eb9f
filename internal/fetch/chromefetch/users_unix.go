//go:build unix

package chromefetch

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// take opens and locks the file; an error means that another process holds it,
// or has just removed it. The file is made only in a folder that is this user's
// own.
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
	// A file that was removed after it was opened is locked without effect.
	is, err := f.Stat()
	if at, e := os.Lstat(path); err != nil || e != nil || !os.SameFile(is, at) {
		_ = f.Close()
		return errors.Join(fs.ErrNotExist, err, e)
	}
	l.file = f
	return nil
}

// usersEnd is how long killed processes may take to end. On a busy machine the last of a browser's
// processes still write into its profile after the first has died.
const usersEnd = 5 * time.Second

// killUsers ends the browser that was started with the profile, with its process group, and waits
// until they are gone. Only a browser's first processes have the flag. Its children, which still
// write into the profile, are known by their group. They end by themselves after the browser. The
// noted group's number may belong to another program by now, so killUsers waits for its processes
// and does not kill them. Without /proc, only the group of a browser that this process started is
// known.
func killUsers(dir string, noted int) {
	want, own := []byte(profileFlag+dir), syscall.Getpgrp()
	groups := map[int]bool{noted: noted > 0}
	for deadline := time.Now().Add(usersEnd); ; {
		pids := startedWith(want)
		for _, pid := range pids {
			if group, err := syscall.Getpgid(pid); err == nil && group != own {
				groups[group] = true
				_ = syscall.Kill(-group, syscall.SIGKILL)
			}
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		if len(pids) == 0 && !anyChild(groups) || time.Now().After(deadline) {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
}

// startedWith lists the processes that have an argument. A process that ended and was not waited
// for has none.
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

// anyChild reports whether a browser's child runs in one of the groups.
func anyChild(groups map[int]bool) bool {
	procs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range procs {
		// A renderer rewrites its arguments, with spaces.
		line, err := os.ReadFile(file) //nolint:gosec // of /proc
		if err == nil && bytes.Contains(line, []byte("--type=")) && groups[pgid(filepath.Join(filepath.Dir(file), "stat"))] {
			return true
		}
	}
	return false
}

// note writes a browser's group into the lock, for the worker that finds it when
// this one was killed.
func (l *lock) note(group int) error {
	_, err := l.file.WriteAt([]byte(strconv.Itoa(group)), 0)
	return err
}

// noted is the group that is written in the lock; 0: none.
func (l *lock) noted() int {
	text := make([]byte, 20)
	n, _ := l.file.ReadAt(text, 0)
	group, _ := strconv.Atoi(string(text[:n]))
	return group
}
