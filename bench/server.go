package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is the PostgreSQL that all designs are measured on.
type server struct {
	admin      *url.URL
	version    string
	postmaster int
}

func findServer(ctx context.Context) (*server, error) {
	u, err := url.Parse(os.Getenv("SEINE_TEST_POSTGRES"))
	if err != nil || u.Host == "" {
		return nil, errors.New("SEINE_TEST_POSTGRES names no server: run `make bench-frontier`")
	}
	s := &server{admin: u}
	var backend int
	err = s.run(ctx, u.String(), func(c *pgx.Conn) error {
		var version, fsync, buffers string
		err := c.QueryRow(ctx, `select current_setting('server_version'), current_setting('fsync'), current_setting('shared_buffers'), pg_backend_pid()`).Scan(&version, &fsync, &buffers, &backend)
		if err != nil {
			return err
		}
		s.version = fmt.Sprintf("PostgreSQL %s, fsync %s, shared_buffers %s", strings.Fields(version)[0], fsync, buffers)
		p, err := process(backend)
		s.postmaster = p.parent
		return err
	})
	return s, err
}

func (s *server) run(ctx context.Context, dsn string, fn func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	return fn(c)
}

// execAll runs statements, several in one text.
func execAll(ctx context.Context, dsn string, statements ...string) error {
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

// database makes an empty database and returns its DSN.
func (s *server) database(ctx context.Context, name string) (string, error) {
	u := *s.admin
	u.Path = "/" + name
	return u.String(), execAll(ctx, s.admin.String(), `drop database if exists "`+name+`" with (force)`, `create database "`+name+`"`)
}

func (s *server) drop(ctx context.Context, dsn string) error {
	u, err := url.Parse(dsn)
	if err != nil {
		return err
	}
	return execAll(ctx, s.admin.String(), `drop database "`+strings.TrimPrefix(u.Path, "/")+`" with (force)`)
}

// settle leaves nothing for autovacuum to do, and the next writes of each page
// to be logged in full, alike for all.
func (s *server) settle(ctx context.Context, dsn string) error {
	return execAll(ctx, dsn, `vacuum analyze`, `checkpoint`)
}

// pin holds a transaction that is idle, until free is called.
func (s *server) pin(ctx context.Context, dsn string) (free func(), err error) {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	_, err = c.Exec(ctx, `begin isolation level repeatable read; select count(*) from pg_class`)
	return func() { _ = c.Close(ctx) }, err
}

// spent returns the CPU time of all the server's processes, including ended ones, and the bytes of
// WAL that it wrote.
func (s *server) spent(ctx context.Context) (cpu time.Duration, wal int64, err error) {
	err = s.run(ctx, s.admin.String(), func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint`).Scan(&wal)
	})
	if err != nil {
		return 0, 0, err
	}
	cpu, err = s.cpu()
	return cpu, wal, err
}

// cpu sums the postmaster, its children, and its reaped children, whose time the kernel adds to the
// postmaster's. A child that is reaped during the reading may count never or twice, so cpu then
// reads again.
func (s *server) cpu() (time.Duration, error) {
	for {
		before, err := process(s.postmaster)
		if err != nil {
			return 0, err
		}
		ticks := before.own + before.reaped
		dirs, err := filepath.Glob("/proc/[0-9]*")
		if err != nil {
			return 0, err
		}
		for _, dir := range dirs {
			pid, err := strconv.Atoi(filepath.Base(dir))
			if err != nil {
				continue
			}
			if c, err := process(pid); err == nil && c.parent == s.postmaster {
				ticks += c.own
			}
		}
		after, err := process(s.postmaster)
		if err != nil {
			return 0, err
		}
		if after.reaped == before.reaped {
			return time.Duration(ticks) * (time.Second / ticksASecond), nil
		}
	}
}

// ticksASecond is USER_HZ, which Linux fixes at 100 for /proc.
const ticksASecond = 100

type procStat struct {
	parent      int
	own, reaped int64
}

// process reads /proc/PID/stat; see proc(5).
func process(pid int) (p procStat, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, err
	}
	_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')'):]), " ")
	f := strings.Fields(rest) // from field 3 on
	if len(f) < 15 {
		return p, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(f))
	}
	if p.parent, err = strconv.Atoi(f[1]); err != nil {
		return p, err
	}
	for i, to := range []*int64{&p.own, &p.own, &p.reaped, &p.reaped} {
		v, err := strconv.ParseInt(f[11+i], 10, 64)
		if err != nil {
			return p, err
		}
		*to += v
	}
	return p, nil
}
