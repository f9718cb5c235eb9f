package frontiertest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// dumps are queries of whole tables, whose rows must be equal in all databases. A row begins with
// what identifies it. Numbers that a database gives itself are replaced by names or by places in an
// order. MICROS and DURATION stand for the microseconds of a time and of a duration. Left out are
// times by the database's own clock (job.created_at, task.created_at), and step_stat, whose rows
// depend on the numbers of leases. [frontiertest.Compare] compares its sums with a model per
// driver.
var dumps = map[string]string{
	"job":  `select j.name, cast(config as text), digest, seed_url, store_key, seeds_digest, paused, max_attempts, cast(page_pace as text), cast(asset_pace as text) from seine.job j`,
	"lane": `select j.name, lane_key, l.prio, max_inflight, inflight, parked, l.paused, starts, errors, faults, MICROS(next_at), DURATION(delay_least) from seine.lane l join seine.job j on j.job_id = l.job_id`,
	"task": `select j.name, t.key, l.lane_key, t.state, t.attempt, t.worker, t.reason, cast(t.meta as text), MICROS(t.finished_at), t.page
 from seine.task t join seine.job j on j.job_id = t.job_id join seine.lane l on l.lane_id = t.lane_id`,
	"queue": `select j.name, q.key, row_number() over (partition by q.lane_id, q.prio order by q.seq), l.lane_key, q.prio, q.state, q.attempt, MICROS(q.run_at), x.worker, q.reason,
 case when q.lease_id is null then null else MICROS(q.claimed_at) end, q.mark, q.has_meta, MICROS(q.refused_at), q.owes
 from seine.queue q join seine.job j on j.job_id = q.job_id join seine.lane l on l.lane_id = q.lane_id left join seine.lease x on x.lease_id = q.lease_id`,
	"lease":  `select worker, MICROS(expires_at), stopping from seine.lease`,
	"record": `select j.name, key, kind, revision, task, cast(fields as text), url, r.digest, MICROS(fetched_at), superseded, MICROS(gone_at) from seine.record r join seine.job j on j.job_id = r.job_id`,
	"asset": `select j.name, key, a.name, version, path, bytes, sha256, width, height, url, original_bytes, original_sha256, task, phash, rendered_by, duplicate_of
 from seine.asset a join seine.job j on j.job_id = a.job_id`,
	"asset_failure": `select j.name, key, a.name, url, reason, MICROS(at), task from seine.asset_failure a join seine.job j on j.job_id = a.job_id`,
	"owed":          `select j.name, key, cast(assets as text) from seine.owed o join seine.job j on j.job_id = o.job_id`,
	"quarantine":    `select j.name, task, key, kind, page, cast(fields as text), url, q.digest, MICROS(fetched_at), field, reason, MICROS(at) from seine.quarantine q join seine.job j on j.job_id = q.job_id`,
	"recording": `select j.name, key, MICROS(fetched_at), segment, pos, bytes, body_segment, body_pos, body_bytes, sha256, size, r.digest
 from seine.recording r join seine.job j on j.job_id = r.job_id`,
	"visit":   `select j.name, key, etag, last_modified, hash, MICROS(checked_at), MICROS(changed_at), MICROS(gone_at), visits, changes from seine.visit v join seine.job j on j.job_id = v.job_id`,
	"recrawl": `select j.name, key, MICROS(due_at), prio from seine.recrawl r join seine.job j on j.job_id = r.job_id`,
	"budget":  `select j.name, b.name, n, max, example from seine.budget b join seine.job j on j.job_id = b.job_id`,
	"space":   `select j.name, lo, hi, next_id from seine.space s join seine.job j on j.job_id = s.job_id`,
	"circuit": `select j.name, space, reason, MICROS(opened_at), MICROS(closed_at) from seine.circuit c join seine.job j on j.job_id = c.job_id`,
	"watch":   `select j.name, space, MICROS(closed_at), doubt, expected, asked, hits, MICROS(at), done, errors, stale_doubt, answers, stale from seine.watch w join seine.job j on j.job_id = w.job_id`,
	"block_stat": `select j.name, space, block, done, probes, probe_hits, walks, walk_hits, MICROS(updated_at), wanted, doubt, expected, errors, absent, stale, stale_doubt, newest
 from seine.block_stat b join seine.job j on j.job_id = b.job_id`,
	"stat":      `select j.name, state, coalesce(reason, ''), cast(sum(n) as bigint) from seine.stat s join seine.job j on j.job_id = s.job_id group by j.name, state, coalesce(reason, '') having sum(n) <> 0`,
	"attempt":   `select j.name, key, attempt, row_number() over (partition by a.job_id, key order by attempt_id), MICROS(at), state, reason, worker, final from seine.attempt a join seine.job j on j.job_id = a.job_id`,
	"tuning":    `select j.name, lane_key, cast(value as text) from seine.tuning t join seine.job j on j.job_id = t.job_id`,
	"drift":     `select j.name, version, cast(state as text) from seine.drift d join seine.job j on j.job_id = d.job_id`,
	"listed":    `select j.name, key, list, MICROS(read_at), MICROS(lastmod), MICROS(left_at) from seine.listed l join seine.job j on j.job_id = l.job_id`,
	"robots":    `select j.name, origin, status, body, reason, MICROS(fetched_at), MICROS(expires_at), DURATION(crawl_delay), MICROS(held_until) from seine.robots r join seine.job j on j.job_id = r.job_id`,
	"session":   `select j.name, version, cast(cookies as text), MICROS(logged_in_at), log_in_by, MICROS(held_until), failures, reason from seine.session s join seine.job j on j.job_id = s.job_id`,
	"rendering": `select j.name, path, task from seine.rendering r join seine.job j on j.job_id = r.job_id`,
	"erasure":   `select j.name, path, pos, bytes, sha256 from seine.erasure e join seine.job j on j.job_id = e.job_id`,
	"condemned": `select path, MICROS(held_until) from seine.condemned`,
	"history":   `select j.name, step, MICROS(at), done, skipped, stale, error, open, records, assets, workers from seine.history h join seine.job j on j.job_id = h.job_id`,
}

// dump returns the rows of all tables as text, sorted.
func dump(each func(query string, scan func(values []any) error) error) (map[string][]string, error) {
	out := map[string][]string{}
	for table, query := range dumps {
		err := each(query, func(values []any) error {
			var row strings.Builder
			for _, v := range values {
				row.WriteString(text(v) + " | ")
			}
			out[table] = append(out[table], row.String())
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", table, err)
		}
		slices.Sort(out[table])
	}
	return out, nil
}

// text writes a value in the way of no database.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		if v {
			return "1"
		}
		return "0"
	case []byte:
		return fmt.Sprintf("%x", v)
	case float64:
		return strconv.FormatFloat(v, 'g', 9, 64)
	case string:
		dec := json.NewDecoder(strings.NewReader(v))
		dec.UseNumber()
		var value any
		if (strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[")) && dec.Decode(&value) == nil {
			if sorted, err := json.Marshal(value); err == nil {
				return string(sorted)
			}
		}
		return v
	}
	return fmt.Sprint(v)
}
