// Command bench-image prints the figures of docs/benchmarks.md on images: CPU
// time and bytes of a JPEG of 1024 x 1768 that is decoded, cropped to 810 x 1158
// and written as PNG, by us and by those whom we are compared with, in one run.
//
// Each is given one thread and the same files. Ours and Go's own run in this
// process, Pillow in one of Python; libvips is a process an image, whose start is
// measured and taken off.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/asset/jpegpix"
	"github.com/seinehq/seine/internal/cardsite"
)

// box is the original's crop, of the whole card.
var box = image.Rect(110, 467, 920, 1625)

//go:embed pillow.py
var pillow string

func main() {
	rounds := flag.Int("rounds", 3, "runs of each; the median of an image's times counts")
	dir := flag.String("keep", "", "write the JPEG files here and leave them")
	flag.Parse()
	if *rounds < 1 {
		fmt.Fprintln(os.Stderr, "bench-image: -rounds is at least 1")
		os.Exit(2)
	}
	// The garbage collector's work is counted, so it must not run on another CPU.
	runtime.GOMAXPROCS(1)
	if err := bench(*rounds, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "bench-image:", err)
		os.Exit(1)
	}
}

func bench(rounds int, dir string) error {
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "bench-image"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
	}
	sets := []struct {
		name string
		make func(dir string) error
	}{{"photographs of mate-backgrounds", photographs}, {"cards of the bundled site", cards}}
	for i, set := range sets {
		at := filepath.Join(dir, strconv.Itoa(i))
		if err := os.MkdirAll(at, 0o750); err != nil {
			return err
		}
		if err := set.make(at); err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
		files, err := filepath.Glob(filepath.Join(at, "*.jpg"))
		if err != nil || len(files) == 0 {
			return fmt.Errorf("%s: no files: %w", set.name, err)
		}
		figures, err := measureFiles(files, rounds)
		if err != nil {
			return err
		}
		report(fmt.Sprintf("%d %s", len(files), set.name), figures)
	}
	return nil
}

// figure is what one way took of each file.
type figure struct {
	name  string
	cpu   [][]time.Duration // by file, by round
	bytes []int
}

// way renders a file and returns its CPU time and its size.
type way struct {
	name string
	run  func(file string) (time.Duration, int, error)
}

func measureFiles(files []string, rounds int) ([]*figure, error) {
	python, err := startPillow()
	if err != nil {
		return nil, err
	}
	defer python.stop()
	vips, err := vipsStart()
	if err != nil {
		return nil, err
	}
	ways := []way{
		{"ours, `fast`", ours(seine.PNGFast)}, {"ours, `balanced`", ours(seine.PNGBalanced)}, {"ours, `small`", ours(seine.PNGSmall)},
		{"our pixels, Go's `image/png`", standard},
		{"Pillow, `optimize=True`", python.save(true)}, {"Pillow, default", python.save(false)},
		{"libvips, level 6, all filters", vips.save(6)}, {"libvips, level 9, all filters", vips.save(9)},
	}
	figures := make([]*figure, len(ways))
	for i, w := range ways {
		figures[i] = &figure{name: w.name, cpu: make([][]time.Duration, len(files)), bytes: make([]int, len(files))}
	}
	for _, file := range files {
		if err := samePixels(file, python); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	// Rounds alternate, so that a machine that slows down slows all.
	for range rounds {
		for i, w := range ways {
			for j, file := range files {
				cpu, n, err := w.run(file)
				if err != nil {
					return nil, fmt.Errorf("%s: %s: %w", w.name, filepath.Base(file), err)
				}
				figures[i].cpu[j], figures[i].bytes[j] = append(figures[i].cpu[j], cpu), n
			}
		}
	}
	return figures, nil
}

// samePixels fails if a file of Seine or libvips has other pixels than Pillow's, because sizes
// would then not be comparable.
func samePixels(file string, p *python) error {
	want, err := p.ask(file, false)
	if err != nil {
		return err
	}
	bucket := memblob.OpenBucket(nil)
	if _, err := asset.New(bucket, asset.Options{}).Keep(context.Background(), fromDisk{}, seine.Asset{URL: file, Path: "f", Image: rendition(seine.PNGSmall)}, asset.Hold{}); err != nil {
		return err
	}
	mine, err := bucket.ReadAll(context.Background(), "f")
	if err != nil {
		return err
	}
	out := file + ".png"
	defer func() { _ = os.Remove(out) }()
	if _, err := (vips{}).crop(file, out, 1); err != nil {
		return err
	}
	theirs, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	for who, body := range map[string][]byte{"ours": mine, "libvips": theirs} {
		img, err := png.Decode(bytes.NewReader(body))
		if err != nil {
			return err
		}
		var pix []byte
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				c, _ := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
				pix = append(pix, c.R, c.G, c.B)
			}
		}
		if crc32.ChecksumIEEE(pix) != want.Sum {
			return fmt.Errorf("%s gives other pixels than Pillow", who)
		}
	}
	return nil
}

func (f *figure) mean() (ms, kb float64) {
	for i, times := range f.cpu {
		slices.Sort(times)
		ms += float64(times[len(times)/2].Microseconds()) / 1000
		kb += float64(f.bytes[i]) / 1000
	}
	n := float64(len(f.cpu))
	return ms / n, kb / n
}

func report(title string, figures []*figure) {
	fmt.Printf("\n%s:\n\n| what | CPU ms/image | to Pillow `optimize` | kB/image | to Pillow `optimize` |\n| --- | --: | --: | --: | --: |\n", title)
	var baseMS, baseKB float64
	for _, f := range figures {
		if f.name == "Pillow, `optimize=True`" {
			baseMS, baseKB = f.mean()
		}
	}
	for _, f := range figures {
		ms, kb := f.mean()
		fmt.Printf("| %s | %.0f | %.2f | %.1f | %.3f |\n", f.name, ms, ms/baseMS, kb, kb/baseKB)
	}
}

// cpu is the CPU time of this process, with its threads.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it has one
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func rendition(effort string) *seine.Image {
	return &seine.Image{PNG: effort, Crop: &seine.Crop{
		OfWidth: 1024, OfHeight: 1768, Left: box.Min.X, Top: box.Min.Y, Right: box.Max.X, Bottom: box.Max.Y,
	}}
}

// ours is the path of a task, without its fetch and its store.
func ours(effort string) func(string) (time.Duration, int, error) {
	keeper := asset.New(nil, asset.Options{})
	spec := rendition(effort)
	return func(file string) (time.Duration, int, error) {
		before := cpu()
		kept, err := keeper.Preview(context.Background(), fromDisk{}, nil, seine.Asset{URL: file, Path: "f.{ext}", Image: spec})
		if err != nil {
			return 0, 0, err
		}
		return cpu() - before, int(kept[0].Bytes), nil
	}
}

// fromDisk gives a file for its URL.
type fromDisk struct{}

func (fromDisk) Fetch(_ context.Context, req seine.Request) (*seine.Page, error) {
	body, err := os.ReadFile(req.URL)
	return &seine.Page{URL: req.URL, Status: 200, Body: body}, err
}

// standard combines Seine's decoder with the standard library's encoder, because the standard
// decoder gives other, smoother pixels.
func standard(file string) (time.Duration, int, error) {
	before := cpu()
	body, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, err
	}
	p, err := jpegpix.Parse(body)
	if err != nil {
		return 0, 0, err
	}
	if err := p.Decode(context.Background(), box); err != nil {
		return 0, 0, err
	}
	part := image.NewRGBA(image.Rectangle{Max: box.Size()})
	p.Draw(part, box.Min)
	var out bytes.Buffer
	if err := png.Encode(&out, part); err != nil {
		return 0, 0, err
	}
	return cpu() - before, out.Len(), nil
}

// vips starts libvips for each image.
type vips struct{ start time.Duration }

func vipsStart() (v vips, err error) {
	var all []time.Duration
	for range 9 {
		took, err := v.command("--version")
		if err != nil {
			return v, err
		}
		all = append(all, took)
	}
	slices.Sort(all)
	v.start = all[len(all)/2]
	return v, nil
}

func (vips) command(args ...string) (time.Duration, error) {
	c := exec.CommandContext(context.Background(), "vips", args...)
	c.Env = append(os.Environ(), "VIPS_CONCURRENCY=1")
	if out, err := c.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("vips: %w: %s", err, out)
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime(), nil
}

func (v vips) crop(file, out string, level int) (time.Duration, error) {
	return v.command("crop", file, fmt.Sprintf("%s[compression=%d,filter=all]", out, level),
		strconv.Itoa(box.Min.X), strconv.Itoa(box.Min.Y), strconv.Itoa(box.Dx()), strconv.Itoa(box.Dy()))
}

func (v vips) save(level int) func(string) (time.Duration, int, error) {
	return func(file string) (time.Duration, int, error) {
		out := file + ".png"
		took, err := v.crop(file, out, level)
		if err != nil {
			return 0, 0, err
		}
		info, err := os.Stat(out)
		if err != nil {
			return 0, 0, err
		}
		return took - v.start, int(info.Size()), os.Remove(out)
	}
}

// photographs makes the JPEG files of the first set, the middle of each scaled.
func photographs(dir string) error {
	c := exec.CommandContext(context.Background(), "/usr/bin/python3", "-c", pillow, "scale", dir)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// cards takes the cards of the second set from the site, front and back.
func cards(dir string) error {
	site, err := cardsite.New(cardsite.Config{Calm: true})
	if err != nil {
		return err
	}
	n := 0
	for _, t := range site.Truths() {
		if t.State != seine.Done || n >= 16 {
			continue
		}
		for _, side := range []string{"front", "back"} {
			body, ok := site.Image(t.ID, side, "large")
			if !ok {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d-%s.jpg", t.ID, side)), body, 0o600); err != nil {
				return err
			}
			n++
		}
	}
	return nil
}
