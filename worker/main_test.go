package worker_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/internal/testkit"
	"github.com/seinehq/seine/worker"
)

// asProgram makes the test binary a program with its own jobs, which scrape the site at this URL.
const asProgram = "SEINE_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if site := os.Getenv(asProgram); site != "" {
		worker.Main(programJobs(site)...)
	}
	os.Exit(m.Run())
}

// stamped is a fetcher that adds a header to every request.
type stamped struct{ seine.Fetcher }

func (s stamped) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	req.Header = req.Header.Clone()
	req.Header.Set("X-Stamp", "mine")
	return s.Fetcher.Fetch(ctx, req)
}

func programJobs(site string) []seine.Job {
	jobs := []seine.Job{{
		Name: "shoes", Permission: "by mail",
		Seeds: seine.Seeds{IDs: []seine.IDSpace{{From: 1, To: 3}}, URL: site + "/p/{id}"},
		Scraper: html.ScraperFunc(func(_ context.Context, _ seine.Task, doc *html.Document) (seine.Result, error) {
			if doc.First("h1").Text() == "" {
				return seine.Result{}, seine.Skip("no shoe")
			}
			return seine.Result{
				Records: []seine.Record{{Fields: map[string]any{"name": doc.First("h1").Text()}}},
				Assets:  []seine.Asset{{Name: "photo", URL: "/photo.bin", Path: "p"}},
			}, nil
		}),
		Fetch: seine.Fetch{
			Wrap:         func(standard seine.Fetcher) seine.Fetcher { return stamped{standard} },
			AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")},
		},
		Explore: seine.Explore{Strategy: seine.StrategyOff},
		Pace:    seine.Pace{Delay: seine.NoDelay},
	}}
	if os.Getenv(asProgram+"_TWO") != "" {
		other := jobs[0]
		other.Name = "boots"
		jobs = append(jobs, other)
	}
	return jobs
}

func shoeSite(t *testing.T) *testkit.Site {
	t.Helper()
	return testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/robots.txt":
			http.NotFound(w, r)
		case r.Header.Get("X-Stamp") != "mine":
			http.Error(w, "no stamp", http.StatusForbidden)
		case r.URL.Path == "/photo.bin":
			_, _ = fmt.Fprint(w, "photo")
		case r.URL.Path == "/p/3":
			_, _ = fmt.Fprint(w, "<p>none")
		default:
			_, _ = fmt.Fprintf(w, "<h1>Shoe %s</h1>", strings.TrimPrefix(r.URL.Path, "/p/"))
		}
	})
}

// call runs the test binary as a program.
func call(t *testing.T, dir, site string, env []string, args ...string) (string, int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Dir, c.Env = dir, append([]string{asProgram + "=" + site, "HOME=" + dir, "PATH=" + os.Getenv("PATH")}, env...)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// A program with its own jobs is the whole command for them, on both frontiers.
func TestMainIsTheCommand(t *testing.T) {
	t.Parallel()
	testkit.DSNs(t, func(t *testing.T, frontier string) {
		site, dir := shoeSite(t), t.TempDir()
		name := filepath.Base(os.Args[0])
		has := func(code int, args []string, wants ...string) {
			t.Helper()
			out, got := call(t, dir, site.URL, nil, args...)
			if got != code {
				t.Errorf("%v: exit %d; want %d\n%s", args, got, code, out)
			}
			for _, want := range wants {
				if !strings.Contains(out, want) {
					t.Errorf("%v: %q is missing in\n%s", args, want, out)
				}
			}
		}
		at := []string{"--frontier", frontier}
		has(0, []string{"--help"}, "Run the jobs shoes", name+" [command]")
		has(0, []string{"validate"}, "job shoes is valid", "1 to 3: 3, by strategy off")
		has(0, []string{"try", "2"}, "HTTP 200", `field     name       "Shoe 2"`, "asset     photo", "nothing was written")
		has(0, []string{"try", "shoes", "3"}, "verdict   skipped  no shoe")
		has(0, append([]string{"run"}, at...), "skipped  1", "2 files in data/shoes")
		has(0, append([]string{"status"}, at...), "done     2")
		has(0, append([]string{"tasks"}, at...), "no shoe")
		has(0, append([]string{"export", "-o", "-"}, at...), `"name":"Shoe 1"`, name+": 2 records of job shoes; permission: by mail")
		has(0, append([]string{"audit"}, at...), "2 assets of 2 records")
		has(0, append([]string{"retry", "1"}, at...), "1 task sent back")
		has(2, append([]string{"retry", "7"}, at...), "no such task: 7")
		has(0, append([]string{"run", "shoes"}, at...), "done")
		has(2, []string{"demo"}, `unknown command "demo"`)
		has(3, []string{"run", "boots.yaml"}, "open boots.yaml: no such file")

		var got []string
		for r, err := range worker.Records(t.Context(), frontier, "shoes") {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(r.Key, r.Kind, r.Task, r.Fields, len(r.Files), r.Files[0].Name, r.Files[0].Bytes))
		}
		if diff := cmp.Diff([]string{"1record1map[name:Shoe 1] 1photo5", "2record2map[name:Shoe 2] 1photo5"}, got); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
		for _, err := range worker.Records(t.Context(), frontier, "none") {
			if !errors.Is(err, worker.ErrNoJob) {
				t.Error(err)
			}
		}
		if out, code := call(t, dir, site.URL, []string{asProgram + "_TWO=1"}, "run"); code != 2 || !strings.Contains(out, "the jobs are shoes, boots") {
			t.Errorf("two jobs, exit %d: %s", code, out)
		}
	})
}

// A loop that ends early ends the reading, and a missing file is not created.
func TestRecordsEndsEarly(t *testing.T) {
	t.Parallel()
	site, dir := shoeSite(t), t.TempDir()
	at := "sqlite:" + filepath.Join(dir, "seine.db")
	for _, err := range worker.Records(t.Context(), at, "shoes") {
		if !errors.Is(err, worker.ErrFrontier) {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "seine.db")); !errors.Is(err, os.ErrNotExist) {
		t.Error("reading created the frontier")
	}
	job := programJobs(site.URL)[0]
	job.Store.URL = "file:" + dir
	if err := worker.Run(t.Context(), worker.Config{Jobs: []seine.Job{job}, Frontier: at, Migrate: true, UntilDone: true}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for range worker.Records(t.Context(), at, "shoes") {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d records before the break", n)
	}
}

func TestWrapWithoutAFetcher(t *testing.T) {
	t.Parallel()
	job := programJobs("http://a.example")[0]
	job.Fetch.Wrap = func(seine.Fetcher) seine.Fetcher { return nil }
	err := worker.Run(t.Context(), worker.Config{Jobs: []seine.Job{job}, Frontier: "sqlite:" + filepath.Join(t.TempDir(), "f.db"), Store: "file:" + t.TempDir(), Migrate: true})
	if err == nil || err.Error() != "job shoes: Fetch.Wrap returns no fetcher" {
		t.Error(err)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "job.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("job: shoes\nseeds: {urls: [https://shop.example/1]}\nfields: {name: {css: h1}}\n")
	job, err := worker.Load(path)
	if err != nil || job.Name != "shoes" {
		t.Fatal(job.Name, err)
	}
	result, err := job.Scraper.Scrape(t.Context(), seine.Task{Key: "1"}, &seine.Page{Status: 200, Type: "text/html", Body: []byte("<h1>a")})
	if err != nil || result.Records[0].Fields["name"] != "a" {
		t.Errorf("%+v, %v", result, err)
	}
	write("job: shoes\nseeds: {urls: [https://shop.example/1]}\nfields: {name: {csss: h1}}\n")
	_, err = worker.Load(path)
	wrong, ok := errors.AsType[*worker.JobFileError](err)
	if !ok || len(wrong.Mistakes) != 1 || wrong.Mistakes[0].Line != 3 || !strings.Contains(err.Error(), "job.yaml:3:") {
		t.Errorf("%v", err)
	}
	if _, err := worker.Load(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
