package pgfrontier

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// The notes of renders. $1 job, $2 paths, $3 tasks.
	sqlIntend = `insert into seine.rendering(job_id, path, task) select distinct on (path collate "C") $1::int, path, task
 from unnest($2::text[], $3::text[]) i(path, task) order by path collate "C" on conflict (job_id, path) do update set task = excluded.task`
	sqlIntents = `select path, task from seine.rendering where job_id = $1 and path > $2 order by path limit $3`
	sqlSettled = `delete from seine.rendering where job_id = $1 and path = any($2::text[])`

	// The tasks of a render that bring a file pending deletion: $1 tasks, $2 their paths.
	sqlRenderSwept = `select distinct b.task from unnest($1::text[], $2::text[]) b(task, path) join seine.condemned c on c.path = b.path`

	// sqlRenderedTasks sets the times at which tasks were finished. $2 job, $3 keys.
	sqlRenderedTasks = `update seine.task set finished_at = coalesce($1::timestamptz, clock_timestamp()) where job_id = $2 and key = any($3::text[])`

	// sqlRenderedFields replaces fields of records. $1 job, $2 keys, $3 kinds, $4 fields.
	sqlRenderedFields = `update seine.record r set revision = r.revision + (r.fields::text <> i.fields::text)::int, fields = i.fields
 from (select key collate "C" as key, kind collate "C" as kind, fields::jsonb as fields from unnest($2::text[], $3::text[], $4::text[]) i(key, kind, fields)) i
 where r.job_id = $1 and r.key = i.key and r.kind = i.kind and not r.superseded`

	// sqlDuplicates marks assets. $1 job, $2 keys, $3 names, $4 digests, $5 marks.
	sqlDuplicates = `update seine.asset a set duplicate_of = i.mark
 from (select key collate "C" as key, name collate "C" as name, sha256, mark from unnest($2::text[], $3::text[], $4::bytea[], $5::text[]) i(key, name, sha256, mark)) i
 where a.job_id = $1 and a.key = i.key and a.name = i.name and a.version = 1 and a.sha256 = i.sha256`
)

// Intend notes the paths that a render is about to change.
func (f *Frontier) Intend(ctx context.Context, job frontier.JobID, intents []frontier.Intent) error {
	if len(intents) == 0 {
		return nil
	}
	var paths, tasks []string
	for _, i := range intents {
		paths, tasks = append(paths, frontier.Clean(i.Path)), append(tasks, frontier.Clean(i.Task))
	}
	if _, err := f.exec(ctx, sqlIntend, job, paths, tasks); err != nil {
		return fmt.Errorf("intend: %w", err)
	}
	return nil
}

// Intents calls each for every noted path.
func (f *Frontier) Intents(ctx context.Context, job frontier.JobID, each func(frontier.Intent) error) error {
	return frontier.EachIntent(each, func(path string, n int) ([]frontier.Intent, error) {
		return collect(ctx, f, sqlIntents, []any{job, path, n}, pgx.RowToStructByPos[frontier.Intent])
	})
}

// Settled deletes notes.
func (f *Frontier) Settled(ctx context.Context, job frontier.JobID, paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	if _, err := f.exec(ctx, sqlSettled, job, paths); err != nil {
		return fmt.Errorf("settled: %w", err)
	}
	return nil
}

// Render replaces the rows of files of finished tasks.
func (f *Frontier) Render(ctx context.Context, job frontier.JobID, batch []frontier.Rendered) (lost []string, err error) {
	var x renderColumns
	for _, r := range batch {
		x.add(r)
	}
	err = f.tx(ctx, func(c *pgx.Conn) error {
		lost = nil
		var finished, swept []string
		b := &pgx.Batch{}
		begin(b)
		b.Queue(sqlSweepShared)
		b.Queue(sqlFinished, job, x.keys, x.at).Query(textsInto(&finished))
		b.Queue(sqlRenderSwept, x.tasks, x.paths).Query(textsInto(&swept))
		if err := c.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		var mine renderColumns
		for _, r := range batch {
			if !slices.Contains(finished, r.Task) || slices.Contains(swept, r.Task) {
				lost = append(lost, r.Task)
				continue
			}
			mine.add(r)
		}
		b = &pgx.Batch{}
		mine.queue(b, f.now(), job)
		b.Queue(`commit`)
		_, err := run(ctx, c, b)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return lost, nil
}

func textsInto(to *[]string) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*to, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}
}

// Mark states which assets nearly equal others.
func (f *Frontier) Mark(ctx context.Context, job frontier.JobID, marks []frontier.Duplicate) error {
	if len(marks) == 0 {
		return nil
	}
	var (
		keys, names []string
		sums        [][]byte
		of          []*string
	)
	for _, m := range marks {
		keys, names, sums = append(keys, m.Key), append(names, m.Name), append(sums, m.SHA256)
		of = append(of, orNull(frontier.Clean(m.Of)))
	}
	if _, err := f.exec(ctx, sqlDuplicates, job, keys, names, sums, of); err != nil {
		return fmt.Errorf("mark: %w", err)
	}
	return nil
}
