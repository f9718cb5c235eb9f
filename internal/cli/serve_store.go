package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"sync"

	"gocloud.dev/blob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/web"
	"github.com/seinehq/seine/internal/wiring"
)

// stores are the opened stores of the jobs of a console.
type stores struct {
	*app

	mu   sync.Mutex
	open map[frontier.JobID]*storeOfJob
}

// storeOfJob reads the files of a job.
type storeOfJob struct {
	job    string
	bucket *blob.Bucket
	pages  *recording.Store
}

// of opens the store of a job, once.
func (s *stores) of(ctx context.Context, info frontier.JobInfo) (web.Files, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.open[info.ID]; f != nil {
		return f, nil
	}
	job, err := s.stored(info, needs{store: true})
	if err != nil {
		return nil, err
	}
	at := s.storeOf(job)
	folder, err := wiring.Folder(at.url)
	if err == nil && folder != "" {
		err = folderThere(folder)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", wiring.ErrStore, at, err)
	}
	bucket, err := s.openStore(context.WithoutCancel(ctx), at)
	if err != nil {
		return nil, err
	}
	f := &storeOfJob{info.Name, bucket, recording.NewStore(bucket, folder, info.Name)}
	s.open[info.ID] = f
	return f, nil
}

// close closes the stores.
func (s *stores) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.open {
		_ = f.pages.Close()
		_ = f.bucket.Close()
	}
}

// Read reads a file. It refuses files of more than most bytes.
func (f *storeOfJob) Read(ctx context.Context, path string, most int64) ([]byte, error) {
	r, err := f.bucket.NewReader(ctx, path, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	if r.Size() > most {
		return nil, fmt.Errorf("the file has %d bytes; at most %d are shown", r.Size(), most)
	}
	return io.ReadAll(io.LimitReader(r, most))
}

// Page reads a recorded page.
func (f *storeOfJob) Page(ctx context.Context, rec frontier.Recording) (*seine.Page, error) {
	return f.pages.Page(ctx, rec)
}

// Screenshot returns the path of the picture of a task's page.
func (f *storeOfJob) Screenshot(key string) string { return asset.ScreenshotPath(f.job, key) }

// tuneByForm changes the pace of a job by a form of the console.
func (a *app) tuneByForm(ctx context.Context, f frontier.Steering, info frontier.JobInfo, form url.Values) (string, error) {
	host := form.Get("host")
	if form.Get("reset") != "" {
		return "pace" + hostFlag(host) + " --reset", f.Tune(ctx, info.ID, host, frontier.Tuning{})
	}
	concurrency, err := strconv.Atoi(cmp.Or(form.Get("concurrency"), "0"))
	if err != nil {
		return "", usagef("the concurrency is no number: give 1 or more")
	}
	t, err := tuningOf(host, form.Get("delay"), form.Get("limit"), concurrency)
	if err != nil {
		return "", err
	}
	if t.Empty() {
		return "", usagef("give a delay, a concurrency, a limit or reset")
	}
	job, err := a.stored(info, needs{hosts: true})
	if err != nil {
		return "", err
	}
	return "pace" + hostFlag(host) + describeTuning(t), tune(ctx, f, info.ID, job.Pace, t)
}

// spacesOfJob returns the statistics of the ID spaces of a job.
func (a *app) spacesOfJob(ctx context.Context, f spacesFrontier, info frontier.JobInfo, status frontier.Status, part web.Part) ([]any, error) {
	job, err := a.stored(info, needs{})
	if err != nil {
		return nil, err
	}
	list, err := spacesOf(ctx, f, job, info, status, spaceWish{part: part})
	out := []any{}
	for _, s := range list {
		out = append(out, s)
	}
	return out, err
}
