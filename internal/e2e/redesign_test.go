package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine/internal/shopsite"
)

// redesigned is a job whose price the redesign of the shop takes away.
const redesigned = `job: prices
permission: "ours: bundled with Seine"
contact: data@example.org
seeds: {file: products.txt}
fetch: {allow_private: ["127.0.0.1:8710"]}
pace: {delay: 0s, concurrency: 4}
record_pages: true
on_drift: pause
fields:
  name: {css: "[itemprop=name]"}
  price: {css: "article span.price", attr: content, type: decimal}
`

// The shop changes its HTML in the middle of a run. The job pauses within 50 tasks and exports
// nothing wrong. After a fix of the rules the recordings have every price, without a request.
func TestARedesignCostsNoRequest(t *testing.T) {
	t.Parallel()
	const changed, inFlight = 450, 8
	eachFrontier(t, shopsite.Config{Products: 600}, redesigned, func(t *testing.T, s shopRun) {
		prices := map[string]string{} // the first one of each page
		var list strings.Builder
		for _, x := range s.Items(0) {
			at := s.PagesURL + "/p/" + x.Product
			if _, seen := prices[at]; !seen {
				list.WriteString(at + "\n")
			}
			prices[at] = cmp.Or(prices[at], x.Price)
		}
		if err := os.WriteFile(filepath.Join(s.dir, "products.txt"), []byte(list.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		s.RedesignAfter(changed)
		run(t, s.dir, 0, "migrate", "--frontier", s.dsn)
		s.seine(t, "add", s.job)
		worker := start(t, s.dir, nil, "worker", s.job, "--frontier", s.dsn)
		await(t, "the pause", func() bool {
			at := readStatus(t, s.dir, s.dsn, s.job)
			return at.Paused && at.States["in_progress"] == 0
		})
		worker.stop(t)
		asked := s.pagesOf(t)
		if asked > changed+50+inFlight {
			t.Errorf("%d pages were requested; want at most %d after the change", asked, 50+inFlight)
		}
		before := s.exported(t, prices)
		if before < changed-50 {
			t.Errorf("%d records were exported before the fix; want about %d", before, changed)
		}

		// With the new class, each recorded page has its price.
		text, err := os.ReadFile(s.job)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte("article span.price"), []byte("article span.price, article span.amount"), 1)
		if err := os.WriteFile(s.job, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s.seine(t, "reprocess", s.job)
		if now := s.pagesOf(t); now != asked {
			t.Errorf("reprocessing requested %d pages", now-asked)
		}
		if after := s.exported(t, prices); after != asked {
			t.Errorf("%d records after the fix; want the %d pages that were requested", after, asked)
		}
		s.seine(t, "resume", s.job)
		s.seine(t, "run", s.job)
		if n := s.exported(t, prices); n != len(prices) || s.pagesOf(t) != len(prices) {
			t.Errorf("%d records of %d requests at the end; want %d of each", n, s.pagesOf(t), len(prices))
		}
	})
}

// pagesOf returns how many product pages were requested.
func (s shopRun) pagesOf(t *testing.T) (n int) {
	t.Helper()
	for uri, times := range s.requests(t) {
		if strings.HasPrefix(uri, "/p/") {
			n += times
		}
	}
	return n
}

// exported checks the price of each exported record, and returns their number.
func (s shopRun) exported(t *testing.T, prices map[string]string) (n int) {
	t.Helper()
	for line := range strings.Lines(s.seine(t, "export", s.job, "-o", "-")) {
		var r struct {
			Key    string
			Fields struct {
				Name  string
				Price json.Number
			}
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if want := prices[r.Key]; string(r.Fields.Price) != want || r.Fields.Name == "" {
			t.Errorf("%s: %+v; want the price %q", r.Key, r.Fields, want)
		}
		n++
	}
	return n
}
