package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/discovery"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/testkit"
)

// pictureOf is a PNG of a size.
func pictureOf(w, h int) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)))
	return b.Bytes()
}

// secret is the value of the variable TOKEN in job files.
const secret = "s3cr3t-t0ken"

// file registers the job of a job file; BASE in it is the site.
func (r *rig) file(text string, change func(j *seine.Job)) *engine.Job {
	r.Helper()
	f, err := jobfile.Parse("job.yaml", []byte(strings.ReplaceAll(text, "BASE", r.site.URL)), func(name string) (string, bool) { return secret, name == "TOKEN" })
	if err != nil {
		r.Fatal(err)
	}
	f.Job.Retry.Backoff = 10 * time.Millisecond
	if change != nil {
		change(&f.Job)
	}
	return r.register(f.Job)
}

// record returns the only record of a job, its assets and the failed ones.
func (r *rig) record(j *engine.Job) (fields string, assets, failed []string) {
	r.Helper()
	n := 0
	if err := r.f.Records(r.Context(), j.ID, func(s frontier.Stored) error {
		n++
		var v map[string]json.RawMessage
		if err := json.Unmarshal(s.Fields, &v); err != nil {
			return err
		}
		text, err := json.Marshal(v)
		fields = string(text)
		for _, a := range s.Assets {
			assets = append(assets, a.Name)
		}
		for _, f := range s.Failed {
			failed = append(failed, f.Name+": "+f.Reason)
		}
		return err
	}); err != nil || n != 1 {
		r.Fatalf("%d records, %v\n%s", n, err, r.log)
	}
	return fields, assets, failed
}

// onBoth runs a test on each frontier.
func onBoth(t *testing.T, test func(t *testing.T, postgres bool)) {
	t.Helper()
	for name, postgres := range map[string]bool{"SQLite": false, "PostgreSQL": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, postgres)
		})
	}
}

const keepJob = `job: photos
seeds: {urls: ["BASE/page"]}
fetch: {allow_private: [127.0.0.0/8]}
pace: {delay: 0s}
fields:
  title: {css: h1}
  price: {css: b, type: decimal}
  photos: {css: img, attr: src, all: true, keep: false}
  widths: {asset: photo.original_width, all: true}
assets:
  photo: {url: photos, all: true, on_failure: keep, types: [image/*]}
retry: {error: 4}
`

const keepPage = `<h1>x</h1><b>1.10</b><img src=/1.png><img src=/2.png><img src=/1.png><img src=/3.png>`

// A list keeps its good files if one entry is no URL, which fails at once.
func TestAListKeepsItsFilesBesideWhatIsNoURL(t *testing.T) {
	t.Parallel()
	var pages atomic.Int64
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/page" {
			_, _ = w.Write(pictureOf(10, 1))
			return
		}
		pages.Add(1)
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<h1>x</h1><img src=/1.png><img src="javascript:1"><img src="blob:x"><img src=/3.png>`)
	})
	j := r.file(keepJob, nil)
	r.run(j)
	_, assets, failed := r.record(j)
	want := []string{"photo_2: the URL is not http, https, data or blob", "photo_3: a blob: URL exists only in a browser: set fetch.via to chrome"}
	if d := cmp.Diff(failed, want); d != "" || len(assets) != 2 || pages.Load() != 1 {
		t.Errorf("assets %v, page fetched %d times, failures (-got +want):\n%s", assets, pages.Load(), d)
	}
}

// The record is stored with the failure, and only the asset is retried.
func TestAnAssetThatFailsIsRetriedAlone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		var second atomic.Int64
		r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
			switch q.URL.Path {
			case "/page":
				w.Header().Set("Content-Type", "text/html")
				_, _ = fmt.Fprint(w, keepPage)
			case "/2.png":
				if second.Add(1) < 3 {
					http.Error(w, "no", http.StatusBadGateway)
					return
				}
				_, _ = w.Write(pictureOf(20, 2))
			case "/1.png":
				_, _ = w.Write(pictureOf(10, 1))
			default:
				_, _ = w.Write(pictureOf(30, 3))
			}
		})
		if postgres {
			r.f = testkit.Postgres(t)
		}
		j := r.file(keepJob, func(j *seine.Job) { j.Retry.Backoff = 2 * time.Second })
		// Until the first attempt is committed, the record exists with the failure.
		held := make(chan struct{})
		go func() {
			defer close(held)
			for {
				st, err := r.f.Status(t.Context(), j.ID)
				if err != nil || st.FailedAssets > 0 || t.Context().Err() != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		}()
		ended := make(chan struct{})
		go func() { defer close(ended); r.run(j) }()
		<-held
		fields, assets, failed := r.record(j)
		if fields != `{"price":1.10,"title":"x","widths":[10,null,30]}` || !slices.Equal(assets, []string{"photo_1", "photo_3"}) || !slices.Equal(failed, []string{"photo_2: HTTP 502"}) {
			t.Errorf("after the first attempt: %s, %q, %q", fields, assets, failed)
		}
		if got := r.states(j); got != "" && !strings.Contains(got, ":error(asset photo_2: HTTP 502)") && !strings.Contains(got, ":in_progress") {
			t.Errorf("states %s", got)
		}
		<-ended
		fields, assets, failed = r.record(j)
		if fields != `{"price":1.10,"title":"x","widths":[10,20,30]}` || len(assets) != 3 || failed != nil {
			t.Errorf("at the end: %s, %q, %q", fields, assets, failed)
		}
		if r.site.Count("/page") != 1 || r.site.Count("/1.png") != 1 || r.site.Count("/3.png") != 1 || r.site.Count("/2.png") != 3 {
			t.Errorf("requests %v; want the page once, and the asset that failed alone again", r.site.Counts())
		}
		if got := r.states(j); !strings.HasSuffix(got, "/page:done") {
			t.Errorf("states %s", got)
		}
	})
}

// After the last attempt the task is done, and the failure stays with the record.
func TestAnAssetThatFailsForGood(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		var healthy atomic.Bool
		r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			switch {
			case q.URL.Path == "/page":
				_, _ = fmt.Fprint(w, keepPage)
			case q.URL.Path == "/2.png" && !healthy.Load():
				http.NotFound(w, q)
			case q.URL.Path == "/3.png" && !healthy.Load():
				_, _ = fmt.Fprint(w, "<html>sorry</html>")
			default:
				_, _ = w.Write(pictureOf(10, 1))
			}
		})
		if postgres {
			r.f = testkit.Postgres(t)
		}
		j := r.file(keepJob, nil)
		r.run(j)
		fields, assets, failed := r.record(j)
		want := []string{"photo_2: HTTP 404", "photo_3: HTML instead of image/*"}
		if fields != `{"price":1.10,"title":"x","widths":[10]}` || !slices.Equal(assets, []string{"photo_1"}) || !slices.Equal(failed, want) {
			t.Errorf("%s, %q, %q", fields, assets, failed)
		}
		if r.site.Count("/page") != 1 || r.site.Count("/2.png") != 4 || r.site.Count("/3.png") != 1 {
			t.Errorf("requests %v; want four attempts of what may change, and one of what can't", r.site.Counts())
		}
		if got := r.states(j); !strings.HasSuffix(got, "/page:done(asset photo_3: HTML instead of image/*)") {
			t.Errorf("states %s", got)
		}
		// Sent back, its page is fetched again, and nothing has failed any more.
		healthy.Store(true)
		n, err := frontier.Admit(&j.Job, frontier.Seed{Key: r.site.URL + "/page"})
		if err != nil {
			t.Fatal(err)
		}
		if sent, err := r.f.Retry(t.Context(), j.ID, []frontier.New{n}); err != nil || sent != 1 {
			t.Fatalf("sent %d back, %v", sent, err)
		}
		r.run(j)
		if fields, assets, failed := r.record(j); fields != `{"price":1.10,"title":"x","widths":[10,10,10]}` || len(assets) != 3 || failed != nil {
			t.Errorf("after a retry: %s, %q, %q", fields, assets, failed)
		}
		if r.site.Count("/page") != 2 {
			t.Errorf("the page was requested %d times; want 2", r.site.Count("/page"))
		}
	})
}

// The page is the file, fetched once with its own bytes, up to max_asset.
func TestThePageItselfIsAnAsset(t *testing.T) {
	t.Parallel()
	pdf := append([]byte("%PDF-1.4\n"), bytes.Repeat([]byte{0xff, 0}, 5000)...)
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/a.pdf":
			w.Header().Set("Content-Type", "application/pdf")
			_, _ = w.Write(pdf)
		case "/big.pdf":
			w.Header().Set("Content-Type", "application/pdf")
			_, _ = w.Write(append(pdf, make([]byte, 11000)...))
		case "/latin.txt":
			w.Header().Set("Content-Type", "text/plain; charset=windows-1252")
			_, _ = w.Write([]byte("caf\xe9"))
		case "/wall.pdf":
			w.Header().Set("Content-Type", "application/pdf")
			_, _ = fmt.Fprint(w, "<!doctype html><title>log in</title>")
		default:
			http.NotFound(w, q)
		}
	})
	j := r.file(`job: files
seeds: {urls: ["BASE/a.pdf", "BASE/big.pdf", "BASE/wall.pdf", "BASE/gone.pdf", "BASE/latin.txt"]}
fetch: {allow_private: [127.0.0.0/8], max_body: 1kB, max_asset: 20kB}
pace: {delay: 0s}
assets:
  file: {body: true, types: [application/pdf, text/*]}
`, nil)
	r.run(j)
	states := r.states(j)
	for path, want := range map[string]string{
		"/a.pdf": "done", "/latin.txt": "done", "/gone.pdf": "skipped(HTTP 404)", "/big.pdf": "error(body too large)",
	} {
		if !strings.Contains(states+" ", path+":"+want+" ") || r.site.Count(path) != 1 {
			t.Errorf("%s was requested %d times: %s", path, r.site.Count(path), states)
		}
	}
	if !strings.Contains(states, "/wall.pdf:error(asset file: claims to be application/pdf and is text/html)") {
		t.Errorf("states %s; want a page in a file's place refused", states)
	}
	sizes := map[string]int64{}
	if err := r.f.Assets(t.Context(), j.ID, func(a frontier.Asset) error {
		sizes[strings.TrimPrefix(a.URL, r.site.URL)] = a.Bytes
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if sizes["/a.pdf"] != int64(len(pdf)) || sizes["/latin.txt"] != 4 {
		t.Errorf("sizes %v; want the bytes that were sent", sizes)
	}
}

// A page in a file's place is no PDF, whatever the header claims.
func TestTypesAreJudgedByTheBytes(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pdf")
		_, _ = fmt.Fprint(w, "<!doctype html><title>log in</title>")
	})
	j := r.file(`job: files
seeds: {urls: ["BASE/wall.pdf"]}
fetch: {allow_private: [127.0.0.0/8]}
pace: {delay: 0s}
assets:
  file: {body: true, types: [application/pdf]}
`, nil)
	r.run(j)
	if got := r.states(j); !strings.HasSuffix(got, "wall.pdf:error(asset file: HTML instead of application/pdf)") || r.site.Count("/wall.pdf") != 1 {
		t.Errorf("%s after %d requests", got, r.site.Count("/wall.pdf"))
	}
}

// Columns of a task keep their digits on their way through the database.
func TestColumnsKeepTheirDigits(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprint(w, "<h1>x</h1>")
		})
		if postgres {
			r.f = testkit.Postgres(t)
		}
		j := r.file(`job: columns
seeds: {url: "BASE/{id}"}
fetch: {allow_private: [127.0.0.0/8]}
pace: {delay: 0s}
fields:
  title: {css: h1}
  price: {column: price}
  big: {column: big}
  list: {column: list, all: true}
`, nil)
		in := discovery.NewAdder(r.f, &j.Job, j.ID)
		if err := in.Add(t.Context(), frontier.Seed{Key: "a", Meta: map[string]any{
			"price": json.Number("1.10"), "big": json.Number("12345678901234567890.120"), "list": []any{json.Number("2.50"), "b"},
		}}); err != nil {
			t.Fatal(err)
		}
		if err := in.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.run(j)
		if fields, _, _ := r.record(j); fields != `{"big":12345678901234567890.120,"list":[2.50,"b"],"price":1.10,"title":"x"}` {
			t.Errorf("fields %s", fields)
		}
	})
}
