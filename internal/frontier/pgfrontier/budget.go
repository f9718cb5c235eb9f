package pgfrontier

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier"
)

const (
	// The budgets of a transaction, locked in the order of their names before any task key. $1 job,
	// $2 names, $3 largest numbers.
	sqlNewBudgets = `insert into seine.budget(job_id, name, max) select $1, name, max from unnest($2::text[], $3::bigint[]) b(name, max)
 where (select true from seine.budget k where k.job_id = $1 and k.name = b.name) is null order by name collate "C" on conflict do nothing`
	sqlLockBudgets = `select k.name, coalesce(k.example, ''), k.n, k.max from unnest($2::text[]) b(name) cross join lateral (
   select name, example, n, max from seine.budget k where k.job_id = $1 and k.name = b.name limit 1 for update) k`

	// $3 numbers, $4 largest numbers, $5 examples.
	sqlSetBudgets = `insert into seine.budget(job_id, name, n, max, example) select $1, name, n, max, nullif(example, '') from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[]) b(name, n, max, example)
 on conflict (job_id, name) do update set n = excluded.n, max = excluded.max, example = excluded.example`
)

// spend returns the tasks that are within their budgets or known already, and counts the others. A
// transaction that admits tasks under the same budgets waits from here on, so the keys that are new
// now stay new.
func spend(ctx context.Context, c *pgx.Conn, job frontier.JobID, purse *frontier.Purse, tasks []frontier.New) ([]frontier.New, error) {
	var (
		names, examples, keys []string
		most, ns              []int64
		key                   string
		stored                frontier.BudgetStatus
		state                 int16
		known                 = map[string]bool{}
	)
	for _, b := range purse.Budgets() {
		names, most = append(names, b.Name), append(most, b.Max)
	}
	for _, t := range tasks {
		if len(t.Budgets) > 0 {
			keys = append(keys, t.Key)
		}
	}
	b := &pgx.Batch{}
	b.Queue(sqlNewBudgets, job, names, most)
	b.Queue(sqlLockBudgets, job, names).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&stored.Name, &stored.Example, &stored.N, &stored.Max}, func() error {
			purse.Set(stored)
			return nil
		})
		return err
	})
	b.Queue(sqlLookup, job, keys).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&key, &state}, func() error {
			known[key] = true
			return nil
		})
		return err
	})
	if err := c.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	admitted := make([]frontier.New, 0, len(tasks))
	for _, t := range tasks {
		if len(t.Budgets) > 0 && !known[t.Key] {
			if !purse.Spend(t) {
				continue
			}
			known[t.Key] = true
		}
		admitted = append(admitted, t)
	}
	names, most = nil, nil
	for _, s := range purse.Changed() {
		names, ns, most, examples = append(names, s.Name), append(ns, s.N), append(most, s.Max), append(examples, s.Example)
	}
	b = &pgx.Batch{}
	if len(names) > 0 {
		b.Queue(sqlSetBudgets, job, names, ns, most, examples)
	}
	if left := purse.LeftOut(); len(left) > 0 {
		var (
			states         []int16
			reasons, pages []string
			counts         []int64
		)
		for _, l := range left {
			states, reasons, counts, pages = append(states, frontier.StatLeftOut), append(reasons, l.Reason), append(counts, l.N), append(pages, "")
		}
		b.Queue(sqlFields, job, states, reasons, counts, pages)
	}
	_, err := run(ctx, c, b)
	return admitted, err
}
