package chromefetch

import "strings"

// Confinement states the parts of the system that the kernel keeps from a browser, so that a page
// that takes over a renderer gains little. Its zero value keeps a browser from nothing.
//
// The processes of a confined browser cannot leave their bounds. They read the system's programs,
// libraries and fonts and the browser's folder, and write to their profile. They open no other
// file, and change no file's mode, owner, times or attributes. They do not see the memory, the
// environment or the open files of other processes, send them no signals, and change neither their
// limits nor their priorities. They connect by TCP to the ports of our proxies, and have no other
// protocol.
//
// These stay open: the same ports of other hosts, because Landlock has no rule about an address;
// the proxies of the worker's other jobs; Unix sockets in folders; an ephemeral TCP port to listen
// on (listen without bind); /dev/shm, to read and to write; and the arguments of processes
// (/proc/PID/cmdline). Root has further ways out.
type Confinement struct {
	landlock int  // its version in this kernel; 0: none, or it is forbidden
	signals  bool // it can tell the signals to others from those within a process
	sockets  bool // a seccomp filter leaves TCP and sockets of this machine, and no calls that change others

	// why is the kernel's reason for the parts that are missing.
	why string
}

// The versions of Landlock that brought a right, with the Linux that has them.
const (
	landlockFiles    = 1 // Linux 5.13
	landlockRefer    = 2 // 5.19
	landlockTruncate = 3 // 6.2
	landlockTCP      = 4 // 6.7
	landlockIoctl    = 5 // 6.10
	landlockScopes   = 6 // 6.12
)

// off is the confinement of a browser that must have none.
var off = Confinement{why: "it is turned off"}

// on reports whether anything is kept from the browser.
func (c Confinement) on() bool { return c.landlock > 0 || c.sockets }

// whole reports whether nothing is missing.
func (c Confinement) whole() bool { return c.tcp() && c.signals && c.sockets }

// tcp reports whether the ports of TCP are limited.
func (c Confinement) tcp() bool { return c.landlock >= landlockTCP }

// String lists the confined parts and the open ones, such as "confined: files, processes, TCP,
// signals, other protocols".
func (c Confinement) String() string {
	var has, lacks []string
	for _, part := range []struct {
		name string
		has  bool
	}{
		{"files", c.landlock >= landlockFiles},
		{"processes", c.landlock >= landlockFiles},
		{"TCP", c.tcp()},
		{"signals", c.signals},
		{"other protocols", c.sockets},
	} {
		if part.has {
			has = append(has, part.name)
		} else {
			lacks = append(lacks, part.name)
		}
	}
	switch {
	case len(has) == 0:
		return "not confined: " + c.why
	case len(lacks) == 0:
		return "confined: " + strings.Join(has, ", ")
	default:
		return "confined: " + strings.Join(has, ", ") + "; not confined: " + strings.Join(lacks, ", ") + ": " + c.why
	}
}

// bounds are the files and ports of one browser.
type bounds struct {
	program string   // it reads the folder of its program
	reads   []string // other files and folders
	profile string   // its only folder to write to
	ports   []uint16 // of TCP, on any host
}
