// Package imagefarm is a farm of image hosts for the demo and for tests of image data sets. Each
// host has an address of its own on the loopback network. A seed decides what the URL of each row
// gives: an image, an image that another row has too, or one of the ways in which images of the web
// cannot be had.
//
// [Farm.Rows] lists the rows with the expected results, and [Farm.Journal] the requests with their
// times.
package imagefarm

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/seinehq/seine/internal/sitekit"
)

// Class is what the URL of a row gives.
type Class string

// The classes of rows, with the reasons under which a job counts their failures.
const (
	Image     Class = "image"
	Duplicate Class = "duplicate" // the bytes of an image of another host
	Dead      Class = "HTTP 404"
	Forbidden Class = "HTTP 403"
	Page      Class = "HTML instead of an image"
	Cut       Class = "a half image"
	Empty     Class = "an empty body"
	Tiny      Class = "too small"
	Slow      Class = "timeout"
	NoName    Class = "a name that does not resolve"
	NoHost    Class = "a host that is down"
)

// failing are the classes that an image host can have, in their order.
var failing = []Class{Dead, Forbidden, Page, Cut, Empty, Tiny, Slow}

// Config describes a farm.
type Config struct {
	Seed uint64

	// Hosts is the number of hosts, at most 200. Each has PerHost rows.
	Hosts, PerHost int
}

// Row is a row of a list of images.
type Row struct {
	URL     string
	Caption string
	Class   Class
}

// Wanted reports whether the row gives an image.
func (r Row) Wanted() bool { return r.Class == Image || r.Class == Duplicate }

// Request is a request to a host.
type Request struct {
	At   time.Time
	Host string
	Path string
}

// Farm is a farm that is served.
type Farm struct {
	cfg     Config
	servers sitekit.Servers
	rows    []Row

	mu      sync.Mutex
	journal []Request
	mended  bool
}

// Serve serves a farm on loopback addresses until Close.
func Serve(ctx context.Context, cfg Config) (*Farm, error) {
	f := &Farm{cfg: cfg}
	r := rand.New(rand.NewPCG(cfg.Seed, 0xfa23))
	for host := range cfg.Hosts {
		listen := func(addr string) error {
			return f.servers.Listen(ctx, addr, f.handler(host), func(url string) { f.plan(r, host, url) })
		}
		err := listen(fmt.Sprintf("127.0.0.%d:0", 10+host))
		if errors.Is(err, syscall.EADDRNOTAVAIL) { // macOS has 127.0.0.1 alone; the port is of the host
			err = listen("127.0.0.1:0")
		}
		if err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("imagefarm: %w", err)
		}
	}
	closed, err := closedPort(ctx)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	for i := range 3 {
		f.rows = append(f.rows,
			Row{fmt.Sprintf("http://%s/gone/%d.jpg", closed, i), "gone", NoHost},
			Row{fmt.Sprintf("http://host-%d.invalid/%d.jpg", i, i), "nowhere", NoName})
	}
	return f, nil
}

// closedPort returns an address at which nobody listens.
func closedPort(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.9:0")
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		l, err = lc.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// plan adds the rows of a host.
func (f *Farm) plan(r *rand.Rand, host int, url string) {
	for i := range f.cfg.PerHost {
		row := Row{Caption: fmt.Sprintf("image %d of host %d, \"quoted\", é", i, host), Class: Image}
		switch n := r.IntN(20); {
		case n < 2 && host > 0:
			row.Class = Duplicate
		case n < 2+len(failing):
			row.Class = failing[max(0, n-2)]
		}
		row.URL = fmt.Sprintf("%s/%s/%d.%s", url, strings.ReplaceAll(string(row.Class), " ", "-"), i, kinds[i%len(kinds)])
		f.rows = append(f.rows, row)
	}
}

var kinds = []string{"jpg", "png", "gif"}

// Rows lists the rows.
func (f *Farm) Rows() []Row { return f.rows }

// List returns the rows as a CSV file with the columns alt and link.
func (f *Farm) List() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	all := [][]string{{"alt", "link"}}
	for _, r := range f.rows {
		all = append(all, []string{r.Caption, r.URL})
	}
	err := w.WriteAll(all)
	return b.Bytes(), err
}

// Journal returns the requests so far, in the order in which they came.
func (f *Farm) Journal() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Request(nil), f.journal...)
}

// Mend makes the rows of the class Slow give their images at once.
func (f *Farm) Mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mended = true
}

// Close stops serving.
func (f *Farm) Close() error { return f.servers.Close() }

func (f *Farm) handler(host int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.journal = append(f.journal, Request{time.Now(), r.Host, r.URL.Path})
		mended := f.mended
		f.mu.Unlock()
		parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
		number, kind, _ := strings.Cut(parts[len(parts)-1], ".")
		i, err := strconv.Atoi(number)
		if len(parts) != 2 || err != nil {
			http.NotFound(w, r)
			return
		}
		f.answer(w, r, Class(strings.ReplaceAll(parts[0], "-", " ")), host, i, kind, mended)
	})
}

func (f *Farm) answer(w http.ResponseWriter, r *http.Request, class Class, host, i int, kind string, mended bool) {
	size := 96
	switch class {
	case Duplicate:
		host = 0
	case Dead:
		http.NotFound(w, r)
		return
	case Forbidden:
		http.Error(w, "no", http.StatusForbidden)
		return
	case Page:
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = fmt.Fprint(w, "<!doctype html><title>Not here</title><p>The image was moved")
		return
	case Empty:
		w.Header().Set("Content-Type", "image/jpeg")
		return
	case Slow:
		if !mended {
			<-r.Context().Done()
			return
		}
	case Tiny:
		size = 8
	case Image, Cut, NoName, NoHost:
	}
	body := Draw(host, i, size, kind)
	if class == Cut {
		body = body[:len(body)/2]
	}
	w.Header().Set("Content-Type", map[string]string{"jpg": "image/jpeg"}[kind])
	if kind != "jpg" {
		w.Header().Set("Content-Type", "image/"+kind)
	}
	_, _ = w.Write(body)
}

// Draw draws an image as a file of a kind.
func Draw(host, i, size int, kind string) []byte {
	img := image.NewPaletted(image.Rect(0, 0, size+i%7*4, size), palette(host, i))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			img.SetColorIndex(x, y, uint8((x/(3+i%5)+y/(2+host%5))%len(img.Palette)))
		}
	}
	var b bytes.Buffer
	var err error
	switch kind {
	case "png":
		err = png.Encode(&b, img)
	case "gif":
		err = gif.Encode(&b, img, nil)
	default:
		err = jpeg.Encode(&b, img, nil)
	}
	if err != nil {
		panic(err) // into memory
	}
	return b.Bytes()
}

func palette(host, i int) color.Palette {
	var out color.Palette
	for k := range 8 {
		out = append(out, sitekit.HSV(float64((host*47+i*13+k*31)%360), 0.7, 0.4+float64(k)/16))
	}
	return out
}
