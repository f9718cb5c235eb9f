//go:build !linux

package chromefetch

const triesArg, threadsArg = "tries", "threads"

func beTaken([]string) {}
func beMain()          {}
