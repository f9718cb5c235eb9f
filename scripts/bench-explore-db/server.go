package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is a PostgreSQL on this machine.
type server struct {
	admin      *url.URL
	conn       *pgx.Conn
	postmaster int
	version    string
	n          int

	waited map[string]int // statements that were seen to wait for a lock
}

func openServer(ctx context.Context, dsn string) (*server, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, err
	}
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s := &server{admin: u, conn: c, waited: map[string]int{}}
	var backend int
	if err := c.QueryRow(ctx, `select pg_backend_pid(), 'PostgreSQL ' || current_setting('server_version')`).Scan(&backend, &s.version); err != nil {
		return nil, err
	}
	p, err := process(backend)
	if err != nil {
		return nil, fmt.Errorf("the server is not on this machine: %w", err)
	}
	s.postmaster = p.parent
	return s, nil
}

func (s *server) close(ctx context.Context) { _ = s.conn.Close(ctx) }

// database creates an empty database and returns how to drop it.
func (s *server) database(ctx context.Context) (dsn string, drop func(), err error) {
	s.n++
	name := fmt.Sprintf("bench_explore_%d_%d", os.Getpid(), s.n)
	if _, err := s.conn.Exec(ctx, `create database `+name); err != nil {
		return "", nil, err
	}
	u := *s.admin
	u.Path = "/" + name
	return u.String(), func() { _, _ = s.conn.Exec(ctx, `drop database if exists `+name+` with (force)`) }, nil
}

// spent is the CPU time of the server's processes, and the bytes of its WAL.
func (s *server) spent(ctx context.Context) (cpu time.Duration, wal int64, err error) {
	if err := s.conn.QueryRow(ctx, `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint`).Scan(&wal); err != nil {
		return 0, 0, err
	}
	before, err := process(s.postmaster)
	if err != nil {
		return 0, 0, err
	}
	ticks := before.own + before.reaped
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, 0, err
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
	return time.Duration(ticks) * (time.Second / ticksASecond), wal, nil
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

// sampled is the result of sampling the sessions of a database every 10 ms.
type sampled struct {
	busy, waits int
	longest     time.Duration
}

const look = 10 * time.Millisecond

// sample looks at the sessions until ctx is done.
func (s *server) sample(ctx context.Context, dsn string) (out sampled, err error) {
	c, err := pgx.Connect(context.WithoutCancel(ctx), dsn)
	if err != nil {
		return out, err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	for {
		select {
		case <-ctx.Done():
			return out, nil
		case <-time.After(look):
		}
		rows, err := c.Query(context.WithoutCancel(ctx), `select coalesce(wait_event_type = 'Lock', false), coalesce(wait_event, ''),
   regexp_replace(left(query, 60), '\s+', ' ', 'g'), extract(epoch from clock_timestamp() - state_change)::float8
 from pg_stat_activity where datname = current_database() and state = 'active' and pid <> pg_backend_pid()`)
		if err != nil {
			return out, err
		}
		var (
			waits       bool
			on, query   string
			since       float64
			whereWaited string
		)
		if _, err := pgx.ForEachRow(rows, []any{&waits, &on, &query, &since}, func() error {
			out.busy++
			if waits {
				out.waits++
				out.longest = max(out.longest, time.Duration(since*float64(time.Second)))
				whereWaited = on + ": " + query
				s.waited[whereWaited]++
			}
			return nil
		}); err != nil {
			return out, err
		}
	}
}
