package verify

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// server returns the PostgreSQL of the tests. psql runs a script in one of its databases as one of
// its users.
func server(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse(os.Getenv("SEINE_TEST_POSTGRES"))
	if err != nil || u.Host == "" {
		t.Fatal("no PostgreSQL: run these tests by `make check-deploy`")
	}
	return u
}

func as(u *url.URL, user, database string) string {
	v := *u
	v.User, v.Path = url.User(user), "/"+database
	return v.String()
}

func psql(t *testing.T, dsn, script string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script.sql")
	write(t, path, script)
	out, err := command(t, ".", nil, psqlPath(t), dsn, "-qAtX", "-v", "ON_ERROR_STOP=1", "-f", path)
	return strings.TrimSpace(out), err
}

func psqlPath(t *testing.T) string {
	t.Helper()
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/psql"); len(found) > 0 {
		return found[len(found)-1]
	}
	need(t, "psql")
	return "psql"
}

func must(t *testing.T, out string, err error) string {
	t.Helper()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func sql(t *testing.T, name, from, to string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "sql", name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), from) {
		t.Fatalf("%s does not hold %q", name, from)
	}
	return strings.ReplaceAll(string(b), from, to)
}

// A worker's login without rights is refused with a remedy; after grant.sql it
// migrates and works; KEDA's login then reads the amount of work and nothing else.
// The pooler's configuration, out of its manifest, stands between.
func TestLogins(t *testing.T) {
	u := server(t)
	seine := tools(t, "seine")
	const worker = "seine-worker@example-project.iam"
	admin := func(database, script string) string {
		t.Helper()
		out, err := psql(t, as(u, "postgres", database), script)
		return must(t, out, err)
	}
	const database = "cards" // FRONTIER's, whatever it is called
	admin("postgres", "CREATE DATABASE "+database)
	admin("postgres", `CREATE ROLE "`+worker+`" LOGIN`)
	dsn := as(u, worker, database)

	// It was reached, by the right name and password.
	if out, err := command(t, ".", nil, seine, "migrate", "--frontier", dsn); err == nil || !strings.Contains(out, "may not make the schema") || strings.Contains(out, "are its place, name and password right") {
		t.Errorf("migrate without rights: %v\n%s\nwant a refusal and its remedy alone", err, out)
	}
	admin(database, strings.Replace(sql(t, "grant.sql", "WORKER", worker), "DATABASE seine", "DATABASE "+database, 1))
	out, err := command(t, ".", nil, seine, "migrate", "--frontier", dsn)
	must(t, out, err)

	admin(database, sql(t, "reader-role.sql", "PASSWORD 'PASSWORD'", "PASSWORD 'secret'"))
	out, err = psql(t, dsn, sql(t, "reader.sql", "work()", "work()"))
	must(t, out, err)
	work := func() string {
		t.Helper()
		out, err := psql(t, as(u, "seine_reader", database), "SELECT seine_reader.work()")
		return must(t, out, err)
	}
	if got := work(); got != "1" {
		t.Errorf("work in an empty frontier: %s, want 1: a first worker must come", got)
	}
	for _, refused := range []string{"SELECT * FROM seine.task", "SELECT * FROM seine.stat", "DELETE FROM seine.queue", "CREATE TABLE seine_reader.x ()"} {
		if out, err := psql(t, as(u, "seine_reader", database), refused); err == nil {
			t.Errorf("%s as seine_reader: %s, want a refusal", refused, out)
		}
	}

	frontier := pooled(t, u, worker, database)
	dir := t.TempDir()
	job := "job: pages\nseeds: {urls: [\"http://127.0.0.1:1/a\", \"http://127.0.0.1:1/b\", \"http://127.0.0.1:1/c\"]}\nfields: {t: {css: h1}}\nfetch: {allow_private: [127.0.0.0/8]}\n"
	write(t, filepath.Join(dir, "job.yaml"), job)
	run := func(args ...string) string {
		t.Helper()
		out, err := command(t, dir, nil, seine, append(args, "--frontier", frontier)...)
		return must(t, out, err)
	}
	// A worker registers the job and admits its seeds, and their requests find no server.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, seine, "worker", "job.yaml", "--grace", "1s", "--frontier", frontier, "--store", "file:"+dir)
	c.Dir = dir
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	var log strings.Builder
	c.Stdout, c.Stderr = &log, &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(15 * time.Second)
	for work() != "3" && time.Now().Before(deadline) {
		<-time.After(100 * time.Millisecond)
	}
	if got := work(); got != "3" {
		t.Errorf("work with three tasks: %s", got)
	}
	cancel()
	_ = c.Wait()
	run("add", "pages", "http://127.0.0.1:1/d")
	if got := work(); got != "4" {
		t.Errorf("work with four tasks: %s\n%s", got, log.String())
	}
	run("pause", "pages")
	if got := work(); got != "0" {
		t.Errorf("work of a paused job: %s, want 0", got)
	}
}

// pooled starts PgBouncer as the manifest does, before the test's server, and
// returns the workers' DSN through it.
func pooled(t *testing.T, u *url.URL, user, database string) string {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin")
	need(t, "pgbouncer")
	_, dir := variant{overlay: "gke", add: []string{"pooler"}}.folder(t)
	o := decode(t, render(t, dir))
	script := o.deployment("pooler").Spec.Template.Spec.Containers[0].Args[0]
	port := free(t)
	ini := filepath.Join(t.TempDir(), "pgbouncer.ini")
	script = strings.ReplaceAll(script, "/tmp/pgbouncer.ini", ini)
	script = strings.Replace(script, "exec pgbouncer", "exec pgbouncer "+notRoot(t, filepath.Dir(ini)), 1)
	c := exec.CommandContext(t.Context(), "/bin/sh", "-c", script)
	c.Env = append(os.Environ(), "DATABASE_USER="+user, "FRONTIER=cloudsql://p:r:i/"+database+"?private=1", "DATABASE_PORT="+u.Port(), "LISTEN_PORT="+port)
	log, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	up := make(chan struct{})
	go func() {
		for s := bufio.NewScanner(log); s.Scan(); {
			if strings.Contains(s.Text(), "process up") {
				close(up)
			}
		}
	}()
	select {
	case <-up:
	case <-time.After(20 * time.Second):
		t.Fatal("pgbouncer does not start")
	}
	for _, e := range o.deployment("worker").Spec.Template.Spec.Containers[0].Env {
		if e.Name == "SEINE_FRONTIER" {
			return strings.Replace(e.Value, "pooler:6432", "127.0.0.1:"+port, 1)
		}
	}
	t.Fatal("the worker has no frontier")
	return ""
}

// notRoot returns the flags with which PgBouncer, which refuses to run as root, runs as another
// user who may read dir.
func notRoot(t *testing.T, dir string) string {
	if os.Getuid() != 0 {
		return ""
	}
	for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return "-u postgres"
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}
