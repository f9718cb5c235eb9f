package chromefetch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// profile is the folder of one browser. Its lock is held as long as the worker lives, so an
// unlocked folder belongs to a killed worker.
type profile struct {
	dir  string
	lock *lock
}

// lock is a file that one process can hold.
type lock struct{ file *os.File }

const (
	profilePrefix = "seine-browser-"
	profileFlag   = "--user-data-dir="
	lockName      = "seine.lock"
)

// newProfile makes a folder and takes its lock. Between the two steps the folder looks abandoned,
// and a starting worker may remove it. newProfile then makes another.
func newProfile(root string) (*profile, error) {
	const tries = 10
	var err error
	for range tries {
		var p *profile
		if p, err = makeProfile(root); err == nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("profile: %w", err)
}

func makeProfile(root string) (*profile, error) {
	dir, err := os.MkdirTemp(root, profilePrefix)
	if err != nil {
		return nil, err
	}
	p := &profile{dir: dir, lock: &lock{}}
	if err := p.lock.take(filepath.Join(dir, lockName)); err != nil {
		p.remove()
		return nil, err
	}
	return p, nil
}

// environ returns the part of our environment that a browser gets.
func (p *profile) environ() []string {
	env := []string{
		"HOME=" + p.dir, "TMPDIR=" + p.dir, "XDG_CONFIG_HOME=" + p.dir, "XDG_CACHE_HOME=" + p.dir,
		"DBUS_SESSION_BUS_ADDRESS=disabled:", "DBUS_SYSTEM_BUS_ADDRESS=disabled:",
	}
	for _, name := range []string{"PATH", "LANG", "LD_LIBRARY_PATH", "FONTCONFIG_PATH", "FONTCONFIG_FILE"} {
		if v, ok := os.LookupEnv(name); ok { //nolint:forbidigo // handed on, not read
			env = append(env, name+"="+v)
		}
	}
	return env
}

// reads lists the files and folders that the environment names.
func (p *profile) reads() (paths []string) {
	for _, entry := range p.environ() {
		name, value, _ := strings.Cut(entry, "=")
		switch name {
		case "LD_LIBRARY_PATH", "FONTCONFIG_PATH", "FONTCONFIG_FILE":
			for _, path := range filepath.SplitList(value) {
				if filepath.IsAbs(path) {
					paths = append(paths, path)
				}
			}
		}
	}
	return paths
}

// killUsers ends processes that left the browser's group and still use the
// profile.
func (p *profile) killUsers() { killUsers(p.dir, p.lock.noted()) }

// remove deletes the folder. Its last processes may write into it while they die, and create it
// again, so remove waits until it stays away.
func (p *profile) remove() {
	const (
		pause  = 20 * time.Millisecond
		enough = 3
		most   = 100
	)
	for i, gone := 0, 0; i < most && gone < enough; i++ {
		if _, err := os.Lstat(p.dir); errors.Is(err, fs.ErrNotExist) {
			gone++
		} else {
			gone = 0
			_ = os.RemoveAll(p.dir)
		}
		<-time.After(pause)
	}
	if p.lock.file != nil {
		_ = p.lock.file.Close()
	}
}

// sweep ends and removes the browsers that killed workers left behind, and
// returns how many.
func sweep(root string) int {
	dirs, _ := filepath.Glob(filepath.Join(root, profilePrefix+"*"))
	n := 0
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() {
			continue
		}
		p := &profile{dir: dir, lock: &lock{}}
		if p.lock.take(filepath.Join(dir, lockName)) != nil {
			continue // in use, or another user's
		}
		p.killUsers()
		p.remove()
		n++
	}
	return n
}
