// Package litefrontier is the frontier in one SQLite file, on one machine, without a server.
// Several processes may share the file on a local disk.
//
// There is one writer connection. Each method is one transaction that begins with the write lock
// (BEGIN IMMEDIATE), so no ring of waits arises, and the lock order of pgfrontier is not needed.
// Readers have connections of their own and, in WAL mode, never wait. Times come from the caller's
// clock.
//
// A crash of the process loses nothing. A crash of the machine may lose the last transactions
// (synchronous=NORMAL). Their tasks are then done again.
package litefrontier

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/seinehq/seine/internal/frontier"
)

//go:embed migrations/*.sql
var migrations embed.FS

const versionTable = "goose_db_version"

// Frontier is a frontier in a SQLite file.
type Frontier struct {
	write, read *sql.DB
	path        string
	clock       func() time.Time
	draw        func() float64

	// mu admits one transaction at a time to the writer connection.
	mu    sync.Mutex
	conn  *sql.Conn
	stmts map[string]*sql.Stmt

	// reads are the prepared queries of the readers: see statement.
	reads struct {
		sync.Mutex
		stmts map[string]*sql.Stmt
	}
}

// Options configure a frontier. The zero value works.
type Options struct {
	// Now is the frontier's clock. Default: time.Now.
	Now func() time.Time

	// Draw returns a number in [0, 1) for each drawn delay. Default: rand.Float64.
	Draw func() float64
}

// Open opens the file. It creates a missing file with its folder. It does not check the schema: see
// [frontier.CheckSchema].
func Open(ctx context.Context, path string, opts Options) (*Frontier, error) {
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, fmt.Errorf("%w: the folder of %s can't be made: %w: name a file in a folder that may be written", frontier.ErrUnavailable, path, err)
		}
	}
	f := &Frontier{path: path, clock: opts.Now, draw: opts.Draw, stmts: map[string]*sql.Stmt{}}
	f.reads.stmts = map[string]*sql.Stmt{}
	if f.clock == nil {
		f.clock = time.Now
	}
	if f.draw == nil {
		f.draw = rand.Float64
	}
	dsn := func(extra string) string {
		u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
		u.RawQuery = "_pragma=busy_timeout(10000)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(OFF)&_pragma=temp_store(MEMORY)" + extra
		return u.String()
	}
	var err error
	// The writer caches 16 MB of pages. With SQLite's 2 MB, half a million keys in random order
	// cost 50 % more CPU time. A checkpoint follows 32 MB of log, not 4 MB: a thousand such keys
	// change a thousand pages, and rare checkpoints write each page once for several commits.
	if f.write, err = sql.Open("sqlite", dsn("&_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(8000)&_pragma=cache_size(-16000)&_txlock=immediate")); err != nil {
		return nil, err
	}
	f.write.SetMaxOpenConns(2) // the writer's own, and one for a migration
	if err := f.write.PingContext(ctx); err != nil {
		_ = f.write.Close()
		return nil, fmt.Errorf("open %s: %w", path, classify(err))
	}
	if f.read, err = sql.Open("sqlite", dsn("&_pragma=query_only(1)")); err != nil {
		_ = f.write.Close()
		return nil, err
	}
	f.read.SetMaxOpenConns(4)
	return f, nil
}

// Path returns the path of the file.
func (f *Frontier) Path() string { return f.path }

// Close closes the file.
func (f *Frontier) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop()
	f.reads.Lock()
	defer f.reads.Unlock()
	for _, s := range f.reads.stmts {
		_ = s.Close()
	}
	clear(f.reads.stmts)
	return errors.Join(f.read.Close(), f.write.Close())
}

// Migrate upgrades the schema to this program's version and returns the version.
func (f *Frontier) Migrate(ctx context.Context) (int64, error) {
	if v, _, err := f.Version(ctx); err != nil {
		return 0, err
	} else if v != 0 && v/1000 != frontier.SchemaMajor {
		return 0, frontier.CheckSchema(v)
	}
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, f.write, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, fmt.Errorf("migrate %s: %w", f.path, classify(err))
	}
	if _, err := p.Up(ctx); err != nil {
		// Another process may have migrated at the same moment.
		if v, _, e := f.Version(ctx); e == nil && frontier.CheckSchema(v) == nil {
			return v, nil
		}
		return 0, fmt.Errorf("migrate %s: %w", f.path, classify(err))
	}
	return p.GetDBVersion(ctx)
}

// Version returns the versions of the schema (0 if there is none) and of SQLite. If the file
// belongs to another program, it returns ErrSchema.
func (f *Frontier) Version(ctx context.Context) (schema int64, server string, err error) {
	var (
		there bool
		other sql.NullString
	)
	err = f.write.QueryRowContext(ctx, `select exists (select 1 from sqlite_master where name = ?), 'SQLite ' || sqlite_version(),
 (select min(name) from sqlite_master where type = 'table' and name not like 'sqlite_%')`, versionTable).Scan(&there, &server, &other)
	if err == nil && !there && other.Valid {
		return 0, server, fmt.Errorf("%w: %s is another program's database (it holds %q): name another file", frontier.ErrSchema, f.path, other.String)
	}
	if err == nil && there {
		err = f.write.QueryRowContext(ctx, `select coalesce(max(version_id), 0) from `+versionTable+` where is_applied`).Scan(&schema)
	}
	return schema, server, classify(err)
}

// Clock returns the frontier's time.
func (f *Frontier) Clock(context.Context) (time.Time, error) { return f.clock().UTC(), nil }

func (f *Frontier) now() int64 { return f.clock().UnixMicro() }

func fromMicro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// tx is one transaction on the writer connection. Statements are prepared once per connection,
// because preparing one costs as much as running a small one.
type tx struct{ f *Frontier }

func (f *Frontier) tx(ctx context.Context, fn func(t tx) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn == nil {
		c, err := f.write.Conn(ctx)
		if err != nil {
			return classify(err)
		}
		f.conn = c
	}
	t := tx{f}
	_, err := t.exec(ctx, `begin immediate`)
	if err == nil {
		err = fn(t)
	}
	if err == nil {
		if _, err = t.exec(ctx, `commit`); err == nil {
			return nil
		}
	}
	// The transaction must end even during shutdown. It may have begun although the driver returned
	// an error: if ctx ends while another process holds the lock, the driver takes the lock later.
	if _, e := t.exec(context.WithoutCancel(ctx), `rollback`); e != nil && !strings.Contains(e.Error(), "no transaction") {
		f.drop()
	}
	return classify(err)
}

// short is tx for a transaction of some milliseconds. ctx bounds the wait for the lock, and not the
// statements: the driver watches a context that can end with a goroutine for each of them.
func (f *Frontier) short(ctx context.Context, fn func(ctx context.Context, t tx) error) error {
	return f.tx(ctx, func(t tx) error { return fn(context.WithoutCancel(ctx), t) })
}

// drop closes the connection and its statements.
func (f *Frontier) drop() {
	for _, s := range f.stmts {
		_ = s.Close()
	}
	clear(f.stmts)
	if f.conn != nil {
		_ = f.conn.Close()
		f.conn = nil
	}
}

// prepare returns a statement that lives as long as the connection: see drop.
func (t tx) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := t.f.stmts[query]; s != nil {
		return s, nil
	}
	s, err := t.f.conn.PrepareContext(ctx, query)
	if err == nil {
		t.f.stmts[query] = s
	}
	return s, err
}

func (t tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := t.prepare(ctx, query) //nolint:sqlclosecheck // closed with the connection
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// scan reads the one row of a query. Without a row it returns sql.ErrNoRows.
func (t tx) scan(ctx context.Context, query string, args []any, dest ...any) error {
	s, err := t.prepare(ctx, query) //nolint:sqlclosecheck // closed with the connection
	if err != nil {
		return err
	}
	return s.QueryRowContext(ctx, args...).Scan(dest...)
}

// each calls scan for every row.
func (t tx) each(ctx context.Context, query string, args []any, scan func(r *sql.Rows) error) error {
	s, err := t.prepare(ctx, query) //nolint:sqlclosecheck // closed with the connection
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return drain(rows, scan)
}

// each calls scan for every row, outside a transaction.
func (f *Frontier) each(ctx context.Context, query string, args []any, scan func(r *sql.Rows) error) error {
	s, err := f.statement(ctx, query) //nolint:sqlclosecheck // closed with the connections
	switch {
	case err != nil:
		return classify(err)
	case s == nil:
		return rowsOf(ctx, f.read, query, args, scan)
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return classify(err)
	}
	return classify(drain(rows, scan))
}

func rowsOf(ctx context.Context, from reader, query string, args []any, scan func(r *sql.Rows) error) error {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return classify(err)
	}
	return classify(drain(rows, scan))
}

func drain(rows *sql.Rows, scan func(r *sql.Rows) error) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// remedies name the remedy per SQLite code.
var remedies = map[int]string{
	sqlite3.SQLITE_BUSY:     "another program holds the file for long: end it, or try again later",
	sqlite3.SQLITE_LOCKED:   "another program holds the file for long: end it, or try again later",
	sqlite3.SQLITE_CANTOPEN: "is it a file, and may this user read and write it and its folder?",
	sqlite3.SQLITE_READONLY: "let this user write the file and its folder",
	sqlite3.SQLITE_PERM:     "let this user write the file and its folder",
	sqlite3.SQLITE_NOTADB:   "the file is no SQLite database: name another one",
	sqlite3.SQLITE_CORRUPT:  "the file is damaged: take a copy from before, or make a new one",
}

// classify wraps an error with the sentinel on which callers branch.
func classify(err error) error {
	var se *sqlite.Error
	if err == nil || !errors.As(err, &se) {
		return err
	}
	switch se.Code() {
	case sqlite3.SQLITE_IOERR_FSTAT, sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_FSYNC:
		// The file is a device, a pipe, or on a share that went away.
		return fmt.Errorf("%w: %s: a database is a file on a disk: name another one", frontier.ErrUnavailable, se.Error())
	case sqlite3.SQLITE_IOERR_WRITE:
		// A quota or a limit of the file size. As with a full disk, waiting does not help.
		return fmt.Errorf("%w: the file can't grow: %s", frontier.ErrDiskFull, se.Error())
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %s", frontier.ErrDiskFull, se.Error())
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		if r := remedies[se.Code()&0xff]; r != "" {
			return fmt.Errorf("%w: %s: %s", frontier.ErrUnavailable, se.Error(), r)
		}
		return fmt.Errorf("%w: %s", frontier.ErrUnavailable, se.Error())
	}
	if strings.Contains(se.Error(), "no such table") {
		return fmt.Errorf("%w: %s: run `seine migrate`", frontier.ErrSchema, se.Error())
	}
	return err
}

// isData reports whether the error is about a value.
func isData(err error) bool {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return false
	}
	code := se.Code() & 0xff
	return code == sqlite3.SQLITE_CONSTRAINT || code == sqlite3.SQLITE_TOOBIG || code == sqlite3.SQLITE_MISMATCH
}
