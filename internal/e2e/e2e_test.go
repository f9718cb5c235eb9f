package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seinehq/seine/examples"
	"github.com/seinehq/seine/internal/buckets"
	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/cli"
	"github.com/seinehq/seine/internal/cloudsql"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// asCommand makes the test binary be the command.
const asCommand = "SEINE_E2E_COMMAND"

// program is the seine command.
var program = cli.Program{CheckStore: buckets.Check}

func TestMain(m *testing.M) {
	cloudsql.Link()
	if os.Getenv(asCommand) != "" {
		if at := os.Getenv(nameServer); at != "" {
			askNameServer(at)
		}
		os.Exit(cli.Main(program))
	}
	os.Exit(pgtest.Main(m))
}

// command is a process of its own in a folder, with nothing of the caller's
// environment that would divert it.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, args...)
	c.Dir = dir
	c.Env = []string{asCommand + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + os.TempDir()}
	return c
}

// run runs the command to its end and returns its output.
func run(t *testing.T, dir string, wantExit int, args ...string) string {
	t.Helper()
	return runWith(t, dir, nil, wantExit, args...)
}

// runWith runs it with more in its environment.
func runWith(t *testing.T, dir string, env []string, wantExit int, args ...string) string {
	t.Helper()
	c := command(t, dir, args...)
	c.Env = append(c.Env, env...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if code := c.ProcessState.ExitCode(); code != wantExit {
		t.Fatalf("seine %s: exit %d (%v); want %d\n%s%s", strings.Join(args, " "), code, err, wantExit, &out, &errs)
	}
	return out.String()
}

// worker is a worker process, its log kept.
type process struct {
	*exec.Cmd
	log bytes.Buffer
}

func start(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: command(t, dir, args...)}
	p.Env = append(p.Env, env...)
	p.Stderr = &p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
		if t.Failed() {
			t.Logf("log of seine %s:\n%s", strings.Join(args, " "), tail(p.log.String()))
		}
	})
	return p
}

func tail(s string) string {
	if len(s) > 4000 {
		return "…" + s[len(s)-4000:]
	}
	return s
}

// stop ends a worker gracefully with exit code 0.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("a worker that was told to stop: %v\n%s", err, tail(p.log.String()))
	}
}

// status is the output of `status -o json`.
type status struct {
	States map[string]int64 `json:"states"`
	Unseen int64            `json:"unseen"`
	Paused bool             `json:"paused"`
}

func (s status) left() int64 {
	return s.States["pending"] + s.States["in_progress"] + s.Unseen
}

func readStatus(t *testing.T, dir, at, job string) status {
	t.Helper()
	var s status
	if err := json.Unmarshal([]byte(run(t, dir, 0, "status", job, "--frontier", at, "-o", "json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// await polls until cond holds. Most conditions start a process, so it rests between two, which
// leaves the machine to the run.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	const rest = 300 * time.Millisecond
	for !cond() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s did not come", what)
		case <-time.After(rest):
		}
	}
}

func serve(t *testing.T, cfg cardsite.Config) *cardsite.Served {
	t.Helper()
	site, err := cardsite.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cardsite.Serve(t.Context(), site, "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

const (
	firstID = 70000000
	lastID  = 70000149
)

// cardJob writes the example job for a served registry.
func cardJob(t *testing.T, dir string, s *cardsite.Served) string {
	t.Helper()
	text := strings.NewReplacer(
		examples.CardsitePages, strings.TrimPrefix(s.PagesURL, "http://"), examples.CardsiteImages, strings.TrimPrefix(s.ImagesURL, "http://"),
		"to: 70000199", fmt.Sprintf("to: %d", lastID)).Replace(examples.Cardsite)
	path := filepath.Join(dir, "job.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The demo job in one process on SQLite.
func TestRegistryOnSQLite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	site := serve(t, cardsite.Config{From: firstID, To: lastID})
	job := cardJob(t, dir, site)
	run(t, dir, 0, "run", job)
	compare(t, site, "sqlite:"+filepath.Join(dir, "data", "seine.db"), folder(t, filepath.Join(dir, "data", "cardsite")))
	before := len(site.Journal())
	run(t, dir, 0, "run", job)
	if after := len(site.Journal()); after != before {
		t.Errorf("a run that has nothing left asked the site %d times", after-before)
	}
}

// The demo job, unchanged, with three worker processes on PostgreSQL; one is
// killed in the middle and started again.
func TestRegistryOnPostgreSQLWithAKilledWorker(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	site := serve(t, cardsite.Config{From: firstID, To: lastID, Stamps: true})
	job := cardJob(t, dir, site)
	at := pgtest.Empty(t)
	run(t, dir, 0, "migrate", "--frontier", at)
	work := func() *process {
		return start(t, dir, nil, "worker", job, "--frontier", at, "--lease", "2s", "--grace", "10s", "--concurrency", "4")
	}
	victim, others := work(), []*process{work(), work()}
	await(t, "the middle of the run", func() bool { return len(site.Journal()) > 120 })
	if err := victim.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait()
	others = append(others, work())
	await(t, "the end of the run", func() bool {
		s := readStatus(t, dir, at, "cardsite")
		return s.left() == 0 && s.States["error"] == 0 && s.States["done"] > 0 && stalesAreFinal(t, dir, at, "cardsite")
	})
	for _, p := range others {
		p.stop(t)
	}
	compare(t, site, at, folder(t, filepath.Join(dir, "data", "cardsite")))
}

// stalesAreFinal reports that no stale task waits for its next attempt.
func stalesAreFinal(t *testing.T, dir, at, job string) bool {
	t.Helper()
	return !strings.Contains(run(t, dir, 0, "tasks", job, "--frontier", at, "--state", "stale", "-o", "json"), `"final":false`)
}
