package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/health"
	"github.com/seinehq/seine/internal/testkit"
)

func get(t *testing.T, s *health.Server, path string) (int, string) {
	t.Helper()
	status, body := testkit.Get(t, "http://"+s.Addr()+path)
	if ok := strings.HasPrefix(path, "/") && json.Valid(body); status != http.StatusNotFound && !ok {
		t.Errorf("%s answers no JSON: %q", path, body)
	}
	return status, strings.TrimSpace(string(body))
}

func listen(t *testing.T) *health.Server {
	t.Helper()
	s, err := health.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	s := listen(t)
	s.Clean = func(s string) string { return strings.ReplaceAll(s, "hunter2", "xxxxx") }
	want := func(path string, status int, body string) {
		t.Helper()
		if code, got := get(t, s, path); code != status || got != body {
			t.Errorf("%s: %d %s; want %d %s", path, code, got, status, body)
		}
	}
	s.Starting("opening the frontier")
	want("/livez", 200, `{"ok":true,"checks":[]}`)
	want("/startupz", 503, `{"ok":false,"checks":[{"name":"start","ok":false,"error":"opening the frontier"}]}`)
	want("/readyz", 503, `{"ok":false,"checks":[{"name":"start","ok":false,"error":"opening the frontier"}]}`)
	var broken atomic.Pointer[error]
	say := func(err error) { broken.Store(&err) }
	say(nil)
	var looks atomic.Int64
	s.Started([]health.Check{{Name: "loop", Look: func(context.Context) error { return nil }}},
		[]health.Check{
			{Name: "frontier", Look: func(context.Context) error { return *broken.Load() }},
			{Name: "store", Every: time.Hour, Look: func(context.Context) error { looks.Add(1); return nil }},
		})
	want("/startupz", 200, `{"ok":true,"checks":[{"name":"start","ok":true}]}`)
	want("/livez", 200, `{"ok":true,"checks":[{"name":"loop","ok":true}]}`)
	want("/readyz", 200, `{"ok":true,"checks":[{"name":"start","ok":true},{"name":"frontier","ok":true},{"name":"store","ok":true}]}`)
	say(errors.New("no answer\n from hunter2"))
	want("/readyz", 503, `{"ok":false,"checks":[{"name":"start","ok":true},{"name":"frontier","ok":false,"error":"no answer from xxxxx"},{"name":"store","ok":true}]}`)
	want("/livez", 200, `{"ok":true,"checks":[{"name":"loop","ok":true}]}`)
	say(nil)
	if code, _ := get(t, s, "/readyz"); code != 200 {
		t.Errorf("well again: %d", code)
	}
	if n := looks.Load(); n != 1 {
		t.Errorf("the store was asked %d times within its time; want once", n)
	}
	if code, _ := get(t, s, "/other"); code != 404 {
		t.Errorf("another path: %d", code)
	}
}

// A check that does not return is given up.
func TestSilentCheck(t *testing.T) {
	t.Parallel()
	s := listen(t)
	hang := make(chan struct{})
	defer close(hang)
	s.Started(nil, []health.Check{{Name: "store", Look: func(context.Context) error { <-hang; return nil }}})
	began := time.Now()
	if code, body := get(t, s, "/readyz"); code != 503 || !strings.Contains(body, "no answer within 3s") || time.Since(began) > 20*time.Second {
		t.Errorf("%d %s after %v", code, body, time.Since(began))
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"", "8080", "localhost", ":http", ":70000", "a:b:c", ":-1"} {
		if _, err := health.Listen(t.Context(), addr); !errors.Is(err, health.ErrAddress) {
			t.Errorf("%q: %v; want %v", addr, err, health.ErrAddress)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if _, err := health.Listen(t.Context(), l.Addr().String()); err == nil || errors.Is(err, health.ErrAddress) || !strings.Contains(err.Error(), "listen on "+l.Addr().String()+": ") || !strings.Contains(err.Error(), "in use") {
		t.Errorf("an address in use: %v", err)
	}
}
