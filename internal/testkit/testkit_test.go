package testkit_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/testkit"
)

func TestSiteRecordsItsRequests(t *testing.T) {
	t.Parallel()
	before := time.Now()
	s := testkit.Serve(t, func(w http.ResponseWriter, q *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(q.URL.Path))
	})
	for _, path := range []string{"/a?x=1", "/b", "/a"} {
		if status, body := testkit.Get(t, s.URL+path); status != http.StatusTeapot || string(body) != path[:2] {
			t.Errorf("GET %s: %d %q; want 418 and the path", path, status, body)
		}
	}
	if d := cmp.Diff([]string{"/a", "/b", "/a"}, s.Paths()); d != "" {
		t.Errorf("paths (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]int{"/a": 2, "/b": 1}, s.Counts()); d != "" || s.Count("/b") != 1 || s.Count("/c") != 0 {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	first := s.Requests()[0]
	if first.Method != http.MethodGet || first.Query != "x=1" || first.Header.Get("User-Agent") == "" {
		t.Errorf("the first request: %+v; want GET with the query x=1 and a header", first)
	}
	for selector, want := range map[string]int{"": 3, "/a": 2, first.Host: 3, "/c": 0} {
		starts := s.Starts(selector)
		if len(starts) != want {
			t.Errorf("%d starts of %q; want %d", len(starts), selector, want)
		}
		last := before
		for _, start := range starts {
			if start.Before(last) {
				t.Errorf("start %v of %q is before %v", start, selector, last)
			}
			last = start
		}
	}
	if s.Header("/b") == nil || s.Header("/c") != nil {
		t.Errorf("header of /b %v, of /c %v; want the header of /b alone", s.Header("/b"), s.Header("/c"))
	}
	s.Forget()
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests after Forget; want none", n)
	}
}

// broken is a failed test that runs its cleanups by hand.
type broken struct {
	testing.TB
	cleanups []func()
}

func (b *broken) Helper()          {}
func (b *broken) Failed() bool     { return true }
func (b *broken) Cleanup(f func()) { b.cleanups = append(b.cleanups, f) }

// The site of a failed test closes while a handler waits, so that the test ends at once.
func TestSiteOfAFailedTestCloses(t *testing.T) {
	t.Parallel()
	entered, never := make(chan struct{}), make(chan struct{})
	defer close(never)
	b := &broken{TB: t}
	s := testkit.Serve(b, func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-never
	})
	ended := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, s.URL, nil)
		if err != nil {
			ended <- err
			return
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		ended <- err
	}()
	<-entered
	for _, f := range b.cleanups {
		f()
	}
	if err := <-ended; err == nil {
		t.Error("the request got a response; want a closed connection")
	}
}

func TestTryReturnsTheError(t *testing.T) {
	t.Parallel()
	s := testkit.Serve(t, http.NotFound)
	s.Close()
	if status, _, err := testkit.Try(t, s.URL); err == nil || status != 0 || errors.Is(err, context.Canceled) {
		t.Errorf("a closed site: %d, %v; want an error of the connection", status, err)
	}
}

func TestFrontiersAreEmptyAndMigrated(t *testing.T) {
	t.Parallel()
	names := make(chan string, 2)
	t.Run("drivers", func(t *testing.T) {
		testkit.Frontiers(t, func(t *testing.T, f drivers.Frontier) {
			names <- t.Name()
			if jobs, err := f.Jobs(t.Context()); err != nil || len(jobs) != 0 {
				t.Errorf("jobs %v, %v; want none", jobs, err)
			}
		})
	})
	if len(names) != 2 {
		t.Errorf("%d drivers; want 2", len(names))
	}
}

// A DSN of DSNs names a frontier without a schema.
func TestDSNsHaveNoSchema(t *testing.T) {
	t.Parallel()
	testkit.DSNs(t, func(t *testing.T, dsn string) {
		f := testkit.Open(t, dsn, drivers.Options{})
		if _, err := f.Jobs(t.Context()); err == nil {
			t.Error("the jobs of a frontier without a schema: no error")
		}
		if _, err := f.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if jobs, err := f.Jobs(t.Context()); err != nil || len(jobs) != 0 {
			t.Errorf("jobs %v, %v; want none", jobs, err)
		}
	})
}
