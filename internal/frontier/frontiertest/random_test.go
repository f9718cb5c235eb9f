package frontiertest_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/frontiertest"
	"github.com/seinehq/seine/internal/frontier/litefrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// The drivers and the model agree after each of 10,000 random operations: runs of 1,250 with fixed
// seeds, each on databases of its own. An operation counts if it called the drivers. A failure
// names the seed, the operation and the last ones.
func TestDriversAgree(t *testing.T) {
	t.Parallel()
	const (
		runs       = 8
		operations = 1250
	)
	for seed := range uint64(runs) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			frontiertest.Compare(t, seed, operations, lite(t), postgres(t))
		})
	}
}

// lited and postgresed write a query for their database.
var (
	lited      = strings.NewReplacer("seine.", "", "DURATION(", "(", "MICROS(", "(")
	postgresed = strings.NewReplacer("DURATION(", "pg_temp.micros(", "MICROS(", "pg_temp.micros(")
)

func lite(t *testing.T) frontiertest.Driver {
	path := filepath.Join(t.TempDir(), "seine.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	prepared := map[string]*sql.Stmt{}
	return frontiertest.Driver{
		Name: "SQLite",
		Open: func(t *testing.T, now func() time.Time, draw func() float64) frontier.Frontier {
			f, err := litefrontier.Open(t.Context(), path, litefrontier.Options{Now: now, Draw: draw})
			if err == nil {
				_, err = f.Migrate(t.Context())
			}
			return opened(t, f, err)
		},
		Dump: func(ctx context.Context) (map[string][]string, error) {
			return dump(func(query string, scan func(values []any) error) error {
				rows, err := db.QueryContext(ctx, lited.Replace(query))
				if err != nil {
					return err
				}
				defer func() { _ = rows.Close() }()
				names, err := rows.Columns()
				if err != nil {
					return err
				}
				for rows.Next() {
					values, to := make([]any, len(names)), make([]any, len(names))
					for i := range values {
						to[i] = &values[i]
					}
					if err := rows.Scan(to...); err != nil {
						return err
					}
					if err := scan(values); err != nil {
						return err
					}
				}
				return rows.Err()
			})
		},
		Tables: func(ctx context.Context) (frontiertest.Tables, error) {
			return read(func(query string, scan func(scan func(...any) error) error) error {
				if prepared[query] == nil {
					s, err := db.PrepareContext(ctx, lited.Replace(query)) //nolint:sqlclosecheck // closed with the database
					if err != nil {
						return err
					}
					prepared[query] = s
				}
				rows, err := prepared[query].QueryContext(ctx)
				if err != nil {
					return err
				}
				defer func() { _ = rows.Close() }()
				for rows.Next() {
					if err := scan(rows.Scan); err != nil {
						return err
					}
				}
				return rows.Err()
			})
		},
	}
}

func postgres(t *testing.T) frontiertest.Driver {
	dsn := pgtest.Migrated(t)
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	for _, of := range []string{"timestamptz", "interval"} {
		if _, err := c.Exec(t.Context(), `create function pg_temp.micros(`+of+`) returns bigint language sql as 'select (extract(epoch from $1) * 1000000)::bigint'`); err != nil {
			t.Fatal(err)
		}
	}
	return frontiertest.Driver{
		Name: "PostgreSQL",
		Open: func(t *testing.T, now func() time.Time, draw func() float64) frontier.Frontier {
			f, err := pgfrontier.Open(t.Context(), dsn, pgfrontier.Options{Now: now, Draw: draw})
			return opened(t, f, err)
		},
		Dump: func(ctx context.Context) (map[string][]string, error) {
			return dump(func(query string, scan func(values []any) error) error {
				rows, err := c.Query(ctx, postgresed.Replace(query))
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					values, err := rows.Values()
					if err != nil {
						return err
					}
					if err := scan(values); err != nil {
						return err
					}
				}
				return rows.Err()
			})
		},
		Tables: func(ctx context.Context) (frontiertest.Tables, error) {
			return read(func(query string, scan func(scan func(...any) error) error) error {
				rows, err := c.Query(ctx, postgresed.Replace(query))
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					if err := scan(rows.Scan); err != nil {
						return err
					}
				}
				return rows.Err()
			})
		},
	}
}

func opened(t *testing.T, f frontier.Frontier, err error) frontier.Frontier {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// read reads the tables with the same queries from both databases. MICROS and DURATION stand for
// the microseconds of a time and of a duration.
func read(each func(query string, scan func(scan func(...any) error) error) error) (frontiertest.Tables, error) {
	out := frontiertest.Tables{
		Lanes: map[string]frontier.Lane{}, IDs: map[string]frontier.LaneID{}, Tasks: map[string]frontiertest.TaskRow{}, Leases: map[string]time.Time{},
	}
	keys := map[frontier.LaneID]string{}
	err := each(`select lane_id, lane_key, DURATION(delay_min), DURATION(delay_max), max_inflight, rest_every, DURATION(rest_for), cooldown_after, DURATION(cooldown_for),
  MICROS(next_at), MICROS(quiet_until), coalesce(why, ''), not parked, prio, paused, inflight, "full", errors, faults, starts, MICROS(down_since), slow, MICROS(slowed_at), MICROS(eased_at), DURATION(delay_least) from seine.lane where job_id = (select job_id from seine.job where name = 'j')`,
		func(scan func(...any) error) error {
			var (
				l                                frontier.Lane
				id                               frontier.LaneID
				key                              string
				delayMin, delayMax               int64
				rest, cool, least                int64
				next, until, down, slowed, eased *int64
				full                             bool
				duration                         = func(us int64) time.Duration { return time.Duration(us) * time.Microsecond }
			)
			err := scan(&id, &key, &delayMin, &delayMax, &l.Pace.Inflight, &l.Pace.Rest.Every, &rest, &l.Pace.Cooldown.After, &cool,
				&next, &until, &l.Why, &l.Ready, &l.Priority, &l.Paused, &l.Inflight, &full, &l.Errors, &l.Faults, &l.Starts, &down, &l.Slow, &slowed, &eased, &least)
			l.Least = duration(least)
			l.Pace.Delay, l.Pace.Rest.For, l.Pace.Cooldown.For = seine.Span{Min: duration(delayMin), Max: duration(delayMax)}, duration(rest), duration(cool)
			l.NextAt, l.BackoffUntil, l.DownSince, l.SlowedAt, l.EasedAt = at(next), at(until), at(down), at(slowed), at(eased)
			out.Lanes[key], out.IDs[key], keys[id] = l, id, key
			if err == nil && full != l.Full() {
				err = fmt.Errorf("lane %s is marked as full: %v, with %d of %d slots", key, full, l.Inflight, l.Pace.Inflight)
			}
			return err
		})
	if err != nil {
		return out, err
	}
	err = each(`select t.key, t.lane_id, coalesce(q.lane_id, t.lane_id), q.key is null, coalesce(q.state, t.state), coalesce(case when q.key is null then t.reason else q.reason end, ''),
  coalesce(q.attempt, t.attempt), coalesce(t.worker, ''), MICROS(t.finished_at), coalesce(q.prio, 0), coalesce(l.worker, ''), MICROS(q.run_at), coalesce(q.mark, 0), MICROS(q.refused_at),
  q.owes and true from seine.task t left join seine.queue q on q.job_id = t.job_id and q.key = t.key left join seine.lease l on l.lease_id = q.lease_id where t.job_id = (select job_id from seine.job where name = 'j')`,
		func(scan func(...any) error) error {
			var (
				r                      frontiertest.TaskRow
				key                    string
				lane, queued           frontier.LaneID
				finished, run, refused *int64
				owes                   *bool
			)
			err := scan(&key, &lane, &queued, &r.Final, &r.State, &r.Reason, &r.Attempt, &r.Worker, &finished, &r.Priority, &r.Holder, &run, &r.Mark, &refused, &owes)
			r.Lane, r.FinishedAt, r.RunAt, r.RefusedAt, r.Owes = keys[lane], at(finished), at(run), at(refused), owes != nil && *owes
			out.Tasks[key] = r
			if err == nil && lane != queued {
				err = fmt.Errorf("task %s is in the lanes %d and %d", key, lane, queued)
			}
			return err
		})
	if err != nil {
		return out, err
	}
	return out, each(`select worker, MICROS(expires_at) from seine.lease`, func(scan func(...any) error) error {
		var (
			worker string
			end    *int64
		)
		err := scan(&worker, &end)
		out.Leases[worker] = at(end)
		return err
	})
}

func at(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return time.UnixMicro(*us).UTC()
}
