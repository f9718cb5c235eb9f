// Package pgtest creates a PostgreSQL database for each test, from a migrated template.
// SEINE_TEST_POSTGRES is the DSN of a role that may create databases. `make test` starts such a
// server. Without the variable a test fails, and none is skipped.
package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier/pgfrontier"
)

// Env is the variable with the server's DSN, a URL.
const Env = "SEINE_TEST_POSTGRES"

var (
	template sync.Once
	failed   error
	serial   atomic.Int64
)

func templateName() string { return fmt.Sprintf("seine_tpl_%d", os.Getpid()) }

// Empty returns the DSN of an empty database, dropped when the test ends.
func Empty(t testing.TB) string {
	t.Helper()
	return create(t, "template1")
}

// Migrated returns the DSN of a database with the schema, dropped when the test ends.
func Migrated(t testing.TB) string {
	t.Helper()
	template.Do(func() { failed = makeTemplate() })
	if failed != nil {
		t.Fatalf("template database: %v", failed)
	}
	return create(t, templateName())
}

// Main runs a package's tests and drops the template that they used.
func Main(m *testing.M) int {
	code := m.Run()
	if os.Getenv(Env) != "" {
		if err := execute(fmt.Sprintf(`drop database if exists %s with (force)`, templateName())); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
		}
	}
	return code
}

func makeTemplate() error {
	if err := execute(fmt.Sprintf(`create database %s`, templateName())); err != nil {
		return err
	}
	dsn, err := with(templateName())
	if err != nil {
		return err
	}
	ctx := context.Background()
	f, err := pgfrontier.Open(ctx, dsn, pgfrontier.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = f.Migrate(ctx)
	return err
}

func create(t testing.TB, from string) string {
	t.Helper()
	name := fmt.Sprintf("seine_t_%d_%d", os.Getpid(), serial.Add(1))
	if err := copyOf(from, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execute(fmt.Sprintf(`drop database if exists %s with (force)`, name)); err != nil {
			t.Error(err)
		}
	})
	dsn, err := with(name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

func with(database string) (string, error) {
	u, err := server()
	if err != nil {
		return "", err
	}
	u.Path = "/" + database
	return u.String(), nil
}

func server() (*url.URL, error) {
	dsn := os.Getenv(Env)
	if dsn == "" {
		return nil, fmt.Errorf("%s is not set: run the tests by `make test`, which starts a PostgreSQL, or name one", Env)
	}
	return url.Parse(dsn)
}

// admin admits one "create database" of this process at a time. Two at once from one template fail.
var admin sync.Mutex

// copyOf makes a database from a template. From PostgreSQL 15 on, the default way writes every page
// of the template to the log, which takes about twice as long.
func copyOf(template, name string) error {
	admin.Lock()
	defer admin.Unlock()
	return connected(func(ctx context.Context, c *pgx.Conn) error {
		sql := fmt.Sprintf(`create database %s template %s`, name, template)
		var version int
		if err := c.QueryRow(ctx, `select current_setting('server_version_num')::int`).Scan(&version); err != nil {
			return err
		}
		if version >= 150000 {
			sql += ` strategy file_copy`
		}
		_, err := c.Exec(ctx, sql)
		return err
	})
}

func execute(sql string) error {
	return connected(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, sql)
		return err
	})
}

func connected(do func(context.Context, *pgx.Conn) error) error {
	u, err := server()
	if err != nil {
		return err
	}
	ctx := context.Background()
	c, err := pgx.Connect(ctx, u.String())
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	return do(ctx, c)
}
