package chromefetch

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// otherProcesses refuses the calls that change another process of the same user: its limits, with
// which a browser could end the worker, and its share of the processors. Landlock has no rule about
// them. A thread may change itself (the number 0). The browser sets the priorities of its other
// threads too. It ignores that this fails.
func otherProcesses() []unix.SockFilter {
	allow, refuse := result(unix.SECCOMP_RET_ALLOW), fail(unix.EPERM)
	itself := program(argument(0), when(0, allow), refuse)
	// The first argument is the kind of the second: a process, a group or a user.
	kind := func(process uint32) []unix.SockFilter {
		return program(argument(0), unless(process, refuse), argument(1), when(0, allow), refuse)
	}
	// Without new limits it reads the old ones. The pointer has two halves.
	limits := program(argument(0), when(0, allow), argument(2), unless(0, refuse), load(callArgs+8*2+4), unless(0, refuse), allow)
	const (
		priorityOfProcess = 0 // PRIO_PROCESS
		inputOfProcess    = 1 // IOPRIO_WHO_PROCESS
	)
	return program(
		when(unix.SYS_PRLIMIT64, limits),
		when(unix.SYS_SETPRIORITY, kind(priorityOfProcess)), when(unix.SYS_IOPRIO_SET, kind(inputOfProcess)),
		when(unix.SYS_SCHED_SETAFFINITY, itself), when(unix.SYS_SCHED_SETSCHEDULER, itself),
		when(unix.SYS_SCHED_SETPARAM, itself), when(unix.SYS_SCHED_SETATTR, itself),
	)
}

// attributes refuses the calls that change the mode, the owner, the times or the attributes of a
// file. They need no open file, and Landlock has no rule about them. The browser needs none: SQLite
// gives its files to their owner and ignores that this fails.
func attributes() (out []unix.SockFilter) {
	calls := []uint32{
		unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT,
		unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR, unix.SYS_SETXATTRAT,
		unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR, unix.SYS_REMOVEXATTRAT, unix.SYS_FILE_SETATTR,
	}
	if runtime.GOARCH == "amd64" {
		// chmod, chown, lchown, utime, utimes and futimesat, which newer processors lack
		calls = append(calls, 90, 92, 94, 132, 235, 261)
	}
	for _, call := range calls {
		out = append(out, when(call, fail(unix.EPERM))...)
	}
	return out
}
