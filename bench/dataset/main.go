// Command bench-dataset prints the figures of docs/benchmarks.md on exports: records per second,
// CPU seconds and peak memory of `seine export` in each format, for a million records on SQLite.
// DuckDB makes a Parquet file of the exported lines in the same run. It needs bin/seine, and Pillow
// and libvips for the renditions and the list of images.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // database/sql's sqlite

	"github.com/seinehq/seine/bench/measure"
)

func main() {
	records := flag.Int("records", 1_000_000, "records of the job")
	rounds := flag.Int("rounds", 3, "runs of each format; the median counts")
	duckdb := flag.String("duckdb", os.Getenv("SEINE_TEST_DUCKDB"), "the folder that scripts/duckdb prints; empty leaves DuckDB out")
	pages := flag.Int("pages", 5_000, "pages that are recorded and reprocessed")
	images := flag.Int("images", 500, "images that are rendered from their originals, and by Pillow and libvips")
	farm := flag.Bool("farm", true, "whether the list of the image farm becomes shards, by Seine and by a pool of threads")
	flag.Parse()
	ctx := context.Background()
	binary, err := measure.Command()
	if err == nil && *records > 0 {
		err = bench(ctx, binary, *records, *rounds, *duckdb)
	}
	if err == nil && *pages > 0 {
		err = benchPages(ctx, binary, *pages, *rounds)
	}
	if err == nil && *images > 0 {
		err = benchImages(ctx, binary, *images, *rounds)
	}
	if err == nil && *farm {
		err = benchFarm(ctx, binary, *rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-dataset:", err)
		os.Exit(1)
	}
}

const job = `job: cards
seeds: {urls: ["http://127.0.0.1:1/x"]}
fields:
  title: {css: h1}
  price: {css: .p, type: decimal}
  count: {css: .n, type: int}
  rating: {css: .r, type: float}
  tags: {css: .t, all: true}
`

// fill writes records as the frontier stores them. Their content is of no use for compression
// alone: it differs from record to record.
const fill = `insert into record(job_id, key, kind, url, fields, digest, fetched_at)
with recursive n(i) as (select 1 union all select i + 1 from n where i < %d)
select (select min(job_id) from job), printf('http://127.0.0.1:1/p/%%08d', i), 'record', printf('http://127.0.0.1:1/p/%%08d', i),
  json_object('title', 'Card number ' || i || ' ' || hex(randomblob(12)), 'price', json(printf('%%d.%%02d', i %% 500, i %% 100)),
    'count', abs(random()) %% 1000000, 'rating', (i %% 50) / 10.0, 'tags', json_array('a', 'b' || (i %% 10))),
  x'01', 1790000000000000 + i from n`

func bench(ctx context.Context, binary string, records, rounds int, duckdb string) error {
	dir, err := os.MkdirTemp("", "seine-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(job), 0o600); err != nil {
		return err
	}
	if _, err := measured(ctx, dir, nil, binary, "add", "job.yaml", "http://127.0.0.1:1/y"); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "data", "seine.db"))
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf(fill, records)); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	fmt.Printf("%s; %d records of five fields; median of %d rounds (lowest to highest)\n\n", measure.Machine(), records, rounds)
	fmt.Println("| export | records/s | CPU s | peak anonymous memory, MB |")
	fmt.Println("| :-- | --: | --: | --: |")
	for _, to := range []string{"cards.jsonl", "cards.csv", "cards.parquet", "shards/"} {
		var all []run
		for range rounds {
			if err := os.RemoveAll(filepath.Join(dir, to)); err != nil {
				return err
			}
			r, err := measured(ctx, dir, nil, binary, "export", "job.yaml", "-o", to)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		row(to, records, all)
	}
	if duckdb == "" {
		return nil
	}
	script := filepath.Join(dir, "duckdb.cjs")
	if err := os.WriteFile(script, []byte(convert), 0o600); err != nil {
		return err
	}
	var all []run
	for range rounds {
		r, err := measured(ctx, dir, []string{"NODE_PATH=" + duckdb}, "node", script)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	row("DuckDB, of cards.jsonl", records, all)
	return nil
}

const convert = `const { DuckDBInstance } = require("@duckdb/node-api");
(async () => {
  const c = await (await DuckDBInstance.create(":memory:")).connect();
  await c.run("copy (select * from read_json('cards.jsonl')) to 'duck.parquet' (format parquet, compression zstd)");
})();`

// run is one run of a process.
type run struct {
	took, cpu time.Duration
	mb        float64
}

func row(what string, records int, all []run) {
	speed := measure.Of(all, func(r run) float64 { return float64(records) / r.took.Seconds() })
	cpu := measure.Of(all, func(r run) float64 { return r.cpu.Seconds() })
	mb := measure.Of(all, func(r run) float64 { return r.mb })
	fmt.Printf("| %s | %s | %.1f (%.1f to %.1f) | %s |\n", what, measure.Spread(speed), measure.Median(cpu), cpu[0], cpu[len(cpu)-1], measure.Spread(mb))
}

// measured runs a process in a folder.
func measured(ctx context.Context, dir string, env []string, name string, args ...string) (run, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	before := time.Now()
	if err := c.Start(); err != nil {
		return run{}, err
	}
	peak := measure.PeakAnonymous(c.Process.Pid)
	if err := c.Wait(); err != nil {
		return run{}, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, said.String())
	}
	s := c.ProcessState
	return run{time.Since(before), s.UserTime() + s.SystemTime(), float64(<-peak) / 1000}, nil
}
