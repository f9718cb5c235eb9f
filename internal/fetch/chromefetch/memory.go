package chromefetch

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// groupMemory returns the proportional set size of a process group in bytes, which counts shared
// pages once. 0 where there is no /proc.
func groupMemory(group int) int64 {
	_, sum := groupUse(group)
	return sum
}

// groupUse counts the processes of a group too.
func groupUse(group int) (processes int, sum int64) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		if pgid(file) != group {
			continue
		}
		processes++
		roll, err := os.ReadFile(filepath.Join(filepath.Dir(file), "smaps_rollup"))
		if err != nil {
			continue
		}
		for line := range bytes.Lines(roll) {
			if rest, ok := bytes.CutPrefix(line, []byte("Pss:")); ok {
				kib, _ := strconv.ParseInt(string(bytes.Trim(rest, " kB\n")), 10, 64)
				sum += kib << 10
				break
			}
		}
	}
	return processes, sum
}

// pgid reads a process group from /proc/PID/stat. It is the third value after the name, which
// stands in parentheses and may hold any text.
func pgid(file string) int {
	stat, err := os.ReadFile(file) //nolint:gosec // of /proc
	if err != nil {
		return 0
	}
	rest := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(rest) < 3 {
		return 0
	}
	n, _ := strconv.Atoi(string(rest[2]))
	return n
}
