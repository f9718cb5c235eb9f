package e2e

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/testkit"
)

// pagesDir holds about 1,100 real pages: Debian's postgresql-doc-15.
func pagesDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SEINE_TEST_PAGES")
	if dir == "" {
		dir = "/usr/share/doc/postgresql-doc-15/html"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("%v: `make test` installs postgresql-doc-15, or name a folder of XHTML pages by SEINE_TEST_PAGES", err)
	}
	return dir
}

const pagesJob = `job: manual
permission: "the PostgreSQL licence"
seeds: {file: pages.txt}
fetch: {via: http, allow_private: [127.0.0.0/8]}
pace: {delay: 0s, concurrency: 0}
fields:
  title:    {css: title}
  headings: {css: "h1, h2, h3, h4, h5, h6", all: true}
  links:    {css: "a[href]", attr: href, all: true}
`

// pageRecord is the expected record of a page.
type pageRecord struct {
	Title    string   `json:"title"`
	Headings []string `json:"headings"`
	Links    []string `json:"links"`
}

func TestRealPages(t *testing.T) {
	t.Parallel()
	dir := pagesDir(t)
	files, err := filepath.Glob(filepath.Join(dir, "*.html"))
	if err != nil || len(files) < 1000 {
		t.Fatalf("%d pages in %s, %v; want about 1,100", len(files), dir, err)
	}
	site := testkit.Serve(t, http.FileServer(http.Dir(dir)).ServeHTTP)
	want := map[string]pageRecord{}
	var list strings.Builder
	for _, f := range files {
		at := site.URL + "/" + filepath.Base(f)
		fmt.Fprintln(&list, at)
		base := at
		if filepath.Base(f) == "index.html" {
			base = site.URL + "/" // where http.FileServer redirects to
		}
		want[at] = readPage(t, f, base)
	}
	for name, at := range map[string]func(dir string) string{
		"SQLite":     func(dir string) string { return "sqlite:" + filepath.Join(dir, "seine.db") },
		"PostgreSQL": func(string) string { return pgtest.Empty(t) },
	} {
		t.Run(name, func(t *testing.T) {
			work := t.TempDir()
			job := filepath.Join(work, "job.yaml")
			for path, text := range map[string]string{job: pagesJob, filepath.Join(work, "pages.txt"): list.String()} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			frontierURL := at(work)
			run(t, work, 0, "run", job, "--frontier", frontierURL)
			comparePages(t, frontierURL, want)
		})
	}
}

func comparePages(t *testing.T, at string, want map[string]pageRecord) {
	t.Helper()
	f := testkit.Open(t, at, drivers.Options{})
	jobs, err := f.Jobs(t.Context())
	if err != nil || len(jobs) != 1 {
		t.Fatalf("jobs %+v, %v", jobs, err)
	}
	seen, wrong := map[string]int{}, 0
	if err := f.Records(t.Context(), jobs[0].ID, func(r frontier.Stored) error {
		seen[r.Key]++
		var got pageRecord
		if err := json.Unmarshal(r.Fields, &got); err != nil {
			return err
		}
		got.Title = fold(got.Title)
		for i := range got.Headings {
			got.Headings[i] = fold(got.Headings[i])
		}
		if d := cmp.Diff(want[r.Key], got); d != "" && wrong < 5 {
			wrong++
			t.Errorf("%s (-want +got):\n%s", r.Key, d)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for key := range want {
		if seen[key] != 1 {
			t.Errorf("%s has %d records; want 1", key, seen[key])
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d records; want %d", len(seen), len(want))
	}
}

func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

// readPage reads an XHTML page with a parser other than Seine's, encoding/xml.
func readPage(t *testing.T, file, at string) pageRecord {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	base, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	dec := xml.NewDecoder(f)
	dec.Entity = xml.HTMLEntity
	rec := pageRecord{Headings: []string{}, Links: []string{}}
	var (
		open []string // the element whose text is being read
		text strings.Builder
	)
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return rec
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			name := tok.Name.Local
			if name == "title" || len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6' {
				text.Reset()
				open = append(open, name)
			} else if len(open) > 0 {
				open = append(open, "")
			}
			for _, a := range tok.Attr {
				if name == "a" && a.Name.Local == "href" {
					ref, err := base.Parse(a.Value)
					if err != nil {
						t.Fatalf("%s: %v", file, err)
					}
					if ref.Path == "" && strings.HasPrefix(ref.Scheme, "http") {
						ref.Path = "/" // the same page, as a browser writes it
					}
					rec.Links = append(rec.Links, ref.String())
				}
			}
		case xml.CharData:
			if len(open) > 0 {
				text.Write(tok)
			}
		case xml.EndElement:
			if len(open) == 0 {
				continue
			}
			switch name := open[len(open)-1]; name {
			case "":
			case "title":
				rec.Title = fold(text.String())
			default:
				rec.Headings = append(rec.Headings, fold(text.String()))
			}
			open = open[:len(open)-1]
		}
	}
}
