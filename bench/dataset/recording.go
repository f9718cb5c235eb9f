package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seinehq/seine/bench/measure"
)

// recorded is a job whose pages are fetched once without and once with recordings, and then
// reprocessed.
const recorded = `job: pages
seeds: {file: urls.txt}
fetch: {allow_private: [127.0.0.0/8]}
pace: {delay: 0s}
permission: a benchmark
record_pages: %t
fields:
  title: {css: h1}
  price: {css: .p, type: decimal}
  count: {css: .n, type: int}
  rating: {css: .r, type: float}
  tags: {css: .t, all: true}
`

// page is a page of about 20 kB, as a shop sends it. Its text differs from page to page.
func page(path string) string {
	r := rand.New(rand.NewPCG(7, uint64(len(path))+hash(path)))
	word := func() string { return words[r.IntN(len(words))] }
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html><html lang=en><head><meta charset=utf-8><title>%s</title></head><body><h1>Card %s</h1>\n", path, path)
	fmt.Fprintf(&b, `<p class=p>%d.%02d</p><p class=n>%d</p><p class=r>%d.5</p><ul>`, r.IntN(500), r.IntN(100), r.IntN(1000), r.IntN(5))
	for range 3 {
		fmt.Fprintf(&b, "<li class=t>%s</li>", word())
	}
	b.WriteString("</ul>\n")
	for i := range 60 {
		fmt.Fprintf(&b, `<div class="item row" id=i%d><a href="/p/%d"><img alt="" src="/i/%x.jpg"></a><p>`, i, r.IntN(1e6), r.Uint64())
		for range 24 {
			b.WriteString(word())
			b.WriteByte(' ')
		}
		b.WriteString("</p></div>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

func hash(s string) (h uint64) {
	for _, c := range []byte(s) {
		h = h*131 + uint64(c)
	}
	return h
}

var words = strings.Fields(`about after again against because before between card collection condition corner could
during edge every grade holder label market mint never other people place point price rare right second set should
small sold state still surface their there these thing think three through under water where which while world would
year centering auction player rookie season series number print error variation parallel refractor autograph`)

// benchPages prints what recordings cost and how fast they are judged again.
func benchPages(ctx context.Context, binary string, pages, rounds int) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	site := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page(r.URL.Path)))
	})}
	go func() { _ = site.Serve(listener) }()
	defer func() { _ = site.Close() }()
	var urls strings.Builder
	for i := range pages {
		fmt.Fprintf(&urls, "http://%s/p/%06d\n", listener.Addr(), i)
	}
	var all [3][]run
	for range rounds {
		for i, record := range []bool{false, true} {
			dir, err := os.MkdirTemp("", "seine-bench")
			if err != nil {
				return err
			}
			defer func() { _ = os.RemoveAll(dir) }()
			if err := os.WriteFile(filepath.Join(dir, "urls.txt"), []byte(urls.String()), 0o600); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, "job.yaml"), fmt.Appendf(nil, recorded, record), 0o600); err != nil {
				return err
			}
			r, err := measured(ctx, dir, nil, binary, "run", "job.yaml")
			if err != nil {
				return err
			}
			all[i] = append(all[i], r)
			if !record {
				continue
			}
			if r, err = measured(ctx, dir, nil, binary, "reprocess", "job.yaml", "--all"); err != nil {
				return err
			}
			all[2] = append(all[2], r)
		}
	}
	fmt.Printf("\n%d pages of 20 kB with five fields; median of %d rounds (lowest to highest)\n\n", pages, rounds)
	fmt.Println("| pages | pages/s | CPU ms per page | peak anonymous memory, MB |")
	fmt.Println("| :-- | --: | --: | --: |")
	for i, what := range []string{"run", "run, recorded", "reprocess"} {
		speed := measure.Of(all[i], func(r run) float64 { return float64(pages) / r.took.Seconds() })
		cpu := measure.Of(all[i], func(r run) float64 { return 1000 * r.cpu.Seconds() / float64(pages) })
		mb := measure.Of(all[i], func(r run) float64 { return r.mb })
		fmt.Printf("| %s | %s | %.2f (%.2f to %.2f) | %s |\n", what, measure.Spread(speed), measure.Median(cpu), cpu[0], cpu[len(cpu)-1], measure.Spread(mb))
	}
	return nil
}
