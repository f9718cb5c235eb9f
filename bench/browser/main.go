// Command bench-browser prints the figures of docs/benchmarks.md on rendering: pages per second,
// CPU time and memory of Seine's browser at 1, 4 and 8 tabs, and of a browser that is started for
// each page, in one run.
//
// The page is 40 KB, its images get their src by script, and it makes nine
// requests. Its server is a process of its own and is not counted; ours is.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/bench/measure"
	"github.com/seinehq/seine/internal/fetch"
	"github.com/seinehq/seine/internal/fetch/chromefetch"
)

func main() {
	serve := flag.Bool("serve", false, "serve the page (started by the benchmark)")
	pages := flag.Int("pages", 60, "pages of each of our runs; a browser a page does a third")
	rounds := flag.Int("rounds", 3, "runs of each; the median counts")
	soaked := flag.Int("soak", 0, "render this many pages at 4 tabs instead, and show memory and processes on the way")
	flag.Parse()
	if *serve {
		serveSite()
		return
	}
	var err error
	if *soaked > 0 {
		err = soak(*soaked)
	} else {
		err = bench(*pages, *rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-browser:", err)
		os.Exit(1)
	}
}

// serveSite serves until its standard input is closed.
func serveSite() {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("http://" + l.Addr().String())
	go func() { _ = http.Serve(l, http.HandlerFunc(site)) }()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func site(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, ".css"):
		w.Header().Set("Content-Type", "text/css")
		for i := range 200 {
			_, _ = fmt.Fprintf(w, ".c%d { margin: %dpx; color: #%06x; display: block }\n", i, i%9, i*4096)
		}
	case strings.HasSuffix(r.URL.Path, ".jpg"):
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(photo)
	case strings.HasSuffix(r.URL.Path, ".woff2"):
		w.Header().Set("Content-Type", "font/woff2")
		_, _ = w.Write(bytes.Repeat([]byte("x"), 20<<10))
	case strings.HasPrefix(r.URL.Path, "/page/"):
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	default:
		http.NotFound(w, r)
	}
}

// photo is a JPEG of some size; page is the page.
var photo, page = func() ([]byte, []byte) {
	return makePhoto(), makePage()
}()

func makePage() []byte {
	r := rand.New(rand.NewPCG(1, 1))
	var b bytes.Buffer
	b.WriteString(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Card</title><link rel="stylesheet" href="/a.css"><link rel="stylesheet" href="/b.css">
<style>@font-face { font-family: F; src: url(/f.woff2) } body { font-family: F, sans-serif }</style></head><body><main id="main">Loading</main>`)
	for i := range 4 {
		fmt.Fprintf(&b, `<img itemprop="contentUrl" alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" data-to="/large/%d.jpg">`, i)
	}
	for b.Len() < 40_000 {
		fmt.Fprintf(&b, `<div class="c%d"><span>%x</span> <a href="/page/%d">item</a></div>`+"\n", r.IntN(200), r.Uint64(), r.IntN(1000))
	}
	b.WriteString(`<script>
setTimeout(function () {
  document.getElementById("main").innerHTML = '<p class="text-subtitle1">#1</p>';
  document.querySelectorAll("img[data-to]").forEach(function (i) { i.src = i.dataset.to; });
}, 50);
</script></body></html>`)
	return b.Bytes()
}

var waits = []seine.Wait{
	{CSS: "p.text-subtitle1"},
	{CSS: "img[itemprop=contentUrl]", Attr: "src", Matches: regexp.MustCompile("^https?://")},
}

// figure is what one run comes to.
type figure struct {
	pages  int
	took   time.Duration
	cpu    time.Duration
	memory int64 // most bytes, proportional set size of the browser
}

type contestant struct {
	name string
	run  func(ctx context.Context, at string, pages int) (figure, error)
	part int // does one of so many pages
}

func bench(pages, rounds int) error {
	ctx := context.Background()
	at, stop, err := startSite()
	if err != nil {
		return err
	}
	defer stop()
	shell, err := chromefetch.Find("chromium-headless-shell")
	if err != nil {
		return err
	}
	full, err := chromefetch.Find("chromium")
	if err != nil {
		return err
	}
	all := []contestant{}
	for _, tabs := range []int{1, 4, 8} {
		all = append(all, contestant{fmt.Sprintf("seine, headless shell, %d tabs", tabs), ours(shell, tabs), 1})
	}
	all = append(all,
		contestant{"seine, full Chromium, 4 tabs", ours(full, 4), 1},
		contestant{"headless shell, a browser a page", browserAPage(shell), 3},
		contestant{"full Chromium, a browser a page", browserAPage(full), 3},
	)
	got := map[string][]figure{}
	for range rounds {
		for _, c := range all {
			f, err := c.run(ctx, at, max(pages/c.part, 1))
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			got[c.name] = append(got[c.name], f)
		}
	}
	fmt.Printf("%d CPUs, %s, %d rounds, medians\n\n", runtime.NumCPU(), versionOf(shell), rounds)
	fmt.Printf("%-36s %12s %14s %16s %12s\n", "", "pages/s", "CPU ms/page", "pages/CPU s", "peak PSS MB")
	rate := map[string]float64{}
	for _, c := range all {
		perSecond := measure.Median(measure.Of(got[c.name], func(f figure) float64 { return float64(f.pages) / f.took.Seconds() }))
		cpu := measure.Median(measure.Of(got[c.name], func(f figure) float64 { return f.cpu.Seconds() * 1000 / float64(f.pages) }))
		memory := measure.Median(measure.Of(got[c.name], func(f figure) float64 { return float64(f.memory) / 1e6 }))
		rate[c.name] = 1000 / cpu
		fmt.Printf("%-36s %12.2f %14.0f %16.2f %12.0f\n", c.name, perSecond, cpu, 1000/cpu, memory)
	}
	ours, theirs := rate["seine, headless shell, 4 tabs"], rate["full Chromium, a browser a page"]
	fmt.Printf("\nseine at 4 tabs renders %.1f times the pages per CPU second of full Chromium started for each page\n", ours/theirs)
	return nil
}

func startSite() (at string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(context.Background(), self, "-serve")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(line), func() { _ = in.Close(); _ = cmd.Wait() }, err
}

func versionOf(path string) string {
	out, err := exec.CommandContext(context.Background(), path, "--version").Output()
	if err != nil {
		return path
	}
	return strings.TrimSpace(string(out))
}

// ours renders by package chromefetch.
func ours(path string, tabs int) func(context.Context, string, int) (figure, error) {
	return func(ctx context.Context, at string, pages int) (figure, error) {
		c, err := chromefetch.Open(ctx, chromefetch.Config{Path: path, Tabs: tabs})
		if err != nil {
			return figure{}, err
		}
		defer func() { _ = c.Close() }()
		f, err := c.Guarded(chromefetch.Job{Guard: fetch.Guard{Allow: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}}})
		if err != nil {
			return figure{}, err
		}
		defer func() { _ = f.Close() }()
		group := c.Group()
		m := measure.PeakMemory(func() []int { return []int{group} })
		before, began := measure.GroupCPU(group), time.Now()
		var wg sync.WaitGroup
		errs := make(chan error, pages)
		for i := range pages {
			wg.Go(func() {
				p, err := f.Fetch(ctx, seine.Request{URL: fmt.Sprintf("%s/page/%d", at, i), Wait: waits, Timeout: time.Minute})
				if err == nil && (!bytes.Contains(p.Body, []byte("/large/3.jpg")) || !p.Waits[1].OK) {
					err = errors.New("the page is not whole")
				}
				errs <- err
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				return figure{}, err
			}
		}
		out := figure{pages: pages, took: time.Since(began), cpu: measure.GroupCPU(group) - before}
		out.memory = m()
		return out, nil
	}
}

// browserAPage starts a browser for each page, as the original does, with
// chromedp's own options.
func browserAPage(path string) func(context.Context, string, int) (figure, error) {
	return func(ctx context.Context, at string, pages int) (figure, error) {
		out := figure{pages: pages}
		began, self := time.Now(), measure.GroupCPU()
		var sum time.Duration
		for i := range pages {
			var group int
			opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.ModifyCmdFunc(func(c *exec.Cmd) {
				c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			}))
			actx, cancel := chromedp.NewExecAllocator(ctx, opts...)
			tctx, _ := chromedp.NewContext(actx)
			err := func() error {
				if err := chromedp.Do(tctx); err != nil {
					return err
				}
				group = chromedp.FromContext(tctx).Browser.Process().Pid
				if err := chromedp.Do(tctx, chromedp.Navigate(fmt.Sprintf("%s/page/%d", at, i))); err != nil {
					return err
				}
				for {
					done, err := chromedp.Run(tctx, chromedp.Evaluate[bool](`!!document.querySelector("p.text-subtitle1") && [...document.querySelectorAll("img[itemprop=contentUrl]")].some(i => i.src.startsWith("http"))`))
					if err != nil {
						return err
					}
					if done {
						break
					}
					<-time.After(50 * time.Millisecond)
				}
				html, err := chromedp.Run(tctx, chromedp.Evaluate[string](`document.documentElement.outerHTML`))
				if err == nil && !strings.Contains(html, "/large/3.jpg") {
					err = errors.New("the page is not whole")
				}
				return err
			}()
			if err != nil {
				cancel()
				return out, err
			}
			out.memory = max(out.memory, measure.GroupMemory(group))
			sum += measure.GroupCPU(group) - measure.GroupCPU()
			_ = syscall.Kill(-group, syscall.SIGKILL)
			cancel()
		}
		out.took = time.Since(began)
		out.cpu = sum + measure.GroupCPU() - self
		return out, nil
	}
}
