package arena

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is a PostgreSQL of this run, with its files in a temporary folder, on a loopback port, as
// a user that is not root. Its commits survive each way of stopping it.
type server struct {
	bin, dir string
	port     int
	settings []string // further ones, as -c takes them
	as       *syscall.SysProcAttr
	cmd      *exec.Cmd
	ended    chan struct{}
}

// findServer returns the folder of initdb and postgres, the newest version's.
func findServer() (string, error) {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	version := func(dir string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		return n
	}
	slices.SortFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	for _, dir := range append(dirs, "/usr/local/pgsql/bin") {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir, nil
		}
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errors.New("PostgreSQL is not installed: scripts/install postgresql")
}

func startServer(ctx context.Context, settings ...string) (_ *server, err error) {
	s := &server{as: &syscall.SysProcAttr{Setpgid: true}, settings: settings}
	if s.bin, err = findServer(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "seine-chaos-pg."); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := s.notRoot(); err != nil {
		return nil, err
	}
	initdb := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.Dir, initdb.SysProcAttr, initdb.Env = s.dir, s.as, append(os.Environ(), "HOME="+s.dir)
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	return s, s.start(ctx)
}

// notRoot has the server run as the user postgres when we are root, which it refuses.
func (s *server) notRoot() error {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("root may not run PostgreSQL: %w: scripts/install postgresql creates that user", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	s.as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, uid, gid)
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

func (s *server) dsn() string { return s.dsnAt(s.port) }

// dsnAt is the database behind a port that leads to it.
func (s *server) dsnAt(port int) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
}

// start starts it and waits until it answers.
func (s *server) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	// fsync stays on, so that commits survive every way of stopping.
	args := []string{"-D", s.data(), "-p", strconv.Itoa(s.port)}
	for _, set := range append([]string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "shared_buffers=64MB", "max_connections=60", "log_min_messages=warning",
	}, s.settings...) {
		args = append(args, "-c", set)
	}
	// It outlives ctx, and close stops it.
	c := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(s.bin, "postgres"), args...)
	c.Dir, c.SysProcAttr, c.Stdout, c.Stderr = s.dir, s.as, log, log
	if err := c.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	s.cmd, s.ended = c, make(chan struct{})
	go func(ended chan struct{}) {
		_ = c.Wait()
		close(ended)
	}(s.ended)
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.dsn())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.ended:
			return fmt.Errorf("PostgreSQL ended as it started: %s", s.said())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w: %s", err, s.said())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// said returns the end of its log.
func (s *server) said() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return tail(string(text))
}

// stop ends it, either fast (it ends connections and writes a checkpoint) or immediately, after
// which it recovers from its log.
func (s *server) stop(fast bool) {
	sig := syscall.SIGQUIT
	if fast {
		sig = syscall.SIGINT
	}
	_ = s.cmd.Process.Signal(sig)
	select {
	case <-s.ended:
	case <-time.After(30 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

func (s *server) close() error {
	if s.cmd != nil {
		s.stop(false)
	}
	return os.RemoveAll(s.dir)
}

func tail(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 2000 {
		return "…" + text[len(text)-2000:]
	}
	return text
}
