// Command console measures the pages of the console on a frontier with many tasks.
//
// It fills a PostgreSQL of its own with a job of N tasks, of which a tenth is open and few failed,
// on 1,000 hosts. Then it asks for each page several times, with no cached report, and prints the
// median and the longest time. It fails if a median is above the bound. At last
// it opens consoles that listen for live numbers, and counts the statements per second of the
// database.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/frontier/pgfrontier"
	"github.com/seinehq/seine/internal/web"
)

func main() {
	n := flag.Int("tasks", 1_000_000, "tasks of the job")
	most := flag.Duration("most", 200*time.Millisecond, "longest median of a page")
	flag.Parse()
	if err := run(context.Background(), os.Getenv("SEINE_TEST_POSTGRES"), *n, *most); err != nil {
		fmt.Fprintln(os.Stderr, "console:", err)
		os.Exit(1)
	}
}

// fill makes a job with n tasks. Of each ten tasks one is open, eight are done, and one is skipped.
// Each 10,000th has failed.
const fill = `
insert into seine.lane(job_id, lane_key, delay_min, delay_max, max_inflight, parked, prio)
  select %[1]d, 'host' || lpad(i::text, 4, '0') || '.example:443', interval '1 s', interval '1 s', 2, false, 1 from generate_series(1, 1000) i;
create temp table ids as select min(lane_id) as lane from seine.lane where job_id = %[1]d;
insert into seine.task(job_id, key, lane_id, state, attempt, reason, finished_at)
  select %[1]d, 'https://host.example/page/' || lpad(i::text, 9, '0'), (select lane from ids) + i %% 1000,
    case when i %% 10000 = 5 then 2 when i %% 10 = 0 then 0 when i %% 10 = 1 then 4 else 1 end, 1,
    case when i %% 10000 = 5 then 'HTTP 500' when i %% 10 = 1 then 'not wanted' end, now() from generate_series(1, %[2]d) i;
insert into seine.queue(job_id, key, lane_id) select job_id, key, lane_id from seine.task where job_id = %[1]d and state = 0 order by key;
insert into seine.record(job_id, key, kind, fields, url, digest, fetched_at)
  select job_id, key, 'record', '{"title": "a page"}', key, '', now() from seine.task where job_id = %[1]d and state = 1;
insert into seine.asset(job_id, key, name, path, bytes, sha256, width, height, url, stored_at)
  select job_id, key, 'photo', key, 1000, '', 60, 40, key, now() - random() * interval '1 day' from seine.task where job_id = %[1]d and state = 1;
insert into seine.attempt(job_id, key, attempt, at, state, reason, worker, final)
  select job_id, key, 1, now(), 2, reason, 'w', true from seine.task where job_id = %[1]d and state = 2;
insert into seine.stat(job_id, lane_id, state, reason, n) select %[1]d, 0, 0, null, %[2]d;
insert into seine.stat(job_id, lane_id, state, reason, n) select %[1]d, 0, state, reason, count(*) from seine.task where job_id = %[1]d and state > 0 group by 3, 4;
insert into seine.history(job_id, step, at, done, skipped, stale, error, open, records, assets, workers)
  select %[1]d, 60, date_trunc('minute', now()) - i * interval '1 min', (3000 - i) * 100, 0, 0, 0, i * 100, 0, 0, 3 from generate_series(1, 2880) i;
insert into seine.history(job_id, step, at, done, skipped, stale, error, open, records, assets, workers)
  select %[1]d, 3600, date_trunc('hour', now()) - i * interval '1 hour', (9000 - i) * 100, 0, 0, 0, i * 100, 0, 0, 3 from generate_series(1, 8784) i;
insert into seine.change(job_id, at, who, what) select %[1]d, now(), 'someone', 'pause' from generate_series(1, 10000);
analyze`

func run(ctx context.Context, dsn string, n int, most time.Duration) error {
	if dsn == "" {
		return errors.New("SEINE_TEST_POSTGRES names no database: run it by scripts/with-postgres")
	}
	f, err := pgfrontier.Open(ctx, dsn, pgfrontier.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Migrate(ctx); err != nil {
		return err
	}
	job, err := f.Register(ctx, frontier.Spec{Name: "large", Config: []byte(`{}`), Digest: []byte{1}, MaxAttempts: 3, Page: frontier.LanePace{Inflight: 2}}, false)
	if err != nil {
		return err
	}
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	began := time.Now()
	if _, err := c.Exec(ctx, fmt.Sprintf(fill, job, n)); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, `vacuum analyze`); err != nil {
		return err
	}
	fmt.Printf("%d tasks, filled in %v\n", n, time.Since(began).Round(time.Second))
	console, err := web.New(web.Config{
		Frontier: f, Every: time.Nanosecond, Log: slog.New(slog.DiscardHandler),
		Report: func(context.Context, frontier.JobInfo, frontier.Status) any { return map[string]any{} },
	})
	if err != nil {
		return err
	}
	defer console.Close()
	srv := httptest.NewServer(console)
	defer srv.Close()
	slow := pages(ctx, srv.URL, n, most)
	return errors.Join(slow, live(ctx, c, f))
}

// rounds is the number of requests of a page.
const rounds = 7

func pages(ctx context.Context, at string, n int, most time.Duration) error {
	middle := fmt.Sprintf("https://host.example/page/%09d", n/2)
	slow := 0
	for _, path := range []string{
		"/", "/workers", "/changes", "/jobs/large", "/jobs/large/tasks", "/jobs/large/tasks?after=" + middle, "/jobs/large/tasks?state=pending", "/jobs/large/tasks?state=done", "/jobs/large/tasks?state=error",
		"/jobs/large/tasks?state=error&reason=HTTP+500", "/jobs/large/tasks?host=host0007.example:443", "/jobs/large/tasks?key=" + middle, "/jobs/large/tasks?reason=nothing+has+this", "/jobs/large/tasks?state=skipped&reason=none", "/jobs/large/pictures?field=title&value=none", "/jobs/large/task?key=" + middle,
		"/jobs/large/pictures", "/jobs/large/hosts", "/jobs/large/failures", "/jobs/large/kinds", "/jobs/large/space", "/jobs/large/history", "/jobs/large/history?span=1y", "/jobs/large/changes",
	} {
		var took []time.Duration
		for range rounds {
			d, err := get(ctx, at+path)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			took = append(took, d)
		}
		slices.Sort(took)
		note := ""
		if took[rounds/2] > most {
			note = "  SLOW"
			slow++
		}
		fmt.Printf("%-64s %7.1f ms, at most %7.1f ms%s\n", path, ms(took[rounds/2]), ms(took[rounds-1]), note)
	}
	if slow > 0 {
		return fmt.Errorf("%d pages take longer than %v", slow, most)
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func get(ctx context.Context, url string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("status %d", resp.StatusCode)
	}
	return time.Since(began), nil
}

// The number of open consoles, and how long they are watched.
const (
	consoles = 20
	watched  = 20 * time.Second
)

// live opens consoles on the page of a job and measures their cost to the database.
func live(ctx context.Context, c *pgx.Conn, f *pgfrontier.Frontier) error {
	console, err := web.New(web.Config{Frontier: f, Log: slog.New(slog.DiscardHandler), Report: func(context.Context, frontier.JobInfo, frontier.Status) any { return map[string]any{} }})
	if err != nil {
		return err
	}
	defer console.Close()
	srv := httptest.NewServer(console)
	defer srv.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	commits := func() (n int64, err error) {
		if _, err := c.Exec(ctx, `select pg_stat_clear_snapshot()`); err != nil {
			return 0, err
		}
		return n, c.QueryRow(ctx, `select xact_commit + xact_rollback from pg_stat_database where datname = current_database()`).Scan(&n)
	}
	for range consoles {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/jobs/large/events", nil)
		if err != nil {
			return err
		}
		go func() {
			if resp, err := http.DefaultClient.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		}()
	}
	<-time.After(3 * time.Second)
	before, err := commits()
	if err != nil {
		return err
	}
	<-time.After(watched)
	after, err := commits()
	if err != nil {
		return err
	}
	var took time.Duration
	for range rounds {
		began := time.Now()
		if _, err := f.Numbers(ctx, 1); err != nil {
			return err
		}
		took += time.Since(began)
	}
	fmt.Printf("%d consoles with live numbers: %.1f statements per second; their report takes %.1f ms, read every 2 s: %.2f %% of one connection\n",
		consoles, float64(after-before)/watched.Seconds(), ms(took/rounds), 100*(took/rounds).Seconds()/2)
	return nil
}
