package dataset_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/testkit"
)

// recorded completes a task with a recorded response and a record of these fields.
func (f *fixture) recorded(id, fields, body string) (sum string) {
	f.Helper()
	c, at, of := f.claim(id), time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC), sha256.Sum256([]byte(body))
	out, err := f.front.Complete(f.Context(), f.lease, f.ID, []frontier.Completion{{
		Claimed: c, State: seine.Done,
		Records: []frontier.Record{{Key: id, Kind: "record", URL: "http://a.example/" + id, Fields: []byte(fields), Digest: []byte{7}, FetchedAt: at}},
		Recording: &frontier.Recording{
			Key: id, At: at, Head: frontier.Frame{Segment: "pages/1"}, Body: frontier.Frame{Segment: "pages/1"}, SHA256: of[:], Size: int64(len(body)),
		},
	}})
	f.check(err)
	if out.Kept != 1 {
		f.Fatalf("%+v", out)
	}
	return hex.EncodeToString(of[:])
}

// Each format states where a record comes from, and what allows its use.
func TestExportLineage(t *testing.T) {
	each(t, func(f *fixture) {
		consent := `[{"signal":"noai","value":"noai, <noindex>","source":"header X-Robots-Tag","opts_out":true}]`
		sum := f.recorded("1", `{"grade": "9", "_robots": "ignore", "_consent": `+consent+`}`, "page")
		f.doneWith("2", `{"grade": "8"}`)
		f.doneWith("3", `{"_robots": 5, "_consent": "mine"}`) // fields of the job's own rules

		type lineage struct {
			Digest, Permission, Robots, Recording string
			Consent                               json.RawMessage
			Fields                                map[string]any
		}
		want := []lineage{
			{Digest: "07", Permission: "ours", Robots: "ignore", Recording: sum, Consent: json.RawMessage(consent)},
			{Digest: "07", Permission: "ours", Robots: "obey"},
			{Digest: "07", Permission: "ours", Robots: "obey"},
		}
		var b bytes.Buffer
		_, err := f.export(&b, dataset.ExportOptions{Format: dataset.JSONL})
		f.check(err)
		var got []lineage
		for in := json.NewDecoder(&b); in.More(); {
			var one lineage
			f.check(in.Decode(&one))
			if len(got) == 0 && (one.Fields["_robots"] != "ignore" || one.Fields["_consent"] == nil) {
				t.Errorf("the fields are %v; want them as they are stored", one.Fields)
			}
			one.Fields = nil
			got = append(got, one)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("JSONL (-want +got):\n%s", d)
		}

		b.Reset()
		about, err := f.export(&b, dataset.ExportOptions{Format: dataset.CSV})
		f.check(err)
		if !slices.Equal(about.LeftOut, []string{"fields._consent", "fields._robots"}) { // of the third record
			t.Errorf("left out %q", about.LeftOut)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		f.check(err)
		from := slices.Index(rows[0], "digest")
		for i, w := range [][]string{
			{"digest", "permission", "robots", "consent", "recording"}, {"07", "ours", "ignore", consent, sum}, {"07", "ours", "obey", "", ""}, {"07", "ours", "obey", "", ""},
		} {
			if d := cmp.Diff(w, rows[i][from:]); d != "" {
				t.Errorf("row %d of the CSV (-want +got):\n%s", i, d)
			}
		}

		f.Job.Permission = ""
		dir, _ := f.files(dataset.ExportOptions{Format: dataset.Parquet})
		table := testkit.DuckDB(t, `select digest, permission, robots, consent[1].signal as signal, consent[1].opts_out as opts_out, len(consent) as n, recording from '`+
			filepath.Join(dir, "set.parquet")+`' order by key`)
		none := map[string]any{"digest": "07", "permission": nil, "robots": "obey", "signal": nil, "opts_out": nil, "n": nil, "recording": nil}
		if d := cmp.Diff([]map[string]any{
			{"digest": "07", "permission": nil, "robots": "ignore", "signal": "noai", "opts_out": true, "n": "1", "recording": sum}, none, none,
		}, table); d != "" {
			t.Errorf("Parquet (-want +got):\n%s", d)
		}
		b.Reset()
		if _, err = f.export(&b, dataset.ExportOptions{Format: dataset.JSONL}); err != nil || bytes.Contains(b.Bytes(), []byte("permission")) {
			t.Errorf("without a permission, %v: %s", err, &b)
		}
	})
}
