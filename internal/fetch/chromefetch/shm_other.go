//go:build !linux

package chromefetch

func roomy(string) bool { return true }
