package chromefetch

import (
	"errors"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// changes are attempts to change processes and files past Landlock. Each sets what is there.
var changes = map[string]func(string) error{
	"limits": func(pid string) error {
		var now unix.Rlimit
		if err := unix.Prlimit(number(pid), unix.RLIMIT_CPU, nil, &now); err != nil {
			return err
		}
		return unix.Prlimit(number(pid), unix.RLIMIT_CPU, &now, nil)
	},
	"priority": func(pid string) error {
		now, err := unix.Getpriority(unix.PRIO_PROCESS, number(pid)) // as the kernel tells it, from 20 down
		return errors.Join(err, unix.Setpriority(unix.PRIO_PROCESS, number(pid), 20-now))
	},
	"priorities": func(user string) error {
		if err := unix.Setpriority(unix.PRIO_USER, number(user), 0); !errors.Is(err, unix.ESRCH) {
			return err
		}
		return nil
	},
	"affinity": func(pid string) error {
		var set unix.CPUSet
		return errors.Join(unix.SchedGetaffinity(0, &set), unix.SchedSetaffinity(number(pid), &set))
	},
	"schedule": func(pid string) error {
		return unix.SchedSetAttr(number(pid), &unix.SchedAttr{Size: unix.SizeofSchedAttr}, 0)
	},
	"input": func(pid string) error {
		const process = 1
		if _, _, no := unix.Syscall(unix.SYS_IOPRIO_SET, process, uintptr(number(pid)), 0); no != 0 {
			return no
		}
		return nil
	},
	"mode":  func(path string) error { return os.Chmod(path, 0o644) },
	"owner": func(path string) error { return os.Chown(path, -1, -1) },
	"times": func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) },
	"attribute": func(path string) error {
		if err := unix.Setxattr(path, "user.a", []byte("x"), 0); !errors.Is(err, unix.EOPNOTSUPP) {
			return err
		}
		return nil
	},
}

// number reads a number; the empty one is 0.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// change is an attempt and whether it succeeds.
type change struct {
	try  string
	open func(Confinement) bool
}

// changesOf are the attempts on a process and a file that are not the browser's.
func changesOf(pid, path string) (out []change) {
	sockets := func(c Confinement) bool { return !c.sockets }
	for _, what := range []string{"limits", "priority", "affinity", "schedule", "input"} {
		out = append(out, change{what + ":" + pid, sockets}, change{what + ":", func(Confinement) bool { return true }})
	}
	for _, what := range []string{"mode", "owner", "times", "attribute"} {
		out = append(out, change{what + ":" + path, sockets})
	}
	const nobody = "54321"
	return append(out, change{"priorities:" + nobody, sockets})
}
