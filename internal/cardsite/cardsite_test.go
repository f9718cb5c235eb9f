package cardsite

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/testkit"
)

func serve(t *testing.T, cfg Config) *Served {
	t.Helper()
	site, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Serve(t.Context(), site, "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	resp, body := testkit.Response(t, url)
	return resp, string(body)
}

func TestPlanIsDecidedByItsSeed(t *testing.T) {
	t.Parallel()
	cfg := Config{Seed: 7, From: 1, To: 3000}
	if d := cmp.Diff(plan(cfg), plan(cfg)); d != "" {
		t.Errorf("two plans of one seed differ: %s", d)
	}
	other := cfg
	other.Seed = 8
	if cmp.Equal(plan(cfg), plan(other)) {
		t.Error("two seeds give one plan")
	}
	kinds, states, grades, troubles := map[Kind]int{}, map[seine.State]int{}, map[string]int{}, map[Trouble]int{}
	for _, x := range plan(cfg) {
		kinds[x.Kind]++
		states[x.State]++
		grades[x.Grade]++
		troubles[x.Trouble]++
	}
	if len(kinds) != 4 || len(grades) != 11 || len(troubles) != 9 || len(states) != 3 {
		t.Errorf("kinds %v, states %v, grades %v, troubles %v: something never comes", kinds, states, grades, troubles)
	}
}

// find returns the first id that is as wanted.
func find(t *testing.T, s *Site, want func(Truth) bool) Truth {
	t.Helper()
	for _, x := range s.Truths() {
		if want(x) {
			return x
		}
	}
	t.Fatal("no such id in the plan")
	return Truth{}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := serve(t, Config{From: 1, To: 3000})
	page := func(x Truth) (int, string) {
		resp, body := get(t, fmt.Sprintf("%s/cert/%d/psa", s.PagesURL, x.ID))
		return resp.StatusCode, body
	}
	plain := find(t, s.Site, func(x Truth) bool {
		return x.State == seine.Done && x.Trouble == None && x.ID%3 != 0 && x.Grade != "unknown"
	})
	if status, body := page(plain); status != 200 || !strings.Contains(body, fmt.Sprintf(`<p class="text-subtitle1">#%d</p>`, plain.ID)) ||
		strings.Count(body, "itemprop") != 2 || !strings.Contains(body, s.ImagesURL+"/cert/"+fmt.Sprint(plain.ID)+"/small/back.jpg") || !strings.Contains(body, "PSA "+plain.Grade) {
		t.Errorf("page of %+v: %d\n%s", plain, status, body)
	}
	if status, _ := page(find(t, s.Site, func(x Truth) bool { return x.Kind == Absent })); status != 404 {
		t.Errorf("an absent id answers %d; want 404", status)
	}
	for trouble, want := range map[Trouble]int{Fails: 500, Unavailable: 503, Limited: 429, OtherID: 200, NothingYet: 200, AlwaysStale: 200} {
		x := find(t, s.Site, func(x Truth) bool { return x.Trouble == trouble && x.Kind == English })
		own := fmt.Sprintf(`<p class="text-subtitle1">#%d</p>`, x.ID)
		if status, body := page(x); status != want || strings.Contains(body, own) {
			t.Errorf("%s: first answer %d; want %d and not itself", trouble, status, want)
		}
		if status, body := page(x); status != 200 || strings.Contains(body, own) == (trouble == AlwaysStale) {
			t.Errorf("%s: second answer %d\n%s", trouble, status, body)
		}
	}
	if resp, body := get(t, fmt.Sprintf("%s/app/cert/%d/psa", s.PagesURL, plain.ID)); resp.StatusCode != http.StatusOK || !strings.Contains(body, `src="data:image/gif`) || strings.Contains(body, `<p class="text-subtitle1">#`) {
		t.Errorf("the page by script shows the card before its script ran: %s", body)
	}
	j := s.Journal()
	if len(j) < 10 || j[0].Host != "pages" || j[0].Status != 200 || !strings.HasPrefix(j[0].Path, "/cert/") {
		t.Errorf("journal %+v", j[:1])
	}
}

func TestImages(t *testing.T) {
	t.Parallel()
	s := serve(t, Config{From: 1, To: 3000})
	x := find(t, s.Site, func(x Truth) bool { return x.State == seine.Done && x.LargeFront && !x.LargeBack })
	resp, body := get(t, fmt.Sprintf("%s/cert/%d/large/front.jpg", s.ImagesURL, x.ID))
	img, err := jpeg.Decode(strings.NewReader(body))
	if err != nil || resp.Header.Get("Content-Type") != "image/jpeg" || img.Bounds().Size() != (image.Point{X: Width, Y: Height}) {
		t.Fatalf("front: %v, %v", resp.Header, err)
	}
	near := func(at image.Point, want [3]int) bool {
		r, g, b, _ := img.At(at.X, at.Y).RGBA()
		for i, v := range []uint32{r, g, b} {
			if d := int(v>>8) - want[i]; d > 12 || d < -12 {
				return false
			}
		}
		return true
	}
	box := Boxes["front"]
	if !near(box.Min.Add(image.Pt(8, 8)), [3]int{245, 200, 40}) || !near(box.Min.Sub(image.Pt(8, 8)), [3]int{210, 30, 160}) ||
		!near(box.Max.Sub(image.Pt(8, 8)), [3]int{245, 200, 40}) || !near(box.Max.Add(image.Pt(8, 8)), [3]int{210, 30, 160}) {
		t.Error("the card's edge does not lie at its box")
	}
	if resp, _ := get(t, fmt.Sprintf("%s/cert/%d/large/back.jpg", s.ImagesURL, x.ID)); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a large picture that is missing answers %d", resp.StatusCode)
	}
	resp, body = get(t, fmt.Sprintf("%s/cert/%d/small/back.jpg", s.ImagesURL, x.ID))
	if cfg, err := jpeg.DecodeConfig(strings.NewReader(body)); err != nil || cfg.Width != Width/2 || resp.StatusCode != http.StatusOK {
		t.Errorf("small back: %v, %v", cfg, err)
	}
	for _, path := range []string{"/cert/x/large/front.jpg", "/cert/1/huge/front.jpg", "/cert/1/large/top.jpg", "/cert/999999/large/front.jpg", "/cert/1/large/front.png"} {
		if resp, _ := get(t, s.ImagesURL+path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d; want 404", path, resp.StatusCode)
		}
	}
}

func TestPhotos(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var b bytes.Buffer
	green := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for i := range green.Pix {
		green.Pix[i] = []uint8{0, 200, 0, 255}[i%4]
	}
	if err := png.Encode(&b, green); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.png"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{From: 1, To: 100, Photos: dir})
	if err != nil {
		t.Fatal(err)
	}
	x := find(t, s, func(x Truth) bool { return x.State == seine.Done && x.LargeFront })
	body, _ := s.Image(x.ID, "front", "large")
	img, err := jpeg.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, _, _ := img.At(500, 1000).RGBA(); g>>8 < 180 || r>>8 > 20 {
		t.Errorf("the photograph is not on the card: %d %d", r>>8, g>>8)
	}
	if _, err := New(Config{Photos: t.TempDir()}); err == nil {
		t.Error("an empty folder of photographs is taken")
	}
}

func TestStorms(t *testing.T) {
	t.Parallel()
	s := serve(t, Config{From: 1, To: 300, Calm: true, Stamps: true, Visits: true})
	x := find(t, s.Site, func(x Truth) bool { return x.State == seine.Done })
	page, image := fmt.Sprintf("%s/cert/%d/psa", s.PagesURL, x.ID), fmt.Sprintf("%s/cert/%d/small/front.jpg", s.ImagesURL, x.ID)
	storm := func(host string, trouble Trouble) {
		s.Storm(Storm{Host: host, Trouble: trouble, RetryAfter: 3 * time.Second, Until: time.Now().Add(time.Hour)})
	}
	if resp, body := get(t, page); resp.StatusCode != http.StatusOK || !strings.Contains(body, `<p id="visit">1</p>`) {
		t.Errorf("a calm page: %d\n%s", resp.StatusCode, body)
	}
	storm("pages", Limited)
	if resp, _ := get(t, page); resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "3" {
		t.Errorf("limited: %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	if resp, body := get(t, image); resp.StatusCode != http.StatusOK || len(body) == 0 {
		t.Errorf("an image in a storm of pages: %d", resp.StatusCode)
	}
	storm("images", Truncated)
	if _, _, err := testkit.Try(t, image); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a truncated body: %v", err)
	}
	storm("pages", Reset)
	if _, _, err := testkit.Try(t, page); err == nil {
		t.Error("a reset connection answers")
	}
	want := []Entry{
		{Status: 200, Visit: 1},
		{Status: 429, Visit: 2, Trouble: Limited, RetryAfter: 3 * time.Second},
		{Status: 200, Visit: 3},
		{Status: 200, Visit: 4, Trouble: Truncated},
		{Visit: 5, Trouble: Reset},
	}
	got := s.Journal()
	for i := range got {
		got[i] = Entry{Status: got[i].Status, Visit: got[i].Visit, Trouble: got[i].Trouble, RetryAfter: got[i].RetryAfter}
	}
	// A request that the client's own transport repeats is not the site's fault.
	if d := cmp.Diff(want, got[:min(len(got), len(want))]); d != "" {
		t.Errorf("journal (-want +got):\n%s", d)
	}
}
