package dataset_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/recording"
)

// record completes a task with a recorded page and returns its index row.
func (f *fixture) record(key string) *frontier.Recording {
	f.Helper()
	c := f.claim(key)
	pages := recording.NewStore(f.Store.Bucket, f.Store.Folder, f.Job.Name)
	defer func() { _ = pages.Close() }()
	d, err := recording.Encode(key, &seine.Page{URL: "http://a.example/" + key, Status: 404, Body: []byte(strings.Repeat("page "+key+" ", 40)), FetchedAt: time.Now()}, nil)
	f.check(err)
	rows, err := pages.Write(f.Context(), []*recording.Draft{d}, nil)
	f.check(err)
	out, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{{Claimed: c, State: seine.Skipped, Reason: "HTTP 404", Recording: rows[0]}})
	f.check(err)
	if out.Kept != 1 {
		f.Fatalf("completed %d tasks", out.Kept)
	}
	return rows[0]
}

func TestRecordingsAreAudited(t *testing.T) {
	each(t, func(f *fixture) {
		kept, lost, damaged := f.record("1"), f.record("2"), f.record("3")
		f.put("pages/cards/orphan.zst", []byte("x"))
		f.put("pages/other/theirs.zst", []byte("x")) // of a job that is not in this frontier
		f.put(damaged.Head.Segment, []byte("cut"))
		f.gone(lost.Head.Segment)

		f.wantAudit(dataset.AuditOptions{}, "broken 3 "+damaged.Head.Segment, "missing 2 "+lost.Head.Segment, "orphaned pages/cards/orphan.zst")
		if _, report := f.clean(dataset.CleanOptions{}); report.Segments != 1 || report.SegmentsDeleted != 0 || report.Strangers.Number != 0 {
			t.Errorf("a dry run of clean: %+v", report)
		}
		if _, report := f.clean(dataset.CleanOptions{Yes: true}); report.SegmentsDeleted != 1 {
			t.Errorf("clean: %+v", report)
		}
		// Only the orphan is gone.
		left := f.paths()
		for _, p := range []string{kept.Head.Segment, damaged.Head.Segment, "pages/other/theirs.zst"} {
			if !slices.Contains(left, p) {
				t.Errorf("%s is gone", p)
			}
		}
		if slices.Contains(left, "pages/cards/orphan.zst") {
			t.Error("the orphan is there")
		}
	})
}

func TestADeepAuditReadsRecordings(t *testing.T) {
	each(t, func(f *fixture) {
		row := f.record("1")
		body, err := f.Store.ReadAll(f.Context(), row.Head.Segment)
		f.check(err)
		body[len(body)-6] ^= 0xff
		f.put(row.Head.Segment, body)
		f.wantAudit(dataset.AuditOptions{})
		var found []dataset.Finding
		_, err = f.Audit(f.Context(), dataset.AuditOptions{Deep: true}, func(x dataset.Finding) error {
			found = append(found, x)
			return nil
		})
		f.check(err)
		if len(found) != 1 || found[0].Kind != dataset.Broken || found[0].Key != "1" || !strings.Contains(found[0].Detail, "seine retry cards 1") {
			t.Errorf("found %+v; want one broken recording with its remedy", found)
		}
	})
}
