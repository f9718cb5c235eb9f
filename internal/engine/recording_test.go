package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
)

// recordings reads the recorded pages of a job, as "key status body".
func (r *rig) recordings(j *engine.Job, s *recording.Store) (out []string) {
	r.Helper()
	if err := r.f.Recordings(r.Context(), j.ID, func(x frontier.Recording) error {
		page, err := s.Page(r.Context(), x)
		if err == nil {
			out = append(out, fmt.Sprintf("%s %d %s", x.Key, page.Status, page.Body))
		}
		return err
	}); err != nil {
		r.Fatal(err)
	}
	return out
}

// Each attempt that ends its task is recorded, with any verdict. Attempts that are tried again are
// not.
func TestPagesAreRecorded(t *testing.T) {
	t.Parallel()
	var third atomic.Int64
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Set-Cookie", "sid=secret-cookie")
		switch req.URL.Path {
		case "/p/2":
			w.WriteHeader(http.StatusNotFound)
		case "/p/3":
			if third.Add(1) == 1 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		case "/p/4":
			w.WriteHeader(http.StatusTeapot)
		}
		fmt.Fprintf(w, "page %s, token-of-mine", req.URL.Path)
	})
	j := r.register(r.job(func(j *seine.Job) {
		j.RecordPages, j.Secrets, j.Retry.Error = true, []string{"token-of-mine"}, 2
	}))
	pages := recording.NewStore(memblob.OpenBucket(nil), "", "j")
	j.Recorder = pages
	r.add(j, "1", "2", "3", "4")
	r.run(j)
	want := []string{"1 200 page /p/1, xxxxx", "2 404 page /p/2, xxxxx", "3 200 page /p/3, xxxxx", "4 418 page /p/4, xxxxx"}
	if d := cmp.Diff(want, r.recordings(j, pages)); d != "" {
		t.Errorf("recordings (-want +got):\n%s\n%s", d, r.log)
	}
}

func TestAPageKindIsNotRecorded(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) { fmt.Fprint(w, "page") })
	no := false
	j := r.register(r.job(func(j *seine.Job) {
		j.RecordPages = true
		j.Pages = []seine.PageKind{{Name: "list", RecordPages: &no, Match: func(u string) bool { return strings.HasSuffix(u, "/2") }}, {
			Name: "item", Match: func(u string) bool { return strings.HasSuffix(u, "/1") },
		}}
		j.Seeds = seine.Seeds{URLs: []string{r.site.URL + "/p/1", r.site.URL + "/p/2"}}
	}))
	pages := recording.NewStore(memblob.OpenBucket(nil), "", "j")
	j.Recorder = pages
	r.run(j)
	if got := r.recordings(j, pages); len(got) != 1 || !strings.Contains(got[0], "/p/1 ") {
		t.Errorf("recordings %q; want that of /p/1 alone", got)
	}
}

// failing is a store that fails a number of times.
type failing struct {
	engine.Recorder
	left atomic.Int64
	err  error
}

func (f *failing) Write(ctx context.Context, drafts []*recording.Draft, known map[string]frontier.Frame) ([]*frontier.Recording, error) {
	if f.left.Add(-1) >= 0 {
		return nil, f.err
	}
	return f.Recorder.Write(ctx, drafts, known)
}

// A task whose page is not recorded is tried again: nothing is done without its recording.
func TestATaskWaitsForItsRecording(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) { fmt.Fprint(w, "page") })
	j := r.register(r.job(func(j *seine.Job) { j.RecordPages = true }))
	pages := recording.NewStore(memblob.OpenBucket(nil), "", "j")
	broken := &failing{Recorder: pages, err: fmt.Errorf("%w: it is gone", asset.ErrAway)}
	broken.left.Store(2)
	j.Recorder = broken
	r.add(j, "1")
	r.run(j)
	if d := cmp.Diff([]string{"1 200 page"}, r.recordings(j, pages)); d != "" {
		t.Errorf("recordings (-want +got):\n%s\n%s", d, r.log)
	}
	if got := r.site.Count("/p/1"); got != 3 {
		t.Errorf("%d requests; want 3", got)
	}
	if !strings.Contains(r.log.String(), "pages are not recorded") {
		t.Errorf("the log does not tell:\n%s", r.log)
	}
}

func TestAFullDiskEndsARecordingRun(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) { fmt.Fprint(w, "page") })
	j := r.register(r.job(func(j *seine.Job) { j.RecordPages = true }))
	full := &failing{err: asset.ErrDiskFull}
	full.left.Store(1000)
	j.Recorder = full
	r.add(j, "1")
	if err := r.engine(j, nil).Run(t.Context()); !errors.Is(err, asset.ErrDiskFull) {
		t.Errorf("the run ended with %v; want %v", err, asset.ErrDiskFull)
	}
	if c, err := r.f.Counts(t.Context(), j.ID); err != nil || c.Open != 1 {
		t.Errorf("%d open tasks, %v; want 1", c.Open, err)
	}
}
