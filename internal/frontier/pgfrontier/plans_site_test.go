package pgfrontier_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// The statements of recrawls, of pages with several records and of budgets do not read more with
// many records and visits. The tables are not analyzed in between.
func TestPlansOfSitesLast(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := pgtest.Migrated(t)
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	f := open(t, dsn, func() time.Time { return now })
	exec := executing(t, dsn)
	for _, table := range []string{"task", "queue", "lane", "record", "asset", "asset_failure", "visit", "recrawl", "budget"} {
		exec(`alter table seine.` + table + ` set (autovacuum_enabled = off)`)
	}
	job, err := f.Register(ctx, frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 1 << 20}}, false)
	if err != nil {
		t.Fatal(err)
	}
	costs := explained(t, f)
	w := &hot{T: t, f: f, job: job}
	w.lease = w.must2(f.OpenLease(ctx, "w", time.Hour))
	budgets := []frontier.Budget{{Name: "h", Max: 1000}}
	_, err = f.Add(ctx, job, []frontier.New{{Key: "a", Lane: "h:80", Priority: 1, Budgets: budgets}})
	w.must(err)
	n := 0
	visits := func() map[string]cost {
		t.Helper()
		costs.take()
		for range 16 { // by then every statement keeps its plan
			n++
			got, err := f.Claim(ctx, w.lease, frontier.ClaimArgs{Job: job, N: 1})
			w.must(err)
			if len(got) != 1 || (got[0].Visit != nil) != (n > 1) {
				t.Fatalf("claimed %+v", got)
			}
			end := frontier.Completion{Claimed: got[0], State: seine.Done, Visit: &frontier.Visit{ETag: "x", Every: time.Minute, Next: time.Second}, History: n%2 == 0}
			switch n % 8 {
			case 5:
				end.State, end.Gone = seine.Skipped, true
			case 6:
				end.Unchanged = true
			default:
				for _, key := range []string{"a", fmt.Sprint("each", n%3), "shared"} {
					end.Records = append(end.Records, frontier.Record{Key: key, Kind: "record", Fields: fmt.Appendf(nil, `{"n":%d}`, n), FetchedAt: now, Merge: key == "shared"})
					end.Assets = append(end.Assets, frontier.Asset{Key: key, Stored: assetfile.Stored{Name: "front", Path: key, SHA256: []byte{1}}})
				}
			}
			if n%3 == 0 {
				end.Failed = []frontier.FailedAsset{{Key: "a", Name: "back"}, {Key: "shared", Name: "back"}}
			}
			// A page that is known. Its budget has another bound each time.
			end.Follow = []frontier.New{{Key: "a", Lane: "h:80", Budgets: []frontier.Budget{{Name: "h", Max: int64(1000 + n)}}}}
			out, err := f.Complete(ctx, w.lease, job, []frontier.Completion{end})
			w.must(err)
			if out.Kept != 1 {
				t.Fatalf("completed %+v", out)
			}
			if _, ok, err := f.NextRecrawl(ctx, job); err != nil || !ok {
				t.Fatalf("next recrawl: %v, %v", ok, err)
			}
			now = now.Add(time.Second)
			if n%2 == 0 {
				k, err := f.Retry(ctx, job, []frontier.New{{Key: "a", Lane: "h:80"}})
				w.must(err)
				if k != 1 {
					t.Fatalf("requeued %d tasks; want 1", k)
				}
				continue
			}
			k, err := f.Promote(ctx, 100)
			w.must(err)
			if k != 1 {
				t.Fatalf("promoted %d tasks; want 1", k)
			}
		}
		return costs.take()
	}
	few := visits()
	for _, sql := range []string{
		`insert into seine.task(job_id, key, lane_id, state) select $1, 'k' || i, 1, 1 from generate_series(1, 20000) i`,
		`insert into seine.record(job_id, key, kind, task, fields, url, digest, fetched_at) select $1, 'e' || i, 'record', 'k' || i, '{}', 'u', '', now() from generate_series(1, 20000) i`,
		`insert into seine.asset(job_id, key, name, task, path, bytes, sha256, url) select $1, 'e' || i, 'front', 'k' || i, 'p' || i, 1, '', 'u' from generate_series(1, 20000) i`,
		`insert into seine.asset_failure(job_id, key, name, task, url, reason, at) select $1, 'e' || i, 'back', 'k' || i, 'u', 'HTTP 404', now() from generate_series(1, 20000) i`,
		`insert into seine.visit(job_id, key, etag, last_modified, hash, every_s, checked_at, visits, changes) select $1, 'k' || i, '', '', '', 60, now(), 1, 0 from generate_series(1, 20000) i`,
		`insert into seine.recrawl(job_id, key, due_at) select $1, 'k' || i, timestamptz '2031-01-01' + i * interval '1 s' from generate_series(1, 20000) i`,
		`insert into seine.budget(job_id, name, max) select $1, 'b' || i, 1 from generate_series(1, 20000) i`,
	} {
		exec(sql, job)
	}
	many := visits()
	for _, name := range []string{"sqlHold", "sqlKeep", "sqlDrop", "sqlGone", "sqlReturn", "sqlRecordOwners", "sqlAssetOwners", "sqlVisits", "sqlRecrawlDue", "sqlRecrawls", "sqlRecrawl", "sqlNextRecrawl", "sqlNewBudgets", "sqlLockBudgets", "sqlSetBudgets", "sqlRequeue", "sqlForgetFailures", "sqlFailures"} {
		if len(few[name].runs) == 0 {
			t.Errorf("%s was not run", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(few)) {
		s, l := few[name].buffers(), many[name].buffers()
		t.Logf("%-14s %3d runs %6d buffers, %6d of many", name, len(few[name].runs), s, l)
		if l > 2*s+slack/2 {
			t.Errorf("%s touches %d buffers of a few records and %d of twenty thousand:\n%s", name, s, l, many[name].plan)
		}
	}
}
