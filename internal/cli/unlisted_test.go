package cli_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seinehq/seine/internal/testkit"
)

// A page that left its sitemap is counted by status and listed by tasks.
func TestUnlisted(t *testing.T) {
	t.Parallel()
	var left atomic.Bool
	srv := testkit.Serve(t, func(w http.ResponseWriter, q *http.Request) {
		switch {
		case q.URL.Path == "/robots.txt":
			http.NotFound(w, q)
		case q.URL.Path != "/s.txt":
			_, _ = fmt.Fprint(w, "<h1>card</h1>")
		case left.Load():
			_, _ = fmt.Fprintf(w, "http://%s/2\nhttp://%[1]s/3\n", q.Host)
		default:
			_, _ = fmt.Fprintf(w, "http://%s/1\nhttp://%[1]s/2\n", q.Host)
		}
	})
	dir := t.TempDir()
	job := "job: cards\nseeds: {sitemap: [\"" + srv.URL + "/s.txt\"]}\nfetch: {allow_private: [127.0.0.0/8]}\n" +
		"pace: {delay: 0s}\nfields: {title: {css: h1}}\nrecrawl: {every: 24h}\n"
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(job), 0o600); err != nil {
		t.Fatal(err)
	}
	wants := func(args []string, want string) {
		t.Helper()
		out, code := call(t, dir, args...)
		if out = strings.ReplaceAll(out, srv.URL, ""); code != 0 || !strings.Contains(out, want) {
			t.Errorf("%v: exit %d\n%s\nwant %q", args, code, out, want)
		}
	}
	wants([]string{"run", "job.yaml"}, "done  3")
	wants([]string{"status", "cards"}, "2 of 2 pages visited within the interval, oldest")
	left.Store(true)
	wants([]string{"retry", "cards", srv.URL + "/s.txt#_sitemap"}, "1 task")
	wants([]string{"run", "job.yaml"}, "done  4")
	wants([]string{"status", "cards"}, "3 of 3 pages visited within the interval, 1 unlisted, oldest")
	wants([]string{"status", "cards", "-o", "json"}, `"unlisted":1}`)
	wants([]string{"tasks", "cards"}, "(unlisted since 2")
	wants([]string{"tasks", "cards", "--unlisted", "-o", "json"}, `{"key":"/1","state":"done"`)
	wants([]string{"tasks", "cards", "--unlisted", "-o", "json"}, `"unlisted_at":"2`)
	wants([]string{"retry", "cards", "--unlisted", "--count"}, "1 ")
}
