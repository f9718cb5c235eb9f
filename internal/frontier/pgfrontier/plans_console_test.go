package pgfrontier_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// What the console reads and steers touches no more of a large job than of a small one.
func TestTheConsoleReadsByIndexes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := pgtest.Migrated(t)
	f := open(t, dsn, nil)
	exec := executing(t, dsn)
	job, err := f.Register(ctx, frontier.Spec{Name: "j", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 100}}, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Add(ctx, job, []frontier.New{{Key: "a", Lane: "h:80", Priority: 1}}); err != nil {
		t.Fatal(err)
	}
	fill := func(from, to int) {
		t.Helper()
		for _, sql := range []string{
			`insert into seine.task(job_id, key, lane_id, state, finished_at) select $1, 'k' || lpad(i::text, 6, '0'), 1, 1, now() from generate_series($2::int, $3) i`,
			`insert into seine.queue(job_id, key, lane_id, prio) select $1, 'q' || i, (select lane_id from seine.lane where lane_key = 'h:80'), 1 from generate_series($2::int, $3) i`,
			`insert into seine.task(job_id, key, lane_id, state) select $1, 'q' || i, (select lane_id from seine.lane where lane_key = 'h:80'), 0 from generate_series($2::int, $3) i`,
			`insert into seine.record(job_id, key, kind, fields, url, digest, fetched_at) select $1, 'k' || lpad(i::text, 6, '0'), 'record', '{"title": "a page"}', '', '', now() from generate_series($2::int, $3) i`,
			`insert into seine.asset(job_id, key, name, path, bytes, sha256, url, stored_at) select $1, 'k' || lpad(i::text, 6, '0'), 'photo', '', 1, '', '', now() + i * interval '1 s' from generate_series($2::int, $3) i`,
			`insert into seine.attempt(job_id, key, attempt, at, state, reason, worker, final) select $1, 'k' || lpad(i::text, 6, '0'), 1, now(), 2, '', '', true from generate_series($2::int, $3) i`,
			`insert into seine.lane(job_id, lane_key, delay_min, delay_max, max_inflight, parked, prio) select $1, 'host' || lpad(i::text, 6, '0'), interval '1 s', interval '1 s', 2, true, 1 from generate_series($2::int, $3) i`,
			`insert into seine.change(job_id, at, who, what) select $1, now(), '', '' from generate_series($2::int, $3) i`,
			`insert into seine.history(job_id, step, at, done, skipped, stale, error, open, records, assets, workers) select $1, 60, now() - i * interval '1 min', 0, 0, 0, 0, 0, 0, 0, 0 from generate_series($2::int, $3) i`,
		} {
			exec(sql, job, from, to)
		}
		exec(`analyze`)
	}
	var (
		mu      sync.Mutex
		touched int
		runs    int
		plans   string
	)
	if err := f.Explained(ctx, func(text string) {
		_, body, found := strings.Cut(text, "plan:\n")
		var explained struct{ Plan node }
		if !found || json.Unmarshal([]byte(body), &explained) != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		runs++
		touched += explained.Plan.buffers()
		plans += body
	}); err != nil {
		t.Fatal(err)
	}
	at := frontier.StoredFile{StoredAt: time.Now().Add(150 * time.Second)}
	reads := map[string]func() error{
		"Attempts":    func() error { _, err := f.Attempts(ctx, job, "", 100); return err },
		"AttemptsOf":  func() error { _, err := f.Attempts(ctx, job, "k000007", 100); return err },
		"Newest":      func() error { _, err := f.Newest(ctx, job, frontier.StoredFile{}, 60); return err },
		"NewestAfter": func() error { _, err := f.Newest(ctx, job, at, 60); return err },
		"LaneList":    func() error { _, err := f.LaneList(ctx, job, "host000100", 100); return err },
		"KeyAfter":    func() error { _, err := f.KeyAfter(ctx, job, "k000050", 100); return err },
		"Changes":     func() error { _, err := f.Changes(ctx, job, 0, 100); return err },
		"History":     func() error { _, err := f.History(ctx, job, time.Minute, time.Now().Add(-time.Hour)); return err },
		"Numbers":     func() error { _, err := f.Numbers(ctx, job); return err },
		"Tunings":     func() error { _, err := f.Tunings(ctx, job); return err },
		"Workers":     func() error { _, err := f.Workers(ctx); return err },
		"Tasks of a key": func() error {
			_, err := f.Tasks(ctx, job, frontier.Filter{Keys: []string{"k000007"}, Part: frontier.FinalTasks, Limit: 1})
			return err
		},
		"Tasks to a key": func() error {
			_, err := f.Tasks(ctx, job, frontier.Filter{States: []seine.State{seine.Error}, Part: frontier.FinalTasks, After: "k000050", Until: "k000150", Limit: 100})
			return err
		},
		"waiting tasks": func() error {
			_, err := f.Tasks(ctx, job, frontier.Filter{States: []seine.State{seine.Error, seine.Stale}, Part: frontier.OpenTasks, Limit: 100})
			return err
		},
		"tasks under way": func() error {
			_, err := f.Tasks(ctx, job, frontier.Filter{States: []seine.State{seine.InProgress}, Part: frontier.OpenTasks, Limit: 100})
			return err
		},
		"Prioritize": func() error { _, err := f.Prioritize(ctx, job, frontier.Filter{}, 0, 0, 10); return err },
	}
	measure := func() map[string]int {
		t.Helper()
		out := map[string]int{}
		for name, read := range reads {
			for range 2 { // the second run finds the hints of rows that are set by the first
				mu.Lock()
				touched, plans = 0, ""
				mu.Unlock()
				if err := read(); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			mu.Lock()
			if out[name] = touched; plans == "" {
				t.Errorf("%s: no statement was explained", name)
			}
			mu.Unlock()
		}
		return out
	}
	fill(1, 300)
	few := measure()
	fill(301, 20_000)
	many := measure()
	for name := range reads {
		if few[name]*3+60 < many[name] {
			t.Errorf("%s touches %d buffers of 300 rows and %d of 20,000", name, few[name], many[name])
		}
	}
	// An open page costs one statement.
	mu.Lock()
	runs = 0
	mu.Unlock()
	if _, err := f.Numbers(ctx, job); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	if runs != 1 {
		t.Errorf("the numbers take %d statements; want 1", runs)
	}
	mu.Unlock()
	// A search by a value looks at a bounded number of files.
	mu.Lock()
	touched, plans = 0, ""
	mu.Unlock()
	if _, _, err := f.NewestWith(ctx, job, frontier.FieldValue{Field: "title", Value: "none"}, frontier.StoredFile{}, 60); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if most := 6 * frontier.NewestWithin; touched > most {
		t.Errorf("a search by a value touches %d buffers; want at most %d:\n%s", touched, most, plans)
	}
	t.Log(fmt.Sprint(few), fmt.Sprint(many), touched)
}
