// Package pgfrontier is the frontier on PostgreSQL (14 or later). Any number of workers coordinate
// through it alone, by FOR UPDATE SKIP LOCKED on lanes.
//
// All tables live in the schema seine. A worker holds at most two connections. Every statement runs
// with or without prepared statements (default_query_exec_mode=exec in the DSN, for PgBouncer in
// transaction mode).
//
// The package retries a transaction after a transient failure: serialization, deadlock, a lost
// connection. If a commit in doubt succeeded, the retry finds none of its tasks, and
// [frontier.Outcome] reports them as lost.
package pgfrontier

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seinehq/seine/internal/frontier"
)

// Frontier is a frontier on PostgreSQL.
type Frontier struct {
	pool  *pgxpool.Pool
	clock func() time.Time
	draw  func() float64

	tripped atomic.Int64 // the shortest round trip, in ns: see trip

	mu      sync.Mutex
	hints   map[frontier.JobID]*scanHints
	doubts  map[doubt][]frontier.Claimed
	retries retryHint
	lanes   map[frontier.JobID]map[string]int32
}

type paces struct{ page, asset frontier.LanePace }

// Options configure a frontier. The zero value works.
type Options struct {
	// Now is the frontier's clock. Default: the server's.
	Now func() time.Time

	// Draw returns a number in [0, 1) for each drawn delay. Default: rand.Float64.
	Draw func() float64

	// Conns is the largest number of connections. Default: pool_max_conns of the DSN, else 2,
	// because with one connection a heartbeat waits behind a commit.
	Conns int32

	// Dial replaces the connection to the host and port of the DSN. Default: connect to them.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Open connects to the database. It does not check the schema: see [frontier.CheckSchema].
func Open(ctx context.Context, dsn string, opts Options) (*Frontier, error) {
	cfg, err := parseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("%w: %w: give postgres://USER:PASSWORD@HOST:PORT/DATABASE", frontier.ErrUnavailable, err)
	}
	switch {
	case opts.Conns != 0:
		cfg.MaxConns = opts.Conns
	case !strings.Contains(dsn, "pool_max_conns"): // pgx's own default grows with the CPUs
		cfg.MaxConns = 2
	}
	if opts.Dial != nil {
		cfg.ConnConfig.DialFunc = opts.Dial
		cfg.ConnConfig.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	}
	cfg.MaxConnIdleTime = 5 * time.Minute
	if !strings.Contains(dsn, "connect_timeout") && os.Getenv("PGCONNECT_TIMEOUT") == "" { // pgx's own default is two minutes
		cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	params := cfg.ConnConfig.RuntimeParams
	if params["application_name"] == "" {
		params["application_name"] = "seine"
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", frontier.ErrUnavailable, oneLine(err))
	}
	f := &Frontier{
		pool: pool, clock: opts.Now, draw: opts.Draw,
		hints: map[frontier.JobID]*scanHints{}, doubts: map[doubt][]frontier.Claimed{}, lanes: map[frontier.JobID]map[string]int32{},
	}
	if f.draw == nil {
		f.draw = rand.Float64
	}
	var (
		version            int
		encoding, database string
	)
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select current_setting('server_version_num')::int, current_setting('server_encoding'), current_database()`).Scan(&version, &encoding, &database)
	})
	if err == nil {
		err = checkServer(version)
	}
	if err == nil {
		err = checkEncoding(encoding, database)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return f, nil
}

// Close closes the connections.
func (f *Frontier) Close() error {
	f.pool.Close()
	return nil
}

// now returns $1 of the statements that need the time. NULL means the server's clock.
func (f *Frontier) now() any {
	if f.clock == nil {
		return nil
	}
	return f.clock()
}

// tries is the number of attempts of a transaction. After a longer failure the caller decides.
const tries = 5

// tx runs fn, which begins and commits a transaction in its own pipelines. After a failure tx rolls
// back, and retries a transient failure.
func (f *Frontier) tx(ctx context.Context, fn func(c *pgx.Conn) error) error {
	return f.again(ctx, func(c *pgx.Conn) error {
		err := fn(c)
		if err != nil && !c.IsClosed() && c.PgConn().TxStatus() != 'I' {
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if _, e := c.Exec(closing, `rollback`); e != nil {
				_ = c.Close(closing)
			}
		}
		return err
	})
}

func (f *Frontier) again(ctx context.Context, fn func(c *pgx.Conn) error) error {
	var err error
	for try := range tries {
		if try > 0 {
			wait := time.Duration(rand.Int64N(int64(10*time.Millisecond) << try))
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(wait):
			}
		}
		err = f.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return fn(c.Conn()) })
		if readOnly(err) {
			// The server is no longer the primary, and its connections stay open. New connections
			// lead to the new primary.
			f.pool.Reset()
		}
		if err == nil || !passing(err) {
			break
		}
	}
	return classify(err)
}

func (f *Frontier) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	var n int64
	err := f.again(ctx, func(c *pgx.Conn) error {
		tag, err := c.Exec(ctx, sql, args...)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

// readOnly reports whether the server rejects writes.
func readOnly(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "25006"
}

// passing reports whether the failure is transient: the same transaction may succeed later.
func passing(err error) bool {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		switch pe.Code {
		case "40001", "40P01", "55P03", // serialization, deadlock, lock not available
			"57P01", "57P02", "57P03", "08006", "08003", "08000", // the server stops or starts
			"25006", "25P03", "57014": // it ended an idle session, or an operator canceled a statement
			return true
		}
		return false
	}
	return lost(err)
}

// lost reports whether the connection broke.
func lost(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var ne net.Error
	return pgconn.SafeToRetry(err) || errors.As(err, &ne) || strings.Contains(err.Error(), "unexpected EOF") ||
		strings.Contains(err.Error(), "conn closed")
}

// remedies name the remedy per SQLSTATE.
var remedies = map[string]string{
	"28P01": "set the user and password of the DSN (PGPASSWORD does too)",
	"28000": "let this user in from this machine: pg_hba.conf, or the user of the DSN",
	"3D000": "make it (createdb), or name another in the DSN",
	"53300": "raise max_connections, or put PgBouncer between: a worker holds two connections",
	"25006": "it takes no writes: name the primary in the DSN if this is a standby, else reset default_transaction_read_only of the role or the database",
	"42501": "use the role that ran `seine migrate`, or have it grant that role: GRANT its_role TO this_role",
}

// leastServer is the oldest supported server.
const leastServer = 140000

// checkServer rejects a server that is too old.
func checkServer(version int) error {
	if version < leastServer {
		return fmt.Errorf("%w: the server is PostgreSQL %d.%d: Seine needs %d or later", frontier.ErrSchema, version/10000, version%10000, leastServer/10000)
	}
	return nil
}

// checkEncoding rejects a database that cannot hold every text.
func checkEncoding(encoding, database string) error {
	if encoding != "UTF8" {
		return fmt.Errorf("%w: the database %q has the encoding %s and Seine needs UTF8: make one by `createdb --encoding=UTF8 --template=template0 NAME` and name it in the DSN", frontier.ErrSchema, database, encoding)
	}
	return nil
}

// classify wraps an error with the sentinel on which callers branch.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var (
		pe *pgconn.PgError
		ce *pgconn.ConnectError
	)
	switch {
	case errors.As(err, &pe):
		switch {
		case pe.Code == "53100":
			return fmt.Errorf("%w: %s", frontier.ErrDiskFull, pe.Message)
		case pe.Code == "42P01", pe.Code == "3F000":
			return fmt.Errorf("%w: %s: run `seine migrate`", frontier.ErrSchema, pe.Message)
		case pe.Code == "26000", pe.Code == "42P05":
			return fmt.Errorf("%s (SQLSTATE %s): a pooler stands between that has no prepared statements: add default_query_exec_mode=exec to the DSN", pe.Message, pe.Code)
		case pe.Code == "42501":
			return fmt.Errorf("%w: %s (SQLSTATE %s): %s", frontier.ErrRights, pe.Message, pe.Code, remedies[pe.Code])
		case strings.HasPrefix(pe.Code, "08"), strings.HasPrefix(pe.Code, "57P"), strings.HasPrefix(pe.Code, "28"),
			pe.Code == "53300", pe.Code == "3D000", pe.Code == "25006", pe.Code == "25P03", pe.Code == "57014":
			if r := remedies[pe.Code]; r != "" {
				return fmt.Errorf("%w: %s (SQLSTATE %s): %s", frontier.ErrUnavailable, pe.Message, pe.Code, r)
			}
			return fmt.Errorf("%w: %s (SQLSTATE %s)", frontier.ErrUnavailable, pe.Message, pe.Code)
		}
		return err
	case errors.As(err, &ce), lost(err):
		return fmt.Errorf("%w: %s", frontier.ErrUnavailable, unreached(err))
	case errors.Is(err, context.DeadlineExceeded):
		// The server hangs, or the network drops the packets. A caller that set the deadline checks
		// its own context first.
		return fmt.Errorf("%w: no answer in time: %w", frontier.ErrUnavailable, err)
	}
	return err
}

// isData reports whether the error is about a value, so that the rest of its batch can succeed.
func isData(err error) bool {
	var pe *pgconn.PgError
	if !errors.As(err, &pe) {
		return false
	}
	return strings.HasPrefix(pe.Code, "22") || strings.HasPrefix(pe.Code, "23") || pe.Code == "54000"
}

// run sends a pipeline, drops its rows and returns the number of rows that each statement affected.
func run(ctx context.Context, c *pgx.Conn, b *pgx.Batch) ([]int64, error) {
	n := b.Len()
	br := c.SendBatch(ctx, b)
	out := make([]int64, n)
	for i := range n {
		tag, err := br.Exec()
		if err != nil {
			_ = br.Close() // the first error is the cause
			return nil, err
		}
		out[i] = tag.RowsAffected()
	}
	return out, br.Close()
}
