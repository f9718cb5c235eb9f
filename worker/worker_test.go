package worker_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/worker"
)

// A Scraper in Go replaces the rules of a job file in a few lines.
func ExampleRun() {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "hello from %s", r.URL.Path)
	}))
	defer site.Close()
	dir, err := os.MkdirTemp("", "seine")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	job := seine.Job{
		Name:  "greetings",
		Seeds: seine.Seeds{URLs: []string{site.URL + "/a"}},
		Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
		Scraper: seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
			fmt.Println(string(page.Body))
			return seine.Result{Records: []seine.Record{{Fields: map[string]any{"text": string(page.Body)}}}}, nil
		}),
	}
	err = worker.Run(context.Background(), worker.Config{
		Jobs: []seine.Job{job}, Frontier: "sqlite:" + filepath.Join(dir, "seine.db"), Store: "file:" + dir, Migrate: true, UntilDone: true,
	})
	fmt.Println(err)
	// Output:
	// hello from /a
	// <nil>
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("http://h.example/\nnot a key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	scraper := seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) { return seine.Result{}, nil })
	good := func() worker.Config {
		return worker.Config{
			Jobs:     []seine.Job{{Name: "j", Seeds: seine.Seeds{URLs: []string{"http://h.example/"}}, Scraper: scraper}},
			Frontier: "sqlite:" + filepath.Join(t.TempDir(), "seine.db"), Store: "file:" + t.TempDir(), Migrate: true,
		}
	}
	for _, tt := range []struct {
		name   string
		change func(c *worker.Config)
		want   error
	}{
		{"nothing", func(*worker.Config) {}, nil},
		{"the frontier's server is away", func(c *worker.Config) { c.Frontier = "postgres://u:p@127.0.0.1:1/x" }, worker.ErrFrontier},
		{"the frontier's folder is a file", func(c *worker.Config) { c.Frontier = "sqlite:" + filepath.Join(file, "x.db") }, worker.ErrFrontier},
		{"no schema", func(c *worker.Config) { c.Migrate = false }, worker.ErrSchema},
		{"the store's folder is a file", func(c *worker.Config) { c.Store = "file:" + filepath.Join(file, "x") }, worker.ErrStore},
		{"a bucket that no driver knows", func(c *worker.Config) { c.Store = "nope://x" }, worker.ErrStore},
		{"no list", func(c *worker.Config) { c.Jobs[0].Seeds.File = filepath.Join(dir, "none") }, worker.ErrSeeds},
		{"a list with a bad line", func(c *worker.Config) { c.Jobs[0].Seeds.File, c.Strict = file, true }, worker.ErrSeeds},
		{"a list with a bad line that is left out", func(c *worker.Config) { c.Jobs[0].Seeds.File = file }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := good()
			tt.change(&cfg)
			w, err := worker.Open(t.Context(), cfg)
			if !errors.Is(err, tt.want) || (err == nil) != (w != nil) {
				t.Errorf("open: %v, %v; want %v", w, err, tt.want)
			}
			if w != nil {
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	cfg := good()
	cfg.Jobs[0].Store.Key = "a/{id}"
	if w, err := worker.Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	} else if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Jobs[0].Store.Key = "b/{id}"
	if _, err := worker.Open(t.Context(), cfg); !errors.Is(err, worker.ErrChanged) {
		t.Errorf("a changed store.key: %v; want %v", err, worker.ErrChanged)
	}
}
