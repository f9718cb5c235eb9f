//go:build unix && !linux

package chromefetch

import "syscall"

// ownGroup puts a browser into a process group of its own. The group is killed as a whole, and
// Ctrl-C in the terminal does not reach it.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
