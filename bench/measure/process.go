package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of CPU time in /proc: USER_HZ, which Linux fixes at 100 per second.
const tick = time.Second / 100

// process is a row of /proc/PID/stat, see proc(5). reaped is the CPU time of its reaped children.
type process struct {
	pid, parent, group int
	own, reaped        time.Duration
}

func readProcess(pid int) (p process, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, err
	}
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])) // from field 3 on
	if len(f) < 15 {
		return p, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(f))
	}
	p.pid = pid
	for at, to := range map[int]*int{1: &p.parent, 2: &p.group} {
		if *to, err = strconv.Atoi(f[at]); err != nil {
			return p, err
		}
	}
	for i, to := range []*time.Duration{&p.own, &p.own, &p.reaped, &p.reaped} {
		n, err := strconv.ParseInt(f[11+i], 10, 64)
		if err != nil {
			return p, err
		}
		*to += time.Duration(n) * tick
	}
	return p, nil
}

// processes lists the running processes.
func processes() (all []process) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if p, err := readProcess(pid); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// Parent returns the parent of a process.
func Parent(pid int) (int, error) {
	p, err := readProcess(pid)
	return p.parent, err
}

// FamilyCPU returns the CPU time of a process, its children, and its reaped children. A child that
// is reaped during the reading may count never or twice, so FamilyCPU then reads again.
func FamilyCPU(pid int) (time.Duration, error) {
	for {
		before, err := readProcess(pid)
		if err != nil {
			return 0, err
		}
		sum := before.own + before.reaped
		for _, p := range processes() {
			if p.parent == pid {
				sum += p.own
			}
		}
		after, err := readProcess(pid)
		if err != nil {
			return 0, err
		}
		if after.reaped == before.reaped {
			return sum, nil
		}
	}
}

// GroupCPU returns the CPU time of this process and of process groups, including reaped children of
// the groups.
func GroupCPU(groups ...int) time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	sum := time.Duration(r.Utime.Nano() + r.Stime.Nano())
	for _, p := range processes() {
		if slices.Contains(groups, p.group) {
			sum += p.own + p.reaped
		}
	}
	return sum
}

// GroupMemory returns the proportional set size of a process group in bytes.
func GroupMemory(group int) int64 {
	var sum int64
	for _, p := range processes() {
		if p.group != group {
			continue
		}
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.pid))
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				sum += n << 10
			}
		}
	}
	return sum
}

// GroupProcesses returns the number of processes of a user's process groups that hold for a test.
func GroupProcesses(holds func(pid int) bool) (n int) {
	for _, p := range processes() {
		if holds(p.pid) {
			n++
		}
	}
	return n
}

// PeakMemory samples the memory of process groups until the returned function is called, which
// returns the peak in bytes.
func PeakMemory(groups func() []int) func() int64 {
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		for {
			var now int64
			for _, g := range groups() {
				now += GroupMemory(g)
			}
			most = max(most, now)
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(500 * time.Millisecond):
			}
		}
	}()
	return func() int64 { close(stop); return <-done }
}

var anonymous = regexp.MustCompile(`RssAnon:\s+(\d+) kB`)

// Anonymous returns the anonymous memory of a process in kB. ok is false if it has ended.
func Anonymous(pid int) (kb int, ok bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	m := anonymous.FindSubmatch(status)
	if err != nil || m == nil {
		return 0, false
	}
	kb, err = strconv.Atoi(string(m[1]))
	return kb, err == nil
}

// PeakAnonymous sends the peak of the anonymous memory of a process and its children in kB when the
// process has ended. The resident set would also count mapped files, which can be evicted.
func PeakAnonymous(pid int) <-chan int {
	peak := make(chan int, 1)
	go func() {
		most := 0
		for {
			kb, ok := Anonymous(pid)
			if !ok {
				peak <- most
				return
			}
			for _, p := range processes() {
				if p.parent == pid {
					of, _ := Anonymous(p.pid)
					kb += of
				}
			}
			most = max(most, kb)
			<-time.After(20 * time.Millisecond)
		}
	}()
	return peak
}
