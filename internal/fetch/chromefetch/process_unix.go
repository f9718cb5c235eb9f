//go:build unix && !linux

package chromefetch

import "syscall"

func tie(*syscall.SysProcAttr) {}
