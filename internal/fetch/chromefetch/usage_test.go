//go:build linux

package chromefetch

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/fetch"
)

// Usage reports the memory of a browser. Err reports why a browser whose program has gone does not
// start, and is nil again after a successful start.
func TestUsageAndErr(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "browser")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec "+shared.Path()+" \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), Config{Path: program, Root: t.TempDir(), Tabs: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if n, bytes := c.Usage(); n < 2 || bytes < 10<<20 || bytes > 4<<30 {
		t.Errorf("%d processes hold %d bytes", n, bytes)
	}
	if err := c.Err(); err != nil {
		t.Errorf("of one that runs: %v", err)
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<h1>hello</h1>") }))
	defer site.Close()
	f, err := c.Guarded(Job{Guard: fetch.Guard{Allow: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := os.Rename(program, program+".gone"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(-c.Group(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); !ok(); <-time.After(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("not so: %s (%v)", what, c.Err())
			}
		}
	}
	until("the loss is noticed", func() bool { return c.Group() == 0 })
	got := make(chan error, 1)
	go func() {
		_, err := f.Fetch(t.Context(), seine.Request{URL: site.URL, Timeout: enough})
		got <- err
	}()
	until("it says that it does not start", func() bool { return c.Err() != nil && strings.Contains(c.Err().Error(), program) })
	if n, bytes := c.Usage(); n != 0 || bytes != 0 {
		t.Errorf("of none: %d processes, %d bytes", n, bytes)
	}
	if err := os.Rename(program+".gone", program); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Errorf("the page that waited for the browser: %v", err)
	}
	if err := c.Err(); err != nil {
		t.Errorf("of one that runs again: %v", err)
	}
}
