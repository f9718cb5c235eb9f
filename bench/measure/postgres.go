package measure

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres is the server that SEINE_TEST_POSTGRES names. Its processes must run on this machine.
type Postgres struct {
	Version string // with the settings that affect the figures

	admin      *url.URL
	postmaster int
}

// OpenPostgres finds the server. target is the make target that starts one.
func OpenPostgres(ctx context.Context, target string) (*Postgres, error) {
	u, err := url.Parse(os.Getenv("SEINE_TEST_POSTGRES"))
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("SEINE_TEST_POSTGRES names no server: run `make %s`", target)
	}
	s := &Postgres{admin: u}
	var backend int
	err = s.With(ctx, u.String(), func(c *pgx.Conn) error {
		var version, fsync, buffers string
		err := c.QueryRow(ctx, `select current_setting('server_version'), current_setting('fsync'), current_setting('shared_buffers'), pg_backend_pid()`).Scan(&version, &fsync, &buffers, &backend)
		if err != nil {
			return err
		}
		s.Version = fmt.Sprintf("PostgreSQL %s, fsync %s, shared_buffers %s", strings.Fields(version)[0], fsync, buffers)
		if s.postmaster, err = Parent(backend); err != nil {
			return errors.Join(errors.New("the server is not on this machine"), err)
		}
		return nil
	})
	return s, err
}

// With runs fn on a connection of its own.
func (s *Postgres) With(ctx context.Context, dsn string, fn func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	return fn(c)
}

// Exec runs statements, possibly several per text.
func Exec(ctx context.Context, dsn string, statements ...string) error {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	for _, sql := range statements {
		if _, err := c.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%w in %.120s", err, sql)
		}
	}
	return nil
}

// Database creates an empty database, after it dropped an older one of that name, and returns its
// DSN.
func (s *Postgres) Database(ctx context.Context, name string) (dsn string, err error) {
	u := *s.admin
	u.Path = "/" + name
	return u.String(), Exec(ctx, s.admin.String(), `drop database if exists "`+name+`" with (force)`, `create database "`+name+`"`)
}

// Drop drops a database by its DSN.
func (s *Postgres) Drop(ctx context.Context, dsn string) error {
	u, err := url.Parse(dsn)
	if err != nil {
		return err
	}
	return Exec(ctx, s.admin.String(), `drop database if exists "`+strings.TrimPrefix(u.Path, "/")+`" with (force)`)
}

// Spent returns the CPU time of all the server's processes, including ended ones, and the bytes of
// WAL that it wrote.
func (s *Postgres) Spent(ctx context.Context) (cpu time.Duration, wal int64, err error) {
	err = s.With(ctx, s.admin.String(), func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint`).Scan(&wal)
	})
	if err != nil {
		return 0, 0, err
	}
	cpu, err = FamilyCPU(s.postmaster)
	return cpu, wal, err
}
