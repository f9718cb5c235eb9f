package dataset_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib" // database/sql's pgx
	_ "modernc.org/sqlite"             // and sqlite

	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/frontier/drivers"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
	"github.com/seinehq/seine/internal/testkit"
)

// A job may have the name of a table or an index of the frontier. Its view has another one then.
func TestViewBesideTables(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seine.db")
	front := testkit.Open(t, "sqlite:"+path, drivers.Options{})
	if _, err := front.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, front, true)
	f.done("70", "9", "front")
	f.Job.Name = "Record"
	text, err := f.View(t.Context(), dataset.SQLite)
	f.check(err)
	db, err := sql.Open("sqlite", "file:"+path)
	f.check(err)
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(t.Context(), text)
	f.check(err)
	var n int
	f.check(db.QueryRowContext(t.Context(), `select count(*) from "Record_records"`).Scan(&n))
	if n != 1 {
		t.Errorf("%d records in the view; want 1", n)
	}
	rows, err := db.QueryContext(t.Context(), `select name from sqlite_master where name <> 'Record_records'`)
	f.check(err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		f.check(rows.Scan(&name))
		if dataset.ViewName(dataset.SQLite, name) == name {
			t.Errorf("a job %s would have a view with the name of a table or an index", name)
		}
	}
	f.check(rows.Err())
	if got := dataset.ViewName(dataset.SQLite, "psa_cards"); got != "psa_cards" {
		t.Errorf("the view of psa_cards is %s", got)
	}
}

// The view's columns have the types and all digits of the fields, in the database itself.
func TestView(t *testing.T) {
	t.Parallel()
	lite := "sqlite:" + filepath.Join(t.TempDir(), "seine.db")
	for _, tt := range []struct {
		dialect             dataset.Dialect
		dsn, driver, source string
		want                []string
	}{
		{
			dataset.SQLite, lite, "sqlite", "file:" + lite[len("sqlite:"):],
			[]string{
				"7|12345678901234567890|0.5|1|it's|[1,2]|x|png/9/70_front.png|integer|text|real",
				"8|1|1.0|0||||png/9/70_front.png|integer|text|real",
			},
		},
		{
			dataset.PostgreSQL, pgtest.Migrated(t), "pgx", "",
			[]string{
				"7|12345678901234567890|0.5|t|it's|[1, 2]|x|png/9/70_front.png|bigint|numeric|double precision",
				"8|1|1|f||||png/9/70_front.png|bigint|numeric|double precision",
			},
		},
	} {
		t.Run(string(tt.dialect), func(t *testing.T) {
			t.Parallel()
			front := testkit.Open(t, tt.dsn, drivers.Options{})
			if _, err := front.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			f := newFixture(t, front, true)
			f.Job.Name = `it's "cards"`
			f.fields(`{"n": 7, "big": 12345678901234567890, "x": 0.5, "b": true, "s": "it's", "l": [1, 2], "url": "x"}`, `{"n": 8, "big": 1, "x": 1, "b": false}`)
			f.done("70", "9", "front")
			text, err := f.View(t.Context(), tt.dialect)
			f.check(err)
			source := tt.source
			if source == "" {
				source = tt.dsn
			}
			db, err := sql.Open(tt.driver, source)
			f.check(err)
			defer func() { _ = db.Close() }()
			for range 2 { // again, for other columns
				if _, err := db.ExecContext(t.Context(), text); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
			}
			typeof := map[dataset.Dialect]string{dataset.SQLite: "typeof", dataset.PostgreSQL: "pg_typeof"}[tt.dialect]
			rows, err := db.QueryContext(t.Context(), `select concat_ws('|', n, big, x, b, coalesce(s, ''), coalesce(cast(l as text), ''), coalesce(fields_url, ''),
				(select front_path from "it's ""cards""" where key = '70'), `+typeof+`(n), `+typeof+`(big), `+typeof+`(x))
				from "it's ""cards""" where key <> '70' order by key`)
			f.check(err)
			defer func() { _ = rows.Close() }()
			var got []string
			for rows.Next() {
				var line string
				f.check(rows.Scan(&line))
				got = append(got, line)
			}
			f.check(rows.Err())
			var digest, permission string
			var recording sql.NullString
			f.check(db.QueryRowContext(t.Context(), `select digest, permission, recording from "it's ""cards""" where key = '70'`).Scan(&digest, &permission, &recording))
			if len(digest) == 0 || len(digest)%2 != 0 || permission != f.Job.Permission || recording.Valid {
				t.Errorf("lineage %q, %q, %v", digest, permission, recording)
			}
			if d := cmp.Diff(got, tt.want); d != "" {
				t.Errorf("%s\n%s", d, text)
			}
		})
	}
}
