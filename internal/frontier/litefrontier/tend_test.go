package litefrontier_test

import (
	"bytes"
	"os"
	"strconv"
	"testing"

	"github.com/seinehq/seine/internal/frontier"
)

// A log that grew during a read is truncated after the read. No call waits for a running read.
func TestTendCutsTheLog(t *testing.T) {
	t.Parallel()
	f, path := migrated(t)
	job := register(t, f)
	meta := append(append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), 20_000)...), `"}`...)
	add := func(from, to int) {
		t.Helper()
		var all []frontier.New
		for i := from; i < to; i++ {
			all = append(all, frontier.New{Key: strconv.Itoa(i), Lane: "h:80", Priority: 1, Meta: meta})
		}
		if _, err := f.Add(t.Context(), job, all); err != nil {
			t.Fatal(err)
		}
	}
	add(0, 10)
	reader, err := db(t, path).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRowContext(t.Context(), `select count(*) from task`).Scan(&n); err != nil || n != 10 {
		t.Fatalf("%d tasks, %v", n, err)
	}
	for i := range 12 {
		add(100*(i+1), 100*(i+2))
	}
	size := func() int64 {
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	long := size()
	if long < 20<<20 {
		t.Fatalf("the log has %d bytes behind a reader", long)
	}
	// The reader stays until Tend has returned. A Tend that waited for it would never return.
	if err := f.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := f.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := size(); got != 0 {
		t.Errorf("the log has %d bytes after it was cut; it had %d", got, long)
	}
	add(5000, 5001)
}
