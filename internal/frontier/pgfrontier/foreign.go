package pgfrontier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// sqlForeignTable describes a table: whether it is a view, and its columns with their types. $1
	// is its name.
	sqlForeignTable = `select c.relkind in ('v', 'm'), array_agg(a.attname::text order by a.attnum), array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum)
 from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped where c.oid = to_regclass($1) group by 1`

	// foreignPage is the number of rows that are read at once.
	foreignPage = 5000
)

// keyColumns are the names of the column of keys, the first that a table has.
var keyColumns = []string{"task_id", "cert_id", "id", "key", "url"}

// ForeignRows reads the queue of the Python scraper.
func (f *Frontier) ForeignRows(ctx context.Context, table string, each func(frontier.ForeignTask) error) (nulls int64, err error) {
	quoted := pgx.Identifier(strings.Split(table, ".")).Sanitize()
	page, key, err := f.foreignPage(ctx, table, quoted)
	if err != nil {
		return 0, err
	}
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `select count(*) from `+quoted+` where `+key+` is null`).Scan(&nulls)
	})
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", table, err)
	}
	var after *string
	for {
		rows, err := collect(ctx, f, page, []any{after, foreignPage}, scanForeign)
		if err != nil {
			return nulls, fmt.Errorf("read %s: %w", table, err)
		}
		for _, r := range rows {
			if err := each(r); err != nil {
				return nulls, err
			}
		}
		if len(rows) < foreignPage {
			return nulls, nil
		}
		after = &rows[len(rows)-1].Key
	}
}

// foreignPage returns the query for the rows after $1, and the quoted column of the keys.
func (f *Frontier) foreignPage(ctx context.Context, table, quoted string) (query, key string, err error) {
	var (
		view         bool
		names, types []string
	)
	err = f.again(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, sqlForeignTable, quoted).Scan(&view, &names, &types)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", "", fmt.Errorf("%w: the database has no table %s", frontier.ErrNoTable, table)
	case err != nil:
		return "", "", err
	case view:
		return "", "", fmt.Errorf("%w: %s is a view, probably Seine's own", frontier.ErrNoTable, table)
	case !slices.Contains(names, "status"):
		return "", "", fmt.Errorf("%w: table %s has no column status", frontier.ErrNoTable, table)
	}
	at := slices.IndexFunc(keyColumns, func(k string) bool { return slices.Contains(names, k) })
	if at < 0 {
		return "", "", fmt.Errorf("%w: table %s has none of the columns %s", frontier.ErrNoTable, table, strings.Join(keyColumns, ", "))
	}
	key = pgx.Identifier{keyColumns[at]}.Sanitize()
	kind := types[slices.Index(names, keyColumns[at])]
	or := func(column, expr, fallback string) string {
		if slices.Contains(names, column) {
			return expr
		}
		return fallback
	}
	query = `select ` + key + `::text, coalesce(status::text, ''), ` + or("priority", `coalesce(priority::bigint, 0)`, `0::bigint`) + `, ` +
		or("metadata", `metadata::text`, `null::text`) + `, ` + or("updated_at", `case when isfinite(updated_at::timestamptz) then updated_at::timestamptz end`, `null::timestamptz`) +
		` from ` + quoted + ` where ` + key + ` is not null and ($1::text is null or ` + key + ` > $1::text::` + kind + `) order by ` + key + ` limit $2`
	return query, key, nil
}

func scanForeign(row pgx.CollectableRow) (t frontier.ForeignTask, err error) {
	var (
		meta *string
		at   *time.Time
	)
	err = row.Scan(&t.Key, &t.Status, &t.Priority, &meta, &at)
	if meta != nil {
		t.Meta = []byte(*meta)
	}
	if at != nil {
		t.UpdatedAt = at.UTC()
	}
	return t, err
}
