package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/sitekit"
)

// paths serves pages by their paths and queries.
func paths(t *testing.T, pages map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := pages[r.URL.RequestURI()]
		if !ok {
			http.NotFound(w, r)
			return
		}
		switch {
		case strings.HasPrefix(body, "{"):
			w.Header().Set("Content-Type", "application/json")
		case strings.HasPrefix(body, "<?xml"):
			w.Header().Set("Content-Type", "application/xml")
		case strings.HasPrefix(body, "<"):
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// initialized runs init, and then the commands that it prints. It returns the job file and the
// records.
func initialized(t *testing.T, url string, args ...string) (job, records string) {
	t.Helper()
	dir := t.TempDir()
	run(t, dir, 0, append([]string{"init", url, "--allow-private", "--dir", "p", "--name", "p"}, args...)...)
	dir = filepath.Join(dir, "p")
	path := filepath.Join(dir, "job.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "delay: 1s..2s", "delay: 0s", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, 0, "validate", "job.yaml")
	run(t, dir, 0, "test", "job.yaml")
	run(t, dir, 0, "run", "job.yaml")
	return string(text), run(t, dir, 0, "export", "job.yaml", "-o", "-")
}

// A list that init finds is followed, wherever the list and its items are. Each item is a record,
// and no list is one.
func TestInitTellsTheListFromItsItems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ list, item, next string }{
		"folder":           {"/posts/", "/posts/x%d", ""},
		"no slash":         {"/posts", "/posts/x%d", ""},
		"index":            {"/posts/index", "/posts/x%d", ""},
		"index.html":       {"/posts/index.html", "/posts/x%d.html", ""},
		"numbered":         {"/posts/", "/posts/x%d", "/posts/?page=2"},
		"numbered in path": {"/posts/", "/posts/x%d", "/posts/page-2"},
		"root":             {"/", "/x%d", "/?page=2"},
		"queries":          {"/i.php?c=1", "/i.php?id=%d", "/i.php?c=1&p=2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pages, want := map[string]string{}, 4
			list := func(from int) string {
				var b strings.Builder
				b.WriteString("<h1>Posts</h1>")
				for i := from; i < from+4; i++ {
					at := fmt.Sprintf(c.item, i)
					_, _ = fmt.Fprintf(&b, `<div class="post"><a href="%s">Post %d</a></div>`, at, i)
					pages[at] = fmt.Sprintf("<h1>Post %d</h1><p>Text of it.", i)
				}
				return b.String()
			}
			pages[c.list] = list(1)
			if c.next != "" {
				pages[c.list] += `<a rel="next" href="` + strings.ReplaceAll(c.next, "&", "&amp;") + `">more</a>`
				pages[c.next], want = list(5), 8
			}
			for _, kind := range []string{"site", "archive"} {
				job, records := initialized(t, paths(t, pages)+c.list, "--kind", kind)
				if n := strings.Count(records, "\n"); n != want || strings.Contains(records, `"Posts"`) {
					t.Errorf("%s: %d records; want %d\n%s\n%s", kind, n, want, job, records)
				}
			}
		})
	}
}

// A page without a list gives a job whose commands work, for each kind.
func TestInitWithoutAList(t *testing.T) {
	t.Parallel()
	pages := map[string]string{
		"/p/a": "<p>Some words", "/p/b": "<p>Other words", "/about": "<p>About",
		"/sitemap.xml": `<?xml version="1.0"?><urlset><url><loc>HOST/p/a</loc></url><url><loc>HOST/p/b</loc></url><url><loc>HOST/about</loc></url></urlset>`,
	}
	host := paths(t, pages)
	pages["/sitemap.xml"] = strings.ReplaceAll(pages["/sitemap.xml"], "HOST", host)
	for _, kind := range []string{"site", "shop", "archive"} {
		job, records := initialized(t, host+"/p/a", "--kind", kind)
		if strings.Count(records, "\n") != 2 || !strings.Contains(records, "Other words") || strings.Contains(records, "About") {
			t.Errorf("%s: %s\n%s", kind, records, job)
		}
	}
}

// Records of an API are read with the values of nested objects, over all its pages.
func TestInitOfNestedAnswers(t *testing.T) {
	t.Parallel()
	const answer = `{"data": [{"id": %d, "price": {"amount": 1.50}, "author": {"login": "u"}}], "paging": {"next_cursor": %s}}`
	_, records := initialized(t, paths(t, map[string]string{
		"/api": fmt.Sprintf(answer, 1, `"b"`), "/api?cursor=b": fmt.Sprintf(answer, 2, "null"),
	})+"/api")
	if strings.Count(records, "\n") != 2 || strings.Count(records, `"price_amount":1.50`) != 2 || !strings.Contains(records, `"author_login":"u"`) {
		t.Errorf("records %s", records)
	}
}

// A list of PDFs becomes records with their texts and the files. Each command that reads one starts
// PDFium, so this is the only test of it.
func TestInitOfPDFs(t *testing.T) {
	t.Parallel()
	pages := map[string]string{}
	for i := range 3 {
		pages[fmt.Sprintf("/d%d.pdf", i)] = string(sitekit.PDF(nil, fmt.Sprintf("Paper %d", i)))
		pages["/"] += fmt.Sprintf(`<li class="hit"><a href="/d%d.pdf">A paper</a></li>`, i)
	}
	job, records := initialized(t, paths(t, pages)+"/")
	if strings.Count(records, "\n") != 3 || !strings.Contains(records, `"Paper 1"`) {
		t.Errorf("%s\n%s", records, job)
	}
}
