package dataset_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// Lists of assets and failed assets appear in every form of the data set.
func TestListsAndFailures(t *testing.T) {
	each(t, func(f *fixture) {
		s, problems := extract.Compile(extract.Rules{
			Key:    "{id}/{n}.{ext}",
			Fields: []extract.Field{{Name: "title", CSS: "h1"}},
			Assets: []extract.AssetRule{{Name: "photo", Source: &extract.Field{CSS: "img", Attr: "src"}, All: true, OnFailure: seine.KeepRecord}},
		})
		if problems != nil {
			t.Fatal(problems)
		}
		f.Rules = s
		var assets []frontier.Asset
		for _, n := range []string{"10", "1", "2"} {
			body := picture(n)
			sum := sha256.Sum256(body)
			path := "5/" + n + ".png"
			f.check(f.Store.Bucket.WriteAll(f.Context(), path, body, nil))
			assets = append(assets, frontier.Asset{Key: "5", Stored: assetfile.Stored{Name: "photo_" + n, Path: path, Bytes: int64(len(body)), SHA256: sum[:], URL: "http://i/" + n}})
		}
		out, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{{
			Claimed: f.claim("5"), State: seine.Done,
			Records: []frontier.Record{{Key: "5", Kind: "record", URL: "http://a.example/5", Fields: []byte(`{"title":"x"}`), Digest: []byte{7}, FetchedAt: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}},
			Assets:  assets,
			Failed:  []frontier.FailedAsset{{Key: "5", Name: "photo_3", URL: "http://i/3", Reason: "HTTP 404"}},
		}})
		f.check(err)
		if out.Kept != 1 {
			t.Fatalf("%+v", out)
		}
		var b bytes.Buffer
		_, err = f.export(&b, dataset.ExportOptions{Format: dataset.JSONL})
		f.check(err)
		if !strings.HasSuffix(b.String(), `"fetched_at":"2030-01-02T03:04:05Z","failures":{"photo_3":{"url":"http://i/3","reason":"HTTP 404"}},"digest":"07","permission":"ours","robots":"obey"}`+"\n") ||
			!strings.Contains(b.String(), `"assets":{"photo_1":{"path":"5/1.png",`) {
			t.Errorf("line %s", &b)
		}
		b.Reset()
		about, err := f.export(&b, dataset.ExportOptions{Format: dataset.CSV})
		f.check(err)
		rows, err := csv.NewReader(&b).ReadAll()
		f.check(err)
		if len(rows) != 2 || !slices.Equal(rows[0][5:8], []string{"fields.title", "assets.photo", "failures"}) || rows[1][7] != `{"photo_3":{"url":"http://i/3","reason":"HTTP 404"}}` {
			t.Fatalf("rows %q", rows)
		}
		list := rows[1][6]
		first, second, third := strings.Index(list, `"photo_1"`), strings.Index(list, `"photo_2"`), strings.Index(list, `"photo_10"`)
		if first < 0 || first > second || second > third || !strings.Contains(list, `{"name":"photo_1","path":"5/1.png","bytes":`) {
			t.Errorf("the list is not in the order of its numbers: %s", list)
		}
		if len(about.LeftOut) != 0 {
			t.Errorf("left out %q", about.LeftOut)
		}
		if r := f.wantAudit(dataset.AuditOptions{Deep: true}); r.Assets != 3 || r.Files != 3 {
			t.Errorf("audit %+v", r)
		}
	})
}
