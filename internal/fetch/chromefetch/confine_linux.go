package chromefetch

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// fsFirst holds the rights of the first version of Landlock.
	fsFirst = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1

	// The rights of rules. A browser starts programs of the system, never a file that it wrote.
	fsRead  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	fsRun   = fsRead | unix.LANDLOCK_ACCESS_FS_EXECUTE
	fsWrite = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	fsOwn   = fsRead | fsWrite | unix.LANDLOCK_ACCESS_FS_REFER |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SYM |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO

	// fsOfFile are the rights that a rule about a file may have, as opposed to a folder.
	fsOfFile = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE | fsWrite

	// rulePort is LANDLOCK_RULE_NET_PORT, which package unix lacks.
	rulePort = 2

	// erratumSignals is the correction (Linux 6.15) by which signals within a process pass.
	// Without it Go's runtime cannot preempt the other threads from a confined one.
	erratumSignals = 1 << 1
)

// portRule is struct landlock_net_port_attr, which package unix lacks.
type portRule struct{ access, port uint64 }

// rules are the paths that any browser uses. Missing ones are left out. Home folders, /opt, /srv,
// /run, /var and most of /etc are not among them, because jobs, data sets and secrets are there.
var rules = []struct {
	access uint64
	paths  []string
}{
	{fsRun, []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store"}},
	{fsRead, []string{
		"/proc", "/sys", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/var/cache/fontconfig", "/run/current-system/sw/share",
		"/etc/alternatives", "/etc/ca-certificates", "/etc/chromium", "/etc/chromium.d", "/etc/fonts", "/etc/group", "/etc/host.conf",
		"/etc/hosts", "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/locale.alias", "/etc/localtime", "/etc/machine-id", "/etc/mime.types",
		"/etc/nsswitch.conf", "/etc/opt", "/etc/os-release", "/etc/passwd", "/etc/resolv.conf", "/etc/timezone",
		"/etc/vulkan", "/etc/xdg",
		// Private keys are beside these.
		"/etc/ssl/certs", "/etc/ssl/openssl.cnf",
		"/etc/pki/ca-trust/extracted", "/etc/pki/nssdb", "/etc/pki/tls/certs", "/etc/pki/tls/openssl.cnf",
	}},
	{fsRead | fsWrite, []string{"/dev/null"}},
	{fsOwn, []string{"/dev/shm"}},
}

// absent are the errors of a path that is not there, or not for this user.
var absent = []error{unix.ENOENT, unix.ENOTDIR, unix.ELOOP, unix.EACCES}

// confines tries which confinement this kernel has, on a thread that ends with the call. A
// kernel without Landlock, or a container that forbids it, is no error.
func confines() (c Confinement, err error) {
	onThread(func() {
		if c.landlock, c.signals, err = landlock(); err == nil {
			err = c.restrict(bounds{})
		}
		switch {
		case err == nil && !c.signals:
			c.why = fmt.Sprintf("Landlock has version %d", c.landlock)
		case missing(err):
			c, err = Confinement{why: "Landlock: " + err.Error()}, nil
		case err != nil:
			return
		}
		switch e := filterSockets(); {
		case e == nil:
			c.sockets = true
		case c.why == "":
			c.why = "seccomp: " + e.Error()
		default:
			c.why += ", seccomp: " + e.Error()
		}
	})
	return c, err
}

// missing reports whether a kernel without Landlock gives an error, or a container that forbids it.
func missing(err error) bool {
	return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPERM)
}

// onThread runs f on a thread of its own and returns when the thread has ended. A browser could
// read the environment and the memory of this process through a thread with the same bounds.
func onThread(f func()) {
	ran := make(chan int)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with the goroutine
		thread := unix.Gettid()
		if thread == unix.Getpid() {
			// The main thread never ends. While this goroutine holds it, the next one gets another.
			onThread(f)
			runtime.UnlockOSThread()
			ran <- 0
			return
		}
		f()
		ran <- thread
	}()
	for thread := <-ran; thread != 0 && unix.Tgkill(unix.Getpid(), thread, 0) == nil; {
		<-time.After(50 * time.Microsecond)
	}
}

// start starts a confined browser. The thread that starts it has the same bounds. While it lives, a
// browser can read this process through it, so it ends at once. Nothing may depend on it then: the
// kernel must not kill the browser when that thread ends.
func (c Confinement) start(cmd *exec.Cmd, b bounds) (err error) {
	onThread(func() {
		if err = c.enter(b); err == nil {
			err = cmd.Start()
		}
	})
	return err
}

// enter confines the calling thread and the processes that it starts afterwards.
func (c Confinement) enter(b bounds) error {
	if c.landlock > 0 {
		if err := c.restrict(b); err != nil {
			return fmt.Errorf("landlock: %w", err)
		}
	}
	if c.sockets {
		if err := filterSockets(); err != nil {
			return fmt.Errorf("seccomp: %w", err)
		}
	}
	return dropCapabilities()
}

// dropCapabilities takes from a browser of root the rights that pass Landlock by: CAP_PERFMON alone
// reads the environment of any process. It keeps reading the browser's files, whoever has installed
// them.
func dropCapabilities() error {
	const keep = 1 << unix.CAP_DAC_READ_SEARCH
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	kept := data[0].Permitted & keep
	data = [2]unix.CapUserData{{Effective: kept, Permitted: kept}}
	if err := unix.Capset(&header, &data[0]); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	return nil
}

// landlock returns the version of the kernel's Landlock, and whether it can limit signals.
func landlock() (version int, signals bool, err error) {
	v, _, no := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if no != 0 {
		return 0, false, no
	}
	errata, _, no := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_ERRATA)
	return int(v), v >= landlockScopes && no == 0 && errata&erratumSignals != 0, nil
}

// handled lists the rights that a version of Landlock knows. Each is denied but by a rule.
func (c Confinement) handled() unix.LandlockRulesetAttr {
	a := unix.LandlockRulesetAttr{Handled_access_fs: fsFirst}
	if c.landlock >= landlockRefer {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if c.landlock >= landlockTruncate {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if c.landlock >= landlockTCP {
		a.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if c.landlock >= landlockIoctl {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if c.landlock >= landlockScopes {
		a.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}
	if c.signals {
		a.Scoped |= unix.LANDLOCK_SCOPE_SIGNAL
	}
	return a
}

// restrict applies Landlock to the calling thread.
func (c Confinement) restrict(b bounds) error {
	attr := c.handled()
	fd, _, no := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0) //nolint:gosec // as the kernel takes it
	if no != 0 {
		return no
	}
	set := int(fd)
	defer func() { _ = unix.Close(set) }()
	allow := func(path string, access uint64) error {
		err := allowPath(set, path, access&attr.Handled_access_fs)
		if err == nil || path != b.profile && slices.ContainsFunc(absent, func(e error) bool { return errors.Is(err, e) }) {
			return nil
		}
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, r := range rules {
		for _, path := range r.paths {
			if err := allow(path, r.access); err != nil {
				return err
			}
		}
	}
	// The browser maps its namespaces for its sandbox and tells the kernel which of its processes
	// to end when memory is short. To root, /proc is a way out of any bounds.
	if os.Geteuid() != 0 {
		if err := allow("/proc", fsRead|fsWrite); err != nil {
			return err
		}
	}
	for _, path := range slices.Concat(programFolder(b.program), b.reads) {
		if err := allow(path, fsRun); err != nil {
			return err
		}
	}
	if b.profile != "" {
		if err := allow(b.profile, fsOwn); err != nil {
			return err
		}
	}
	if c.tcp() {
		for _, port := range b.ports {
			rule := portRule{access: unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, port: uint64(port)}
			if err := addRule(set, rulePort, unsafe.Pointer(&rule)); err != nil { //nolint:gosec // as the kernel takes it
				return fmt.Errorf("port %d: %w", port, err)
			}
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if _, _, no := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(set), 0, 0); no != 0 {
		return no
	}
	return nil
}

// programFolder is where a browser has its data, if its program exists.
func programFolder(program string) []string {
	if resolved, err := filepath.EvalSymlinks(program); err == nil && program != "" {
		return []string{filepath.Dir(resolved)}
	}
	return nil
}

func allowPath(set int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= fsOfFile
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	return addRule(set, unix.LANDLOCK_RULE_PATH_BENEATH, unsafe.Pointer(&rule)) //nolint:gosec // as the kernel takes it
}

func addRule(set int, kind uintptr, rule unsafe.Pointer) error {
	if _, _, no := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(set), kind, uintptr(rule), 0, 0, 0); no != 0 {
		return no
	}
	return nil
}
