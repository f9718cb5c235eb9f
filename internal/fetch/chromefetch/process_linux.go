package chromefetch

import "syscall"

// ownGroup puts a browser into a process group of its own, which is killed as a
// whole and which a Ctrl-C in the terminal does not reach, and lets the kernel
// kill it when this process dies.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
