package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/seinehq/seine/bench/measure"
)

const job = `job: crawl
seeds: {urls: [%q]}
fetch: {via: http, allow_private: [127.0.0.0/8]}
pace: {delay: 0s, concurrency: 0}
concurrency: %d
follow: all
fields: {title: {css: title}}
`

// crawlers lists the rows. Every crawler stores the URL and title of each page.
func crawlers(ctx context.Context) ([]crawler, error) {
	binary, err := measure.Command()
	if err != nil {
		return nil, err
	}
	srv, err := measure.OpenPostgres(ctx, "bench-crawl")
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	n := 0
	seine := func(at func(dir string) (string, error)) func(dir, url string) (*exec.Cmd, error) {
		return func(dir, url string) (*exec.Cmd, error) {
			file := filepath.Join(dir, "job.yaml")
			if err := os.WriteFile(file, fmt.Appendf(nil, job, url, connections), 0o600); err != nil {
				return nil, err
			}
			dsn, err := at(dir)
			if err != nil {
				return nil, err
			}
			return plain(exec.CommandContext(ctx, binary, "run", file, "--frontier", dsn), dir), nil
		}
	}
	peer := func(name string) func(dir, url string) (*exec.Cmd, error) {
		return func(dir, url string) (*exec.Cmd, error) {
			return plain(exec.CommandContext(ctx, self, name, url), dir), nil
		}
	}
	peersDir, err := filepath.Abs("crawl/peers")
	if err != nil {
		return nil, err
	}
	all := []crawler{
		{name: "Seine, SQLite", command: seine(func(dir string) (string, error) { return "sqlite:" + filepath.Join(dir, "seine.db"), nil })},
		{name: "Seine, PostgreSQL (with the server's CPU time)", command: seine(func(string) (string, error) {
			n++
			return srv.Database(ctx, fmt.Sprintf("crawl_%d", n))
		}), server: func() (time.Duration, error) {
			cpu, _, err := srv.Spent(ctx)
			return cpu, err
		}},
		{name: "Go's HTTP client with goquery", command: peer("bare")},
		{name: "Colly", command: peer("colly")},
		{name: "Scrapy", command: func(dir, url string) (*exec.Cmd, error) {
			return plain(exec.CommandContext(ctx, "python3", "-B", "-m", "scrapy", "runspider", filepath.Join(peersDir, "spider.py"), "-a", "start="+url,
				"-O", "pages.jsonl", "-s", "LOG_LEVEL=ERROR"), dir), nil
		}},
		{name: "wget2 (stores files, no fields)", exit: 8, command: func(dir, url string) (*exec.Cmd, error) {
			return plain(exec.CommandContext(ctx, "wget2", "-q", "-r", "-l", "0", "--max-threads=16", "--tries=1", "--follow-tags=a,area",
				"--no-robots", url), dir), nil
		}},
	}
	if modules := os.Getenv("CRAWLEE"); modules != "" {
		all = append(all, crawler{name: "Crawlee (CheerioCrawler)", command: func(dir, url string) (*exec.Cmd, error) {
			return plain(exec.CommandContext(ctx, "node", filepath.Join(modules, "crawlee.mjs"), url), dir), nil
		}})
	}
	return all, nil
}

// plain makes a command run in a folder without the caller's environment.
func plain(c *exec.Cmd, dir string) *exec.Cmd {
	c.Dir, c.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	return c
}
