package pgfrontier

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"

	"github.com/seinehq/seine/internal/frontier"
)

//go:embed migrations/*.sql
var migrations embed.FS

const versionTable = "seine.goose_db_version"

// A change of a table waits for the transactions that use the table, and every claim and completion
// waits behind the change. So the change gives up after lockTimeout, lets the others pass, and
// retries.
const (
	lockTimeout = 300 * time.Millisecond
	lockPause   = time.Second
	lockTries   = 120
)

// Migrate upgrades the schema to this program's version and returns the version. Workers may run
// meanwhile. One call at a time migrates, and the others wait for it. PgBouncer cannot carry a
// schema change: the error names the remedy.
func (f *Frontier) Migrate(ctx context.Context) (int64, error) {
	if v, _, err := f.Version(ctx); err != nil {
		return 0, err
	} else if err := frontier.CheckSchema(v); v != 0 && v/1000 != frontier.SchemaMajor {
		return 0, err
	} else if err == nil {
		return v, nil // nothing to do, also behind a pooler
	}
	if _, err := f.exec(ctx, `create schema if not exists seine`); err != nil {
		if errors.Is(err, frontier.ErrRights) {
			return 0, fmt.Errorf("%w: this role may not make the schema: use the role that ran `seine migrate`, or let the database's owner say GRANT CREATE ON DATABASE this_database TO this_role", frontier.ErrRights)
		}
		return 0, fmt.Errorf("create schema seine: %w", err)
	}
	cfg := f.pool.Config().ConnConfig.Copy()
	cfg.RuntimeParams["lock_timeout"] = strconv.FormatInt(lockTimeout.Milliseconds(), 10)
	db := stdlib.OpenDB(*cfg)
	defer func() { _ = db.Close() }()
	p, err := provider(db)
	if err != nil {
		return 0, err
	}
	if err := upgrade(ctx, p); err != nil {
		return 0, err
	}
	return p.GetDBVersion(ctx)
}

// upgrade runs each step when its tables are free.
func upgrade(ctx context.Context, p *goose.Provider) error {
	for try := 1; ; try++ {
		_, err := p.Up(ctx)
		var pe *pgconn.PgError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &pe) && pe.Code == "08P01":
			return fmt.Errorf("migrate: %w: a pooler (PgBouncer) stands between, and the schema needs a change: run `seine migrate --frontier DSN` once with the DSN of the database itself", frontier.ErrSchema)
		case !errors.As(err, &pe) || pe.Code != "55P03":
			return fmt.Errorf("migrate: %w", classify(err))
		case try == lockTries:
			return fmt.Errorf("migrate: a transaction has kept a table busy for minutes: end it (pg_stat_activity shows it, an export or a backup perhaps) and run `seine migrate` again: %w", classify(err))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockPause):
		}
	}
}

// foreign rejects a schema of this name from another program: it has tables, but not the one of our
// versions.
func (f *Frontier) foreign(ctx context.Context) error {
	var table *string
	err := f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select min(relname) from pg_class where relnamespace = to_regnamespace('seine') and relkind in ('r', 'p', 'v', 'm', 'f')
 and to_regclass('`+versionTable+`') is null`).Scan(&table)
	})
	if err == nil && table != nil {
		err = fmt.Errorf("%w: the database has a schema named seine that is not ours (it holds %q): name another database, or rename that schema", frontier.ErrSchema, *table)
	}
	return err
}

func provider(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	store, err := database.NewStore(database.DialectPostgres, versionTable)
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider("", db, dir, goose.WithStore(store), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

// Version returns the versions of the schema (0 if there is none) and of the server. If the schema
// is not Seine's, it returns ErrSchema.
func (f *Frontier) Version(ctx context.Context) (schema int64, server string, err error) {
	var there bool
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select to_regclass('`+versionTable+`') is not null, 'PostgreSQL ' || current_setting('server_version')`).Scan(&there, &server)
	})
	if err == nil && !there {
		err = f.foreign(ctx)
	}
	if err != nil || !there {
		return 0, server, err
	}
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select coalesce(max(version_id), 0) from `+versionTable+` where is_applied`).Scan(&schema)
	})
	return schema, server, err
}
