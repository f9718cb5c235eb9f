package wiring

import "strings"

// Folder returns the folder of a store, or an empty string for a bucket.
func Folder(at string) (string, error) {
	rest, ok := strings.CutPrefix(at, "file:")
	if !ok {
		return "", nil
	}
	return folder(rest)
}
