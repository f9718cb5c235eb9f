package cgroup

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestShares(t *testing.T) {
	t.Parallel()
	const gib = 1 << 30
	if heap, browser := Shares(gib, false); heap != gib/10*8 || browser != 0 {
		t.Errorf("without a browser: %d, %d", heap, browser)
	}
	heap, browser := Shares(gib, true)
	if heap+browser > gib*86/100 || browser < heap || heap < 200<<20 {
		t.Errorf("with a browser: %d MiB, %d MiB", heap>>20, browser>>20)
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	calm := Usage{Memory: 0.2}
	for _, tt := range []struct {
		name  string
		looks []Usage
		slots int // of 16, with two CPUs
	}{
		{"calm", []Usage{calm, calm}, 16},
		{"no limit", []Usage{{Memory: -1}}, 16},
		{"much memory in use", []Usage{{Memory: 0.91}}, 8},
		{"and still", []Usage{{Memory: 0.91}, {Memory: 0.91}}, 4},
		{"between the marks it stays", []Usage{{Memory: 0.91}, {Memory: 0.87}}, 8},
		{"at the brink one goes on", []Usage{{Memory: 0.96}}, 1},
		{"it comes back in steps", []Usage{{Memory: 0.96}, calm, calm}, 2},
		{"and comes back wholly", append([]Usage{{Memory: 0.96}}, repeat(calm, 16)...), 16},
		{"short of CPU", []Usage{{Stalled: 0.9}}, 14},
		{"for long: one a CPU goes on", repeat(Usage{Stalled: 0.9}, 100), 2},
		{"short of both: the less", []Usage{{Memory: 0.91, Stalled: 0.9}}, 8},
	} {
		s := Whole()
		for _, u := range tt.looks {
			s = Next(s, u)
		}
		if got := s.Slots(16, 2); got != tt.slots {
			t.Errorf("%s: %d slots (%+v); want %d", tt.name, got, s, tt.slots)
		}
	}
	if got := Whole().Slots(1, 8); got != 1 {
		t.Errorf("%d of 1", got)
	}
}

func repeat(u Usage, n int) []Usage {
	var out []Usage
	for range n {
		out = append(out, u)
	}
	return out
}

func TestWatch(t *testing.T) {
	t.Parallel()
	root := tree(t, map[string]string{
		"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1000000\n", "sys/fs/cgroup/memory.current": "100000\n",
		"sys/fs/cgroup/cpu.pressure": "some avg10=0 total=0\n",
	})
	set := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, "sys/fs/cgroup", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := NewWatch(At(root))
	at := w.looked.Add(time.Second)
	if s, _ := w.Look(at); s != Whole() {
		t.Errorf("calm: %+v", s)
	}
	set("memory.current", "910000\n")
	set("cpu.pressure", "some avg10=0 total=900000\n")
	s, u := w.Look(at.Add(time.Second))
	if u.Memory != 0.91 || u.Stalled != 0.9 || s.Memory != 0.5 || s.CPU != 7.0/8 {
		t.Errorf("pressed: %+v, %+v", s, u)
	}
	set("memory.current", "100000\n")
	if s, u := w.Look(at.Add(2 * time.Second)); u.Stalled != 0 || s.Memory <= 0.5 {
		t.Errorf("after it: %+v, %+v", s, u)
	}
}
