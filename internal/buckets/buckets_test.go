package buckets_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/wiring"
)

// fault stands in front of a fake cloud.
type fault struct {
	real http.Handler

	mu     sync.Mutex
	asked  int
	decide func(n int, r *http.Request) action
}

// action is what becomes of a request.
type action int

const (
	pass    action = iota
	refuse         // 503, not done
	drop           // the connection is cut, not done
	lose           // done, and the answer lost
	deny           // 403
	crawl          // done, slowly
	missing        // 404
)

func (f *fault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked++
	do := pass
	if f.decide != nil {
		do = f.decide(f.asked, r)
	}
	f.mu.Unlock()
	switch do {
	case pass:
		f.real.ServeHTTP(w, r)
	case refuse:
		http.Error(w, `{"error": {"code": 503, "message": "try again"}}`, http.StatusServiceUnavailable)
	case drop:
		_, _ = io.CopyN(io.Discard, r.Body, 1000)
		panic(http.ErrAbortHandler)
	case lose:
		f.real.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case deny:
		http.Error(w, `{"error": {"code": 403, "message": "no"}}`, http.StatusForbidden)
	case crawl:
		select {
		case <-time.After(300 * time.Millisecond):
		case <-r.Context().Done():
		}
		f.real.ServeHTTP(w, r)
	case missing:
		http.Error(w, `{"error": {"code": 404, "message": "no such bucket"}}`, http.StatusNotFound)
	}
}

func (f *fault) set(decide func(n int, r *http.Request) action) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked, f.decide = 0, decide
}

// writes reports whether a request writes an object.
func writes(r *http.Request) bool { return r.Method == http.MethodPut || r.Method == http.MethodPost }

// cloud is one kind of bucket, opened by its URL.
type cloud struct {
	name  string
	url   string
	fault *fault // nil: a folder
}

// The fakes are found through the environment, which is the process's.
func clouds(t *testing.T) []cloud {
	t.Helper()
	google := &fault{}
	front := httptest.NewServer(google)
	t.Cleanup(front.Close)
	gcs, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, ExternalURL: front.URL, PublicHost: strings.TrimPrefix(front.URL, "http://"), Writer: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gcs.Stop)
	gcs.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "cards"})
	google.real = gcs.HTTPHandler()
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(front.URL, "http://"))

	amazon := &fault{}
	memory := s3mem.New()
	if err := memory.CreateBucket("cards"); err != nil {
		t.Fatal(err)
	}
	amazon.real = gofakes3.New(memory, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s3 := httptest.NewServer(amazon)
	t.Cleanup(s3.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	return []cloud{
		{"gs", "gs://cards", google},
		{"s3", "s3://cards?region=us-east-1&use_path_style=true&endpoint=" + s3.URL, amazon},
		{"file", "file:" + filepath.Join(t.TempDir(), "cards"), nil},
	}
}

func open(t *testing.T, c cloud) *blob.Bucket {
	t.Helper()
	b, err := wiring.Store(t.Context(), c.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// web gives one file for each URL.
type web map[string][]byte

func (w web) Fetch(_ context.Context, req seine.Request) (*seine.Page, error) {
	return &seine.Page{URL: req.URL, Status: http.StatusOK, Header: http.Header{}, Body: w[req.URL]}, nil
}

func keep(ctx context.Context, b *blob.Bucket, body []byte, path string, hold asset.Hold) (assetfile.Stored, error) {
	files, err := asset.New(b, asset.Options{}).Keep(ctx, web{"u": body}, seine.Asset{Name: "a", URL: "u", Path: path}, hold)
	if err != nil {
		return assetfile.Stored{}, err
	}
	return files[0], nil
}

func there(t *testing.T, b *blob.Bucket, path string) []byte {
	t.Helper()
	body, err := b.ReadAll(t.Context(), path)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// Every kind of bucket does the same.
func TestBuckets(t *testing.T) {
	for _, c := range clouds(t) {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, c)
			t.Run("a key is created once", func(t *testing.T) { createdOnce(t, b) })
			t.Run("a file is there as a whole or not at all", func(t *testing.T) { wholeOrNot(t, b) })
			t.Run("of two writers one wins", func(t *testing.T) { oneWins(t, b) })
			t.Run("a listing comes in pages", func(t *testing.T) { pages(t, b) })
			t.Run("keys of all kinds", func(t *testing.T) { keys(t, b) })
			t.Run("a file of many parts", func(t *testing.T) { large(t, b) })
			if c.fault != nil {
				t.Run("faults are outlived", func(t *testing.T) { faults(t, c, b) })
				t.Run("what is not there is not done", func(t *testing.T) { notDone(t, c, b) })
				t.Run("no access", func(t *testing.T) { noAccess(t, c) })
			}
		})
	}
}

func createdOnce(t *testing.T, b *blob.Bucket) {
	if _, err := keep(t.Context(), b, []byte("one"), "once/f.png", asset.Hold{}); err != nil {
		t.Fatal(err)
	}
	before, err := b.Attributes(t.Context(), "once/f.png")
	if err != nil {
		t.Fatal(err)
	}
	never := asset.Hold{Owned: func(context.Context) error { return errors.New("asked about an equal file") }}
	if _, err := keep(t.Context(), b, []byte("one"), "once/f.png", never); err != nil {
		t.Error(err)
	}
	if after, err := b.Attributes(t.Context(), "once/f.png"); err != nil || !after.ModTime.Equal(before.ModTime) {
		t.Errorf("an equal file was written anew: %v", err)
	}
	lost := errors.New("lease lost")
	if _, err := keep(t.Context(), b, []byte("two"), "once/f.png", asset.Hold{Owned: func(context.Context) error { return lost }}); !errors.Is(err, lost) {
		t.Errorf("%v; want %v", err, lost)
	}
	if got := string(there(t, b, "once/f.png")); got != "one" {
		t.Errorf("the file is %q; want one", got)
	}
	if _, err := keep(t.Context(), b, []byte("two"), "once/f.png", asset.Hold{Owned: func(context.Context) error { return nil }}); err != nil {
		t.Error(err)
	}
	if got := string(there(t, b, "once/f.png")); got != "two" {
		t.Errorf("the file is %q; want two", got)
	}
}

func wholeOrNot(t *testing.T, b *blob.Bucket) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := keep(ctx, b, bytes.Repeat([]byte("x"), 1<<20), "whole/f", asset.Hold{}); err == nil {
		t.Error("a write that was stopped succeeded")
	}
	for _, o := range list(t, b, "whole/") {
		t.Errorf("a write that was stopped left %s", o)
	}
}

func oneWins(t *testing.T, b *blob.Bucket) {
	var (
		wg      sync.WaitGroup
		written atomic.Int64
		lost    = errors.New("lost")
	)
	for i := range 8 {
		wg.Go(func() {
			_, err := keep(t.Context(), b, fmt.Append(nil, "writer ", i), "race/f", asset.Hold{Owned: func(context.Context) error { return lost }})
			switch {
			case err == nil:
				written.Add(1)
			case !errors.Is(err, lost):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := written.Load(); n != 1 {
		t.Errorf("%d writers won; want one", n)
	}
}

func list(t *testing.T, b *blob.Bucket, prefix string) []string {
	t.Helper()
	var out []string
	it := b.List(&blob.ListOptions{Prefix: prefix})
	for {
		o, err := it.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o.Key)
	}
}

// A bucket gives at most 1,000 keys at a time.
func pages(t *testing.T, b *blob.Bucket) {
	const n = 2100
	var wg sync.WaitGroup
	gate := make(chan struct{}, 16)
	for i := range n {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			if err := b.WriteAll(t.Context(), fmt.Sprintf("pages/%04d", i), []byte("x"), nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got := list(t, b, "pages/")
	slices.Sort(got)
	if got = slices.Compact(got); len(got) != n {
		t.Errorf("listed %d of %d", len(got), n)
	}
}

func keys(t *testing.T, b *blob.Bucket) {
	for _, key := range []string{"keys/a b+c%20d", "keys/ü✓", "keys/a#b?c=d&e", "keys/~(x)'!*", "keys/a.b/c..d/e"} {
		if _, err := keep(t.Context(), b, []byte(key), key, asset.Hold{}); err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		if got := string(there(t, b, key)); got != key {
			t.Errorf("%s holds %q", key, got)
		}
		if !slices.Contains(list(t, b, "keys/"), key) {
			t.Errorf("%s is not listed", key)
		}
	}
}

func large(t *testing.T, b *blob.Bucket) {
	body := make([]byte, 20<<20+7)
	_, _ = rand.Read(body)
	for range 2 { // the second finds it there
		if _, err := keep(t.Context(), b, body, "large/f", asset.Hold{}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(there(t, b, "large/f"), body) {
		t.Error("the file came back different")
	}
}

// again keeps a file until it succeeds, as the frontier does, with a bounded number of attempts.
func again(t *testing.T, b *blob.Bucket, body []byte, path string) {
	t.Helper()
	var err error
	for range 8 {
		if _, err = keep(t.Context(), b, body, path, asset.Hold{Again: true}); err == nil {
			break
		}
	}
	if err != nil {
		t.Errorf("%s: never stored: %v", path, err)
		return
	}
	if !bytes.Equal(there(t, b, path), body) {
		t.Errorf("%s: said to be stored, and is not what was kept", path)
	}
}

func faults(t *testing.T, c cloud, b *blob.Bucket) {
	defer c.fault.set(nil)
	body := bytes.Repeat([]byte("picture"), 5000)
	for name, do := range map[string]action{"refused": refuse, "cut": drop, "answer lost": lose} {
		c.fault.set(func(n int, r *http.Request) action {
			if n <= 2 && writes(r) {
				return do
			}
			return pass
		})
		again(t, b, body, "faults/"+name)
	}
	c.fault.set(func(int, *http.Request) action { return crawl })
	again(t, b, body, "faults/slow")
}

func notDone(t *testing.T, c cloud, b *blob.Bucket) {
	defer c.fault.set(nil)
	for name, do := range map[string]action{"refused": refuse, "cut": drop, "denied": deny, "bucket gone": missing} {
		c.fault.set(func(int, *http.Request) action { return do })
		limit := time.Minute
		if name == "refused" || name == "cut" { // it is tried again and again
			limit = 2 * time.Second
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, err := keep(ctx, b, []byte("picture"), "never/"+name, asset.Hold{})
		cancel()
		if err == nil {
			t.Errorf("%s: done without the bytes", name)
		}
		if do == deny || do == missing {
			if !errors.Is(err, asset.ErrStore) || asset.Reason(err) != "store does not take it" {
				t.Errorf("%s: %v; want %v", name, err, asset.ErrStore)
			}
		}
		c.fault.set(nil)
		if got := there(t, b, "never/"+name); got != nil {
			t.Errorf("%s: said to have failed, and is there", name)
		}
	}
}

func noAccess(t *testing.T, c cloud) {
	defer c.fault.set(nil)
	for name, do := range map[string]action{"denied": deny, "no bucket": missing} {
		c.fault.set(func(int, *http.Request) action { return do })
		_, err := wiring.Store(t.Context(), c.url)
		if !errors.Is(err, wiring.ErrStore) {
			t.Errorf("%s: %v; want %v", name, err, wiring.ErrStore)
		}
	}
}
