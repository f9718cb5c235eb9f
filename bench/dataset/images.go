package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/seinehq/seine/bench/measure"
)

// pictures is a job of photographs with their originals. The first rendition is of no use for the
// others.
const pictures = `job: pictures
permission: a benchmark
seeds: {file: urls.txt}
fetch: {allow_private: [127.0.0.0/8]}
pace: {delay: 0s, assets: {delay: 0s}}
store: {key: "{key}_{asset}.{ext}"}
assets: {image: {url: url, image: {%s, keep: original}}}
`

// rendition is a job's options, what Pillow's script gets of them, and the arguments of libvips.
type rendition struct{ name, spec, mode, format, vips, suffix string }

var renditions = []rendition{
	{"JPEG 256x256, center_crop", "resize: 256x256, mode: center_crop, to: jpeg, quality: 90", "crop", "JPEG", "256x256 --smartcrop centre", ".jpg[Q=90,strip]"},
	{"WebP 256x256, center_crop", "resize: 256x256, mode: center_crop, to: webp, quality: 90", "crop", "WEBP", "256x256 --smartcrop centre", ".webp[Q=90,strip]"},
	{"PNG 512x512, fit", "resize: 512x512, to: png", "fit", "PNG", "512x512", ".png[strip]"},
}

// vips renders in as many processes as there are CPUs, each with many images and one thread.
const vips = `mkdir -p vips
find data/pictures -name '*_original.jpg' -print0 > vips.list
VIPS_CONCURRENCY=1 exec xargs -0 -a vips.list -P "$(nproc)" -n 25 vipsthumbnail --size %s -o "$PWD/vips/%%s%s"`

//go:embed images.py
var pillow string

// photograph is a JPEG of 1024x768 with shapes, gradients and noise.
func photograph(seed uint64) []byte {
	r := rand.New(rand.NewPCG(11, seed))
	img := image.NewRGBA(image.Rect(0, 0, 1024, 768))
	type disc struct{ x, y, r, red, green, blue int }
	discs := make([]disc, 12)
	for i := range discs {
		discs[i] = disc{r.IntN(1024), r.IntN(768), 40 + r.IntN(200), r.IntN(200), r.IntN(200), r.IntN(200)}
	}
	for y := range 768 {
		for x := range 1024 {
			c := [3]int{x / 5, y / 4, (x + y) / 9}
			for _, d := range discs {
				if (x-d.x)*(x-d.x)+(y-d.y)*(y-d.y) < d.r*d.r {
					c = [3]int{d.red + x/40, d.green + y/30, d.blue}
				}
			}
			n := r.IntN(24)
			img.SetRGBA(x, y, color.RGBA{uint8(c[0] + n), uint8(c[1] + n), uint8(c[2] + n), 255})
		}
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}) // into memory
	return b.Bytes()
}

// benchImages prints how fast `seine render` makes renditions of stored originals, Pillow, and
// libvips. Then it prints how far their pixels are from Pillow's.
func benchImages(ctx context.Context, binary string, images, rounds int) error {
	const different = 50
	bodies := make([][]byte, different)
	for i := range bodies {
		bodies[i] = photograph(uint64(i))
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	site := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(bodies[hash(r.URL.Path)%different])
	})}
	go func() { _ = site.Serve(listener) }()
	defer func() { _ = site.Close() }()
	dir, err := os.MkdirTemp("", "seine-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var urls strings.Builder
	for i := range images {
		fmt.Fprintf(&urls, "http://%s/%06d.jpg\n", listener.Addr(), i)
	}
	files := map[string][]byte{"urls.txt": []byte(urls.String()), "pillow.py": []byte(pillow)}
	write := func(spec string) error {
		files["job.yaml"] = fmt.Appendf(nil, pictures, spec)
		for name, body := range files {
			if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
				return err
			}
		}
		return nil
	}
	const first = "resize: 64x64"
	if err := write(first); err != nil {
		return err
	}
	if _, err := measured(ctx, dir, nil, binary, "run", "job.yaml"); err != nil {
		return err
	}
	fmt.Printf("\n%d JPEG files of 1024x768; median of %d rounds (lowest to highest)\n\n", images, rounds)
	fmt.Println("| rendition | images/s | CPU ms per image | peak anonymous memory, MB |")
	fmt.Println("| :-- | --: | --: | --: |")
	var apart []string
	for _, x := range renditions {
		all := map[string][]run{}
		for round := range rounds {
			if err := write(x.spec); err != nil {
				return err
			}
			for _, who := range []struct {
				name string
				args []string
			}{
				{"seine render", []string{binary, "render", "job.yaml"}},
				{"Pillow", []string{"/usr/bin/python3", "pillow.py", x.mode, x.format}},
				{"libvips", []string{"sh", "-c", fmt.Sprintf(vips, x.vips, x.suffix)}},
			} {
				r, err := measured(ctx, dir, nil, who.args[0], who.args[1:]...)
				if err != nil {
					return err
				}
				all[who.name] = append(all[who.name], r)
			}
			if round == rounds-1 {
				c := exec.CommandContext(ctx, "/usr/bin/python3", "pillow.py", "compare", x.format)
				c.Dir = dir
				out, err := c.CombinedOutput()
				if err != nil {
					return fmt.Errorf("compare: %w: %s", err, out)
				}
				apart = append(apart, fmt.Sprintf("| %s | %s |", x.name, strings.TrimSpace(string(out))))
			}
			if err := write(first); err != nil {
				return err
			}
			if _, err := measured(ctx, dir, nil, binary, "render", "job.yaml"); err != nil {
				return err
			}
		}
		for _, who := range []string{"seine render", "Pillow", "libvips"} {
			imageRow(who+", "+x.name, images, all[who])
		}
	}
	fmt.Println("\n| pixels of the files, to Pillow's | seine: mean | seine: most | libvips: mean | libvips: most |")
	fmt.Println("| :-- | --: | --: | --: | --: |")
	fmt.Println(strings.Join(apart, "\n"))
	return nil
}

func imageRow(what string, images int, all []run) {
	speed := measure.Of(all, func(r run) float64 { return float64(images) / r.took.Seconds() })
	cpu := measure.Of(all, func(r run) float64 { return 1000 * r.cpu.Seconds() / float64(images) })
	mb := measure.Of(all, func(r run) float64 { return r.mb })
	fmt.Printf("| %s | %s | %.1f (%.1f to %.1f) | %s |\n", what, measure.Spread(speed), measure.Median(cpu), cpu[0], cpu[len(cpu)-1], measure.Spread(mb))
}
