package arena

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// disk is a small disk of its own that can be filled. It is a tmpfs if the process may mount one.
// Otherwise it is a folder, and "full" bounds the size of the files that a worker may write
// (RLIMIT_FSIZE). Its writes then fail with EFBIG instead of ENOSPC.
type disk struct {
	dir     string
	mounted bool

	mu   sync.Mutex
	full bool
}

func openDisk(dir string, bytes int64) (*disk, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	mounted, err := mount(dir, bytes)
	return &disk{dir: dir, mounted: mounted}, err
}

// how names the method that fills the disk.
func (d *disk) how() string {
	if d.mounted {
		return "a tmpfs filled to its end (ENOSPC)"
	}
	return "a bound on the size of files (EFBIG), because mounting a tmpfs needs root"
}

func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill uses up the free space. pids are the workers.
func (d *disk) fill(pids []int) error {
	d.mu.Lock()
	d.full = true
	d.mu.Unlock()
	if !d.mounted {
		return d.bound(pids)
	}
	f, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("fill the disk: %w", err)
	}
	defer func() { _ = f.Close() }()
	for chunk := make([]byte, 1<<20); len(chunk) > 0; {
		if _, err := f.Write(chunk); err != nil {
			if !full(err) {
				return fmt.Errorf("fill the disk: %w", err)
			}
			chunk = chunk[:len(chunk)/2] // down to the last byte
		}
	}
	return nil
}

// free gives it back.
func (d *disk) free(pids []int) error {
	d.mu.Lock()
	d.full = false
	d.mu.Unlock()
	if !d.mounted {
		return d.unbound(pids)
	}
	if err := os.Remove(d.ballast()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// started tells of a worker that starts while the disk may be full.
func (d *disk) started(pid int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mounted || !d.full {
		return nil
	}
	return d.bound([]int{pid})
}

func (d *disk) close() error {
	if !d.mounted {
		return nil
	}
	return unmount(d.dir)
}
