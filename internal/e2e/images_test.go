package e2e

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/examples"
	"github.com/seinehq/seine/internal/imagefarm"
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
	farm, err := imagefarm.Serve(t.Context(), imagefarm.Config{Seed: 5, Hosts: 12, PerHost: 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = farm.Close() })
	dir := t.TempDir()
	writeList(t, filepath.Join(dir, "list.csv"), farm.Rows())
	job := filepath.Join(dir, "images.yaml")
	if err := os.WriteFile(job, []byte(examples.Images), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, 0, "run", job)
	judgeFarm(t, dir, job, farm, false)
	paced(t, farm.Journal())

	// The slow hosts are well again: their rows alone are requested once more.
	farm.Mend()
	before := len(farm.Journal())
	run(t, dir, 0, "retry", job, "--reason", "timeout")
	run(t, dir, 0, "run", job)
	judgeFarm(t, dir, job, farm, true)
	for _, r := range farm.Journal()[before:] {
		if !strings.HasPrefix(r.Path, "/timeout/") {
			t.Errorf("%s%s was requested again", r.Host, r.Path)
		}
	}

	run(t, dir, 0, "export", job, "-o", "shards/")
	run(t, dir, 0, "audit", job, "--deep")
}

func writeList(t *testing.T, path string, rows []imagefarm.Row) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := csv.NewWriter(file)
	all := [][]string{{"alt", "link"}}
	for _, r := range rows {
		all = append(all, []string{r.Caption, r.URL})
	}
	if err := w.WriteAll(all); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// judgeFarm compares each row with its result.
func judgeFarm(t *testing.T, dir, job string, farm *imagefarm.Farm, mended bool) {
	t.Helper()
	type task struct{ Key, State, Reason string }
	got := map[string]task{}
	for line := range strings.Lines(run(t, dir, 0, "tasks", job, "-o", "json", "--limit", "0")) {
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
	for line := range strings.Lines(run(t, dir, 0, "export", job, "-o", "-")) {
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

// paced checks that n requests to a host span n-1 delays. Each host has its own pace.
func paced(t *testing.T, journal []imagefarm.Request) {
	t.Helper()
	by := map[string][]time.Time{}
	for _, r := range journal {
		by[r.Host] = append(by[r.Host], r.At)
	}
	for host, at := range by {
		slices.SortFunc(at, time.Time.Compare)
		if span, least := at[len(at)-1].Sub(at[0]), time.Duration(len(at)-2)*farmDelay; span < least {
			t.Errorf("%s: %d requests in %v; want at least %v", host, len(at), span, least)
		}
	}
	if len(by) < 12 {
		t.Errorf("%d hosts", len(by))
	}
}
