//go:build !linux

package arena

import (
	"errors"
	"syscall"
)

var errLinux = errors.New("a disk can be filled on Linux alone")

func mount(string, int64) (bool, error)  { return false, errLinux }
func unmount(string) error               { return errLinux }
func full(err error) bool                { return errors.Is(err, syscall.ENOSPC) }
func (d *disk) bound(pids []int) error   { return errLinux }
func (d *disk) unbound(pids []int) error { return errLinux }
