package chromefetch

import "syscall"

// roomy reports whether a memory file system has room for the shared memory of
// a few pages; the 64 MiB that containers have by default are not enough.
func roomy(dir string) bool {
	var st syscall.Statfs_t
	return syscall.Statfs(dir, &st) == nil && st.Bavail*uint64(st.Bsize) >= 512<<20
}
