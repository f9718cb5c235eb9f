// Package cgroup reads the limits and the use of memory and CPU of this process's control group, in
// version 1 and version 2. Other systems than Linux have none.
//
// A container sees its own group at /sys/fs/cgroup, or its path below it in /proc/self/cgroup. A
// limit may stand on any parent group, and the lowest one counts. Nothing is written.
package cgroup

import (
	"bufio"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Group is a process's control group.
type Group struct {
	memory, cpu []string // folders, the own first, then those above
	unified     bool
}

// noLimit is the limit from which on version 1 means none.
const noLimit = 1 << 60

// Own returns the group of this process; its zero value when there is none.
func Own() Group { return At("/") }

// At returns the group of the process that sees root as its root folder.
func At(root string) Group {
	mount := filepath.Join(root, "sys/fs/cgroup")
	var g Group
	file, err := os.Open(filepath.Join(root, "proc/self/cgroup")) //nolint:gosec // of /proc
	if err != nil {
		return g
	}
	defer func() { _ = file.Close() }()
	own := map[string]string{} // by controller; "" is version 2
	for lines := bufio.NewScanner(file); lines.Scan(); {
		parts := strings.SplitN(lines.Text(), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for c := range strings.SplitSeq(parts[1], ",") {
			own[c] = parts[2]
		}
	}
	if memory, ok := own["memory"]; ok {
		g.memory = folders(filepath.Join(mount, "memory"), memory)
		for _, name := range []string{"cpu", "cpu,cpuacct"} {
			if g.cpu = folders(filepath.Join(mount, name), own["cpu"]); len(g.cpu) > 0 {
				break
			}
		}
		return g
	}
	if unified, ok := own[""]; ok {
		g.unified = true
		g.memory = folders(mount, unified)
		g.cpu = g.memory
	}
	return g
}

// folders lists a group and its visible parents. In a container the path may be the host's, and the
// container's own group is the mount.
func folders(mount, group string) []string {
	if strings.HasPrefix(group, "/..") {
		group = "/"
	}
	var out []string
	for at := path.Clean("/" + group); ; at = path.Dir(at) {
		dir := filepath.Join(mount, at)
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			out = append(out, dir)
		}
		if at == "/" {
			return out
		}
	}
}

// MemoryLimit is the most bytes the group may hold; false when nothing limits
// it.
func (g Group) MemoryLimit() (int64, bool) {
	limit := int64(noLimit)
	for _, dir := range g.memory {
		if n, ok := number(dir, g.name("memory.max", "memory.limit_in_bytes")); ok {
			limit = min(limit, n)
		}
	}
	return limit, limit < noLimit
}

// MemoryUsed is how many bytes the group holds, without file pages that the
// kernel drops when it needs room.
func (g Group) MemoryUsed() (int64, bool) {
	for _, dir := range g.memory {
		n, ok := number(dir, g.name("memory.current", "memory.usage_in_bytes"))
		if !ok {
			continue
		}
		return max(0, n-values(dir, "memory.stat")[g.name("inactive_file", "total_inactive_file")]), true
	}
	return 0, false
}

// CPULimit is how many CPUs the group may use; false when nothing limits it.
func (g Group) CPULimit() (float64, bool) {
	limit := 0.0
	for _, dir := range g.cpu {
		var quota, period int64
		var ok bool
		if g.unified {
			text := strings.Fields(read(dir, "cpu.max"))
			if len(text) != 2 || text[0] == "max" {
				continue
			}
			quota, ok = parse(text[0])
			period, _ = parse(text[1])
		} else if quota, ok = number(dir, "cpu.cfs_quota_us"); ok {
			period, _ = number(dir, "cpu.cfs_period_us")
		}
		if ok && quota > 0 && period > 0 {
			if n := float64(quota) / float64(period); limit == 0 || n < limit {
				limit = n
			}
		}
	}
	return limit, limit > 0
}

// Stalled is for how long, in all, the group had to wait for a CPU: by the pressure
// file of version 2, else the time for which it was throttled.
func (g Group) Stalled() (time.Duration, bool) {
	for _, dir := range g.cpu {
		for line := range strings.Lines(read(dir, "cpu.pressure")) {
			if !strings.HasPrefix(line, "some ") {
				continue
			}
			if _, total, ok := strings.Cut(strings.TrimSpace(line), "total="); ok {
				if n, ok := parse(total); ok {
					return time.Duration(n) * time.Microsecond, true
				}
			}
		}
		stat := values(dir, "cpu.stat")
		if n, ok := stat["throttled_usec"]; ok {
			return time.Duration(n) * time.Microsecond, true
		}
		if n, ok := stat["throttled_time"]; ok {
			return time.Duration(n), true
		}
	}
	return 0, false
}

func (g Group) name(unified, legacy string) string {
	if g.unified {
		return unified
	}
	return legacy
}

func read(dir, name string) string {
	text, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // of /sys/fs/cgroup
	if err != nil {
		return ""
	}
	return string(text)
}

func parse(text string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return n, err == nil
}

// number reads a file that holds a number. "max" or another text means none.
func number(dir, name string) (int64, bool) { return parse(read(dir, name)) }

// values reads a file of names and numbers.
func values(dir, name string) map[string]int64 {
	out := map[string]int64{}
	for line := range strings.Lines(read(dir, name)) {
		if key, text, ok := strings.Cut(line, " "); ok {
			if n, ok := parse(text); ok {
				out[key] = n
			}
		}
	}
	return out
}
