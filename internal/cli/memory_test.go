package cli

import (
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/seinehq/seine"
)

// The runtime's limit follows the container's, and the environment goes before. The limit belongs
// to the whole process, so this test is not parallel.
func TestFollowMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	root := t.TempDir()
	for name, text := range map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1073741824\n"} {
		at := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const mib = 1 << 20
	for _, tt := range []struct {
		name        string
		root        string
		env         string
		via         seine.Via
		heap, chrom int64 // MiB; 0: no limit
	}{
		{"no limit", t.TempDir(), "", seine.ViaChrome, 0, 0},
		{"pages by HTTP", root, "", seine.ViaHTTP, 819, 0},
		{"room for a browser", root, "", seine.ViaChrome, 256, 614},
		{"the environment says it", root, "100MiB", seine.ViaChrome, 0, 614},
	} {
		debug.SetMemoryLimit(math.MaxInt64)
		a := &workCommand{app: newApp(Program{}, func(name string) (string, bool) { return tt.env, name == "GOMEMLIMIT" }, nil, nil, nil)}
		a.machine = tt.root
		chrome := a.followMemory([]*seine.Job{{Fetch: seine.Fetch{Via: tt.via}}})
		heap := debug.SetMemoryLimit(-1)
		if heap == math.MaxInt64 {
			heap = 0
		}
		if heap/mib != tt.heap || chrome/mib != tt.chrom {
			t.Errorf("%s: %d MiB, browser %d MiB; want %d, %d", tt.name, heap/mib, chrome/mib, tt.heap, tt.chrom)
		}
	}
}
