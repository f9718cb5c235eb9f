package litefrontier_test

import (
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/frontier/litefrontier"
)

// The rows of a task are found by an index and its key.
func TestRowsOfATaskAreSearched(t *testing.T) {
	t.Parallel()
	_, path := migrated(t)
	c := db(t, path)
	for _, table := range []string{"record", "asset", "asset_failure"} {
		for _, own := range litefrontier.Owned {
			rows, err := c.QueryContext(t.Context(), `explain query plan select * from `+table+` where `+own, 1, "a") //nolint:sqlclosecheck // read to the end
			if err != nil {
				t.Fatal(err)
			}
			var plan []string
			for rows.Next() {
				var (
					id, parent, unused int
					detail             string
				)
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					t.Fatal(err)
				}
				plan = append(plan, detail)
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(plan, "; "); !strings.Contains(got, "(job_id=? AND key=?)") && !strings.Contains(got, "(task=?)") {
				t.Errorf("%s where %s: %s; want a search by the key", table, own, got)
			}
		}
	}
}
