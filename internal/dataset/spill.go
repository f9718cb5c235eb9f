package dataset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	_ "modernc.org/sqlite" // the temporary file

	"github.com/seinehq/seine"
)

// spill is a temporary database that sorts data which exceeds memory. It is used by one goroutine;
// a query may be read while rows are added to another table.
type spill struct {
	dir string
	db  *sql.DB
	tx  *sql.Tx

	stmts map[string]*sql.Stmt
}

func newSpill(ctx context.Context, schema ...string) (*spill, error) {
	dir, err := os.MkdirTemp("", "seine-")
	if err != nil {
		return nil, spillError(err)
	}
	s := &spill{dir: dir, stmts: map[string]*sql.Stmt{}}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.Join(dir, "spill.db")}).EscapedPath()}
	// Its data does not outlive the process, so it needs no journal and no sync. Sorts go to
	// temporary files of SQLite's own, which have no name either.
	u.RawQuery = "_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=temp_store(FILE)&_pragma=cache_size(-16384)"
	if s.db, err = sql.Open("sqlite", u.String()); err != nil {
		return nil, errors.Join(spillError(err), os.RemoveAll(dir))
	}
	s.db.SetMaxOpenConns(1)
	if s.tx, err = s.db.BeginTx(ctx, nil); err == nil {
		for _, stmt := range schema {
			if _, err = s.tx.ExecContext(ctx, stmt); err != nil {
				break
			}
		}
	}
	if err != nil {
		return nil, errors.Join(spillError(err), s.close())
	}
	// The file is open. Where the system permits it, removing its name at once leaves nothing
	// behind if the process is killed. Elsewhere close does it.
	_ = os.RemoveAll(dir)
	return s, nil
}

func spillError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("%w: %w", seine.ErrDiskFull, err)
	}
	return fmt.Errorf("temporary file in %s (TMPDIR names another folder): %w", os.TempDir(), err)
}

func (s *spill) close() error {
	var err error
	if s.tx != nil {
		_ = s.tx.Rollback() // nothing in it is wanted any more
	}
	if s.db != nil {
		err = s.db.Close()
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// exec runs a statement that is prepared once.
func (s *spill) exec(ctx context.Context, query string, args ...any) error {
	stmt := s.stmts[query]
	if stmt == nil {
		var err error
		if stmt, err = s.tx.PrepareContext(ctx, query); err != nil { // closed with the transaction
			return spillError(err)
		}
		s.stmts[query] = stmt
	}
	_, err := stmt.ExecContext(ctx, args...)
	return spillError(err)
}

// each calls scan for every row.
func (s *spill) each(ctx context.Context, query string, args []any, scan func(r *sql.Rows) error) error {
	rows, err := s.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return spillError(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return spillError(rows.Err())
}

// has reports whether a query has a row.
func (s *spill) has(ctx context.Context, query string, args ...any) (bool, error) {
	var n int
	err := s.tx.QueryRowContext(ctx, query, args...).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, spillError(err)
}
