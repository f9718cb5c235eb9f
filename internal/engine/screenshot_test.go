package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/wiring"
)

// A page that fails in the browser leaves a picture in the store, which its reason names. A page
// that succeeds, or fails once by its verdict, has none.
func TestScreenshots(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]bool{"on": false, "off": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				_, _ = fmt.Fprintf(w, "<h1>%s</h1>", q.URL.Path)
				if q.URL.Path != "/p/no button" {
					_, _ = fmt.Fprint(w, "<button id=go>go</button>")
				}
			})
			job := r.job(func(j *seine.Job) {
				j.Fetch.Timeout, j.Concurrency, j.Retry.Error, j.Retry.Stale = 20*time.Second, 2, 1, 2
				j.Fetch.NoScreenshots = off
				j.Pages = []seine.PageKind{{Name: "p", Via: []seine.Via{seine.ViaChrome}, Steps: []seine.Step{{Click: "#go"}}}}
				j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
					switch {
					case task.ID == "stale", task.ID == "once" && task.Attempt == 1:
						return seine.Result{Verdict: seine.Verdict{State: seine.Stale, Reason: "old"}}, nil
					}
					return seine.Result{}, nil
				})
			})
			chrome, err := wiring.Browser{}.Open(t.Context(), slog.New(slog.DiscardHandler), job)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = chrome.Close() })
			j, err := wiring.Register(t.Context(), r.f, job, wiring.Options{})
			if err != nil {
				t.Fatal(err)
			}
			bucket := memblob.OpenBucket(nil)
			done, err := wiring.Equip(j, asset.New(bucket, asset.Options{}), chrome, "test", nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(done)
			r.add(j, "ok", "once", "stale", "no button")
			r.run(j)
			suffix := " (screenshot)"
			if off {
				suffix = ""
			}
			want := []string{"no button error step failed" + suffix, "ok done", "once done", "stale stale old" + suffix}
			if got := r.reasons(j.ID); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("tasks %q; want %q\n%s", got, want, r.log)
			}
			for _, key := range []string{"ok", "once", "stale", "no button"} {
				image, err := bucket.ReadAll(t.Context(), asset.ScreenshotPath("j", key))
				if has := !off && (key == "stale" || key == "no button"); !has {
					if err == nil {
						t.Errorf("%s has a picture", key)
					}
					continue
				}
				if at, err2 := jpeg.DecodeConfig(bytes.NewReader(image)); err != nil || err2 != nil || at.Width < 100 {
					t.Errorf("%s: %v, %v, %d pixels wide", key, err, err2, at.Width)
				}
			}
		})
	}
}

// shooting is a fetcher whose pages have a picture, as those of a browser do.
type shooting struct{ seine.Fetcher }

func (s shooting) Fetch(ctx context.Context, req seine.Request) (*seine.Page, error) {
	if req.Screenshot != nil {
		req.Screenshot([]byte("picture"))
	}
	return s.Fetcher.Fetch(ctx, req)
}

// A replay keeps the picture of a page that still fails in its reason, also if the rules give
// another reason. A page that no longer fails has none.
func TestAReplayKeepsScreenshots(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) { _, _ = fmt.Fprint(w, q.URL.Path) })
	reason := map[string]string{"same": "no price", "other": "no price", "mended": "no price"}
	job := r.job(func(j *seine.Job) {
		j.RecordPages, j.Digest, j.Retry.Error = true, []byte{1}, 1
		j.Scraper = seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
			if why := reason[task.ID]; why != "" {
				return seine.Result{Verdict: seine.Verdict{State: seine.Error, Reason: why}}, nil
			}
			return seine.Result{}, nil
		})
	})
	j := r.register(job)
	bucket := memblob.OpenBucket(nil)
	pages := recording.NewStore(bucket, "", "j")
	j.Recorder, j.Keeper, j.Fetch = pages, asset.New(bucket, asset.Options{}), shooting{j.Fetch}
	r.add(j, "same", "other", "mended")
	r.run(j)
	reason["other"], reason["mended"] = "no name", ""
	var changed []string
	replay := engine.Replay{Frontier: r.f, Job: j, Pages: pages, Files: bucket.ReadAll, All: true}
	if err := replay.Run(t.Context(), func(x engine.Replayed) error {
		if x.Was != x.Now || x.WasReason != x.NowReason {
			changed = append(changed, x.Key)
		}
		return x.Err
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"mended", "other"}; !slices.Equal(changed, want) {
		t.Errorf("the replay changed %q; want %q", changed, want)
	}
	want := []string{"mended done", "other error no name (screenshot)", "same error no price (screenshot)"}
	if got := r.reasons(j.ID); !slices.Equal(got, want) {
		t.Errorf("tasks %q; want %q\n%s", got, want, r.log)
	}
}
