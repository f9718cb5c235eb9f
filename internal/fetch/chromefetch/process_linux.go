package chromefetch

import "syscall"

// ownGroup puts a browser into a process group of its own. The group is killed as a whole, and
// Ctrl-C in the terminal does not reach it. The kernel kills the browser when this process dies.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
