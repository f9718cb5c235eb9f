package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// temporary returns a file that drop closes and removes. If the system permits to remove an open
// file, the file has no name any more, so nothing is left of a process that is killed.
func temporary(prefix string) (f *os.File, drop func(), err error) {
	f, err = os.CreateTemp("", prefix)
	if err != nil {
		return nil, nil, fmt.Errorf("no temporary file: %w: name a folder with room in TMPDIR", err)
	}
	named := os.Remove(f.Name()) != nil
	return f, func() {
		_ = f.Close()
		if named {
			_ = os.Remove(f.Name())
		}
	}, nil
}

// draft returns a file next to name, which replaces it when it is complete. It is locked, so that
// no other export takes it for the file of a killed process.
func draft(dir, name string) (*os.File, error) {
	for {
		f, err := os.CreateTemp(dir, "."+name+".*.tmp")
		if err != nil {
			return nil, err
		}
		locked, held := lockFile(f)
		if locked {
			sweepKilled(f, name)
		}
		if !held {
			return f, nil
		}
		// Another export found it before it was locked, and removes it.
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
}

// sweepKilled removes the files that killed exports were writing in place of name. f is the file of
// this export, next to them.
func sweepKilled(f *os.File, name string) {
	dir, own := filepath.Split(f.Name())
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return
	}
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), "."+name+".")
		if !ok || e.Name() == own || !killedEnd.MatchString(digits) || !e.Type().IsRegular() {
			continue
		}
		old, err := os.OpenFile(dir+e.Name(), os.O_RDWR, 0) //nolint:gosec // next to the file that the user names
		if err != nil {
			continue
		}
		if locked, _ := lockFile(old); locked {
			_ = os.Remove(old.Name())
		}
		_ = old.Close()
	}
}

// killedEnd matches the end of the name that os.CreateTemp gives.
var killedEnd = regexp.MustCompile(`^[0-9]{1,10}\.tmp$`)
