package main

import (
	"archive/tar"
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seinehq/seine/bench/measure"
	"github.com/seinehq/seine/internal/imagefarm"
)

// farmJob makes a data set of the list of the bundled image farm.
const farmJob = `job: images
permission: a benchmark
seeds: {file: list.csv, columns: {url: link, caption: alt}}
fetch: {timeout: 2s, asset_timeout: 2s, allow_private: [127.0.0.0/8]}
pace: {%s}
concurrency: 64
retry: {error: 1, backoff: 10ms, host_down: 100ms}
max_failures: 1000000
fields: {caption: {column: caption}}
assets: {image: {url: url, image: {resize: 64x64, mode: center_crop, to: jpeg, quality: 95, min: 32x32}}}
store: {key: "{id}.{ext}"}
`

//go:embed farm.py
var pool string

// farmHosts and farmRows give a list of two thousand rows. A third of them give no image.
const (
	farmHosts = 40
	farmRows  = 50
)

// crowd is the time in which the requests to a host are counted.
const crowd = 100 * time.Millisecond

// farmed is one run over the list.
type farmed struct {
	run
	images int
	most   int // requests to a host within crowd
}

// benchFarm prints how fast a list of images becomes shards, and how politely: by Seine, and by a
// pool of threads without a pace, as img2dataset does it.
func benchFarm(ctx context.Context, binary string, rounds int) error {
	farm, err := imagefarm.Serve(ctx, imagefarm.Config{Seed: 18, Hosts: farmHosts, PerHost: farmRows})
	if err != nil {
		return err
	}
	defer func() { _ = farm.Close() }()
	wanted := 0
	for _, r := range farm.Rows() {
		if r.Wanted() {
			wanted++
		}
	}
	rows := len(farm.Rows())
	fmt.Printf("\nA list of %d images on %d hosts, %d of them to be had; median of %d rounds (lowest to highest)\n\n", rows, farmHosts, wanted, rounds)
	fmt.Println("| list to shards | images | rows/s | CPU ms per row | peak anonymous memory, MB | most requests to a host in 100 ms |")
	fmt.Println("| :-- | --: | --: | --: | --: | --: |")
	for _, x := range []struct{ name, pace string }{
		{"seine run and export, a start per host every 15 ms", "delay: 15ms"},
		{"seine run and export, 8 at once per host", "delay: 0s, concurrency: 8"},
		{"64 threads and Pillow, no pace", ""},
	} {
		var all []farmed
		for range rounds {
			r, err := farmOnce(ctx, binary, farm, x.pace)
			if err != nil {
				return err
			}
			if r.images != wanted {
				return fmt.Errorf("%s: %d images; want %d", x.name, r.images, wanted)
			}
			all = append(all, r)
		}
		speed := measure.Of(all, func(r farmed) float64 { return float64(rows) / r.took.Seconds() })
		cpu := measure.Of(all, func(r farmed) float64 { return 1000 * r.cpu.Seconds() / float64(rows) })
		mb := measure.Of(all, func(r farmed) float64 { return r.mb })
		most := measure.Of(all, func(r farmed) float64 { return float64(r.most) })
		fmt.Printf("| %s | %d | %s | %.1f (%.1f to %.1f) | %s | %s |\n",
			x.name, all[0].images, measure.Spread(speed), measure.Median(cpu), cpu[0], cpu[len(cpu)-1], measure.Spread(mb), measure.Spread(most))
	}
	return nil
}

// farmOnce makes the data set once: with Seine at a pace, or with the script if pace is empty.
func farmOnce(ctx context.Context, binary string, farm *imagefarm.Farm, pace string) (out farmed, err error) {
	dir, err := os.MkdirTemp("", "seine-bench")
	if err != nil {
		return out, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	list, err := mixed(farm.Rows())
	if err != nil {
		return out, err
	}
	for name, body := range map[string][]byte{"list.csv": list, "job.yaml": fmt.Appendf(nil, farmJob, pace), "farm.py": []byte(pool)} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			return out, err
		}
	}
	before := len(farm.Journal())
	if pace == "" {
		if out.run, err = measured(ctx, dir, nil, "/usr/bin/python3", "farm.py"); err != nil {
			return out, err
		}
	} else {
		for _, args := range [][]string{{"run", "-q", "job.yaml"}, {"export", "-q", "job.yaml", "-o", "shards/"}} {
			r, err := measured(ctx, dir, nil, binary, args...)
			if err != nil {
				return out, err
			}
			out.took, out.cpu, out.mb = out.took+r.took, out.cpu+r.cpu, max(out.mb, r.mb)
		}
	}
	out.images, err = imagesOf(dir)
	out.most = mostAtOnce(farm.Journal()[before:])
	return out, err
}

// mixed returns a list of rows in a random order, as lists from the web have it.
func mixed(rows []imagefarm.Row) ([]byte, error) {
	all := [][]string{{"alt", "link"}}
	for _, i := range rand.New(rand.NewPCG(18, 0)).Perm(len(rows)) {
		all = append(all, []string{rows[i].Caption, rows[i].URL})
	}
	var b bytes.Buffer
	err := csv.NewWriter(&b).WriteAll(all)
	return b.Bytes(), err
}

// imagesOf counts the images in the shards of a folder.
func imagesOf(dir string) (n int, err error) {
	shards, err := filepath.Glob(filepath.Join(dir, "shards", "*.tar"))
	if err != nil {
		return 0, err
	}
	more, err := filepath.Glob(filepath.Join(dir, "*.tar"))
	if err != nil {
		return 0, err
	}
	for _, name := range append(shards, more...) {
		found, err := countJPEGs(name)
		if err != nil {
			return 0, err
		}
		n += found
	}
	return n, nil
}

// countJPEGs counts the JPEG files in a tar file.
func countJPEGs(name string) (n int, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if strings.HasSuffix(h.Name, ".jpg") {
			n++
		}
	}
}

// mostAtOnce returns the most requests to one host within crowd. Questions for robots.txt count.
func mostAtOnce(journal []imagefarm.Request) (most int) {
	starts := map[string][]time.Time{}
	for _, r := range journal {
		host := (&url.URL{Host: r.Host}).Hostname()
		starts[host] = append(starts[host], r.At)
		first := 0
		for r.At.Sub(starts[host][first]) > crowd {
			first++
		}
		starts[host] = starts[host][first:]
		most = max(most, len(starts[host]))
	}
	return most
}
