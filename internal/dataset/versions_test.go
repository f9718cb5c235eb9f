package dataset_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/frontier"
)

// visit completes a task once more.
func (f *fixture) visit(key, grade string, change func(c *frontier.Completion)) {
	f.Helper()
	_, err := f.front.Retry(f.Context(), f.ID, []frontier.New{{Key: key, Lane: "a.example:80", Priority: 1}})
	f.check(err)
	c := frontier.Completion{Claimed: f.claim(key), State: seine.Done, History: true, Visit: &frontier.Visit{Every: time.Hour, Next: time.Hour}}
	if grade != "" {
		c.Records = []frontier.Record{{Key: key, Kind: "record", URL: "http://a.example/" + key, Fields: fmt.Appendf(nil, `{"grade":%q}`, grade), Digest: []byte{1}, FetchedAt: time.Date(2030, 1, 3, 0, 0, 0, 0, time.UTC)}}
	}
	if change != nil {
		change(&c)
	}
	out, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{c})
	f.check(err)
	if out.Kept != 1 {
		f.Fatalf("%+v", out)
	}
}

func TestExportVersions(t *testing.T) {
	each(t, func(f *fixture) {
		f.done("10", "9", "front")
		f.visit("10", "9.5", nil)
		f.done("20", "7")
		f.visit("20", "", func(c *frontier.Completion) { c.State, c.Reason, c.Gone = seine.Skipped, "HTTP 404", true })
		lines := func() (out []string) {
			t.Helper()
			var b bytes.Buffer
			about, err := f.export(&b, dataset.ExportOptions{Format: dataset.JSONL})
			f.check(err)
			for line := range strings.Lines(b.String()) {
				var r struct {
					Key     string
					Fields  map[string]any
					Assets  map[string]any
					Version int
					GoneAt  *time.Time `json:"gone_at"`
				}
				f.check(json.Unmarshal([]byte(line), &r))
				out = append(out, fmt.Sprintf("%s v%d %v %d gone %v", r.Key, r.Version, r.Fields["grade"], len(r.Assets), r.GoneAt != nil))
			}
			if about.Records != int64(len(out)) {
				t.Errorf("%d records by the note; want %d", about.Records, len(out))
			}
			return out
		}
		columns := func() (head []string, rows int) {
			t.Helper()
			var b bytes.Buffer
			_, err := f.export(&b, dataset.ExportOptions{Format: dataset.CSV})
			f.check(err)
			all, err := csv.NewReader(&b).ReadAll()
			f.check(err)
			return all[0], len(all) - 1
		}
		if got, want := lines(), []string{"10 v0 9.5 0 gone false", "20 v0 7 0 gone true"}; !slices.Equal(got, want) {
			t.Errorf("latest:\n%q; want\n%q", got, want)
		}
		if head, rows := columns(); slices.Contains(head, "version") || slices.Contains(head, "gone_at") || rows != 2 {
			t.Errorf("latest: columns %q of %d rows", head, rows)
		}
		f.AllVersions = true
		if got, want := lines(), []string{"10 v1 9 0 gone false", "10 v2 9.5 0 gone false", "20 v1 7 0 gone true"}; !slices.Equal(got, want) {
			t.Errorf("all:\n%q; want\n%q", got, want)
		}
		if head, rows := columns(); !slices.Contains(head, "version") || !slices.Contains(head, "gone_at") || rows != 3 {
			t.Errorf("all: columns %q of %d rows", head, rows)
		}
		f.AllVersions, f.Job.Pages = false, []seine.PageKind{{Recrawl: seine.Recrawl{Every: time.Hour}}}
		if head, _ := columns(); slices.Contains(head, "version") || !slices.Contains(head, "gone_at") {
			t.Errorf("a job with recrawl: columns %q", head)
		}
	})
}
