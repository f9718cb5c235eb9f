package chromefetch

import (
	"math"

	"golang.org/x/sys/unix"
)

// keepFiles makes no program that this process starts inherit its open files, apart from the files
// that the start names. Go marks the files that it opens. A parent can have left others: a shell's
// redirection, the lock of flock(1), the sockets of systemd.
func keepFiles() error {
	if unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return nil
	}
	return keepListed("/proc/self/fd") // Linux before 5.11, or a container that forbids the call
}
