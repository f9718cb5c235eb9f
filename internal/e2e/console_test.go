package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/testkit"
)

// A run with --http shows its jobs beside its health.
func TestARunServesTheConsole(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	site := testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		<-release // the run lasts until the console was asked
		_, _ = fmt.Fprint(w, "<h1>card</h1>")
	})
	dir := t.TempDir()
	job := "job: slow\nseeds: {urls: [\"" + site.URL + "/1\"]}\nfetch: {allow_private: [127.0.0.0/8]}\npace: {delay: 0s}\nfields: {title: {css: h1}}\n"
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(job), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	c := command(t, dir, "run", "job.yaml", "--http", addr)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var page string
	for deadline := time.Now().Add(time.Minute); ; <-time.After(50 * time.Millisecond) {
		status, body := fetch(t, "http://"+addr+"/jobs/slow")
		if page = body; status == http.StatusOK && strings.Contains(body, `data-n="state-in_progress">1<`) {
			break
		}
		if time.Now().After(deadline) {
			close(release)
			t.Fatalf("%d %s", status, body)
		}
	}
	if strings.Contains(page, "<form") {
		t.Errorf("the console of a run has actions: %s", page)
	}
	if status, _ := fetch(t, "http://"+addr+"/livez"); status != http.StatusOK {
		t.Errorf("/livez answers %d", status)
	}
	close(release)
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}
