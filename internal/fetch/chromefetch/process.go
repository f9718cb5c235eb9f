//go:build unix

package chromefetch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"
)

// process is one browser with its process group, pipe and profile.
type process struct {
	profile *profile
	pid     int // and process group
	conn    *chromedp.PipeConn
	output  *tail

	exited chan struct{} // closed when the first process of the group is reaped
	err    error         // of that process; valid after exited
}

// launch starts a browser. It uses a pipe, not a port, so that no other process can connect. The
// browser ends by itself when this end of the pipe closes, even if this process dies.
func launch(path string, flags []string, root string, c Confinement, ports []uint16) (*process, error) {
	prof, err := newProfile(root)
	if err != nil {
		return nil, err
	}
	p, err := spawn(path, append(flags, "--remote-debugging-pipe", profileFlag+prof.dir, "about:blank"), prof, c, ports)
	if err != nil {
		prof.remove()
		return nil, err
	}
	return p, nil
}

func spawn(path string, args []string, prof *profile, c Confinement, ports []uint16) (_ *process, err error) {
	var ends []*os.File
	defer func() {
		if err != nil {
			closeAll(ends)
		}
	}()
	pipe := func() (r, w *os.File, err error) {
		if r, w, err = os.Pipe(); err == nil {
			ends = append(ends, r, w)
		}
		return r, w, err
	}
	commandsIn, commands, err := pipe()
	if err != nil {
		return nil, err
	}
	answers, answersOut, err := pipe()
	if err != nil {
		return nil, err
	}
	out := &tail{}
	cmd := exec.Command(path, args...)                         //nolint:noctx,gosec // it lives longer than the call; close ends it
	cmd.ExtraFiles = []*os.File{commandsIn, answersOut}        // 3 and 4, as the browser wants them
	cmd.Stdout, cmd.Stderr, cmd.Env = out, out, prof.environ() // not ours: it holds secrets
	cmd.SysProcAttr = ownGroup()
	cmd.WaitDelay = time.Second // for children that hold the output open

	if err := keepFiles(); err != nil {
		return nil, err
	}
	p := &process{profile: prof, output: out, exited: make(chan struct{})}
	if c.on() {
		err = c.start(cmd, bounds{program: path, reads: prof.reads(), profile: prof.dir, ports: ports})
	} else {
		err = startTied(cmd, p.exited)
	}
	if err != nil {
		return nil, err
	}
	go func() {
		p.err = cmd.Wait()
		// The started program may be a script with the browser as its child.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		close(p.exited)
	}()
	p.pid = cmd.Process.Pid
	closeAll([]*os.File{commandsIn, answersOut})
	if err := prof.lock.note(p.pid); err != nil {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
		<-p.exited
		return nil, fmt.Errorf("profile: %w", err)
	}
	p.conn = chromedp.NewPipeConn(answers, commands)
	return p, nil
}

// startTied starts a browser that the kernel kills when this process dies (see tie). It does so
// when the thread that started the browser ends, so that thread stays until the browser has ended.
func startTied(cmd *exec.Cmd, exited <-chan struct{}) error {
	tie(cmd.SysProcAttr)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			<-exited
		}
	}()
	return <-started
}

// ownGroup puts a browser into a process group of its own. The group is killed as a whole, and
// Ctrl-C in the terminal does not reach it.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// closeGrace is how long a browser may take to end by itself. It has nothing to
// save.
const closeGrace = 2 * time.Second

// close ends the browser, its whole group, and removes its profile.
func (p *process) close() {
	_ = p.conn.Close()
	select {
	case <-p.exited:
	case <-time.After(closeGrace):
	}
	p.kill()
	p.profile.remove()
}

// kill ends the whole group, waits for its first process, and reaps the orphans that this process
// inherits as the first process of a container.
func (p *process) kill() {
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	<-p.exited
	p.profile.killUsers()
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); {
		pid, err := syscall.Wait4(-p.pid, nil, syscall.WNOHANG, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return // none of ours is left
		case pid == 0:
			<-time.After(5 * time.Millisecond) // dying
		}
	}
}

// died returns how the browser ended.
func (p *process) died(ctx context.Context) error {
	select {
	case <-p.exited:
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
	select {
	case <-p.exited:
	default:
		return errors.New("it does not answer")
	}
	if p.err != nil {
		return p.err
	}
	return errors.New("exit status 0")
}

// tail keeps the last lines that a browser writes.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxTail = 2 << 10

// Write keeps the last bytes.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b[max(0, len(b)-maxTail):]...)
	if n := len(t.text) - maxTail; n > 0 {
		t.text = append(t.text[:0], t.text[n:]...)
	}
	return len(b), nil
}

// String returns the last lines as one.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(strings.Fields(string(t.text)), " ")
}
