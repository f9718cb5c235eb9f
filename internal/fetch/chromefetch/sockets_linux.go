package chromefetch

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// filterSockets leaves the calling thread, and its children, the sockets that a browser behind a
// proxy needs: TCP, those of this machine, and those by which the kernel reports its interfaces.
// Landlock limits connect alone, and only of TCP. Without the filter, UDP and Multipath TCP, which
// reaches any TCP server, would pass it by, and on kernels before its correction also a message
// that opens its connection (MSG_FASTOPEN). A name is therefore not resolved either. The filter
// also refuses calls that change other processes and the attributes of files.
func filterSockets() error {
	code := socketFilter()
	if code == nil {
		return unix.ENOTSUP
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0) //nolint:gosec // as the kernel takes it
	runtime.KeepAlive(code)
	return err
}

// The parts of struct seccomp_data. The numbers of arguments have 64 bits, of which the kernel
// takes the lower 32 for all that the filter looks at.
const (
	callNumber = 0
	callArch   = 4
	callArgs   = 16
)

// socketFilter returns the program; nil for a processor whose calls it does not know.
func socketFilter() []unix.SockFilter {
	var arch uint32
	switch runtime.GOARCH {
	case "amd64":
		arch = unix.AUDIT_ARCH_X86_64
	case "arm64":
		arch = unix.AUDIT_ARCH_AARCH64
	default:
		return nil
	}
	// x32 has the calls of amd64 by other numbers. No number of another processor is as large.
	const x32 = 0x40000000

	allow, none := result(unix.SECCOMP_RET_ALLOW), fail(unix.ENOSYS)
	tcp := program(argument(1), masked(0xf), unless(unix.SOCK_STREAM, fail(unix.EACCES)),
		argument(2), when(0, allow), unless(unix.IPPROTO_TCP, fail(unix.EACCES)), allow)
	socket := program(argument(0), when(unix.AF_UNIX, allow), when(unix.AF_NETLINK, allow),
		when(unix.AF_INET, tcp), when(unix.AF_INET6, tcp), fail(unix.EAFNOSUPPORT))
	message := func(flags uint32) []unix.SockFilter {
		return program(argument(flags), whenAny(unix.MSG_FASTOPEN, fail(unix.EACCES)), allow)
	}
	return program(
		load(callArch), unless(arch, none),
		load(callNumber), whenAny(x32, none),
		when(unix.SYS_SOCKET, socket),
		when(unix.SYS_SENDTO, message(3)), when(unix.SYS_SENDMSG, message(2)), when(unix.SYS_SENDMMSG, message(3)),
		when(unix.SYS_IO_URING_SETUP, none), // it makes sockets past any filter
		otherProcesses(), attributes(),
		allow,
	)
}

func program(parts ...[]unix.SockFilter) (out []unix.SockFilter) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func load(at uint32) []unix.SockFilter {
	return []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}}
}

// argument loads the lower half of an argument; both processors have it first.
func argument(n uint32) []unix.SockFilter { return load(callArgs + 8*n) }

func masked(bits uint32) []unix.SockFilter {
	return []unix.SockFilter{{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: bits}}
}

// when runs then, which must end with a result, if the loaded value equals k.
func when(k uint32, then []unix.SockFilter) []unix.SockFilter {
	return program([]unix.SockFilter{{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: k, Jf: uint8(len(then))}}, then)
}

func unless(k uint32, then []unix.SockFilter) []unix.SockFilter {
	return program([]unix.SockFilter{{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: k, Jt: uint8(len(then))}}, then)
}

// whenAny runs then if the loaded value has one of the bits.
func whenAny(bits uint32, then []unix.SockFilter) []unix.SockFilter {
	return program([]unix.SockFilter{{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: bits, Jf: uint8(len(then))}}, then)
}

func result(k uint32) []unix.SockFilter {
	return []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: k}}
}

func fail(no unix.Errno) []unix.SockFilter { return result(unix.SECCOMP_RET_ERRNO | uint32(no)) }
