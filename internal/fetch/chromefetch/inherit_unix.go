//go:build unix

package chromefetch

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// keepListed marks the open files that a folder of the kernel lists. See keepFiles.
func keepListed(folder string) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("open files: %w", err)
	}
	for _, f := range files {
		if n, err := strconv.Atoi(f.Name()); err == nil && n > 2 {
			syscall.CloseOnExec(n)
		}
	}
	return nil
}
