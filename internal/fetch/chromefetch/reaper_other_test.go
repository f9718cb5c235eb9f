//go:build !linux

package chromefetch

func beReaper() error { return nil }
