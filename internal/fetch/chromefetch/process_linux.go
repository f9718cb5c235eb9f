package chromefetch

import "syscall"

// tie makes the kernel kill a browser when the thread dies that starts it.
func tie(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
