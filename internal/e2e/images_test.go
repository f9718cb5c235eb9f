package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/examples"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/imagefarm"
	"github.com/seinehq/seine/internal/testkit"
)

// farmDelay is the pace of each host of the farm.
const farmDelay = 15 * time.Millisecond

// wantReasons are the parts of the reasons of each class that fails.
var wantReasons = map[imagefarm.Class]string{
	imagefarm.Dead: "HTTP 404", imagefarm.Forbidden: "HTTP 403", imagefarm.Page: "text/html", imagefarm.Cut: "image", imagefarm.Empty: "empty",
	imagefarm.Tiny: "image is too small", imagefarm.Slow: "timeout", imagefarm.NoName: "name does not resolve", imagefarm.NoHost: "connection refused",
}

// A list of image URLs of many hosts becomes a data set. Each failure has its class, each host its
// pace, and the failures of one class are sent back alone.
func TestImageFarm(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testFarm(t, dir, "sqlite:"+filepath.Join(dir, "seine.db"))
}

func TestImageFarmOnPostgreSQL(t *testing.T) {
	t.Parallel()
	at := pgtest.Empty(t)
	dir := t.TempDir()
	run(t, dir, 0, "migrate", "--frontier", at)
	testFarm(t, dir, at)
}

func testFarm(t *testing.T, dir, at string) {
	farm, err := imagefarm.Serve(t.Context(), imagefarm.Config{Seed: 5, Hosts: 12, PerHost: 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = farm.Close() })
	list, err := farm.List()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "list.csv"), list, 0o600); err != nil {
		t.Fatal(err)
	}
	seine := func(args ...string) string { return run(t, dir, 0, append(args, "--frontier", at)...) }
	job := filepath.Join(dir, "images.yaml")
	if err := os.WriteFile(job, []byte(examples.Images), 0o600); err != nil {
		t.Fatal(err)
	}
	pulse := testkit.NewPulse(t)
	seine("run", job)
	judgeFarm(t, seine, job, farm, false)
	paced(t, pulse, farm.Journal())

	// The slow hosts are well again: their rows alone are requested once more.
	farm.Mend()
	before := len(farm.Journal())
	seine("retry", job, "--reason", "timeout")
	seine("run", job)
	judgeFarm(t, seine, job, farm, true)
	for _, r := range farm.Journal()[before:] {
		if !strings.HasPrefix(r.Path, "/timeout/") {
			t.Errorf("%s%s was requested again", r.Host, r.Path)
		}
	}

	seine("export", job, "-o", "shards/")
	seine("audit", job, "--deep")
}

// The demo of the list ends with the wanted images, and with a reason for each of the others.
func TestDemoOfImages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := run(t, dir, 0, "demo", "--site", "images")
	for _, want := range []string{"done     150", "11   HTTP 404", "18   HTTP 403", "11   timeout", "name does not resolve", "150 files in data/demo/images"} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo ends\n%s; want %q", out, want)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "data", "demo", "images", "*.jpg"))
	if err != nil || len(files) != 150 {
		t.Errorf("%d images, %v; want 150", len(files), err)
	}
}

// judgeFarm compares each row with its result.
func judgeFarm(t *testing.T, seine func(args ...string) string, job string, farm *imagefarm.Farm, mended bool) {
	t.Helper()
	type task struct{ Key, State, Reason string }
	got := map[string]task{}
	for line := range strings.Lines(seine("tasks", job, "-o", "json", "--limit", "0")) {
		var x task
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatal(err)
		}
		got[x.Key] = x
	}
	want := 0
	for _, r := range farm.Rows() {
		x := got[r.URL]
		wanted := r.Wanted() || mended && r.Class == imagefarm.Slow
		if wanted {
			want++
		}
		switch {
		case wanted && x.State != "done":
			t.Errorf("%s (%s) is %s: %s", r.URL, r.Class, x.State, x.Reason)
		case !wanted && (x.State == "done" || x.State == "pending" || !strings.Contains(x.Reason, wantReasons[r.Class])):
			t.Errorf("%s (%s) is %s: %q; want a reason with %q", r.URL, r.Class, x.State, x.Reason, wantReasons[r.Class])
		}
	}
	captions := map[string]string{}
	for line := range strings.Lines(seine("export", job, "-o", "-")) {
		var r struct {
			Key    string
			Fields struct{ Caption string }
			Assets map[string]struct{ Width, Height int }
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		captions[r.Key] = r.Fields.Caption
		if a := r.Assets["image"]; a.Width != 48 || a.Height != 48 {
			t.Errorf("%s has %dx%d", r.Key, a.Width, a.Height)
		}
	}
	truth := map[string]string{}
	for _, r := range farm.Rows() {
		if r.Wanted() || mended && r.Class == imagefarm.Slow {
			truth[r.URL] = r.Caption
		}
	}
	if d := cmp.Diff(captions, truth); d != "" {
		t.Errorf("captions (-got +want):\n%.600s", d)
	}
	if len(captions) != want || want < 100 {
		t.Errorf("%d records; want %d", len(captions), want)
	}
}

// paced checks that n requests to a host span n-1 delays. Each host has its own pace. A late first
// request shortens the whole.
func paced(t *testing.T, pulse *testkit.Pulse, journal []imagefarm.Request) {
	t.Helper()
	by := map[string][]time.Time{}
	for _, r := range journal {
		by[r.Host] = append(by[r.Host], r.At)
	}
	for host, at := range by {
		slices.SortFunc(at, time.Time.Compare)
		if span, least := at[len(at)-1].Sub(at[0]), time.Duration(len(at)-2)*farmDelay; span < least-pulse.Late(at[0]) {
			t.Errorf("%s: %d requests in %v; want at least %v", host, len(at), span, least)
		}
	}
	if len(by) < 12 {
		t.Errorf("%d hosts", len(by))
	}
}
