// Command crawl compares crawlers of a whole site by its links: `make bench-crawl`. nginx serves
// Debian's libboost1.81-doc on loopback, and every crawler has 16 connections. The access log of
// nginx, not the crawler, tells which pages were fetched.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/seinehq/seine/bench/measure"
)

const (
	// folder is the site of the package libboost1.81-doc.
	folder = "/usr/share/doc/libboost1.81-doc"

	start       = "/doc/html/index.html"
	connections = 16
)

var rounds = flag.Int("rounds", 3, "crawls per crawler")

func main() {
	if len(os.Args) == 3 { // a peer in Go is a process of its own
		if peer := peers[os.Args[1]]; peer != nil {
			if err := peer(os.Args[2]); err != nil {
				fmt.Fprintln(os.Stderr, "crawl:", err)
				os.Exit(1)
			}
			return
		}
	}
	flag.Parse()
	if err := bench(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "crawl:", err)
		os.Exit(1)
	}
}

// crawler is one row of the table.
type crawler struct {
	name    string
	command func(dir, url string) (*exec.Cmd, error)

	// server returns the CPU time of the crawler's database so far. Nil: it has none.
	server func() (time.Duration, error)

	// exit is a code that means success too.
	exit int
}

// run is the result of one crawl.
type run struct {
	pages    int // different paths with status 200
	requests int
	took     time.Duration
	cpu      time.Duration
	peak     float64 // MB, of the largest process
}

func bench(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(folder, start)); err != nil {
		return fmt.Errorf("%w: install libboost1.81-doc", err)
	}
	dir, err := os.MkdirTemp("", "seine-crawl")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	site, err := serve(ctx, dir)
	if err != nil {
		return err
	}
	defer site.close()
	all, err := crawlers(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%s; median of %d rounds (lowest to highest)\n\n", measure.Machine(), *rounds)
	fmt.Println("| crawler | pages | requests | pages/s | CPU s per 1,000 pages | peak memory, MB |")
	fmt.Println("| --- | --: | --: | --: | --: | --: |")
	for _, c := range all {
		runs, err := site.rounds(ctx, c)
		if err != nil { // the other rows stand without it
			fmt.Fprintf(os.Stderr, "crawl: %s: %v\n", c.name, err)
			continue
		}
		fmt.Printf("| %s | %d | %d | %s | %s | %s |\n", c.name, runs[0].pages, runs[0].requests,
			measure.Spread(measure.Of(runs, func(r run) float64 { return float64(r.pages) / r.took.Seconds() })),
			spread(measure.Of(runs, func(r run) float64 { return r.cpu.Seconds() / float64(r.pages) * 1000 })),
			measure.Spread(measure.Of(runs, func(r run) float64 { return r.peak })))
	}
	return nil
}

// spread is [measure.Spread] with two digits.
func spread(v []float64) string {
	lowest, highest := v[0], v[0]
	for _, x := range v {
		lowest, highest = min(lowest, x), max(highest, x)
	}
	return fmt.Sprintf("**%.2f** (%.2f to %.2f)", measure.Median(v), lowest, highest)
}

// site is a running nginx.
type site struct {
	url, log, dir string
	nginx         *exec.Cmd
}

const port = "18437"

const config = `daemon off;
worker_processes 1;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
events {worker_connections 1024;}
http {
  include /etc/nginx/mime.types;
  log_format one '$status $uri';
  access_log %[1]s/access.log one;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server {
    listen 127.0.0.1:%[2]s;
    root %[3]s;
    error_page 403 =404 @absent;
    location @absent {return 404;}
  }
}
`

func serve(ctx context.Context, dir string) (*site, error) {
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, config, dir, port, folder), 0o600); err != nil {
		return nil, err
	}
	s := &site{url: "http://127.0.0.1:" + port, log: filepath.Join(dir, "access.log"), dir: dir}
	s.nginx = exec.CommandContext(ctx, "/usr/sbin/nginx", "-c", conf, "-e", filepath.Join(dir, "error.log"))
	s.nginx.Stderr = os.Stderr
	if err := s.nginx.Start(); err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+start, nil)
		if err != nil {
			return nil, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			return s, resp.Body.Close()
		}
		if try == 50 {
			s.close()
			return nil, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (s *site) close() {
	_ = s.nginx.Process.Signal(syscall.SIGTERM)
	_ = s.nginx.Wait()
}

// longest bounds one crawl.
const longest = 3 * time.Minute

// rounds runs a crawler several times.
func (s *site) rounds(ctx context.Context, c crawler) (runs []run, err error) {
	for range *rounds {
		r, err := s.measure(ctx, c)
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// measure runs a crawler once.
func (s *site) measure(ctx context.Context, c crawler) (run, error) {
	dir, err := os.MkdirTemp(s.dir, "run")
	if err != nil {
		return run{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Truncate(s.log, 0); err != nil {
		return run{}, err
	}
	cmd, err := c.command(dir, s.url+start)
	if err != nil {
		return run{}, err
	}
	var before time.Duration
	if c.server != nil {
		if before, err = c.server(); err != nil {
			return run{}, err
		}
	}
	began := time.Now()
	stop := time.AfterFunc(longest, func() { _ = cmd.Process.Kill() })
	out, err := cmd.CombinedOutput()
	stop.Stop()
	r := run{took: time.Since(began)}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != c.exit) {
		return run{}, fmt.Errorf("%w\n%.2000s", err, out)
	}
	r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.peak = float64(usage.Maxrss) * 1024 / 1e6
	}
	if c.server != nil {
		after, err := c.server()
		if err != nil {
			return run{}, err
		}
		r.cpu += after - before
	}
	r.pages, r.requests, err = s.count()
	return r, err
}

// count reads the access log: the paths with status 200, and all requests.
func (s *site) count() (pages, requests int, err error) {
	in, err := os.Open(s.log)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = in.Close() }()
	seen := map[string]bool{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		requests++
		if path, ok := strings.CutPrefix(lines.Text(), "200 "); ok {
			seen[path] = true
		}
	}
	return len(seen), requests, lines.Err()
}
