package arena

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/seinehq/seine/internal/chaos"
)

// fleet keeps a constant number of workers running and replaces each that ends.
type fleet struct {
	command func(slot int, name string) *exec.Cmd
	started func(pid int) error
	slots   []*slot
	wg      sync.WaitGroup

	mu       sync.Mutex
	exits    []chaos.Exit
	acks     []chaos.Ack
	stopping bool
	errs     []error
}

// slot is the place of one worker at a time.
type slot struct {
	cmd    *exec.Cmd
	name   string
	began  time.Time
	killed bool // by us
	gone   chan struct{}
	log    *lastWords
}

// restartAfter is how long a place stays empty.
const restartAfter = 100 * time.Millisecond

func startFleet(ctx context.Context, n int, command func(slot int, name string) *exec.Cmd, started func(pid int) error) *fleet {
	f := &fleet{command: command, started: started, slots: make([]*slot, n)}
	for i := range f.slots {
		f.slots[i] = &slot{}
		f.wg.Go(func() { f.keep(ctx, i) })
	}
	return f
}

// keep runs the workers of one place until the fleet stops.
func (f *fleet) keep(ctx context.Context, i int) {
	for generation := 1; ; generation++ {
		s := &slot{name: fmt.Sprintf("w%d.%d", i, generation), began: time.Now(), gone: make(chan struct{}), log: &lastWords{}}
		s.log.line = func(line []byte) { f.heard(s.name, line) }
		s.cmd = f.command(i, s.name)
		s.cmd.Stderr = s.log
		f.mu.Lock()
		if f.stopping {
			f.mu.Unlock()
			return
		}
		err := s.cmd.Start()
		if err == nil {
			err = f.started(s.cmd.Process.Pid)
			f.slots[i] = s
		}
		if err != nil {
			f.errs = append(f.errs, err)
			f.stopping = true
		}
		f.mu.Unlock()
		if s.cmd.Process == nil {
			return
		}
		_ = s.cmd.Wait()
		at := time.Now()
		f.mu.Lock()
		if !s.killed {
			f.exits = append(f.exits, chaos.Exit{
				Worker: s.name, Started: s.began, At: at, Code: s.cmd.ProcessState.ExitCode(), ToldTo: f.stopping, Said: s.log.String(),
			})
		}
		f.mu.Unlock()
		close(s.gone)
		select {
		case <-ctx.Done():
			return
		case <-time.After(restartAfter):
		}
	}
}

// worker returns the current worker of a slot. ok is false if the slot is empty.
func (f *fleet) worker(i int) (s *slot, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s = f.slots[i]
	if s.cmd == nil {
		return s, false
	}
	select {
	case <-s.gone:
		return s, false
	default:
		return s, true
	}
}

// kill ends a worker by SIGKILL and waits until it is gone.
func (f *fleet) kill(s *slot) {
	f.mu.Lock()
	s.killed = true
	f.mu.Unlock()
	_ = s.cmd.Process.Kill()
	<-s.gone
}

// pids returns the process IDs of the running workers.
func (f *fleet) pids() []int {
	var out []int
	for i := range f.slots {
		if s, ok := f.worker(i); ok {
			out = append(out, s.cmd.Process.Pid)
		}
	}
	return out
}

// stopWithin is how long a worker may take to end after SIGTERM: its grace and
// some.
const stopWithin = 40 * time.Second

// stop ends all workers by SIGTERM and waits for them.
func (f *fleet) stop() error {
	f.mu.Lock()
	f.stopping = true
	f.mu.Unlock()
	for i := range f.slots {
		s, ok := f.worker(i)
		if !ok {
			continue
		}
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(stopWithin, func() { _ = s.cmd.Process.Kill() })
		defer late.Stop()
	}
	f.wg.Wait()
	return errors.Join(f.errs...)
}

// log of all workers that run.
func (f *fleet) logs() string {
	var b bytes.Buffer
	for i := range f.slots {
		if s, ok := f.worker(i); ok {
			fmt.Fprintf(&b, "--- %s\n%s\n", s.name, s.log)
		}
	}
	return b.String()
}

// heard takes in one line of a worker's log.
func (f *fleet) heard(worker string, line []byte) {
	var l struct {
		Time time.Time
		Msg  string
		Task string
	}
	if json.Unmarshal(line, &l) != nil || l.Msg != "task done" && l.Msg != "task ended" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acks = append(f.acks, chaos.Ack{At: l.Time, Key: l.Task, Worker: worker})
}

// lastWords keeps the end of a worker's output and passes on whole lines.
type lastWords struct {
	line func([]byte)

	mu         sync.Mutex
	text, rest []byte
}

const keptWords = 8 << 10

func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text, l.rest = append(l.text, p...), append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			break
		}
		l.line(line)
		l.rest = append([]byte(nil), rest...)
	}
	if len(l.text) > 2*keptWords {
		l.text = append([]byte(nil), l.text[len(l.text)-keptWords:]...)
	}
	return len(p), nil
}

func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return tail(string(l.text))
}
