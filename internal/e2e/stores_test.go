package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/nlnwa/gowarc/v3"

	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// place is a frontier and a store.
type place struct {
	dir, dsn, store string
	env             []string
	site            *httptest.Server
	asked           *atomic.Int64 // requests to the site
}

func (p place) seine(t *testing.T, args ...string) string {
	t.Helper()
	if args[0] != "test" {
		args = append(args, "--frontier", p.dsn)
	}
	return runWith(t, p.dir, p.env, 0, args...)
}

// write writes a job file. Its words STORE and SITE stand for the place.
func (p place) write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(p.dir, "job.yaml")
	text = strings.NewReplacer("STORE", p.store, "SITE", p.site.URL).Replace(text)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// eachStore runs a test with each kind of store, on both frontiers.
func eachStore(t *testing.T, site http.HandlerFunc, test func(t *testing.T, p place)) {
	t.Helper()
	for _, name := range []string{"file", "gs", "s3"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := place{dir: t.TempDir(), store: "file:data/files", asked: &atomic.Int64{}}
			p.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				p.asked.Add(1)
				site(w, r)
			}))
			t.Cleanup(p.site.Close)
			p.dsn = "sqlite:" + filepath.Join(p.dir, "seine.db")
			switch name {
			case "gs":
				p.store, p.env = "gs://cards", fakeGoogle(t).use(nil)
				p.dsn = pgtest.Empty(t)
				run(t, p.dir, 0, "migrate", "--frontier", p.dsn)
			case "s3":
				memory := s3mem.New()
				if err := memory.CreateBucket("cards"); err != nil {
					t.Fatal(err)
				}
				amazon := httptest.NewServer(gofakes3.New(memory, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
				t.Cleanup(amazon.Close)
				p.store = "s3://cards?region=us-east-1&use_path_style=true&endpoint=" + amazon.URL
				p.env = []string{"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret"}
			}
			test(t, p)
		})
	}
}

// scripted is a page whose heading and picture are made by a script.
const scripted = `<!doctype html><title>t</title><p id=n></p><script>
document.body.insertAdjacentHTML("afterbegin", "<h1>Card " + location.pathname.slice(3) + "</h1><b>" + 6 * 7 + "</b>");
const c = document.createElement("canvas"), i = new Image();
c.width = c.height = 80;
c.getContext("2d").fillRect(0, 0, 40, 80);
i.onload = () => document.body.append(i);
c.toBlob(b => { i.src = URL.createObjectURL(b); });
</script>`

const browserJob = `job: cards
record_pages: true
seeds: {url: "SITE/p/{id}", ids: {from: 1, to: 3}}
explore: {strategy: off}
fetch: {via: chrome, allow_private: [127.0.0.0/8], wait: [{css: img}]}
pace: {delay: 0s}
store: {url: "STORE", key: "{id}_{asset}.{ext}"}
fields:
  title: {css: h1}
  image: {css: img, attr: src}
`

// A page by a browser is recorded as its rules read it, after its scripts and with its pictures.
// New rules and the web archive need neither the site nor a browser.
func TestRecordingsOfABrowser(t *testing.T) {
	t.Parallel()
	site := func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/p/") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(scripted))
	}
	eachStore(t, site, func(t *testing.T, p place) {
		job := p.write(t, browserJob)
		p.seine(t, "run", job)
		p.site.Close()
		asked := p.asked.Load()
		p.env = append(p.env, "SEINE_BROWSER="+filepath.Join(p.dir, "none"))

		p.write(t, browserJob+"  answer: {css: b, type: int}\nassets: {photo: {url: image, image: {to: png}}}\n")
		p.seine(t, "reprocess", job)
		if out := p.seine(t, "audit", job, "--deep"); !strings.Contains(out, "3 files") {
			t.Errorf("the pictures of the recordings are not stored:\n%s", out)
		}
		n := 0
		for line := range strings.Lines(p.seine(t, "export", job, "-o", "-")) {
			var r struct {
				Key    string
				Fields struct {
					Title  string
					Answer int
				}
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			if want := "Card " + r.Key[len(r.Key)-1:]; r.Fields.Title != want || r.Fields.Answer != 42 {
				t.Errorf("%s has %+v; want %s and 42", r.Key, r.Fields, want)
			}
			n++
		}
		if n != 3 {
			t.Errorf("%d records; want 3", n)
		}
		archived(t, p, job)
		if now := p.asked.Load(); now != asked {
			t.Errorf("%d requests after the run", now-asked)
		}
	})
}

// archived checks the web archive of a job of scripted pages.
func archived(t *testing.T, p place, job string) {
	t.Helper()
	p.seine(t, "export", job, "-o", "pages.warc")
	text, err := os.ReadFile(filepath.Join(p.dir, "pages.warc"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := gowarc.NewWarcFileReaderFromStream(bytes.NewReader(text), 0, gowarc.WithStrictValidation())
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]int{}
	for rec, err := range r.Records() {
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range rec.Validation {
			t.Error(v)
		}
		types[rec.WarcRecord.Type().String()]++
	}
	if types["response"] != 3 || types["metadata"] != 3 {
		t.Errorf("the archive has records %v; want 3 pages", types)
	}
	if n := bytes.Count(text, []byte("<b>42</b>")); n != 3 {
		t.Errorf("%d pages of the archive are as their scripts left them; want 3", n)
	}
}

const picturesJob = `job: pictures
seeds: {url: "SITE/{id}.jpg", ids: {from: 1, to: 5}}
explore: {strategy: off}
fetch: {allow_private: [127.0.0.0/8]}
pace: {delay: 0s}
store: {url: "STORE", key: "{id}_{asset}.{ext}"}
fields: {width: {asset: photo.width}}
assets: {photo: {body: true, image: {resize: %s, keep: original}}}
`

// New renditions are made of the originals of every kind of store, without a request, and the
// earlier files are gone.
func TestRenderInEachStore(t *testing.T) {
	t.Parallel()
	site := func(w http.ResponseWriter, r *http.Request) {
		var i uint8
		if n, err := fmt.Sscanf(r.URL.Path, "/%d.jpg", &i); n != 1 || err != nil {
			http.NotFound(w, r)
			return
		}
		m := image.NewRGBA(image.Rect(0, 0, 200, 160))
		for y := range 160 {
			for x := range 200 {
				m.Set(x, y, color.RGBA{uint8(x), uint8(y), 50 * i, 255})
			}
		}
		_ = jpeg.Encode(w, m, nil)
	}
	eachStore(t, site, func(t *testing.T, p place) {
		job := p.write(t, fmt.Sprintf(picturesJob, "100x100, mode: fit, to: png"))
		p.seine(t, "run", job)
		p.seine(t, "audit", job, "--deep", "--grace", "0s")
		p.site.Close()
		asked := p.asked.Load()
		first := p.seine(t, "export", job, "-o", "-")

		p.write(t, fmt.Sprintf(picturesJob, "64x64, mode: center_crop, to: webp"))
		if out := p.seine(t, "render", job); !strings.Contains(out, "5 images rendered, 0 unchanged, 0 failed") ||
			!strings.Contains(out, "5 files of the earlier format deleted") {
			t.Errorf("render says\n%s", out)
		}
		p.seine(t, "audit", job, "--deep", "--grace", "0s")
		if out := p.seine(t, "export", job, "-o", "-"); strings.Count(out, `"width":64`) < 5 || strings.Count(out, ".webp") != 5 {
			t.Errorf("the records after it are\n%s", out)
		}
		if out := p.seine(t, "render", job); !strings.Contains(out, "0 images rendered, 5 unchanged") {
			t.Errorf("render says, the second time,\n%s", out)
		}
		p.write(t, fmt.Sprintf(picturesJob, "100x100, mode: fit, to: png"))
		p.seine(t, "render", job)
		if again := p.seine(t, "export", job, "-o", "-"); again != first {
			t.Errorf("the first options give\n%s; want the files of before\n%s", again, first)
		}
		if now := p.asked.Load(); now != asked {
			t.Errorf("%d requests after the run", now-asked)
		}
	})
}
