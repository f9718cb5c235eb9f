package cli_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An address that cannot be used is reported in one sentence before the command does anything.
func TestHTTPAddressRefused(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte("job: a\nseeds: {urls: [\"http://127.0.0.1:1/\"]}\nfields: {t: {css: h1}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		addr string
		code int
		says string
	}{
		{"8080", 2, `seine: --http: not an address: "8080": give HOST:PORT, or :PORT for every address of this machine`},
		{":http", 2, `the port is a number from 0 (any that is free) to 65535`},
		{":70000", 2, `the port is a number from 0`},
		{taken.Addr().String(), 1, `seine: listen on ` + taken.Addr().String() + `: bind: address already in use: another process uses it: choose another port`},
		{"192.0.2.1:8080", 1, `this machine does not have this address`},
	} {
		for _, command := range []string{"run", "worker"} {
			out, code := call(t, dir, command, "job.yaml", "--http", tt.addr)
			if command == "worker" { // its log, in JSON
				out = strings.ReplaceAll(strings.ReplaceAll(out, `"msg":"`, "seine: "), `\"`, `"`)
			}
			if code != tt.code || !strings.Contains(out, tt.says) {
				t.Errorf("%s --http %s: exit %d; want %d and %q\n%s", command, tt.addr, code, tt.code, tt.says, out)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		t.Error("something was made")
	}
}

// A worker without a schema ends at once with the command to run, in JSON, because a cluster shows
// the last line.
func TestWorkerWithoutSchema(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"job.yaml": "job: a\nseeds: {urls: [\"http://127.0.0.1:1/\"]}\nfields: {t: {css: h1}}\n", "empty.db": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	out, code := call(t, dir, "worker", "job.yaml", "--http", "127.0.0.1:0", "--frontier", "sqlite:empty.db")
	if code != 11 || !strings.Contains(out, "run `seine migrate`") || time.Since(began) > 20*time.Second {
		t.Errorf("exit %d after %v; want 11 and what to run\n%s", code, time.Since(began), out)
	}
}
