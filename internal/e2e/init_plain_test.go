package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A list without a class is found by the pattern of its links, and menus are none of it.
func TestInitOfAPlainList(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ list, item, want string }{
		"li":    {"<h1>Shoes</h1><nav><ul>%[2]s</ul></nav><ul>%[1]s</ul>", `<li><a href="%s">Shoe %d</a> nice</li>`, "/p/x%d"},
		"lines": {"<h1>Shoes</h1>%[1]s", `<p><a href="%s">Shoe %d</a> nice`, "/p/x%d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pages := map[string]string{}
			var items, menu strings.Builder
			for i := range 5 {
				at := fmt.Sprintf(c.want, i)
				_, _ = fmt.Fprintf(&items, c.item, at, i)
				_, _ = fmt.Fprintf(&menu, `<li><a href="/m/%d">Menu</a></li>`, i)
				pages[at], pages[fmt.Sprintf("/m/%d", i)] = fmt.Sprintf("<h1>Shoe %d</h1><p>Text", i), "<h1>Menu</h1>"
			}
			pages["/c/shoes"] = fmt.Sprintf(c.list+"<!-- %[2]s -->", items.String(), menu.String())
			job, records := initialized(t, paths(t, pages)+"/c/shoes", "--kind", "shop")
			if n := strings.Count(records, "\n"); n != 5 || strings.Contains(records, "Menu") {
				t.Errorf("%d records; want 5\n%s\n%s", n, job, records)
			}
		})
	}
}

// Without a list and without a sitemap, the job reads the page alone, and init says so.
func TestInitWithoutASitemap(t *testing.T) {
	t.Parallel()
	said, err := command(t, t.TempDir(), "init", paths(t, map[string]string{"/p/a": "<h1>x</h1><p>Some words"})+"/p/a", "--allow-private", "--kind", "site", "--dir", "p").CombinedOutput()
	if err != nil || !strings.Contains(string(said), "no list of links, and the host has no sitemap, so the job reads this page alone") || strings.Contains(string(said), "pages come from the sitemap") {
		t.Errorf("%s, %v", said, err)
	}
}

// The images of a page become a list, and the job stores each of them.
func TestInitOfThePicturesOfAPage(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<img src="/a.png" alt="A cat"><img src="/a.png"><a href="/large.png"><img src="/small.png" alt="A dog"></a><img src="data:image/gif;base64,R0">`))
			return
		}
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 300, 300))); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(b.Bytes())
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	run(t, dir, 0, "init", server.URL, "--kind", "images", "--allow-private", "--dir", "p", "--name", "p")
	dir = filepath.Join(dir, "p")
	list, err := os.ReadFile(filepath.Join(dir, "urls.csv"))
	if want := fmt.Sprintf("url,caption\n%[1]s/large.png,A dog\n%[1]s/a.png,A cat\n", server.URL); err != nil || string(list) != want {
		t.Fatalf("%s, %v; want %s", list, err, want)
	}
	run(t, dir, 0, "validate", "job.yaml")
	run(t, dir, 0, "try", "job.yaml", server.URL+"/a.png", "--save", "first")
	run(t, dir, 0, "test", "job.yaml")
	run(t, dir, 0, "run", "job.yaml")
	records := run(t, dir, 0, "export", "job.yaml", "-o", "-")
	if strings.Count(records, "\n") != 2 || strings.Count(records, `"image"`) != 2 || !strings.Contains(records, `"caption":"A dog"`) {
		t.Error(records)
	}
}
