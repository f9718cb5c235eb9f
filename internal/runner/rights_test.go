package runner_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/testkit"
)

// A worker whose rights are revoked while it works ends and names the missing right, because
// waiting does not restore it.
func TestRightsTakenWhileWorking(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t)
	c, err := pgx.Connect(t.Context(), server.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
	run := func(sql string) {
		t.Helper()
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	site := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "hello") })
	job := seine.Job{
		Name: "cards", Seeds: seine.Seeds{URLs: []string{site.URL + "/a"}},
		Fetch:   seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
		Scraper: seine.ScraperFunc(func(context.Context, seine.Task, *seine.Page) (seine.Result, error) { return seine.Result{}, nil }),
	}
	first, err := runner.Open(t.Context(), runner.Config{Frontier: server.DSN, Store: "file:" + t.TempDir(), Migrate: true, Jobs: []seine.Job{job}})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	run(`create role worker login; grant usage on schema seine to worker; grant all on all tables in schema seine to worker; grant all on all sequences in schema seine to worker`)
	u, err := url.Parse(server.DSN)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User("worker")
	w, err := runner.Open(t.Context(), runner.Config{Frontier: u.String(), Store: "file:" + t.TempDir(), HTTP: "127.0.0.1:0", Jobs: []seine.Job{job}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	done := make(chan error, 1)
	go func() { done <- w.Run(t.Context()) }()
	until(t, "it works", func() bool {
		s, err := w.Status(t.Context(), "cards")
		return err == nil && s.Open == 0
	})
	run(`revoke all on seine.lane from worker`)
	until(t, "it is not ready or has ended", func() bool {
		select {
		case err := <-done:
			done <- err
			return true
		default:
			status, _ := ask(t, w, "/readyz")
			return status != http.StatusOK
		}
	})
	select {
	case err := <-done:
		if !errors.Is(err, runner.ErrRights) || !strings.Contains(err.Error(), "GRANT its_role TO this_role") {
			t.Errorf("it ends with %v; want %v and what to grant", err, runner.ErrRights)
		}
	case <-time.After(30 * time.Second):
		t.Error("it goes on without its rights")
	}
}
