package dataset_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/frontier"
)

func TestAuditOfAGoodSet(t *testing.T) {
	each(t, func(f *fixture) {
		f.fill(25)
		f.done("7", "weird / grade", "front", "back", "slab")
		r := f.wantAudit(dataset.AuditOptions{Deep: true})
		if r.Files != 53 || r.Assets != 53 || r.Records != 26 || r.Wrong != 0 || r.Young != 0 {
			f.Errorf("report %+v", r)
		}
	})
}

// damage makes one fault of each kind and lists the expected findings.
func damage(f *fixture) []string {
	f.Helper()
	f.fill(30)
	f.gone(path("1000", "1", "back"))                         // missing
	f.put(path("1001", "2", "front"), []byte("short"))        // broken by its size
	f.put(path("77", "3", "front"), picture("x"))             // orphaned, and incomplete
	f.put(path("1002", "4", "front"), picture("x"))           // orphaned, and in two folders
	f.put("png/readme.txt", []byte("x"))                      // misnamed: nobody's
	f.put(path("1003", "4", "front")+".17ab.tmp", []byte{1})  // left over
	f.put("elsewhere/x", []byte("x"))                         // outside of the template's folder
	f.put(path("1004", "5", "side")+".17ab.tmp", []byte("x")) // no writer of this job: misnamed
	f.done("88", "9", "front")                                // incomplete by its record
	return []string{
		"missing 1000 back " + path("1000", "1", "back"),
		"incomplete 1000",
		"broken 1001 front " + path("1001", "2", "front"),
		"orphaned 77 front " + path("77", "3", "front"),
		"incomplete 77",
		"orphaned 1002 front " + path("1002", "4", "front"),
		"double 1002",
		"misnamed png/readme.txt",
		"misnamed " + path("1004", "5", "side") + ".17ab.tmp",
		"leftover " + path("1003", "4", "front") + ".17ab.tmp",
		"incomplete 88",
	}
}

func TestAuditFindsEveryKind(t *testing.T) {
	each(t, func(f *fixture) {
		want := damage(f)
		before := f.paths()
		r := f.wantAudit(dataset.AuditOptions{}, want...)
		if r.Wrong != int64(len(want)) || r.Tasks != 0 {
			f.Errorf("report %+v; want %d faults", r, len(want))
		}
		if len(f.paths()) != len(before) || f.state("1000") != seine.Done {
			f.Error("an audit without --fix changed something")
		}
		// A young file without an owner is no fault yet, but a file of a task is.
		r = f.wantAudit(dataset.AuditOptions{Grace: time.Hour},
			want[0], want[1], want[2], want[7], want[8], want[10])
		if r.Young != 3 {
			f.Errorf("%d young files; want 3", r.Young)
		}
	})
}

func TestAuditFixMends(t *testing.T) {
	each(t, func(f *fixture) {
		damage(f)
		before, err := f.Frontier.Counts(f.Context(), f.ID)
		f.check(err)
		r := f.wantAudit(dataset.AuditOptions{Fix: true},
			"missing 1000 back "+path("1000", "1", "back")+": sent back",
			"incomplete 1000", // its task is sent back already
			"broken 1001 front "+path("1001", "2", "front")+": sent back",
			"orphaned 77 front "+path("77", "3", "front")+": removed",
			"orphaned 1002 front "+path("1002", "4", "front")+": removed",
			"misnamed png/readme.txt",
			"misnamed "+path("1004", "5", "side")+".17ab.tmp",
			"leftover "+path("1003", "4", "front")+".17ab.tmp: removed",
			"incomplete 88: sent back",
		)
		if r.Tasks != 3 || r.Wrong != 6 {
			f.Errorf("%d tasks sent back, %d faults left; want 3, 6", r.Tasks, r.Wrong)
		}
		after, err := f.Frontier.Counts(f.Context(), f.ID)
		f.check(err)
		if after.Open != 3 || after.Total != before.Total || after.Final[seine.Done] != before.Final[seine.Done]-3 || after.Assets != before.Assets {
			f.Errorf("counts %+v; before %+v", after, before)
		}
		// Once more it sends nothing back that waits already.
		if r := f.wantAudit(dataset.AuditOptions{Fix: true},
			"missing 1000 back "+path("1000", "1", "back"), "incomplete 1000", "broken 1001 front "+path("1001", "2", "front"),
			"misnamed png/readme.txt", "misnamed "+path("1004", "5", "side")+".17ab.tmp", "incomplete 88"); r.Tasks != 0 {
			f.Errorf("%d tasks sent back again", r.Tasks)
		}
		// A run repairs requeued tasks.
		got, err := f.front.Claim(f.Context(), f.lease, frontier.ClaimArgs{Job: f.ID, N: 9})
		f.check(err)
		for _, c := range got {
			f.complete(c, map[string]string{"1000": "1", "1001": "2", "88": "9"}[c.Key], "front", "back")
		}
		f.gone("png/readme.txt")
		f.gone(path("1004", "5", "side") + ".17ab.tmp")
		f.wantAudit(dataset.AuditOptions{Deep: true})
		if _, err := f.Store.Attributes(f.Context(), "elsewhere/x"); err != nil {
			f.Errorf("a file outside of the job's folder: %v", err)
		}
	})
}

func TestAuditDeep(t *testing.T) {
	each(t, func(f *fixture) {
		f.fill(3)
		same := path("1000", "1", "front")
		body, err := f.Store.ReadAll(f.Context(), same)
		f.check(err)
		body[len(body)-1] ^= 1
		f.put(same, body)
		// As it was stored, and no image all the same.
		c := f.claim("5")
		bad := picture("bad")[:40]
		sum := sha256.Sum256(bad)
		f.put(path("5", "6", "front"), bad)
		f.put(path("5", "6", "back"), []byte("text"))
		text := sha256.Sum256([]byte("text"))
		out, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{{Claimed: c, State: seine.Done,
			Records: []frontier.Record{{Key: "5", Kind: "record", URL: "u", Fields: []byte(`{"grade":6}`), Digest: []byte{1}, FetchedAt: time.Now()}},
			Assets: []frontier.Asset{
				{Key: "5", Stored: assetfile.Stored{Name: "front", Path: path("5", "6", "front"), Bytes: int64(len(bad)), SHA256: sum[:], URL: "u"}},
				{Key: "5", Stored: assetfile.Stored{Name: "back", Path: path("5", "6", "back"), Bytes: 4, SHA256: text[:], URL: "u"}},
			}}})
		f.check(err)
		if out.Kept != 1 {
			f.Fatalf("%+v", out)
		}
		f.wantAudit(dataset.AuditOptions{})
		f.wantAudit(dataset.AuditOptions{Deep: true}, "broken 1000 front "+same, "broken 5 front "+path("5", "6", "front"))
	})
}

// A file of an unsupported type is not broken.
func TestAuditDeepLeavesWhatItCanNotDecode(t *testing.T) {
	each(t, func(f *fixture) {
		// This is a WebP whose header announces frames (RFC 9649 section 2.7).
		vp8x := "VP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x07\x00\x00\x07\x00\x00"
		for i, body := range []string{"RIFF\x16\x00\x00\x00WEBP" + vp8x, "\x00\x00\x00\x14ftypavif\x00\x00\x00\x00", "%PDF-1.7", "\xff\xd8\xff\xc9\x00\x0b\x0c\x00\x08\x00\x08\x01\x01\x11\x00"} {
			key := fmt.Sprint(5 + i)
			sum := sha256.Sum256([]byte(body))
			var assets []frontier.Asset
			for _, name := range []string{"front", "back"} {
				f.put(path(key, "6", name), []byte(body))
				assets = append(assets, frontier.Asset{Key: key, Stored: assetfile.Stored{Name: name, Path: path(key, "6", name), Bytes: int64(len(body)), SHA256: sum[:], URL: "u"}})
			}
			_, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{{Claimed: f.claim(key), State: seine.Done,
				Records: []frontier.Record{{Key: key, Kind: "record", URL: "u", Fields: []byte(`{"grade":6}`), Digest: []byte{1}, FetchedAt: time.Now()}}, Assets: assets}})
			f.check(err)
		}
		f.wantAudit(dataset.AuditOptions{Deep: true})
	})
}

// A path that another field's value would make.
func TestAuditMisnamed(t *testing.T) {
	each(t, func(f *fixture) {
		f.fill(2)
		c := f.claim("5")
		wrong := path("5", "8", "front")
		body := picture(wrong)
		sum := sha256.Sum256(body)
		f.put(wrong, body)
		f.put(path("5", "9", "back"), body)
		asset := func(name, path string) frontier.Asset {
			return frontier.Asset{Key: "5", Stored: assetfile.Stored{Name: name, Path: path, Bytes: int64(len(body)), SHA256: sum[:], URL: "u"}}
		}
		_, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{{Claimed: c, State: seine.Done,
			Records: []frontier.Record{{Key: "5", Kind: "record", URL: "u", Fields: []byte(`{"grade":"9"}`), Digest: []byte{1}, FetchedAt: time.Now()}},
			Assets:  []frontier.Asset{asset("front", wrong), asset("back", path("5", "9", "back"))}}})
		f.check(err)
		r := f.wantAudit(dataset.AuditOptions{Fix: true}, "misnamed 5 front "+wrong, "double 5")
		if r.Tasks != 0 {
			f.Errorf("%d tasks sent back; a name is no reason to ask the site again", r.Tasks)
		}
		if len(f.paths()) != 6 {
			f.Errorf("paths %q; want what records own untouched", f.paths())
		}
	})
}

// If two records name one file with different bytes, one has lost its own.
func TestAuditFindsASharedFile(t *testing.T) {
	each(t, func(f *fixture) {
		shared := path("5", "9", "front")
		body := picture("one")
		f.put(shared, body)
		for i, key := range []string{"5", "6"} {
			sum := sha256.Sum256([]byte{byte(i)})
			_, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{{Claimed: f.claim(key), State: seine.Done,
				Records: []frontier.Record{{Key: key, Kind: "record", URL: "u", Fields: []byte(`{"grade":"9"}`), Digest: []byte{1}, FetchedAt: time.Now()}},
				Assets:  []frontier.Asset{{Key: key, Stored: assetfile.Stored{Name: "front", Path: shared, Bytes: int64(len(body)), SHA256: sum[:], URL: "u"}}}}})
			f.check(err)
		}
		var shares []string
		_, err := f.Audit(f.Context(), dataset.AuditOptions{}, func(x dataset.Finding) error {
			if x.Kind == dataset.Shared {
				shares = append(shares, x.Key+" "+x.Path+": "+x.Detail)
			}
			return nil
		})
		f.check(err)
		if want := "6 " + shared + ": asset front of task 5 has the same path and other bytes"; len(shares) != 1 || shares[0] != want {
			f.Errorf("shared: %q; want %q", shares, want)
		}
	})
}

func TestAuditLeavesWhatIsInProgress(t *testing.T) {
	each(t, func(f *fixture) {
		f.fill(2)
		f.gone(path("1000", "1", "front"))
		f.wantAudit(dataset.AuditOptions{Fix: true}, "missing 1000 front "+path("1000", "1", "front")+": sent back", "incomplete 1000")
		got, err := f.front.Claim(f.Context(), f.lease, frontier.ClaimArgs{Job: f.ID, N: 1})
		f.check(err)
		if len(got) != 1 || got[0].Key != "1000" {
			f.Fatalf("claimed %+v", got)
		}
		// It is being done again, and so is a new one.
		f.claim("5")
		f.put(path("5", "3", "front"), picture("x"))
		if r := f.wantAudit(dataset.AuditOptions{Grace: time.Minute, Fix: true}); r.Young != 1 {
			f.Errorf("%d young files; want 1", r.Young)
		}
	})
}

// Two jobs in one store, under one template.
func TestAuditLeavesWhatIsAnothers(t *testing.T) {
	each(t, func(f *fixture) {
		f.fill(3)
		mine := f.ID
		other := job(f, "others")
		f.ID = f.register(other)
		f.done("42", "9", "front", "back")
		f.done("43", "9", "front")
		f.ID = mine
		f.wantAudit(dataset.AuditOptions{Fix: true})
		if n := len(f.paths()); n != 9 {
			f.Errorf("%d files; want all 9", n)
		}
		if _, err := f.Clean(f.Context(), dataset.CleanOptions{Yes: true}, func(dataset.Cleaned) error { return nil }); err != nil {
			f.Error(err)
		}
		if n := len(f.paths()); n != 9 {
			f.Errorf("%d files after a clean; want all 9", n)
		}
	})
}
