// Command bench-count prints the figures of docs/benchmarks.md on large buckets: objects per second
// and peak memory of `seine count --bucket-only`, at a tenth of the objects and at all of them,
// from a fake Google bucket. It needs bin/seine.
//
// The bucket is a process of its own that generates its listing, so that its speed and memory are
// not measured. Its share of the time is printed too. Each count is compared with one made without
// Seine.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seinehq/seine/bench/measure"
)

func main() {
	serve := flag.Int("serve", 0, "serve a bucket of this many objects (started by the benchmark)")
	objects := flag.Int("objects", 1_000_000, "objects of the larger bucket")
	rounds := flag.Int("rounds", 3, "runs of each; the median counts")
	flag.Parse()
	var err error
	if *serve > 0 {
		err = serveBucket(listing{*serve})
	} else {
		err = bench(context.Background(), *objects, *rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-count:", err)
		os.Exit(1)
	}
}

// job defines the bucket's keys.
const job = `job: cards
seeds:
  ids: {from: 70000000, to: 79999999}
  url: http://127.0.0.1:1/{id}
fields:
  grade: {css: p}
assets:
  front: {url: "'f'"}
  back:  {url: "'b'"}
store:
  key: png/{grade}/{id}_{asset}.png
explore: {strategy: off}
`

func bench(ctx context.Context, objects, rounds int) error {
	binary, err := measure.Command()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "seine-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.WriteFile(filepath.Join(dir, "job.yaml"), []byte(job), 0o600); err != nil {
		return err
	}
	fmt.Printf("%s; median of %d rounds (lowest to highest)\n\n", measure.Machine(), rounds)
	fmt.Println("| objects | listing alone: objects/s | `seine count --bucket-only`: objects/s | peak anonymous memory, MB |")
	fmt.Println("| --: | --: | --: | --: |")
	for _, n := range []int{objects / 10, objects} {
		row, err := measureBucket(ctx, binary, dir, n, rounds)
		if err != nil {
			return err
		}
		fmt.Println(row)
	}
	return nil
}

// measureBucket counts one bucket.
func measureBucket(ctx context.Context, binary, dir string, n, rounds int) (string, error) {
	at, stop, err := startBucket(ctx, n)
	if err != nil {
		return "", err
	}
	defer stop()
	var alone, speed, peak []float64
	for range rounds {
		took, err := read(ctx, at)
		if err != nil {
			return "", err
		}
		alone = append(alone, float64(n)/took.Seconds())
		took, mb, got, err := count(ctx, binary, dir, at)
		if err != nil {
			return "", err
		}
		if want := (listing{n}).counted(); got != want {
			return "", fmt.Errorf("of %d objects %+v were counted; there are %+v", n, got, want)
		}
		speed, peak = append(speed, float64(n)/took.Seconds()), append(peak, mb)
	}
	return fmt.Sprintf("| %d | %s | %s | %s |", n, measure.Spread(alone), measure.Spread(speed), measure.Spread(peak)), nil
}

// startBucket starts the fake bucket and returns its address.
func startBucket(ctx context.Context, n int) (at string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	c := exec.CommandContext(ctx, self, "-serve", strconv.Itoa(n))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	stop = func() { _ = c.Process.Kill(); _ = c.Wait() }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, err
	}
	return strings.TrimSpace(line), stop, nil
}

// count runs the command and reads its output.
func count(ctx context.Context, binary, dir, at string) (took time.Duration, mb float64, got tally, err error) {
	c := exec.CommandContext(ctx, binary, "count", "job.yaml", "--bucket-only", "--store", "gs://cards", "--by", "grade", "-o", "json")
	c.Dir = dir
	c.Env = append(os.Environ(), "STORAGE_EMULATOR_HOST="+at)
	var out, told bytes.Buffer
	c.Stdout, c.Stderr = &out, &told
	before := time.Now()
	if err := c.Start(); err != nil {
		return 0, 0, got, err
	}
	peak := measure.PeakAnonymous(c.Process.Pid)
	if err := c.Wait(); err != nil {
		return 0, 0, got, fmt.Errorf("seine count: %w: %s", err, told.String())
	}
	took = time.Since(before)
	var v struct {
		Total      int64             `json:"total"`
		Values     []json.RawMessage `json:"values"`
		Incomplete []json.RawMessage `json:"incomplete"`
		Double     []json.RawMessage `json:"double"`
	}
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		return 0, 0, got, err
	}
	return took, float64(<-peak) / 1000, tally{v.Total, len(v.Values), len(v.Incomplete), len(v.Double)}, nil
}

// read lists the bucket without Seine.
func read(ctx context.Context, at string) (time.Duration, error) {
	before := time.Now()
	for token := ""; ; {
		body, err := get(ctx, "http://"+at+"/storage/v1/b/cards/o?maxResults=1000&pageToken="+token)
		if err != nil {
			return 0, err
		}
		var page struct {
			Next string `json:"nextPageToken"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return 0, err
		}
		if page.Next == "" {
			return time.Since(before), nil
		}
		token = page.Next
	}
}
