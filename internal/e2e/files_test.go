package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/testkit"
)

// fileSite serves files and counts the requests for each.
type fileSite struct {
	*testkit.Site
}

func serveFiles(t *testing.T) *fileSite {
	t.Helper()
	var pic bytes.Buffer
	if err := png.Encode(&pic, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	return &fileSite{testkit.Serve(t, func(w http.ResponseWriter, q *http.Request) {
		media := "text/html"
		var body string
		switch q.URL.Path {
		case "/page":
			body = `<h1>x</h1><img src="/a.png"><img src="/b.png"><img src="/a.png">`
		case "/blob":
			numbers := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(pic.Bytes())), ","), "[]")
			body = `<h1>x</h1><img id=i><script>i.src = URL.createObjectURL(new Blob([new Uint8Array([` + numbers + `])], {type: "image/png"}))</script>`
		case "/a.png", "/b.png":
			media, body = "image/png", pic.String()
		case "/doc.pdf":
			media, body = "application/pdf", "%PDF-1.4\n\x00\xff"
		case "/wall.pdf":
			media, body = "application/pdf", "<!doctype html><title>log in</title>"
		default:
			http.NotFound(w, q)
			return
		}
		w.Header().Set("Content-Type", media)
		_, _ = w.Write([]byte(body))
	})}
}

// job writes a job file; BASE in it is the site.
func (s *fileSite) job(t *testing.T, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "job.yaml")
	text = strings.NewReplacer("BASE", s.URL, "FETCH", "allow_private: [127.0.0.0/8]").Replace(text)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// exported is a record as `export` writes it.
type exportedRecord struct {
	Key    string
	Fields map[string]json.RawMessage
	Assets map[string]struct {
		Path  string
		Bytes int64
		Width int
	}
	Failures map[string]struct{ URL, Reason string }
}

func exportOf(t *testing.T, dir, job string) map[string]exportedRecord {
	t.Helper()
	file := filepath.Join(dir, "out.jsonl")
	run(t, dir, 0, "export", job, "-o", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]exportedRecord{}
	for line := range strings.Lines(string(text)) {
		var r exportedRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		out[r.Key] = r
	}
	return out
}

// Each file of a list is fetched once, over either fetcher, and a page in a file's place is
// reported.
func TestFilesThatArePages(t *testing.T) {
	t.Parallel()
	for _, via := range []string{"http", "chrome"} {
		t.Run(via, func(t *testing.T) {
			t.Parallel()
			s, dir := serveFiles(t), t.TempDir()
			job := s.job(t, dir, `job: files
seeds: {urls: ["BASE/doc.pdf", "BASE/a.png", "BASE/wall.pdf", "BASE/gone.pdf"]}
fetch: {via: `+via+`, FETCH}
pace: {delay: 0s}
assets:
  file: {body: true, types: [image/*, application/pdf]}
max_failures: 1
`)
			run(t, dir, 0, "run", job)
			got := exportOf(t, dir, job)
			if len(got) != 2 || got[s.URL+"/doc.pdf"].Assets["file"].Bytes != 11 || got[s.URL+"/a.png"].Assets["file"].Width != 40 {
				t.Errorf("records %+v", got)
			}
			if out := run(t, dir, 0, "tasks", job); !strings.Contains(out, "asset file: HTML instead of image/*, application/pdf") || !strings.Contains(out, "HTTP 404") {
				t.Errorf("tasks\n%s", out)
			}
			for _, path := range []string{"/doc.pdf", "/a.png", "/wall.pdf", "/gone.pdf"} {
				if s.Count(path) != 1 {
					t.Errorf("%s was requested %d times; want once", path, s.Count(path))
				}
			}
			run(t, dir, 0, "audit", job)
		})
	}
}

// Lists select the images of a page, with fields of the files and of the task, and blob: images
// too.
func TestListsOfFiles(t *testing.T) {
	t.Parallel()
	for _, via := range []string{"http", "chrome"} {
		t.Run(via, func(t *testing.T) {
			t.Parallel()
			s, dir := serveFiles(t), t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "list.csv"), []byte("key,price\nblob,1.10\npage,2.50\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			job := s.job(t, dir, `job: photos
seeds: {url: "BASE/{id}", file: list.csv}
fetch: {via: `+via+`, FETCH}
pace: {delay: 0s}
fields:
  title: {css: h1}
  price: {column: price, type: decimal}
  images: {css: "img[src]", attr: src, all: true, keep: false}
  widths: {asset: photo.original_width, all: true}
assets:
  photo: {url: images, all: true, image: {resize: 8x8}}
store: {key: "{id}/{n}.{ext}"}
max_failures: 1
retry: {error: 1}
`)
			run(t, dir, 0, "run", job)
			got := exportOf(t, dir, job)
			page := got["page"]
			if len(page.Assets) != 2 || page.Assets["photo_2"].Path != "page/2.png" || page.Assets["photo_1"].Width != 8 || string(page.Fields["widths"]) != "[40,40]" || string(page.Fields["price"]) != "2.50" {
				t.Errorf("record %+v", page)
			}
			if s.Count("/a.png") != 1 || s.Count("/b.png") != 1 {
				t.Errorf("requests %v", s.Counts())
			}
			if blob := got["blob"]; via == "chrome" && (len(blob.Assets) != 1 || string(blob.Fields["widths"]) != "[40]" || string(blob.Fields["price"]) != "1.10") {
				t.Errorf("blob: record %+v", blob)
			}
			if out := run(t, dir, 0, "try", job, "page"); !strings.Contains(out, "price      2.50") || !strings.Contains(out, "widths     [40,40]") {
				t.Errorf("try\n%s", out)
			}
			run(t, dir, 0, "audit", job)
		})
	}
}

// A record whose asset failed is exported with the failure, and counted.
func TestARecordWithoutItsAsset(t *testing.T) {
	eachDatabase(t, func(t *testing.T, dir string, db database) {
		s := serveFiles(t)
		job := s.job(t, dir, `job: photos
seeds: {urls: ["BASE/page"]}
fetch: {FETCH}
pace: {delay: 0s}
fields:
  title: {css: h1}
assets:
  photo: {url: "['/a.png', '/gone.png']", all: true, on_failure: keep}
retry: {error: 2, backoff: 10ms}
frontier: "`+db.at+`"
`)
		if out := run(t, dir, 0, "try", job, s.URL+"/page"); !strings.Contains(out, "verdict   done") || !strings.Contains(out, "HTTP 404; the record is stored, and the asset is tried again") {
			t.Errorf("try\n%s", out)
		}
		run(t, dir, 0, "run", job)
		got := exportOf(t, dir, job)[s.URL+"/page"]
		if len(got.Assets) != 1 || got.Failures["photo_2"].Reason != "HTTP 404" || got.Failures["photo_2"].URL != s.URL+"/gone.png" || string(got.Fields["title"]) != `"x"` {
			t.Errorf("record %+v", got)
		}
		if out := run(t, dir, 0, "status", job); !strings.Contains(out, "1 asset failed; the records are stored") {
			t.Errorf("status\n%s", out)
		}
		if out := run(t, dir, 0, "tasks", job); !strings.Contains(out, "asset photo_2: HTTP 404") {
			t.Errorf("tasks\n%s", out)
		}
		if s.Count("/page") != 2 || s.Count("/a.png") != 2 || s.Count("/gone.png") != 3 { // one of each for try
			t.Errorf("requests %v", s.Counts())
		}
		run(t, dir, 0, "audit", job)
	})
}
