package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/examples"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/cli"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// asCommand makes the test binary be the command.
const asCommand = "SEINE_E2E_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(cli.Main())
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

// seine runs the command to its end and returns what it printed.
func run(t *testing.T, dir string, wantExit int, args ...string) string {
	t.Helper()
	c := command(t, dir, args...)
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

func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: command(t, dir, args...)}
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

// stop ends a worker gracefully: exit 0.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("a worker that was told to stop: %v\n%s", err, tail(p.log.String()))
	}
}

// status is what `status -o json` says.
type status struct {
	States map[string]int64 `json:"states"`
	Unseen int64            `json:"unseen"`
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

// await polls until cond holds.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s did not come", what)
		case <-tick.C:
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
	text := strings.NewReplacer("http://"+examples.CardsitePages, s.PagesURL, "to: 70000199", fmt.Sprintf("to: %d", lastID)).Replace(examples.Cardsite)
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
	compare(t, site, "sqlite:"+filepath.Join(dir, "data", "seine.db"), filepath.Join(dir, "data", "cardsite"))
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
	site := serve(t, cardsite.Config{From: firstID, To: lastID})
	job := cardJob(t, dir, site)
	at := pgtest.Empty(t)
	run(t, dir, 0, "migrate", "--frontier", at)
	work := func() *process {
		return start(t, dir, "worker", job, "--frontier", at, "--lease", "2s", "--grace", "10s", "--concurrency", "4")
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
		return s.left() == 0 && s.States["error"] == 0 && s.States["done"] > 0 && stalesAreFinal(t, dir, at)
	})
	for _, p := range others {
		p.stop(t)
	}
	compare(t, site, at, filepath.Join(dir, "data", "cardsite"))
}

// stalesAreFinal reports that no stale task waits for its next try.
func stalesAreFinal(t *testing.T, dir, at string) bool {
	t.Helper()
	return !strings.Contains(run(t, dir, 0, "tasks", "cardsite", "--frontier", at, "--state", "stale", "-o", "json"), `"final":false`)
}

// compare checks a frontier and a store against the site's truth: id by id,
// picture by picture.
func compare(t *testing.T, site *cardsite.Served, at, store string) {
	t.Helper()
	f, err := drivers.Open(t.Context(), at, drivers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	jobs, err := f.Jobs(t.Context())
	if err != nil || len(jobs) != 1 {
		t.Fatalf("jobs %+v, %v; want one", jobs, err)
	}
	tasks, err := f.Tasks(t.Context(), jobs[0].ID, frontier.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]frontier.TaskInfo{}
	for _, x := range tasks {
		got[x.Key] = x
	}
	if len(got) != len(site.Truths()) || len(tasks) != len(got) {
		t.Errorf("%d tasks; want %d", len(tasks), len(site.Truths()))
	}
	records := map[string][]frontier.Stored{}
	if err := f.Records(t.Context(), jobs[0].ID, func(r frontier.Stored) error {
		records[r.Key] = append(records[r.Key], r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	files := map[string]bool{}
	for _, want := range site.Truths() {
		key := fmt.Sprint(want.ID)
		task := got[key]
		if task.State != want.State || task.Reason != want.Reason || !task.Final {
			t.Errorf("%s is %s (%s), final %v; want %s (%s)", key, task.State, task.Reason, task.Final, want.State, want.Reason)
		}
		if want.State != seine.Done {
			if len(records[key]) != 0 {
				t.Errorf("%s is %s and has %d records", key, want.State, len(records[key]))
			}
			continue
		}
		if len(records[key]) != 1 {
			t.Errorf("%s has %d records; want 1", key, len(records[key]))
			continue
		}
		compareRecord(t, site, want, records[key][0], store, files)
	}
	if err := filepath.WalkDir(store, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(store, path)
		if !files[filepath.ToSlash(rel)] {
			t.Errorf("%s is nobody's", rel)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

func compareRecord(t *testing.T, site *cardsite.Served, want cardsite.Truth, rec frontier.Stored, store string, files map[string]bool) {
	t.Helper()
	var fields struct{ Cert, Grade, Title string }
	if err := json.Unmarshal(rec.Fields, &fields); err != nil {
		t.Fatal(err)
	}
	if fields.Cert != rec.Key || fields.Grade != want.Grade || !strings.HasSuffix(fields.Title, want.Name) {
		t.Errorf("%s: fields %+v; want grade %s, name %s", rec.Key, fields, want.Grade, want.Name)
	}
	if len(rec.Assets) != 2 {
		t.Errorf("%s has %d assets; want 2", rec.Key, len(rec.Assets))
	}
	for _, a := range rec.Assets {
		if path := fmt.Sprintf("png/%s/%s_%s.png", want.Grade, rec.Key, a.Name); a.Path != path {
			t.Errorf("%s lies at %s; want %s", a.Name, a.Path, path)
		}
		files[a.Path] = true
		body, err := os.ReadFile(filepath.Join(store, filepath.FromSlash(a.Path)))
		if err != nil {
			t.Error(err)
			continue
		}
		if int64(len(body)) != a.Bytes {
			t.Errorf("%s has %d bytes; its row says %d", a.Path, len(body), a.Bytes)
		}
		size := "large"
		if a.Name == "front" && !want.LargeFront || a.Name == "back" && !want.LargeBack {
			size = "small"
		}
		if err := samePicture(site, want.ID, a.Name, size, body); err != nil {
			t.Errorf("%s: %v", a.Path, err)
		}
	}
}

// samePicture compares a stored picture with what the site served, cropped
// here, pixel by pixel.
func samePicture(site *cardsite.Served, id int64, side, size string, body []byte) error {
	img, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		return err
	}
	served, ok := site.Image(id, side, size)
	if !ok {
		return fmt.Errorf("the site has no %s %s", size, side)
	}
	src, _, err := image.Decode(bytes.NewReader(served))
	if err != nil {
		return err
	}
	b := cardsite.Boxes[side]
	box := asset.Box(seine.Crop{
		OfWidth: cardsite.Width, OfHeight: cardsite.Height, Left: b.Min.X, Top: b.Min.Y, Right: b.Max.X, Bottom: b.Max.Y,
	}, src.Bounds().Dx(), src.Bounds().Dy())
	if img.Bounds().Size() != box.Size() {
		return fmt.Errorf("size %v; want %v", img.Bounds().Size(), box.Size())
	}
	for y := range box.Dy() {
		for x := range box.Dx() {
			r1, g1, b1, _ := img.At(img.Bounds().Min.X+x, img.Bounds().Min.Y+y).RGBA()
			r2, g2, b2, _ := src.At(box.Min.X+x, box.Min.Y+y).RGBA()
			if r1>>8 != r2>>8 || g1>>8 != g2>>8 || b1>>8 != b2>>8 {
				return fmt.Errorf("pixel %d, %d is %d %d %d; want %d %d %d", x, y, r1>>8, g1>>8, b1>>8, r2>>8, g2>>8, b2>>8)
			}
		}
	}
	return nil
}
