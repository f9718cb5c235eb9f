package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/testkit"
)

// marker is a secret that nothing may hold but the requests.
const marker = "m4rk3r-0f-a-s3cret"

// Like a careless site, it shows its request in a field, in a name inside a file's path, in a link
// and in an error.
func careless(t *testing.T, seen func(*http.Request)) *httptest.Server {
	t.Helper()
	return testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen(r)
		if strings.HasPrefix(r.URL.Path, "/img") {
			_, _ = fmt.Fprintf(w, "a file of %s", r.URL.Path)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/map.xml" {
			w.Header().Set("Content-Type", "application/xml")
			_, _ = fmt.Fprintf(w, "<urlset><url><loc>http://%s/p</loc></url></urlset>", r.Host)
			return
		}
		token := r.URL.Query().Get("token")
		_, _ = fmt.Fprintf(w, `<h1>%s</h1><b>%s</b><img src="/img%s?token=%s"><a rel=next href="/%s2?token=%s">next</a><i>of %s</i>`,
			r.Header.Get("Authorization"), r.Header.Get("X-Name"), r.URL.Path, token, strings.Trim(r.URL.Path, "/2"), token, r.URL.RawQuery)
	}).Server
}

const secretJob = `job: secrets
permission: by ${WHO}
seeds: {urls: ['%[1]s/a?token=${TOKEN}', '%[1]s/skip?token=${TOKEN}', '%[1]s/bad?token=${TOKEN}']}
fetch: {allow_private: [127.0.0.0/8], headers: {Authorization: "Bearer ${TOKEN}", X-Name: "${TOKEN}"}%[2]s}
pace: {delay: 0s}
retry: {error: 1, backoff: 0s}
explore: {strategy: chain, links: {next: 'a[rel=next]'}}
fields: {title: {css: h1}, name: {css: b}, image: {css: img, attr: src}}
verdict:
  - {skip: 'url contains "/skip" && title == "Bearer ${TOKEN}"', why: 'the page of ${TOKEN}'}
  - {fail: 'url contains "/bad" && name == "${TOKEN}"'}
assets: {file: {url: image}}
store: {key: '{name}/{asset}_{id}.{ext}'}
`

// addressesJob has the secret in URLs alone, each with a variable of its own.
const addressesJob = `job: secrets
permission: by ${WHO}
seeds: {sitemap: ['%[1]s/map.xml?q=${OF_THE_MAP}']}
fetch: {allow_private: [127.0.0.0/8]%[2]s}
pace: {delay: 0s}
retry: {error: 1, backoff: 0s}
follow: [{css: 'a[rel=next]', attr: href, url: '/next?q=${OF_THE_LINK}&c=1'}]
fields: {title: {css: h1}, query: {css: i}}
assets: {file: {url: "'%[1]s/img/1?q=${OF_THE_FILE}'"}}
`

// One secret stands in headers, seeds, rules, reasons and the permission, and pages repeat it.
// After a run it is in no table, file, path, log, export, trace, listing, nor in the arguments of a
// process.
func TestASecretIsNowhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, via, job string }{
		{"sqlite", "", secretJob}, {"postgres", "", secretJob}, {"browser", ", via: chrome", secretJob}, {"addresses", "", addressesJob}, {"addresses on postgres", "", addressesJob},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			asked, arguments := 0, ""
			site := careless(t, func(r *http.Request) {
				if (tt.job == addressesJob || strings.Contains(r.Header.Get("Authorization"), marker)) && strings.Contains(r.URL.RawQuery, marker) {
					asked++
				}
				arguments += allArguments()
			})
			job := filepath.Join(dir, "job.yaml")
			if err := os.WriteFile(job, fmt.Appendf(nil, tt.job, site.URL, tt.via), 0o600); err != nil {
				t.Fatal(err)
			}
			at := "sqlite:" + filepath.Join(dir, "data", "seine.db")
			if strings.HasSuffix(tt.name, "postgres") {
				at = pgtest.Empty(t)
				run(t, dir, 0, "migrate", "--frontier", at)
			}
			env := []string{"TOKEN=" + marker, "OF_THE_MAP=" + marker, "OF_THE_LINK=" + marker, "OF_THE_FILE=" + marker, "WHO=" + marker + "-who", "OTEL_TRACES_EXPORTER=console"}
			said := map[string]string{}
			for _, args := range [][]string{
				{"validate", job}, {"run", job, "--frontier", at, "-v"}, {"status", job, "--frontier", at}, {"status", job, "--frontier", at, "-o", "json"},
				{"tasks", job, "--frontier", at}, {"tasks", job, "--frontier", at, "-o", "json"}, {"export", job, "--frontier", at, "-o", "-"},
				{"export", job, "--frontier", at, "-o", filepath.Join(dir, "out.jsonl")}, {"export", job, "--frontier", at, "-o", filepath.Join(dir, "out.csv")},
				{"count", job, "--frontier", at, "--by", "title"}, {"audit", job, "--frontier", at},
				{"try", job, site.URL + "/a?token=${TOKEN}", "--frontier", at},
			} {
				c := command(t, dir, args...)
				c.Env = append(c.Env, env...)
				out, err := c.CombinedOutput()
				if err != nil && args[0] != "run" && args[0] != "try" { // one page fails
					t.Errorf("seine %s: %v\n%s", strings.Join(args, " "), err, out)
				}
				said["seine "+strings.Join(args[:2], " ")+" -> output"] += string(out)
			}
			if asked < 4 {
				t.Errorf("%d requests carried the secret; want the pages and the images of one job at least", asked)
			}
			if strings.Contains(arguments, marker) {
				t.Error("the secret is in the arguments of a process")
			}
			for what, text := range said {
				if i := strings.Index(text, marker); i >= 0 {
					t.Errorf("%s holds the secret: …%q", what, text[max(0, i-200):min(len(text), i+100)])
				}
			}
			noFileHolds(t, dir)
			if strings.HasSuffix(tt.name, "postgres") {
				noTableHolds(t, at)
			}
		})
	}
}

// noFileHolds looks at names and contents, of the database too.
func noFileHolds(t *testing.T, dir string) {
	t.Helper()
	files := 0
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.Contains(path, marker) {
			t.Errorf("the path %s holds the secret", path)
		}
		if d.IsDir() {
			return nil
		}
		files++
		body, err := os.ReadFile(path)
		if i := bytes.Index(body, []byte(marker)); i >= 0 {
			t.Errorf("the file %s holds the secret: …%q", path, body[max(0, i-200):min(len(body), i+100)])
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if files < 5 {
		t.Errorf("the run left %d files; want the exports and an image at least", files)
	}
}

// noTableHolds looks at every row of every table as text.
func noTableHolds(t *testing.T, dsn string) {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }()
	rows, err := c.Query(ctx, `select table_schema || '.' || table_name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 5 {
		t.Fatalf("tables %v, %v", tables, err)
	}
	for _, table := range tables {
		var row string
		err := c.QueryRow(ctx, `select t::text from `+table+` t where t::text like '%' || $1 || '%' or t::text like '%' || $2 || '%' limit 1`, marker, hex.EncodeToString([]byte(marker))).Scan(&row)
		if err == nil {
			t.Errorf("the table %s holds the secret: %s", table, row)
		}
	}
}

// allArguments returns the arguments of every process of this test.
func allArguments() string {
	var out strings.Builder
	var add func(pid int)
	add = func(pid int) {
		text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		out.Write(text)
		for _, child := range children(pid) {
			add(child)
		}
	}
	for _, child := range children(os.Getpid()) {
		add(child)
	}
	return out.String()
}
