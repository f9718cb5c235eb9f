package wiring

import "strings"

// Folder returns the folder of a store that is one; empty: it is a bucket.
func Folder(at string) (string, error) {
	rest, ok := strings.CutPrefix(at, "file:")
	if !ok {
		return "", nil
	}
	return folder(rest)
}
