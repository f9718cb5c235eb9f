package main

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/stationsite"
	"github.com/seinehq/seine/internal/testkit"
)

// asExample makes the test binary be the example.
const asExample = "SEINE_TEST_EXAMPLE"

func TestMain(m *testing.M) {
	if os.Getenv(asExample) != "" {
		main()
	}
	os.Exit(m.Run())
}

func example(t *testing.T, dir, site, key string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, told strings.Builder
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Dir, c.Stdout, c.Stderr = dir, &out, &told
	c.Env = []string{asExample + "=1", "HOME=" + dir, "PATH=" + os.Getenv("PATH"), "STATIONS=" + site, "STATIONS_KEY=" + key}
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), told.String(), c.ProcessState.ExitCode()
}

// The example brings the stations as they are, on both frontiers. A closed station is skipped, a
// broken file is an error, and a file that was cut short is complete at the second attempt.
func TestStations(t *testing.T) {
	t.Parallel()
	testkit.DSNs(t, func(t *testing.T, frontier string) {
		site := stationsite.New(1)
		server := httptest.NewServer(site)
		defer server.Close()
		dir := t.TempDir()
		out, told, code := example(t, dir, server.URL, stationsite.Key, "run", "--frontier", frontier)
		if code != 9 || !strings.Contains(told, "1 task ended in error") {
			t.Fatalf("run: exit %d; want 9\n%s%s", code, out, told)
		}
		text, _, code := example(t, dir, server.URL, stationsite.Key, "export", "-o", "-", "--frontier", frontier)
		if code != 0 {
			t.Fatal(code)
		}
		var got, want []station
		for line := range strings.Lines(text) {
			var r struct {
				Key    string
				Fields station
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			if r.Fields.ID != r.Key {
				t.Errorf("key %s of %+v", r.Key, r.Fields)
			}
			got = append(got, r.Fields)
		}
		for _, s := range site.Truth() {
			want = append(want, station{s.ID, s.Name, len(s.Readings), float64(slices.Min(s.Readings)) / 100, float64(slices.Max(s.Readings)) / 100})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("stations (-truth +got):\n%s", diff)
		}
		if n := site.Asked("/readings/S21.bin"); n != 2 {
			t.Errorf("the file that was cut short was asked %d times; want 2", n)
		}
		tasks, _, _ := example(t, dir, server.URL, stationsite.Key, "tasks", "--frontier", frontier)
		for _, reason := range []string{"the file is not of readings", "HTTP 410"} {
			if strings.Count(tasks, reason) != 1 {
				t.Errorf("%q is not the reason of one task:\n%s", reason, tasks)
			}
		}
		if strings.Contains(out+told+text+tasks, stationsite.Key) {
			t.Error("the key is in the output")
		}
	})
}

// With a wrong key, each station says why it failed, and the run continues to its end.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(stationsite.New(1))
	defer server.Close()
	at := server.URL + "/readings/S01.bin"
	if out, told, code := example(t, t.TempDir(), server.URL, stationsite.Key, "try", at); code != 0 || !strings.Contains(out, "verdict   done") || !strings.Contains(out, "warmest") {
		t.Errorf("exit %d\n%s%s", code, out, told)
	}
	out, told, code := example(t, t.TempDir(), server.URL, "another-key", "try", at)
	if code != 1 || !strings.Contains(out+told, "HTTP 403") {
		t.Errorf("exit %d\n%s%s", code, out, told)
	}
}

// The scraper and the job of the example are short.
func TestExampleIsShort(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	source, err := parser.ParseFile(files, "main.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range source.Decls {
		if n := files.Position(d.End()).Line - files.Position(d.Pos()).Line + 1; n > 40 {
			t.Errorf("a declaration has %d lines; at most 40", n)
		}
	}
	if _, err := os.Stat(filepath.Join("README.md")); err != nil {
		t.Error(err)
	}
}
