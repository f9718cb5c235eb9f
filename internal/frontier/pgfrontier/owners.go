package pgfrontier

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seinehq/seine/internal/frontier"
)

// take returns the tasks whose records no other task owns, with the owners of their records. It
// reports the others.
func take(ctx context.Context, c *pgx.Conn, job frontier.JobID, batch []frontier.Completion, out *frontier.Outcome) ([]frontier.Completion, *frontier.Owners, error) {
	var keys, kinds, files, names []string
	for _, t := range batch {
		for _, r := range t.Records {
			keys, kinds = append(keys, frontier.Clean(r.Key)), append(kinds, frontier.Clean(r.Kind))
		}
		for _, a := range t.Assets {
			files, names = append(files, frontier.Clean(a.Key)), append(names, frontier.Clean(a.Name))
		}
	}
	owners := frontier.NewOwners()
	var key, of, owner string
	b := &pgx.Batch{}
	b.Queue(sqlRecordOwners, job, keys, kinds).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&key, &of, &owner}, func() error {
			owners.Records[frontier.RecordID{Key: key, Kind: of}] = owner
			return nil
		})
		return err
	})
	b.Queue(sqlAssetOwners, job, files, names).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&key, &of, &owner}, func() error {
			owners.Assets[frontier.AssetID{Key: key, Name: of}] = owner
			return nil
		})
		return err
	})
	if err := c.SendBatch(ctx, b).Close(); err != nil {
		return nil, nil, err
	}
	mine := make([]frontier.Completion, 0, len(batch))
	for _, t := range batch {
		if taken, ok := owners.Take(t); ok {
			out.Take(t.Seq, taken)
			out.Kept--
			continue
		}
		mine = append(mine, t)
	}
	return mine, &owners, nil
}

// owned reports whether a write met a record of another task: see sql_record.go.
func owned(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "23514" && (pe.ConstraintName == "record_owner" || pe.ConstraintName == "asset_owner") || pe.Code == "22012")
}
