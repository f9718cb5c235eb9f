package dataset_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/png"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// scan is a picture of stripes that differs by its number.
func scan(n int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * (n + 3) >> 2)
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // into memory
	return b.Bytes()
}

// options sets the image options of the fixture's only asset, front.
func (f *fixture) options(spec seine.Image) {
	f.Helper()
	spec.Keep = seine.KeepOriginal
	s, problems := extract.Compile(extract.Rules{
		Key: "img/{id}_{asset}.{ext}", Fields: []extract.Field{{Name: "title", CSS: "p"}, {Name: "width", Asset: "front.width"}, {Name: "from", Asset: "front.original_width"}},
		Assets: []extract.AssetRule{{Name: "front", URL: `"a"`, Image: &spec}},
	})
	if len(problems) > 0 {
		f.Fatal(problems)
	}
	f.Rules = s
}

// scans does n tasks with a rendition each.
func (f *fixture) scans(n int, spec seine.Image) {
	f.Helper()
	spec.Keep = seine.KeepOriginal
	f.options(spec)
	keeper := asset.New(f.Store.Bucket, asset.Options{})
	for i := range n {
		c := f.claim(fmt.Sprint(1000 + i))
		files, err := keeper.Keep(f.Context(), nil, seine.Asset{
			Name: "front", Body: true, URL: "http://a.example/front", Image: &spec,
			Path: "img/" + c.Key + "_front.{ext}", OriginalPath: "img/" + c.Key + "_front_original.{ext}",
		}, asset.Hold{Page: &seine.Page{URL: "http://a.example/" + c.Key, Status: 200, Body: scan(i), Raw: scan(i)}})
		f.check(err)
		done := frontier.Completion{Claimed: c, State: seine.Done, Records: []frontier.Record{{
			Key: c.Key, Kind: "record", URL: "http://a.example/" + c.Key, Digest: []byte{7},
			Fields: fmt.Appendf(nil, `{"from":40,"price":1.5,"title":"<b> & \"é\" 1.50","width":%d}`, files[0].Width),
		}}}
		for _, x := range files {
			done.Assets = append(done.Assets, frontier.Asset{Key: c.Key, Stored: x})
		}
		out, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{done})
		f.check(err)
		if out.Kept != 1 {
			f.Fatalf("%+v", out)
		}
	}
}

// state is all that a render may change: the rows, the fields, and the files.
func (f *fixture) whole() map[string]string {
	f.Helper()
	out := map[string]string{}
	f.check(f.Frontier.Records(f.Context(), f.ID, func(r frontier.Stored) error {
		out["record "+r.Key] = string(r.Fields)
		for _, a := range r.Assets {
			out["row "+a.Key+" "+a.Name] = fmt.Sprintf("%s %d %x %dx%d %x %x %d", a.Path, a.Bytes, a.SHA256, a.Width, a.Height, a.PHash, a.RenderedBy, a.OriginalBytes)
		}
		return nil
	}))
	for _, p := range f.paths() {
		body, err := f.Store.ReadAll(f.Context(), p)
		f.check(err)
		sum := sha256.Sum256(body)
		out["file "+p] = hex.EncodeToString(sum[:])
	}
	f.check(f.Frontier.Intents(f.Context(), f.ID, func(i frontier.Intent) error {
		out["note "+i.Path] = i.Task
		return nil
	}))
	return out
}

func (f *fixture) render() dataset.RenderReport {
	f.Helper()
	report, err := f.Render(f.Context(), func(dataset.Rendering) error { return nil })
	f.check(err)
	return report
}

var (
	wide  = seine.Image{Resize: &seine.Size{Width: 20, Height: 10}, Mode: seine.ModeStretch}
	small = seine.Image{Resize: &seine.Size{Width: 9, Height: 9}, Mode: seine.ModeCenterCrop}
	webp  = seine.Image{To: seine.WebP, Quality: 80, Resize: &seine.Size{Width: 9, Height: 9}}
)

func TestRender(t *testing.T) {
	each(t, func(f *fixture) {
		f.scans(3, wide)
		first := f.whole()
		if got, want := f.render(), (dataset.RenderReport{Images: 3, Unchanged: 3}); got != want {
			f.Errorf("equal options: %+v, want %+v", got, want)
		}
		f.options(small)
		if got, want := f.render(), (dataset.RenderReport{Images: 3, Rendered: 3}); got != want {
			f.Errorf("another size: %+v, want %+v", got, want)
		}
		f.wantAudit(dataset.AuditOptions{Deep: true})
		f.options(webp)
		if got, want := f.render(), (dataset.RenderReport{Images: 3, Rendered: 3, Removed: 3}); got != want {
			f.Errorf("another format: %+v, want %+v", got, want)
		}
		f.wantAudit(dataset.AuditOptions{Deep: true})
		if got := f.whole()["record 1000"]; got == first["record 1000"] {
			f.Errorf("the record has the earlier width: %s", got)
		}
		f.options(wide)
		f.render()
		if d := cmp.Diff(first, f.whole()); d != "" {
			f.Errorf("the first options again (-first +now):\n%s", d)
		}
	})
}

// killed is a frontier whose process dies at a call that changes something, before or after it.
type killed struct {
	frontier.Frontier
	calls, at int
	after     bool
	sweep     frontier.Sweep // that its death left open
}

var errKilled = errors.New("killed")

func (k *killed) die(call func() error) error {
	k.calls++
	switch {
	case k.calls > k.at, k.calls == k.at && !k.after:
		return errKilled
	case k.calls == k.at:
		return errors.Join(call(), errKilled)
	}
	return call()
}

func (k *killed) Intend(ctx context.Context, job frontier.JobID, intents []frontier.Intent) error {
	return k.die(func() error { return k.Frontier.Intend(ctx, job, intents) })
}

func (k *killed) Settled(ctx context.Context, job frontier.JobID, paths []string) error {
	return k.die(func() error { return k.Frontier.Settled(ctx, job, paths) })
}

func (k *killed) Render(ctx context.Context, job frontier.JobID, batch []frontier.Rendered) (lost []string, err error) {
	err = k.die(func() error {
		lost, err = k.Frontier.Render(ctx, job, batch)
		return err
	})
	return lost, err
}

func (k *killed) BeginSweep(ctx context.Context, paths []string, ttl time.Duration) (sweep frontier.Sweep, err error) {
	err = k.die(func() error {
		sweep, err = k.Frontier.BeginSweep(ctx, paths, ttl)
		k.sweep = sweep
		return err
	})
	return sweep, err
}

func (k *killed) EndSweep(ctx context.Context, sweep frontier.Sweep) error {
	return k.die(func() error { return k.Frontier.EndSweep(ctx, sweep) })
}

// A render that dies at any step leaves a clean audit, and the next one makes what an uninterrupted
// one makes, even if the options changed meanwhile.
func TestRenderBearsAKillAtEachStep(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]seine.Image{"in place": small, "another format": webp} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := newFixture(t, lite(t), true)
			whole.scans(3, wide)
			first := whole.whole()
			whole.options(spec)
			whole.render()
			want := whole.whole()
			for step := 1; ; step++ {
				f := newFixture(t, lite(t), true)
				f.scans(3, wide)
				f.options(spec)
				dying := &killed{Frontier: f.front, at: (step + 1) / 2, after: step%2 == 0}
				f.Frontier = dying
				_, err := f.Render(t.Context(), func(dataset.Rendering) error { return nil })
				f.Frontier = f.front
				if err == nil {
					if step < 8 {
						t.Errorf("only %d steps", step)
					}
					return
				}
				if !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
				f.wantAudit(dataset.AuditOptions{Deep: true})
				if step%3 == 0 { // the options of before, after the time of the sweep
					f.check(f.front.EndSweep(t.Context(), dying.sweep))
					f.options(wide)
					f.render()
					if d := cmp.Diff(first, f.whole()); d != "" {
						t.Errorf("step %d, back (-first +now):\n%s", step, d)
					}
					continue
				}
				f.render()
				if d := cmp.Diff(want, f.whole()); d != "" {
					t.Errorf("step %d (-uninterrupted +resumed):\n%s", step, d)
				}
			}
		})
	}
}

func TestRenderTellsOfFaults(t *testing.T) {
	each(t, func(f *fixture) {
		f.scans(4, wide)
		f.gone("img/1000_front_original.png")
		f.put("img/1001_front_original.png", []byte("other"))
		if _, err := f.front.Retry(f.Context(), f.ID, []frontier.New{{Key: "1002", Lane: frontier.LaneKey(f.Job, "1002", "http://a.example/1002")}}); err != nil {
			f.Fatal(err)
		}
		f.options(small)
		got := map[string]string{}
		report, err := f.Render(f.Context(), func(r dataset.Rendering) error {
			got[r.Key] = r.Outcome + " " + r.Reason
			return nil
		})
		f.check(err)
		if d := cmp.Diff(map[string]string{
			"1000": "failed original is not in the store", "1001": "failed original has other bytes than its row", "1002": "open ", "1003": "rendered ",
		}, got); d != "" {
			f.Errorf("outcomes (-want +got):\n%s", d)
		}
		if want := (dataset.RenderReport{Images: 4, Rendered: 1, Failed: 2, Open: 1}); report != want {
			f.Errorf("got %+v, want %+v", report, want)
		}
	})
}

// A worker that writes the task while its image is rendered wins, and the image is rendered again.
func TestRenderGivesWayToAWorker(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), true)
	f.scans(2, wide)
	f.options(small)
	f.Frontier = &overtaken{Frontier: f.front, f: f}
	report := f.render()
	f.Frontier = f.front
	if want := (dataset.RenderReport{Images: 2, Rendered: 2}); report != want {
		t.Errorf("got %+v, want %+v", report, want)
	}
	f.wantAudit(dataset.AuditOptions{Deep: true})
}

// overtaken is a frontier where a task is finished anew just before the first commit.
type overtaken struct {
	frontier.Frontier
	f    *fixture
	once bool
}

func (o *overtaken) Render(ctx context.Context, job frontier.JobID, batch []frontier.Rendered) ([]string, error) {
	if !o.once {
		o.once = true
		anew := batch[0]
		anew.Assets = nil // the time alone
		if _, err := o.Frontier.Render(ctx, job, []frontier.Rendered{anew}); err != nil {
			return nil, err
		}
	}
	return o.Frontier.Render(ctx, job, batch)
}

func TestRenderWithoutOriginals(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), false)
	f.done("1000", "1", "front", "back")
	if _, err := f.Render(t.Context(), func(dataset.Rendering) error { return nil }); !errors.Is(err, dataset.ErrNoOriginals) {
		t.Errorf("got %v", err)
	}
}
