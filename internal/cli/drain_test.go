package cli_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine/internal/testkit"
)

// drain returns when the page in flight has come to its end, and the job stays
// paused for workers until it is resumed.
func TestDrain(t *testing.T) {
	t.Parallel()
	asked, answer := make(chan struct{}, 64), make(chan struct{})
	srv := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-answer
		_, _ = fmt.Fprint(w, "<h1>card</h1>")
	})
	dir := t.TempDir()
	job := "job: cards\nseeds: {ids: {from: 1, to: 20}, url: \"" + srv.URL + "/{id}\"}\nfetch: {allow_private: [127.0.0.0/8]}\n" +
		"pace: {delay: 0s, concurrency: 1}\nfields: {title: {css: h1}}\nexplore: {strategy: \"off\"}\n"
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(job), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := call(t, dir, "migrate"); code != 0 {
		t.Fatalf("migrate: exit %d\n%s", code, out)
	}
	worker, log := process(t, dir, "worker", "job.yaml")
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = worker.Process.Kill(); _ = worker.Wait() }()
	select {
	case <-asked:
	case <-time.After(2 * time.Minute):
		t.Fatalf("no page was asked for\n%s", log)
	}
	if out, code := call(t, dir, "drain", "cards", "--timeout", "300ms"); code != 1 || !strings.Contains(out, "1 task of job cards is still in progress") {
		t.Errorf("drain of a page that takes long: exit %d\n%s", code, out)
	}
	drain, said := process(t, dir, "drain", "cards")
	if err := drain.Start(); err != nil {
		t.Fatal(err)
	}
	<-time.After(300 * time.Millisecond)
	close(answer)
	if err := drain.Wait(); err != nil || !strings.Contains(said.String(), "drained job cards") {
		t.Errorf("drain: %v\n%s", err, said)
	}
	if status, _ := call(t, dir, "status", "cards", "-o", "json"); !strings.Contains(status, `"in_progress":0`) || !strings.Contains(status, `"done":1,`) {
		t.Errorf("status after a drain: %s; want one page done and none in progress", status)
	}
	if out, code := call(t, dir, "resume", "cards"); code != 0 {
		t.Fatalf("resume: exit %d\n%s", code, out)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; <-time.After(100 * time.Millisecond) {
		status, _ := call(t, dir, "status", "cards", "-o", "json")
		if strings.Contains(status, `"done":20,`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("status %s; want all 20 done after resume\n%s", status, log)
		}
	}
}
