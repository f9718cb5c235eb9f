package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
)

// asking fails the test if a page or a file is requested.
type asking struct{ t *testing.T }

func (a asking) Fetch(_ context.Context, req seine.Request) (*seine.Page, error) {
	a.t.Errorf("a replay requested %s", req.URL)
	return nil, errors.New("no request")
}

// A replay stores new records, links and renditions of recorded pages and stored originals, and
// makes no request.
func TestAReplayMakesNoRequest(t *testing.T) {
	t.Parallel()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, "/i/") {
			_, _ = w.Write(picture.Bytes())
			return
		}
		fmt.Fprintf(w, "page %s", req.URL.Path)
	})
	bucket := memblob.OpenBucket(nil)
	pages := recording.NewStore(bucket, "", "j")
	keeper := asset.New(bucket, asset.Options{})
	size := (*seine.Size)(nil)
	scrape := func(version string) seine.Scraper {
		return seine.ScraperFunc(func(_ context.Context, task seine.Task, page *seine.Page) (seine.Result, error) {
			if !strings.HasPrefix(string(page.Body), "page") {
				return seine.Result{}, fmt.Errorf("the body is %q", page.Body)
			}
			photo := seine.Asset{
				Name: "photo", URL: r.site.URL + "/i/" + task.ID, Path: task.ID + "_" + version + ".{ext}", OriginalPath: task.ID + "_original.{ext}",
				Image: &seine.Image{Keep: seine.KeepOriginal, Resize: size},
			}
			out := seine.Result{
				Records: []seine.Record{{
					Fields: map[string]any{"version": version}, AssetFields: []seine.AssetField{{Field: "width", Asset: "photo", Property: "width"}},
				}},
				Assets: []seine.Asset{photo},
			}
			if version == "new" {
				out.Follow = []seine.Follow{{ID: "7" + task.ID}}
			}
			return out, nil
		})
	}
	first := r.job(func(j *seine.Job) { j.RecordPages, j.Digest, j.Scraper = true, []byte{1}, scrape("old") })
	j := r.register(first)
	j.Recorder, j.Keeper = pages, keeper
	r.add(j, "1", "2", "3")
	r.run(j)
	requests := len(r.site.Requests())

	changed := first
	changed.Digest, changed.Scraper = []byte{2}, scrape("new")
	size = &seine.Size{Width: 20, Height: 20}
	again := r.register(changed)
	again.Keeper, again.Fetch = keeper, asking{t}
	replay := func(change func(p *engine.Replay)) map[string]int {
		t.Helper()
		got := map[string]int{}
		p := &engine.Replay{Frontier: r.f, Job: again, Pages: pages, Files: bucket.ReadAll}
		if change != nil {
			change(p)
		}
		if err := p.Run(t.Context(), func(x engine.Replayed) error {
			got[x.Outcome]++
			return x.Err
		}); err != nil {
			t.Fatal(err)
		}
		return got
	}
	stored := func() (out []string) {
		if err := r.f.Records(t.Context(), j.ID, func(s frontier.Stored) error {
			line := s.Key + " " + strings.ReplaceAll(string(s.Fields), " ", "")
			for _, a := range s.Assets {
				line += " " + a.Path
			}
			out = append(out, line)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := stored()
	if got := replay(func(p *engine.Replay) { p.Dry = true }); got[engine.ReplayJudged] != 3 {
		t.Errorf("a dry replay: %v", got)
	}
	if d := cmp.Diff(before, stored()); d != "" {
		t.Errorf("a dry replay stored something (-before +after):\n%s", d)
	}
	if got := replay(nil); got[engine.ReplayJudged] != 3 {
		t.Errorf("a replay: %v", got)
	}
	var want []string
	for _, id := range []string{"1", "2", "3"} {
		want = append(want, fmt.Sprintf(`%s {"version":"new","width":20} %s_new.png %s_original.png`, id, id, id))
	}
	if d := cmp.Diff(want, stored()); d != "" {
		t.Errorf("records (-want +got):\n%s", d)
	}
	// The links are open tasks, and the replay goes on where it was.
	if got := replay(nil); got[engine.ReplaySame] != 3 || got[engine.ReplayOpen] != 3 {
		t.Errorf("once more: %v; want 3 left out and 3 open links", got)
	}
	if n := len(r.site.Requests()); n != requests {
		t.Errorf("%d requests after the replay; want %d", n, requests)
	}
}

// A stopped replay goes on where it was, and a damaged recording stops no other.
func TestAReplayGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) { fmt.Fprintf(w, "page %s", req.URL.Path) })
	bucket := memblob.OpenBucket(nil)
	pages := recording.NewStore(bucket, "", "j")
	first := r.job(func(j *seine.Job) { j.RecordPages, j.Digest = true, []byte{1} })
	j := r.register(first)
	j.Recorder = pages
	var keys []string
	for i := range 1203 { // more than two batches
		keys = append(keys, fmt.Sprintf("k%04d", i))
	}
	r.add(j, keys...)
	r.run(j)
	first.Digest = []byte{2}
	again := r.register(first)
	broken := damaged{pages, "k0700"}
	stop := errors.New("stopped")
	seen := 0
	p := &engine.Replay{Frontier: r.f, Job: again, Pages: broken, Files: bucket.ReadAll}
	if err := p.Run(t.Context(), func(engine.Replayed) error {
		if seen++; seen == 600 {
			return stop
		}
		return nil
	}); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	got := map[string]int{}
	if err := p.Run(t.Context(), func(x engine.Replayed) error {
		got[x.Outcome]++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := map[string]int{engine.ReplaySame: 999, engine.ReplayJudged: 203, engine.ReplayDamaged: 1}; !cmp.Equal(got, want) {
		t.Errorf("outcomes %v; want %v", got, want)
	}
	if c, err := r.f.Counts(t.Context(), j.ID); err != nil || c.Records != int64(len(keys)) || c.Open != 0 {
		t.Errorf("counts %+v, %v", c, err)
	}
}

// damaged is a store with a recording that cannot be read.
type damaged struct {
	*recording.Store
	key string
}

func (d damaged) Page(ctx context.Context, r frontier.Recording) (*seine.Page, error) {
	if r.Key == d.key {
		return nil, fmt.Errorf("%w: as the test wants", recording.ErrDamaged)
	}
	return d.Store.Page(ctx, r)
}
