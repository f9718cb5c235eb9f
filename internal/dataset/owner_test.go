package dataset_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/frontier"
)

// A record of a list on a page belongs to the task of the page: the task is requeued if the
// record's file is missing, and the record counts while the task is done.
func TestRecordsOfAList(t *testing.T) {
	each(t, func(f *fixture) {
		c := f.claim("5")
		done := frontier.Completion{Claimed: c, State: seine.Done}
		for _, key := range []string{"5", "71"} {
			done.Records = append(done.Records, frontier.Record{Key: key, Kind: "record", URL: "u", Fields: []byte(`{"grade":6}`), Digest: []byte{1}, FetchedAt: time.Now()})
			for _, name := range []string{"front", "back"} {
				body := picture(key + name)
				sum := sha256.Sum256(body)
				f.put(path(key, "6", name), body)
				done.Assets = append(done.Assets, frontier.Asset{Key: key, Stored: assetfile.Stored{Name: name, Path: path(key, "6", name), Bytes: int64(len(body)), SHA256: sum[:], URL: "u"}})
			}
		}
		out, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{done})
		f.check(err)
		if out.Kept != 1 {
			f.Fatalf("%+v", out)
		}
		f.wantAudit(dataset.AuditOptions{Deep: true})
		if got := f.count("grade"); got.total != 2 {
			f.Errorf("count %+v; want both records", got)
		}
		f.gone(path("71", "6", "front"))
		f.wantAudit(dataset.AuditOptions{Fix: true}, "missing 71 front "+path("71", "6", "front")+": sent back", "incomplete 71")
		if got := f.state("5"); got != seine.Pending {
			f.Errorf("the task is %v; want it requeued", got)
		}
	})
}
