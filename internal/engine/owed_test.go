package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/engine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// A host that does not answer costs no attempt. The record is stored, its asset waits for the host,
// and the asset fails after retry.host_down.
func TestARecordWhoseAssetHostIsDown(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, postgres bool) {
		r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprint(w, "<h1>x</h1>")
		})
		if postgres {
			r.f = testkit.Postgres(t)
		}
		j := r.file(`job: dead
seeds: {urls: ["BASE/page"]}
fetch: {allow_private: [127.0.0.0/8]}
pace: {delay: 0s}
fields:
  title: {css: h1}
assets:
  photo: {url: "'http://127.0.0.1:1/a.png'", on_failure: keep}
`, func(j *seine.Job) { j.Retry.HostDown = time.Second })
		r.run(j)
		fields, assets, failed := r.record(j)
		if fields != `{"title":"x"}` || assets != nil || !slices.Equal(failed, []string{"photo: connection refused"}) {
			t.Errorf("%s, %q, %q", fields, assets, failed)
		}
		if r.site.Count("/page") != 1 {
			t.Errorf("the page was requested %d times; want once", r.site.Count("/page"))
		}
		list, err := r.f.Tasks(t.Context(), j.ID, frontier.Filter{})
		if err != nil || len(list) != 1 || list[0].State != seine.Done || list[0].Attempt != 1 {
			t.Errorf("tasks %+v, %v; want one done, and no attempt lost to the host", list, err)
		}
		if !strings.Contains(r.log.String(), "waits for 127.0.0.1:1") {
			t.Errorf("it did not wait for the host:\n%s", r.log)
		}
	})
}

// A secret in an asset's URL is never stored, so the next attempt fetches the page again.
func TestASecretIsNotOwed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		switch {
		case q.URL.Path == "/page":
			_, _ = fmt.Fprintf(w, "<h1>x</h1><img src=/first.png?token=%s>", secret)
		case q.URL.Path == "/first.png":
			_, _ = w.Write(pictureOf(10, 1))
		case q.URL.Path == "/a.png" && asked.Add(1) < 3:
			http.Error(w, "no", http.StatusBadGateway)
		default:
			_, _ = w.Write(pictureOf(10, 1))
		}
	})
	j := r.file(`job: secrets
seeds: {urls: ["BASE/page"]}
fetch: {allow_private: [127.0.0.0/8]}
pace: {delay: 0s}
fields:
  title: {css: h1}
  from: {asset: first.url}
assets:
  first: {url: {css: img, attr: src, match: '(.*)'}}
  photo: {url: "'/b.png'", on_failure: keep, upgrade: {from: /b.png, to: '/a.png?token=${TOKEN}'}}
`, func(j *seine.Job) { j.Secrets, j.Retry.Backoff = []string{secret}, 300*time.Millisecond })
	leaked := make(chan string, 1)
	go func() {
		defer close(leaked)
		for t.Context().Err() == nil {
			found := false
			_ = r.f.Records(t.Context(), j.ID, func(s frontier.Stored) error {
				for _, f := range s.Failed {
					found = true
					if strings.Contains(f.URL, secret) {
						leaked <- f.URL
					}
				}
				return nil
			})
			if found {
				for _, suffix := range []string{"", "-wal"} {
					if text, err := os.ReadFile(r.path + suffix); err == nil && bytes.Contains(text, []byte(secret)) {
						leaked <- r.path + suffix
					}
				}
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	r.run(j)
	for at := range leaked {
		t.Errorf("the secret is in %s", at)
	}
	fields, assets, failed := r.record(j)
	if !slices.Equal(assets, []string{"first", "photo"}) || failed != nil || strings.Contains(fields, secret) {
		t.Errorf("%s, %q, %q", fields, assets, failed)
	}
	if r.site.Count("/page") != 3 || r.site.Count("/a.png") != 3 {
		t.Errorf("requests %v", r.site.Counts())
	}
}

// The deadline applies to the page and to each asset, so a list may take longer.
func TestAListMayTakeLongerThanTheDeadline(t *testing.T) {
	t.Parallel()
	const deadline, each, files = 6 * time.Second, 900 * time.Millisecond, 8
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if q.URL.Path != "/page" {
			time.Sleep(each)
			_, _ = w.Write(pictureOf(10, 1))
			return
		}
		_, _ = fmt.Fprint(w, "<h1>x</h1>")
		for i := range files {
			_, _ = fmt.Fprintf(w, "<img src=/%d.png>", i)
		}
	})
	j := r.file(`job: long
seeds: {urls: ["BASE/page"]}
fetch: {allow_private: [127.0.0.0/8]}
pace: {delay: 0s}
fields: {title: {css: h1}}
assets: {photo: {url: {css: img, attr: src}, all: true}}
retry: {error: 1}
`, nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.engine(j, func(c *engine.Config) { c.Deadline = deadline }).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if _, assets, _ := r.record(j); len(assets) != files {
		t.Errorf("%d assets; want %d: %s", len(assets), files, r.states(j))
	}
}
