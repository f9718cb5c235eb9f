package e2e

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/examples"
	"github.com/seinehq/seine/internal/archivesite"
	"github.com/seinehq/seine/internal/socialsite"
	"github.com/seinehq/seine/internal/testkit"
	"github.com/seinehq/seine/internal/textsite"
)

// worked is an example in a folder of its own, with a frontier.
type worked struct {
	dir, job, dsn string
	env           []string
}

// example writes the job file of an example, for a site at another address.
func example(t *testing.T, dsn, text, at, site string, env ...string) worked {
	t.Helper()
	if lines := strings.Count(text, "\n"); lines >= 60 {
		t.Errorf("the job file has %d lines; an example has less than 60", lines)
	}
	dir := t.TempDir()
	w := worked{dir, filepath.Join(dir, "job.yaml"), dsn, env}
	text = strings.ReplaceAll(text, at, strings.TrimPrefix(site, "http://"))
	if err := os.WriteFile(w.job, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w worked) seine(t *testing.T, code int, args ...string) string {
	t.Helper()
	return runWith(t, w.dir, w.env, code, append(args, "--frontier", w.dsn)...)
}

// records returns the fields of the records by kind and key.
func (w worked) records(t *testing.T) map[string]map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]map[string]any{}
	for line := range strings.Lines(w.seine(t, 0, "export", w.job, "-o", "-")) {
		var r struct {
			Kind, Key string
			Fields    map[string]any
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if out[r.Kind] == nil {
			out[r.Kind] = map[string]map[string]any{}
		}
		out[r.Kind][r.Key] = r.Fields
	}
	return out
}

// reasons returns the reasons of tasks, by key.
func (w worked) reasons(t *testing.T, state string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for line := range strings.Lines(w.seine(t, 0, "tasks", w.job, "--state", state, "-o", "json")) {
		var x struct{ Key, Reason string }
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatal(err)
		}
		out[x.Key] = x.Reason
	}
	return out
}

// The archive gives each paper within two citations of a result, and the text of each PDF. The
// broken PDF and the page in place of a PDF have their reasons, and the run in progress.
func TestArchiveExample(t *testing.T) {
	t.Parallel()
	testkit.DSNs(t, func(t *testing.T, dsn string) {
		site := archivesite.New(1)
		server := httptest.NewServer(site)
		defer server.Close()
		w := example(t, dsn, examples.Archive, examples.ArchivePages, server.URL)
		w.seine(t, 0, "run", w.job)
		got := w.records(t)
		papers, texts := map[string]map[string]any{}, map[string]map[string]any{}
		for _, p := range site.Truth(2) {
			at := server.URL + "/paper/" + p.ID
			papers[at] = map[string]any{"doi": p.DOI, "title": p.Title, "authors": anys(p.Authors), "published": p.Published, "cites": anys(nil)}
			for _, c := range p.Cites {
				papers[at]["cites"] = append(papers[at]["cites"].([]any), c)
			}
			if p.Text != "" && p.Distance < 2 {
				texts[at+".pdf"] = map[string]any{"title": p.Title, "doi": p.DOI, "text": p.Text}
			}
		}
		if diff := cmp.Diff(papers, got["paper"]); diff != "" {
			t.Errorf("papers (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(texts, got["pdf"]); diff != "" {
			t.Errorf("PDFs (-want +got):\n%s", diff)
		}
		var whys []string
		for _, why := range w.reasons(t, "error") {
			whys = append(whys, why)
		}
		slices.Sort(whys)
		if len(whys) != 2 || !strings.Contains(whys[0]+whys[1], "the PDF is broken") || !strings.Contains(whys[0]+whys[1], "HTML instead of application/pdf") {
			t.Errorf("reasons %q", whys)
		}
		w.seine(t, 0, "export", w.job, "--warc", "-o", "pages.warc.gz")
		w.seine(t, 0, "audit", w.job, "--deep")
	})
}

func anys(list []string) []any {
	out := []any{}
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// The social network gives accounts, timelines and followers. A deletion request removes an
// account's posts, and a token that has expired is the reason of each task that it fails.
func TestSocialExample(t *testing.T) {
	t.Parallel()
	testkit.DSNs(t, func(t *testing.T, dsn string) {
		site := socialsite.New(1)
		server := httptest.NewServer(site)
		defer server.Close()
		w := example(t, dsn, examples.Social, examples.SocialPages, server.URL, "SOCIAL_TOKEN="+socialsite.Token)
		w.seine(t, 0, "run", w.job)
		got := w.records(t)
		posts, follows := map[string]map[string]any{}, map[string]map[string]any{}
		for _, a := range site.Truth() {
			if got := got["account"][server.URL+"/api/accounts/"+a.Handle]; !cmp.Equal(got, map[string]any{"handle": a.Handle, "name": a.Name, "since": a.Created}) {
				t.Errorf("account %s: %v", a.Handle, got)
			}
			for _, p := range a.Posts {
				posts[p.ID] = map[string]any{"post": p.ID, "account": p.Account, "text": p.Text, "created": p.Created, "lang": p.Lang, "likes": float64(p.Likes)}
			}
			for _, f := range a.Followers {
				follows[a.Handle+"/"+f] = map[string]any{"account": a.Handle, "follower": f}
			}
		}
		if diff := cmp.Diff(posts, got["post"]); diff != "" || len(got["account"]) != len(site.Truth()) {
			t.Errorf("%d accounts; posts (-want +got):\n%s", len(got["account"]), diff)
		}
		if diff := cmp.Diff(follows, got["follows"]); diff != "" {
			t.Errorf("followers (-want +got):\n%s", diff)
		}
		if whys := w.reasons(t, "skipped"); len(whys) != 2 || whys[server.URL+"/api/accounts/user09"] != "private" || !strings.Contains(whys[server.URL+"/api/accounts/user06"], "410") {
			t.Errorf("skipped %v", whys)
		}
		at := server.URL + "/api/accounts/user00"
		w.seine(t, 0, "forget", w.job, "--yes", "--url", at, "--url", at+"/posts", "--url", at+"/posts?cursor=c5", "--url", at+"/posts?cursor=c10", "--url", at+"/followers", "--url", at+"/followers?cursor=c5")
		for kind, of := range w.records(t) {
			for key, fields := range of {
				if fields["account"] == "user00" || fields["handle"] == "user00" {
					t.Errorf("%s %s is stored", kind, key)
				}
			}
		}
		// The token expires: the run says so of each task, and goes on to the others.
		site.Expire()
		failed := []string{"/api/accounts", "/api/accounts/user01", "/api/accounts/user02/posts", "/api/accounts/user02/followers"}
		for _, at := range failed {
			w.seine(t, 0, "retry", w.job, server.URL+at)
		}
		w.seine(t, 9, "run", w.job)
		whys := w.reasons(t, "error")
		for _, at := range failed {
			if !strings.HasPrefix(whys[server.URL+at], "the token has expired") {
				t.Errorf("%s: %q", at, whys[server.URL+at])
			}
		}
	})
}

// The site gives the text of each page, in its language, without what surrounds it. A second visit
// sends only the pages that changed.
func TestSiteExample(t *testing.T) {
	t.Parallel()
	testkit.DSNs(t, func(t *testing.T, dsn string) {
		site := textsite.New(1)
		server := httptest.NewServer(site)
		defer server.Close()
		text := strings.Replace(examples.Site, "recrawl: {min: 1h, max: 30d}", "recrawl: {every: 1s}", 1)
		w := example(t, dsn, text, examples.SitePages, server.URL)
		check := func() {
			t.Helper()
			want := map[string]map[string]any{}
			for _, p := range site.Truth() {
				want[server.URL+p.Path] = map[string]any{"title": p.Title, "language": p.Lang, "date": p.Date, "text": p.Words + "\n" + strings.Join(p.Paragraphs, "\n")}
			}
			got := w.records(t)["text"]
			for _, fields := range got {
				delete(fields, "_")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("texts (-want +got):\n%s", diff)
			}
		}
		w.seine(t, 0, "run", w.job)
		check()
		w.seine(t, 0, "export", w.job, "-o", "texts.parquet", "--format", "parquet")
		before := map[string]int{}
		for _, p := range site.Truth() {
			before[p.Path] = site.Answers(p.Path)
		}
		site.Change()
		w.seine(t, 0, "retry", w.job, "--all")
		w.seine(t, 0, "run", w.job)
		check()
		for i, p := range site.Truth() {
			if sent := site.Answers(p.Path) > before[p.Path]; sent != (i%7 == 0) {
				t.Errorf("%s was sent again: %v", p.Path, sent)
			}
		}
	})
}
