package cgroup

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// tree makes up a machine's files.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		at := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const mib = 1 << 20

func TestGroup(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		files   map[string]string
		limit   int64 // 0: none
		used    int64
		cpus    float64
		stalled time.Duration
	}{
		{"a machine without groups", nil, 0, 0, 0, 0},
		{"version 2, in a container", map[string]string{
			"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1073741824\n", "sys/fs/cgroup/memory.current": "536870912\n",
			"sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 134217728\nactive_file 9\n", "sys/fs/cgroup/cpu.max": "150000 100000\n",
			"sys/fs/cgroup/cpu.pressure": "some avg10=1.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n",
		}, 1024 * mib, 384 * mib, 1.5, 2500 * time.Millisecond},
		{"version 2, the least limit stands above", map[string]string{
			"proc/self/cgroup": "0::/pod/worker\n", "sys/fs/cgroup/pod/worker/memory.max": "max\n", "sys/fs/cgroup/pod/worker/memory.current": "1048576\n",
			"sys/fs/cgroup/pod/memory.max": "2097152\n", "sys/fs/cgroup/pod/worker/cpu.max": "max 100000\n", "sys/fs/cgroup/pod/cpu.max": "50000 100000\n",
			"sys/fs/cgroup/pod/worker/cpu.stat": "usage_usec 10\nnr_throttled 3\nthrottled_usec 7000\n",
		}, 2 * mib, 1 * mib, 0.5, 7 * time.Millisecond},
		{"version 2, the own limit is the least", map[string]string{
			"proc/self/cgroup": "0::/pod/worker\n", "sys/fs/cgroup/pod/worker/memory.max": "1048576\n", "sys/fs/cgroup/pod/memory.max": "2097152\n",
			"sys/fs/cgroup/pod/worker/cpu.max": "50000 100000\n", "sys/fs/cgroup/pod/cpu.max": "200000 100000\n",
		}, 1 * mib, 0, 0.5, 0},
		{"version 2, nothing limits it", map[string]string{
			"proc/self/cgroup": "0::/user.slice\n", "sys/fs/cgroup/user.slice/memory.max": "max\n", "sys/fs/cgroup/user.slice/cpu.max": "max 100000\n",
		}, 0, 0, 0, 0},
		{"version 1", map[string]string{
			"proc/self/cgroup":                                 "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":       "536870912\n", // the container's own: its path is the host's
			"sys/fs/cgroup/memory/memory.usage_in_bytes":       "268435456\n",
			"sys/fs/cgroup/memory/memory.stat":                 "cache 1\ntotal_inactive_file 1048576\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":       "200000\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":      "100000\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.stat":               "nr_periods 5\nnr_throttled 1\nthrottled_time 3000000\n",
			"sys/fs/cgroup/memory/other/memory.limit_in_bytes": "1\n",
		}, 512 * mib, 255 * mib, 2, 3 * time.Millisecond},
		{"version 1, no limit", map[string]string{
			"proc/self/cgroup": "5:memory:/\n4:cpu:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "1048576\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
		}, 0, 1 * mib, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := At(tree(t, tt.files))
			limit, limited := g.MemoryLimit()
			if limited != (tt.limit > 0) || limited && limit != tt.limit {
				t.Errorf("limit %d, %v; want %d", limit, limited, tt.limit)
			}
			if used, _ := g.MemoryUsed(); used != tt.used {
				t.Errorf("used %d; want %d", used, tt.used)
			}
			if cpus, _ := g.CPULimit(); cpus != tt.cpus {
				t.Errorf("%v CPUs; want %v", cpus, tt.cpus)
			}
			if stalled, _ := g.Stalled(); stalled != tt.stalled {
				t.Errorf("stalled %v; want %v", stalled, tt.stalled)
			}
			if w := NewWatch(g); (w != nil) != (tt.limit > 0 || tt.cpus > 0) {
				t.Errorf("watched: %v", w != nil)
			}
		})
	}
}
