package pgfrontier

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// sqlRobots reads a file. $2 job, $3 origin.
	sqlRobots = `select origin, status, coalesce(body, ''), coalesce(reason, ''), fetched_at, expires_at, extract(epoch from crawl_delay)::float8,
   coalesce(expires_at <= ` + now + `, true) as expired from seine.robots where job_id = $2 and origin = $3`

	// sqlHoldRobots reserves the fetch of a file that is missing or expired. $4 hold (s). It writes
	// no row if another worker fetches the file or has stored it.
	sqlHoldRobots = `insert into seine.robots as r (job_id, origin, held_until) values ($2, $3, ` + now + ` + $4::float8 * interval '1 s')
 on conflict (job_id, origin) do update set held_until = excluded.held_until
 where coalesce(r.held_until <= ` + now + `, true) and coalesce(r.expires_at <= ` + now + `, true)`

	sqlSetRobots = `insert into seine.robots(job_id, origin, status, body, reason, fetched_at, expires_at, crawl_delay)
 values ($2, $3, $4, $5, $6, ` + now + `, ` + now + ` + $7::float8 * interval '1 s', $8::float8 * interval '1 s')
 on conflict (job_id, origin) do update set status = excluded.status, body = excluded.body, reason = excluded.reason, fetched_at = excluded.fetched_at,
   expires_at = excluded.expires_at, crawl_delay = excluded.crawl_delay, held_until = null`

	sqlRobotsFiles = `select origin, status, ''::bytea, coalesce(reason, ''), fetched_at, expires_at, extract(epoch from crawl_delay)::float8,
   coalesce(expires_at <= ` + now + `, true) and coalesce(held_until > ` + now + `, false) from seine.robots where job_id = $2 order by origin limit $3`

	// sqlSetDelay is Lane.Ask. $2 job, $3 lane, $4 least (s), $5 and $6 the
	// job's delays (s).
	sqlSetDelay = `update seine.lane set delay_least = $4::float8 * interval '1 s', delay_min = greatest($4::float8, $5::float8) * interval '1 s',
   delay_max = greatest($4::float8, $6::float8) * interval '1 s',
   next_at = case when greatest($4::float8, $5::float8) * interval '1 s' > delay_min then greatest(next_at, ` + now + ` + greatest($4::float8, $5::float8) * interval '1 s')
     when (delay_min, delay_max) is distinct from (greatest($4::float8, $5::float8) * interval '1 s', greatest($4::float8, $6::float8) * interval '1 s')
     then greatest(next_at, ` + now + `) else next_at end
 where job_id = $2 and lane_key = $3`
)

// sqlReturnStart is Lane.Return. $2 lane, $3 start.
var sqlReturnStart = `update seine.lane l set next_at = greatest($3::timestamptz, ` + now + `), starts = starts - 1
 where lane_id = $2 and next_at > $3::timestamptz and next_at < $3::timestamptz + ` + strconv.Itoa(frontier.ReturnWithin) + ` * ` + laneDelay(`0`) + ` and coalesce(quiet_until <= ` + now + `, true)`

func scanRobots(row pgx.CollectableRow) (f frontier.RobotsFile, err error) {
	var (
		fetched, expires *time.Time
		delay            float64
	)
	err = row.Scan(&f.Origin, &f.Status, &f.Body, &f.Reason, &fetched, &expires, &delay, &f.Pending)
	if fetched != nil && expires != nil {
		f.FetchedAt, f.ExpiresAt = fetched.UTC(), expires.UTC()
	}
	if len(f.Body) == 0 {
		f.Body = nil
	}
	f.CrawlDelay = seconds(delay)
	return f, err
}

// Robots returns the robots.txt of an origin.
func (f *Frontier) Robots(ctx context.Context, job frontier.JobID, origin string, hold time.Duration) (file frontier.RobotsFile, mine bool, err error) {
	origin = frontier.Clean(origin)
	read := func() error {
		files, err := collect(ctx, f, sqlRobots, []any{f.now(), job, origin}, scanRobots)
		file = frontier.RobotsFile{Origin: origin, Pending: true}
		if len(files) > 0 {
			file = files[0]
		}
		return err
	}
	if err = read(); err == nil && file.Pending {
		var n int64
		if n, err = f.exec(ctx, sqlHoldRobots, f.now(), job, origin, hold.Seconds()); err == nil && n == 0 {
			err = read() // another worker may have stored it meanwhile
		}
		mine = n > 0
	}
	if err != nil {
		return frontier.RobotsFile{}, false, fmt.Errorf("robots.txt of %s: %w", origin, err)
	}
	return file, mine, nil
}

// SetRobots stores a robots.txt.
func (f *Frontier) SetRobots(ctx context.Context, job frontier.JobID, file frontier.RobotsFile) error {
	file = file.Bounded()
	_, err := f.exec(ctx, sqlSetRobots, f.now(), job, file.Origin, file.Status, append([]byte{}, file.Body...), file.Reason, file.TTL.Seconds(), file.CrawlDelay.Seconds())
	if err != nil {
		return fmt.Errorf("store robots.txt of %s: %w", file.Origin, err)
	}
	return nil
}

// RobotsFiles lists stored files without their bodies.
func (f *Frontier) RobotsFiles(ctx context.Context, job frontier.JobID, limit int) ([]frontier.RobotsFile, error) {
	return collect(ctx, f, sqlRobotsFiles, []any{f.now(), job, limit}, scanRobots)
}

// SetDelay makes the delay of a lane at least this long. It locks the row of the job, so that a
// change of the job's pace comes before or after.
func (f *Frontier) SetDelay(ctx context.Context, job frontier.JobID, lane string, least time.Duration) error {
	if _, err := f.laneIDs(ctx, job, []string{lane}); err != nil {
		return fmt.Errorf("set a delay: %w", err)
	}
	err := f.tx(ctx, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, `begin`); err != nil {
			return err
		}
		p, tuned, err := lockPaces(ctx, c, job, "share")
		if err != nil {
			return err
		}
		pace := p.asset
		if !frontier.IsAssetLane(lane) {
			pace = tuned.Pace(lane, p.page)
		}
		b := &pgx.Batch{}
		b.Queue(sqlSetDelay, f.now(), job, lane, max(0, least).Seconds(), pace.Delay.Min.Seconds(), pace.Delay.Max.Seconds())
		b.Queue(`commit`)
		_, err = run(ctx, c, b)
		return err
	})
	if err != nil {
		return fmt.Errorf("set a delay: %w", err)
	}
	return nil
}

// ReturnStart takes back the start of a claimed task.
func (f *Frontier) ReturnStart(ctx context.Context, c frontier.Claimed) error {
	if _, err := f.exec(ctx, sqlReturnStart, f.now(), c.Lane, c.StartAt); err != nil {
		return fmt.Errorf("return a start: %w", err)
	}
	return nil
}
