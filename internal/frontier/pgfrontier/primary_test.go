package pgfrontier_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// execute runs a statement outside the frontier.
func execute(t *testing.T, dsn, sql string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(t.Context()) }()
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func databaseOf(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

// A server that no longer accepts writes keeps its connections. The frontier drops them and
// continues on the server of the DSN.
func TestAReadOnlyServerIsLeft(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Migrated(t)
	database := pgx.Identifier{databaseOf(t, dsn)}.Sanitize()
	execute(t, dsn, `alter database `+database+` set default_transaction_read_only = on`)
	f, err := pgfrontier.Open(t.Context(), dsn, pgfrontier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	spec := frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3}
	if _, err := f.Register(t.Context(), spec, false); !errors.Is(err, frontier.ErrUnavailable) || !strings.Contains(err.Error(), "25006") {
		t.Errorf("register at a standby: %v; want unavailable, SQLSTATE 25006", err)
	}
	execute(t, pgtest.Empty(t), `alter database `+database+` reset default_transaction_read_only`)
	if _, err := f.Register(t.Context(), spec, false); err != nil {
		t.Errorf("register at the new primary: %v", err)
	}
}

func TestADatabaseThatIsNotUTF8IsRefused(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Empty(t)
	name := databaseOf(t, dsn) + "_latin1"
	execute(t, dsn, `create database `+pgx.Identifier{name}.Sanitize()+` encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0`)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer execute(t, dsn, `drop database `+pgx.Identifier{name}.Sanitize()+` with (force)`)
	u.Path = "/" + name
	f, err := pgfrontier.Open(t.Context(), u.String(), pgfrontier.Options{})
	if err == nil {
		_ = f.Close()
	}
	if !errors.Is(err, frontier.ErrSchema) || !strings.Contains(err.Error(), "createdb --encoding=UTF8") || !strings.Contains(err.Error(), "LATIN1") {
		t.Errorf("open: %v; want the encoding and the remedy", err)
	}
}

// Behind PgBouncer a fitting schema needs no migration. The error about another one names the
// remedy.
func TestMigrateBehindAPooler(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ dsn, want string }{
		{pgtest.Migrated(t), ""},
		{pgtest.Empty(t), "DSN of the database itself"},
	} {
		f, err := pgfrontier.Open(t.Context(), pgtest.Bouncer(t, c.dsn), pgfrontier.Options{})
		if err != nil {
			t.Fatal(err)
		}
		v, err := f.Migrate(t.Context())
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("migrate: %d, %v; want %q", v, err, c.want)
		}
		_ = f.Close()
	}
}
