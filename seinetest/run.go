package seinetest

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/worker"
)

// Site serves pages by their paths, such as "/", "/p/7" and "/list/", until the test ends, and
// returns the URL of the site without a slash at its end. Other paths are not found. A request's
// query is ignored. A path that no request can have, such as "p/7" or "/p?x=1", ends the test.
func Site(t testing.TB, pages map[string]string) string {
	t.Helper()
	files := fstest.MapFS{}
	for at, body := range pages {
		name := at
		if strings.HasSuffix(name, "/") {
			name += "index.html"
		}
		if !strings.HasPrefix(at, "/") || strings.Contains(at, "?") || path.Clean(name) != name {
			t.Fatalf("seinetest: %q is no path of a page: give one such as /p/7, without a query", at)
		}
		files[strings.TrimPrefix(name, "/")] = &fstest.MapFile{Data: []byte(body)}
	}
	return SiteFS(t, files)
}

// SiteFS is [Site] for files. The path /a is the file a, a.html or a/index.html.
func SiteFS(t testing.TB, files fs.FS) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		for _, file := range []string{name, name + ".html", path.Join(name, "index.html")} {
			if body, err := fs.ReadFile(files, file); err == nil {
				kind := typeOf(file, body)
				if strings.HasPrefix(kind, "text/") {
					kind += "; charset=utf-8"
				}
				w.Header().Set("Content-Type", kind)
				_, _ = w.Write(body) //nolint:gosec // the files of a test
				return
			}
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// Outcome is the result of a run.
type Outcome struct {
	// Records are ordered by key and kind. FetchedAt is zero, so that they can be compared.
	Records []seine.Record

	// Tasks are ordered by key.
	Tasks []Task

	// Files holds the paths of the stored files below Dir, sorted.
	Dir string

	// Files holds the paths of the stored files below Dir, sorted.
	Files []string
}

// Task is a task after a run.
type Task struct {
	// Key is the ID or the canonical URL.
	Key string

	// Page is the name of the page kind. Empty for a job without page kinds.
	Page string

	// State is the state after the run.
	State seine.State

	// Reason is why the task ended so. Empty for done.
	Reason string
}

// Run runs a job until nothing is left and returns its records, ordered by key and kind. Their
// FetchedAt is zero, so that they can be compared. The test fails if a task ended in error or
// stale. See [RunAll].
func Run(t testing.TB, job seine.Job) []seine.Record {
	t.Helper()
	out := RunAll(t, job)
	for _, task := range out.Tasks {
		if task.State == seine.Error || task.State == seine.Stale {
			t.Errorf("task %s ended in %s: %s", task.Key, task.State, task.Reason)
		}
	}
	return out.Records
}

// RunAll runs a job until nothing is left, with the engine of a real run. The frontier is SQLite
// and the store a folder, both in [testing.TB.TempDir]. Hosts of this machine may be requested, and
// any other address is refused. There is no delay between requests, and retries follow after a
// millisecond. The test ends if the run fails. Warnings are in its log.
func RunAll(t testing.TB, job seine.Job) Outcome {
	t.Helper()
	dir := t.TempDir()
	at, store := "sqlite:"+filepath.Join(dir, "seine.db"), filepath.Join(dir, "files")
	job.Pace.Delay, job.Pace.Rest, job.Pace.Hours = seine.NoDelay, seine.Rest{}, seine.Hours{}
	job.Retry.Backoff = time.Millisecond
	job.Fetch.AllowPrivate = append(slices.Clone(job.Fetch.AllowPrivate),
		seine.MustParsePrivateNet("127.0.0.0/8"), seine.MustParsePrivateNet("::1"))
	wrap := job.Fetch.Wrap
	job.Fetch.Wrap = func(standard seine.Fetcher) seine.Fetcher {
		var own seine.Fetcher = local{standard}
		if wrap != nil {
			own = wrap(own)
		}
		return own
	}
	err := worker.Run(t.Context(), worker.Config{
		Jobs: []seine.Job{job}, Frontier: at, Store: "file:" + store, Migrate: true, UntilDone: true,
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatalf("run job %s: %v", job.Name, err)
	}
	out := Outcome{Dir: store}
	for r, err := range worker.Records(t.Context(), at, job.Name) {
		if err != nil {
			t.Fatal(err)
		}
		r.FetchedAt = time.Time{}
		out.Records = append(out.Records, r.Record)
		for _, f := range r.Files {
			out.Files = append(out.Files, f.Path)
		}
	}
	slices.Sort(out.Files)
	if out.Tasks, err = tasksOf(t.Context(), at, job.Name); err != nil {
		t.Fatal(err)
	}
	return out
}

// tasksOf lists the tasks of a job.
func tasksOf(ctx context.Context, at, job string) (out []Task, err error) {
	f, err := drivers.Open(ctx, at, drivers.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	jobs, err := f.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if j.Name != job {
			continue
		}
		for after := ""; ; after = out[len(out)-1].Key {
			tasks, err := f.Tasks(ctx, j.ID, frontier.Filter{After: after, Limit: 1000})
			if err != nil {
				return nil, err
			}
			for _, x := range tasks {
				out = append(out, Task{x.Key, x.Page, x.State, x.Reason})
			}
			if len(tasks) < 1000 {
				return out, nil
			}
		}
	}
	return nil, nil
}

// local refuses addresses of other machines.
type local struct{ next seine.Fetcher }

// Fetch gets a page of this machine.
func (l local) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	if err := isLocal(req.URL); err != nil {
		return nil, err
	}
	follow := req.OnRedirect
	req.OnRedirect = func(ctx context.Context, from, to string) error {
		if err := isLocal(to); err != nil || follow == nil {
			return err
		}
		return follow(ctx, from, to)
	}
	return l.next.Fetch(ctx, req)
}

func isLocal(at string) error {
	u, err := url.Parse(at)
	if err != nil {
		return fmt.Errorf("%w: %w", seine.ErrRefused, err)
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%w: %s is not on this machine, and a test has no network", seine.ErrRefused, u.Hostname())
	}
	return nil
}
