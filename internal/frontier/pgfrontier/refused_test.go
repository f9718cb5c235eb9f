package pgfrontier_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// An error about a database has a sentinel, which decides the exit code, and names the remedy.
func TestDatabasesThatAreRefused(t *testing.T) {
	t.Parallel()
	// as returns the DSN of another role.
	as := func(t *testing.T, dsn, role string) string {
		t.Helper()
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.User(role)
		return u.String()
	}
	for _, tt := range []struct {
		name string
		dsn  func(t *testing.T) string
		do   func(t *testing.T, f *pgfrontier.Frontier) error
		is   error
		says string
	}{
		{"no such database", func(*testing.T) string {
			u, _ := url.Parse(os.Getenv(pgtest.Env))
			u.Path = "/nowhere"
			return u.String()
		}, nil, frontier.ErrUnavailable, "make it (createdb)"},
		{"nothing listens", func(*testing.T) string { return "postgres://u:sesame@127.0.0.1:1/d" }, nil, frontier.ErrUnavailable,
			"frontier unreachable: nothing listens at 127.0.0.1:1 (connection refused): start PostgreSQL there, or name its place in the DSN"},
		{"no such folder of sockets", func(*testing.T) string { return "postgres:///d?user=u&host=/nowhere" }, nil, frontier.ErrUnavailable, "there is no socket in /nowhere: start PostgreSQL there"},
		{"no such host", func(*testing.T) string { return "postgres://u:sesame@no-host.invalid/d" }, nil, frontier.ErrUnavailable, "no-host.invalid"},
		{"no TLS", func(*testing.T) string {
			u, _ := url.Parse(os.Getenv(pgtest.Env))
			u.RawQuery = "sslmode=require"
			return u.String()
		}, nil, frontier.ErrUnavailable, "has no TLS, and the DSN asks for it"},
		{"nothing listens at two hosts", func(*testing.T) string { return "postgres://u:sesame@127.0.0.1:1,127.0.0.1:2/d" }, nil, frontier.ErrUnavailable,
			"nothing listens at 127.0.0.1:1 or 127.0.0.1:2 (connection refused)"},
		{"what listens is no database", func(t *testing.T) string {
			t.Helper()
			return "postgres://u:sesame@" + listener(t, "HTTP/1.1 400 Bad Request\r\n\r\n") + "/d"
		}, nil,
			frontier.ErrUnavailable, "does not speak PostgreSQL, or ended the connection: is that its place?"},
		{"what listens says nothing", func(t *testing.T) string {
			t.Helper()
			return "postgres://u:sesame@" + listener(t, "") + "/d?connect_timeout=1"
		}, nil,
			frontier.ErrUnavailable, "does not answer: is its place right"},
		{"a role that may only read", func(t *testing.T) string {
			t.Helper()
			dsn := pgtest.Empty(t)
			u, _ := url.Parse(dsn)
			q := u.Query()
			q.Set("default_transaction_read_only", "on")
			u.RawQuery = q.Encode()
			return u.String()
		}, func(t *testing.T, f *pgfrontier.Frontier) error {
			t.Helper()
			_, err := f.Migrate(t.Context())
			return err
		}, frontier.ErrUnavailable, "else reset default_transaction_read_only"},
		{"a password with a slash", func(*testing.T) string { return "postgres://u:1/sesame@127.0.0.1:1/d" }, nil, frontier.ErrUnavailable, "write %40 for @"},
		{"a password with a hash", func(*testing.T) string { return "postgres://u:1#sesame@127.0.0.1:1/d" }, nil, frontier.ErrUnavailable, "write %40 for @"},
		{"a password with an at", func(*testing.T) string { return "postgres://u:a@sesame@127.0.0.1:1/d" }, nil, frontier.ErrUnavailable, "write %40 for @"},
		{"a password with a percent", func(*testing.T) string { return "postgres://u:ses%ame@127.0.0.1:1/d" }, nil, frontier.ErrUnavailable, "write %40 for @"},
		{"half a connection string", func(*testing.T) string { return "host=h password='my sesame" }, nil, frontier.ErrUnavailable, "give postgres://USER"},
		{"no port", func(*testing.T) string { return "postgres://u:sesame@127.0.0.1:99999/d" }, nil, frontier.ErrUnavailable, "give postgres://USER"},
		{"no right to make a schema", func(t *testing.T) string {
			t.Helper()
			dsn := pgtest.Empty(t)
			return as(t, dsn, role(t, dsn))
		}, func(t *testing.T, f *pgfrontier.Frontier) error {
			t.Helper()
			_, err := f.Migrate(t.Context())
			return err
		}, frontier.ErrRights, "use the role that ran `seine migrate`"},
		{"no right to the tables", func(t *testing.T) string {
			t.Helper()
			dsn := pgtest.Migrated(t)
			return as(t, dsn, role(t, dsn))
		}, func(t *testing.T, f *pgfrontier.Frontier) error {
			t.Helper()
			_, err := f.Jobs(t.Context())
			return err
		}, frontier.ErrRights, "permission denied"},
		{"a schema of our name that is another's", func(t *testing.T) string {
			t.Helper()
			dsn := pgtest.Empty(t)
			query[int](t, dsn, `create schema seine`)
			query[int](t, dsn, `create table seine.boats (name text)`)
			return dsn
		}, func(t *testing.T, f *pgfrontier.Frontier) error {
			t.Helper()
			_, err := f.Migrate(t.Context())
			return err
		}, frontier.ErrSchema, `is not ours (it holds "boats")`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, err := pgfrontier.Open(t.Context(), tt.dsn(t), pgfrontier.Options{})
			if err == nil {
				defer func() { _ = f.Close() }()
				if tt.do != nil {
					err = tt.do(t, f)
				}
			}
			if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "sesame") {
				t.Errorf("%v; want %v in one line with %q", err, tt.is, tt.says)
			}
		})
	}
}

// role creates a role without rights that is dropped at the end of the test.
func role(t *testing.T, dsn string) string {
	t.Helper()
	name := "seine_" + strings.ToLower(strings.ReplaceAll(t.Name()[strings.LastIndexByte(t.Name(), '/')+1:], "-", "_"))
	query[int](t, dsn, `create role `+name+` login`)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		c, err := pgx.Connect(ctx, os.Getenv(pgtest.Env))
		if err == nil {
			_, err = c.Exec(ctx, `drop role `+name)
			_ = c.Close(ctx)
		}
		if err != nil {
			t.Error(err)
		}
	})
	return name
}

// listener accepts connections, replies to the first bytes with a text and closes. Without a text
// it stays silent.
func listener(t *testing.T, says string) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			if says != "" {
				_, _ = c.Read(make([]byte, 1<<10))
				_, _ = c.Write([]byte(says))
				_ = c.Close()
			}
		}
	}()
	return l.Addr().String()
}
