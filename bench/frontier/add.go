package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/seinehq/seine/bench/measure"
)

// benchAdd pipes keys, each of them twice, into `seine add`.
func benchAdd(ctx context.Context, srv *measure.Postgres, s settings) error {
	dir, err := os.MkdirTemp("", "seine-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	dsn, err := srv.Database(ctx, "bench_add")
	if err != nil {
		return err
	}
	job := filepath.Join(dir, "add.yaml")
	if err := os.WriteFile(job, []byte("job: add\nseeds: {url: 'http://127.0.0.1:1/cert/{id}/page'}\nfetch: {allow_private: [127.0.0.0/8]}\nfields: {title: {css: h1}}\n"), 0o600); err != nil {
		return err
	}
	for _, at := range []struct{ name, url string }{{"PostgreSQL", dsn}, {"SQLite", "sqlite:" + filepath.Join(dir, "add.db")}} {
		for _, again := range []string{"", ", the same list again"} {
			c := exec.CommandContext(ctx, s.seine, "add", job, "-", "--frontier", at.url)
			c.Dir = dir
			c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
			r, w := io.Pipe()
			go func() { w.CloseWithError(writeKeys(w, s.add)) }()
			var out, progress bytes.Buffer
			c.Stdin, c.Stdout, c.Stderr = r, &out, &progress
			began := time.Now()
			if err := c.Run(); err != nil {
				return fmt.Errorf("seine add: %w\n%s", err, &progress)
			}
			took := time.Since(began)
			fmt.Printf("`seine add` from standard input, %s%s: %s: **%.0f** keys a second, %.0f µs of its CPU a key, peak memory %.0f MB, %d lines of progress.\n\n",
				at.name, again, bytes.TrimSpace(out.Bytes()), float64(s.add)/took.Seconds(), cpuOf(c.ProcessState, s.add), peakMB(c.ProcessState), bytes.Count(progress.Bytes(), []byte("\n")))
		}
	}
	return srv.Drop(ctx, dsn)
}

// writeKeys writes n keys, each of the first half of them twice, in an order
// that is not theirs: 7919 is a prime.
func writeKeys(w io.Writer, n int) error {
	b := bufio.NewWriter(w)
	for i := range n {
		if _, err := fmt.Fprintf(b, "%d\n", i*7919%(n/2)); err != nil {
			return err
		}
	}
	return b.Flush()
}
