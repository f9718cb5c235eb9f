package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// The original's job runs for real: in Chromium, on pages that need scripts, into a Google bucket.

// Of these IDs one first shows another ID, one shows nothing, three fail and one breaks off. Four
// have no card, and one has no back. None is stale for ever, which takes minutes with the job's own
// timeouts.
var originalSite = cardsite.Config{Seed: 78, From: firstID, To: firstID + 39}

// originalJob writes the original's job, unchanged but for host, private
// addresses, range, pace and exploring.
func originalJob(t *testing.T, dir string, s *cardsite.Served) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "psa-cards", "job.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	job := string(text)
	before, _, _ := strings.Cut(job, "pace:\n")
	_, after, _ := strings.Cut(job, "fields:\n")
	job = before + "pace: {delay: 0s, concurrency: 0}\nfields:\n" + after
	for _, r := range [][2]string{
		{"https://www.psacard.com/cert/", s.PagesURL + "/app/cert/"},
		{"fetch:\n", "fetch:\n  allow_private: [127.0.0.0/8]\n"},
		{"from: 70000000, to: 123371178", fmt.Sprintf("from: %d, to: %d", originalSite.From, originalSite.To)},
		{"strategy: forager", "strategy: off"},
	} {
		if strings.Count(job, r[0]) != 1 {
			t.Fatalf("the original's job has %q %d times; want once", r[0], strings.Count(job, r[0]))
		}
		job = strings.Replace(job, r[0], r[1], 1)
	}
	path := filepath.Join(dir, "psa.yaml")
	if err := os.WriteFile(path, []byte(job), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// google is a bucket of Google's, faked.
type google struct {
	*fakestorage.Server
	host string
}

func fakeGoogle(t *testing.T) *google {
	t.Helper()
	front := httptest.NewUnstartedServer(nil)
	at := "http://" + front.Listener.Addr().String()
	s, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, ExternalURL: at, PublicHost: strings.TrimPrefix(at, "http://"), Writer: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "cards"})
	front.Config.Handler = s.HTTPHandler()
	front.Start()
	t.Cleanup(front.Close)
	return &google{s, front.Listener.Addr().String()}
}

// use puts a process's files into the bucket.
func (g *google) use(env []string) []string {
	return append(env, "STORAGE_EMULATOR_HOST="+g.host, "GCS_BUCKET=cards")
}

func (g *google) files(t *testing.T) files {
	t.Helper()
	list, err := g.ListObjectsWithOptionsPaginated("cards", fakestorage.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out := files{}
	for _, o := range list.Objects {
		full, err := g.GetObject("cards", o.Name)
		if err != nil {
			t.Fatal(err)
		}
		out[o.Name] = full.Content
	}
	return out
}

func TestTheOriginalsJobOnSQLite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	site := serve(t, originalSite)
	job := originalJob(t, dir, site)
	g := fakeGoogle(t)
	at := "sqlite:" + filepath.Join(dir, "data", "seine.db")
	p := start(t, dir, g.use(nil), "run", job)
	await(t, "the middle of the run", func() bool { return len(site.Journal()) > 25 })
	killBrowser(t, p.Process.Pid)
	if err := p.Wait(); err != nil {
		t.Fatalf("run: %v\n%s", err, tail(p.log.String()))
	}
	if !strings.Contains(p.log.String(), "browser died") {
		t.Error("no page failed with the browser that was killed")
	}
	checkOriginal(t, dir, job, at, site, g)
}

func TestTheOriginalsJobOnPostgreSQL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	small := originalSite
	small.Stamps = true // pictures of full size are those of the test on SQLite
	site := serve(t, small)
	job := originalJob(t, dir, site)
	g := fakeGoogle(t)
	at := pgtest.Empty(t)
	run(t, dir, 0, "migrate", "--frontier", at)
	work := func() *process {
		return start(t, dir, g.use(nil), "worker", job, "--frontier", at, "--lease", "5s", "--grace", "40s", "--concurrency", "3")
	}
	victim, other, third := work(), work(), work()
	await(t, "the beginning of the run", func() bool { return len(site.Journal()) > 10 })
	if err := victim.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait()
	await(t, "the middle of the run", func() bool { return len(site.Journal()) > 25 })
	killBrowser(t, other.Process.Pid)
	next := work()
	await(t, "the end of the run", func() bool {
		s := readStatus(t, dir, at, "psa-cards")
		return s.left() == 0 && s.States["error"] == 0 && s.States["done"] > 0 && stalesAreFinal(t, dir, at, "psa-cards")
	})
	for _, p := range []*process{other, third, next} {
		p.stop(t)
	}
	checkOriginal(t, dir, job, at, site, g)
}

// checkOriginal compares everything with the truth, by our own eyes and by the
// tools of the dataset.
func checkOriginal(t *testing.T, dir, job, at string, site *cardsite.Served, g *google) {
	t.Helper()
	compare(t, site, at, g.files(t))

	out := runWith(t, dir, g.use(nil), 0, "audit", job, "--deep", "--frontier", at)
	if !strings.Contains(out, "clean") && !strings.Contains(out, "nothing") {
		t.Logf("audit says\n%s", out)
	}
	// This count of wanted cards is independent of Seine.
	want, total := map[string]int{}, 0
	for _, x := range site.Truths() {
		if x.State == seine.Done {
			want[x.Grade]++
			total++
		}
	}
	for _, args := range [][]string{{"--frontier", at}, {"--bucket-only"}} {
		var got struct {
			By     string `json:"by"`
			Values []struct {
				Value    string `json:"value"`
				Complete int    `json:"complete"`
			} `json:"values"`
			Total      int   `json:"total"`
			Incomplete []any `json:"incomplete"`
			Double     []any `json:"double"`
		}
		text := runWith(t, dir, g.use(nil), 0, append([]string{"count", job, "--by", "grade", "-o", "json"}, args...)...)
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("count: %v\n%s", err, text)
		}
		if got.By != "grade" || got.Total != total || len(got.Values) != len(want) || len(got.Incomplete)+len(got.Double) != 0 {
			t.Errorf("count %v says %+v; want %d of %v", args, got, total, want)
		}
		for _, v := range got.Values {
			if want[v.Value] != v.Complete {
				t.Errorf("count %v: %d of grade %s; want %d", args, v.Complete, v.Value, want[v.Value])
			}
		}
	}
}

// killBrowser kills the browser of a process, which is its child, or the child of that child if a
// script starts it.
func killBrowser(t *testing.T, worker int) {
	t.Helper()
	browsers := children(worker)
	if len(browsers) == 0 {
		t.Fatal("the worker has no browser")
	}
	for _, pid := range browsers {
		inner := children(pid)
		_ = syscall.Kill(pid, syscall.SIGKILL)
		for _, pid := range inner {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// children lists the processes that a process has started.
func children(parent int) []int {
	var out []int
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(f) > 1 && f[1] == strconv.Itoa(parent) && f[0] != "Z" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			out = append(out, pid)
		}
	}
	return out
}
