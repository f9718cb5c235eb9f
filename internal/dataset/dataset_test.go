package dataset_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// fixture is a data set that a test fills and damages.
type fixture struct {
	front frontier.Frontier // the whole of Set.Frontier
	*testing.T
	dataset.Set
	lease frontier.Lease
}

func rules(t testing.TB) *extract.Scraper {
	t.Helper()
	s, problems := extract.Compile(extract.Rules{
		Key:    "png/{grade}/{id}_{asset}.png",
		Fields: []extract.Field{{Name: "grade", CSS: "p"}, {Name: "note", CSS: "b"}, {Name: "tags", CSS: "i", All: true}},
		Assets: []extract.AssetRule{{Name: "front", URL: `"a"`}, {Name: "back", URL: `"b"`}, {Name: "slab", URL: `"c"`, Optional: true}},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return s
}

func job(t testing.TB, name string) *seine.Job {
	t.Helper()
	s := rules(t)
	j, err := seine.Job{
		Name: name, Permission: "ours", Contact: "data@example.org", Digest: []byte{7}, Scraper: s,
		Seeds: seine.Seeds{IDs: []seine.IDSpace{{From: 1, To: 100_000}}, URL: "http://a.example/{id}"},
		Store: seine.Store{Key: "png/{grade}/{id}_{asset}.png"},
		Pace:  seine.Pace{Delay: seine.Span{Min: seine.None, Max: seine.None}, Concurrency: 1000},
	}.Normal()
	if err != nil {
		t.Fatal(err)
	}
	return &j
}

// each runs a test on both frontiers, each with a folder and with a bucket.
func each(t *testing.T, test func(f *fixture)) {
	t.Parallel()
	for _, folder := range []bool{true, false} {
		t.Run(fmt.Sprintf("folder %v", folder), func(t *testing.T) {
			t.Parallel()
			testkit.Frontiers(t, func(t *testing.T, f drivers.Frontier) { test(newFixture(t, f, folder)) })
		})
	}
}

func lite(t *testing.T) frontier.Frontier {
	t.Helper()
	f, _ := testkit.SQLite(t, nil)
	return f
}

func newFixture(t *testing.T, f frontier.Frontier, folder bool) *fixture {
	t.Helper()
	store := dataset.Store{Bucket: memblob.OpenBucket(nil)}
	if folder {
		store.Folder = filepath.Join(t.TempDir(), "store")
		var err error
		store.Bucket, err = fileblob.OpenBucket(store.Folder, &fileblob.Options{CreateDir: true, Metadata: fileblob.MetadataDontWrite, NoTempDir: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = store.Close() })
	fx := &fixture{T: t, front: f, Set: dataset.Set{Job: job(t, "cards"), Rules: rules(t), Frontier: f, Store: store}}
	fx.ID = fx.register(fx.Job)
	var err error
	fx.lease, err = f.OpenLease(t.Context(), "w", time.Hour)
	fx.check(err)
	return fx
}

func (f *fixture) check(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) register(j *seine.Job) frontier.JobID {
	f.Helper()
	id, err := f.front.Register(f.Context(), frontier.SpecOf(j, []byte(`{}`)), false)
	f.check(err)
	return id
}

// picture is a small image that differs by its name.
func picture(name string) []byte {
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	copy(img.Pix, name)
	var b bytes.Buffer
	_ = png.Encode(&b, img) // into memory
	return b.Bytes()
}

func path(id, grade, asset string) string {
	return fmt.Sprintf("png/%s/%s_%s.png", extract.Sanitize(grade), id, asset)
}

func (f *fixture) put(path string, body []byte) {
	f.Helper()
	f.check(f.Store.WriteAll(f.Context(), path, body, nil))
}

func (f *fixture) gone(path string) {
	f.Helper()
	f.check(f.Store.Delete(f.Context(), path))
}

func (f *fixture) paths() []string {
	f.Helper()
	var out []string
	it := f.Store.List(&blob.ListOptions{})
	for {
		o, err := it.Next(f.Context())
		if err != nil {
			slices.Sort(out)
			return out
		}
		out = append(out, o.Key)
	}
}

func (f *fixture) claim(id string) frontier.Claimed {
	f.Helper()
	n, err := frontier.Admit(f.Job, frontier.Seed{Key: id})
	f.check(err)
	_, err = f.front.Add(f.Context(), f.ID, []frontier.New{n})
	f.check(err)
	got, err := f.front.Claim(f.Context(), f.lease, frontier.ClaimArgs{Job: f.ID, N: 1})
	f.check(err)
	if len(got) != 1 || got[0].Key != id {
		f.Fatalf("claimed %+v; want %s", got, id)
	}
	return got[0]
}

// done completes a task with these assets and stores their files.
func (f *fixture) done(id, grade string, assets ...string) {
	f.Helper()
	f.complete(f.claim(id), grade, assets...)
}

func (f *fixture) complete(c frontier.Claimed, grade string, assets ...string) {
	f.Helper()
	fields, err := json.Marshal(map[string]any{"grade": grade})
	f.check(err)
	f.completeWith(c, string(fields), grade, assets...)
}

// doneWith completes a task with a record of these fields.
func (f *fixture) doneWith(id, fields string) {
	f.Helper()
	f.completeWith(f.claim(id), fields, "")
}

func (f *fixture) completeWith(c frontier.Claimed, fields, grade string, assets ...string) {
	f.Helper()
	done := frontier.Completion{Claimed: c, State: seine.Done, Records: []frontier.Record{{
		Key: c.Key, Kind: "record", URL: "http://a.example/" + c.Key, Fields: []byte(fields), Digest: []byte{7}, FetchedAt: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	}}}
	for _, a := range assets {
		p := path(c.Key, grade, a)
		body := picture(p)
		f.put(p, body)
		sum := sha256.Sum256(body)
		done.Assets = append(done.Assets, frontier.Asset{Key: c.Key, Stored: assetfile.Stored{
			Name: a, Path: p, Bytes: int64(len(body)), SHA256: sum[:], Width: 8, Height: 8, URL: "http://a.example/" + a,
		}})
	}
	out, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{done})
	f.check(err)
	if out.Kept != 1 {
		f.Fatalf("task %s: %+v", c.Key, out)
	}
}

// fill does n tasks whose grades go round from 1 to 10 and unknown.
func (f *fixture) fill(n int) {
	f.Helper()
	for i := range n {
		grade := fmt.Sprint(i%11 + 1)
		if i%11 == 10 {
			grade = "unknown"
		}
		f.done(fmt.Sprint(1000+i), grade, "front", "back")
	}
}

// audit returns the findings as "kind key asset path: fixed", sorted.
func (f *fixture) audit(opts dataset.AuditOptions) ([]string, dataset.AuditReport) {
	f.Helper()
	found := []string{}
	report, err := f.Audit(f.Context(), opts, func(x dataset.Finding) error {
		line := strings.Join(slices.DeleteFunc([]string{string(x.Kind), x.Key, x.Asset, x.Path}, func(s string) bool { return s == "" }), " ")
		if x.Fixed != "" {
			line += ": " + x.Fixed
		}
		found = append(found, line)
		return nil
	})
	f.check(err)
	slices.Sort(found)
	return found, report
}

func (f *fixture) wantAudit(opts dataset.AuditOptions, want ...string) dataset.AuditReport {
	f.Helper()
	got, report := f.audit(opts)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		f.Errorf("found\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	return report
}

func (f *fixture) state(id string) seine.State {
	f.Helper()
	tasks, err := f.Frontier.Tasks(context.WithoutCancel(f.Context()), f.ID, frontier.Filter{Keys: []string{id}})
	f.check(err)
	if len(tasks) != 1 {
		f.Fatalf("%d tasks %s", len(tasks), id)
	}
	return tasks[0].State
}

// export writes an export of one file to w.
func (f *fixture) export(w io.Writer, opts dataset.ExportOptions) (dataset.About, error) {
	opts.Open = func(context.Context, string) (*dataset.Target, string, error) { return dataset.ToWriter(w), "-", nil }
	return f.Export(f.Context(), opts)
}
