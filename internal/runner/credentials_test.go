package runner_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/testkit"
)

// listen serves texts by path. A text that begins with "to " redirects, and any other path is a
// file.
func listen(t *testing.T, pages map[string]func() string) *testkit.Site {
	t.Helper()
	return testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		body := pages[r.URL.Path]
		if body == nil {
			_, _ = fmt.Fprint(w, "a file")
			return
		}
		text := body()
		if to, ok := strings.CutPrefix(text, "to "); ok {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, text)
	})
}

// A page leads to other hosts by an image, a link and a redirect. None of them gets the job's
// credentials, unless the job names it. A URL that the operator gives in a list is trusted, and its
// images with it.
func TestCredentialsStayHome(t *testing.T) {
	t.Parallel()
	testkit.DSNs(t, func(t *testing.T, at string) {
		var home, named, foreign, listed *testkit.Site
		page := func(img, next string) string {
			return `<h1>x</h1><img src="` + img + `"><a rel=next href="` + next + `">next</a>`
		}
		home = listen(t, map[string]func() string{
			"/start": func() string { return page(foreign.URL+"/img", home.URL+"/2") },
			"/2":     func() string { return page(named.URL+"/img", foreign.URL+"/3") },
			"/away":  func() string { return "to " + foreign.URL + "/landed" },
			"/near":  func() string { return "to " + named.URL + "/landed" },
		})
		foreign = listen(t, map[string]func() string{
			"/3":      func() string { return page(foreign.URL+"/img3", home.URL+"/back") },
			"/landed": func() string { return page(foreign.URL+"/img4", "") },
		})
		named = listen(t, map[string]func() string{"/landed": func() string { return page(home.URL+"/img5", "") }})
		listed = listen(t, map[string]func() string{"/list": func() string { return page("/img6", "") }})
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "list.txt"), []byte(listed.URL+"/list\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		src := fmt.Sprintf(`job: j
seeds: {urls: [%[1]s/start, %[1]s/away, %[1]s/near], file: %[2]s/list.txt}
fetch:
  allow_private: [127.0.0.0/8]
  headers: {Authorization: Bearer hush, Cookie: s=hush, X-Key: hush, Accept-Language: de}
  credentials_to: [%[3]s]
pace: {delay: 0s}
explore: {strategy: chain, links: {next: 'a[rel=next]'}}
fields: {title: {css: h1}, image: {css: img, attr: src}}
assets: {image: {url: image, optional: true}}
store: {key: '{asset}_{id}.{ext}'}
`, home.URL, dir, strings.TrimPrefix(named.URL, "http://"))
		file, err := jobfile.Parse("job.yaml", []byte(src), func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		if err := runner.Run(t.Context(), runner.Config{
			Jobs: []seine.Job{file.Job}, Frontier: at, Store: "file:" + filepath.Join(dir, "files"), Migrate: true, UntilDone: true,
		}); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			at    *testkit.Site
			path  string
			wants bool
		}{
			{home, "/start", true},
			{home, "/2", true},
			{foreign, "/img", false},
			{named, "/img", true},
			{foreign, "/3", false},
			{foreign, "/img3", false},
			{home, "/back", true},
			{foreign, "/landed", false},
			{foreign, "/img4", false},
			{named, "/landed", true},
			{home, "/img5", true},
			{listed, "/list", true},
			{listed, "/img6", true},
		} {
			h := tt.at.Header(tt.path)
			if h == nil {
				t.Errorf("%s was not requested", tt.path)
				continue
			}
			for _, name := range []string{"Authorization", "Cookie", "X-Key"} {
				if got := h.Get(name); strings.Contains(got, "hush") != tt.wants {
					t.Errorf("%s: %s is %q; want the job's: %v", tt.path, name, got, tt.wants)
				}
			}
			if h.Get("Accept-Language") != "de" {
				t.Errorf("%s: no Accept-Language", tt.path)
			}
		}
	})
}
