package arena

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql's pgx
	_ "modernc.org/sqlite"             // and sqlite

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/chaos"
)

// base reads the database by its own SQL, independently of the code under test.
type base struct {
	db     *sql.DB
	schema string // before each table
	now    string // the time, as the tables keep it
	one    bool   // a file
}

func openServer(dsn string) (*base, error) {
	db, err := sql.Open("pgx", dsn)
	return &base{db: db, schema: "seine.", now: "now()"}, err
}

func openFile(path string) (*base, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=query_only(1)")
	return &base{db: db, now: "unixepoch('subsec') * 1e6", one: true}, err
}

func (b *base) close() error { return b.db.Close() }

// left returns the number of unfinished IDs, of the space and of the queue, plus the expired leases
// whose tasks were not rescued yet.
func (b *base) left(ctx context.Context) (n int64, err error) {
	err = b.db.QueryRowContext(ctx, `select (select count(*) from `+b.schema+`queue) + (select count(*) from `+b.schema+`space where next_id <= hi)
 + (select count(*) from `+b.schema+`lease where expires_at < `+b.now+`) + (select case when exists (select 1 from `+b.schema+`space) then 0 else 1 end)`).Scan(&n)
	return n, err
}

// due returns the time until the next retry, or zero if no task waits for one.
func (b *base) due(ctx context.Context) (time.Duration, error) {
	wait := `extract(epoch from min(run_at) - now())`
	if b.one {
		wait = `(min(run_at) - ` + b.now + `) / 1e6`
	}
	var s sql.NullFloat64
	err := b.db.QueryRowContext(ctx, `select cast(`+wait+` as double precision) from `+b.schema+`queue where lease_id is null`).Scan(&s)
	return max(0, time.Duration(s.Float64*float64(time.Second))), err
}

// read reads all that the checker looks at. keyOf names the keys for it.
func (b *base) read(ctx context.Context, keyOf func(string) string) (s chaos.State, err error) {
	s.Counters = map[int]int64{}
	for _, q := range []struct {
		sql  string
		scan func(r *sql.Rows) error
	}{
		{`select key, state, coalesce(reason, ''), coalesce(worker, ''), attempt from ` + b.schema + `task`, func(r *sql.Rows) error {
			var t chaos.Task
			var state int
			err := r.Scan(&t.Key, &state, &t.Reason, &t.Worker, &t.Attempt)
			t.Key, t.State = keyOf(t.Key), seine.State(state)
			s.Tasks = append(s.Tasks, t)
			return err
		}},
		{`select key, fields from ` + b.schema + `record`, func(r *sql.Rows) error {
			rec := chaos.Record{Fields: map[string]string{}}
			var text []byte
			if err := r.Scan(&rec.Key, &text); err != nil {
				return err
			}
			var fields map[string]any
			if err := json.Unmarshal(text, &fields); err != nil {
				return err
			}
			for k, v := range fields {
				rec.Fields[k] = fmt.Sprint(v)
			}
			rec.Key = keyOf(rec.Key)
			rec.Visit, _ = strconv.ParseInt(rec.Fields["visit"], 10, 64) // zero is no visit
			s.Records = append(s.Records, rec)
			return nil
		}},
		{`select key, name, path, bytes, sha256 from ` + b.schema + `asset`, func(r *sql.Rows) error {
			var a chaos.Asset
			var sum []byte
			err := r.Scan(&a.Key, &a.Name, &a.Path, &a.Bytes, &sum)
			a.SHA256 = hex.EncodeToString(sum)
			s.Assets = append(s.Assets, a)
			return err
		}},
		{`select lane_key, inflight, "full", parked from ` + b.schema + `lane`, func(r *sql.Rows) error {
			var l chaos.Lane
			err := r.Scan(&l.Key, &l.Inflight, &l.Full, &l.Parked)
			s.Lanes = append(s.Lanes, l)
			return err
		}},
		{`select q.key, l.lane_key, q.attempt, q.lease_id is not null, q.run_at is not null from ` + b.schema + `queue q join ` + b.schema + `lane l using (lane_id)`,
			func(r *sql.Rows) error {
				var q chaos.Queued
				err := r.Scan(&q.Key, &q.Lane, &q.Attempt, &q.Leased, &q.Waits)
				q.Key = keyOf(q.Key)
				s.Queue = append(s.Queue, q)
				return err
			}},
		{`select state, cast(sum(n) as bigint) from ` + b.schema + `stat where state < 20 group by state`, func(r *sql.Rows) error {
			var state int
			var n int64
			err := r.Scan(&state, &n)
			s.Counters[state] = n
			return err
		}},
		{`select count(*) from ` + b.schema + `lease`, func(r *sql.Rows) error { return r.Scan(&s.Leases) }},
	} {
		if err := b.each(ctx, q.sql, q.scan); err != nil {
			return s, fmt.Errorf("%s: %w", q.sql, err)
		}
	}
	return s, nil
}

func (b *base) each(ctx context.Context, query string, scan func(r *sql.Rows) error) error {
	rows, err := b.db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// filesOf reads a store.
func filesOf(dir string) ([]chaos.File, error) {
	var out []chaos.File
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		out = append(out, chaos.File{Path: filepath.ToSlash(rel), Bytes: int64(len(body)), SHA256: hex.EncodeToString(sum[:])})
		return nil
	})
	return out, err
}
