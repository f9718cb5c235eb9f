//go:build unix && !solaris && !aix

package dataset

import (
	"errors"
	"os"
	"syscall"
)

// lockFile locks a file until it is closed. held reports that another process has locked it. Some
// network file systems have no locks.
func lockFile(f *os.File) (locked, held bool) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return err == nil, errors.Is(err, syscall.EWOULDBLOCK)
}
