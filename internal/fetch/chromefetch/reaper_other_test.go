//go:build unix && !linux

package chromefetch

func beReaper() error { return nil }
