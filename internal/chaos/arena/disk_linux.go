package arena

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// mount reports false where we may not.
func mount(dir string, bytes int64) (bool, error) {
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", bytes))
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("mount a tmpfs at %s: %w", dir, err)
	}
	return true, nil
}

func unmount(dir string) error { return unix.Unmount(dir, 0) }

func full(err error) bool { return errors.Is(err, syscall.ENOSPC) }

func (d *disk) bound(pids []int) error   { return fileSize(pids, 0) }
func (d *disk) unbound(pids []int) error { return fileSize(pids, unix.RLIM_INFINITY) }

func fileSize(pids []int, most uint64) error {
	for _, pid := range pids {
		err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: most, Max: unix.RLIM_INFINITY}, nil)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("bound the files of worker %d: %w", pid, err)
		}
	}
	return nil
}
