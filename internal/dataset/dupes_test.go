package dataset_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/frontier"
)

// hashed stores three records with a picture each: the second one looks like the first one, and the
// third one has its bytes.
func (f *fixture) hashed() {
	f.Helper()
	f.scans(4, wide)
	hash := map[string]byte{"1000": 0, "1001": 3, "1002": 0xff, "1003": 0}
	var batch []frontier.Rendered
	tasks, err := f.Frontier.Tasks(f.Context(), f.ID, frontier.Filter{Limit: 10})
	f.check(err)
	stored, err := f.Frontier.RecordsOf(f.Context(), f.ID, []string{"1000", "1001", "1002", "1003"})
	f.check(err)
	for i, r := range stored {
		for _, a := range r.Assets {
			if a.Name == "front" {
				a.PHash = bytes.Repeat([]byte{0}, 8)
				a.PHash[7] = hash[a.Key]
				if a.Key == "1002" {
					a.PHash[0] = 0xff
				}
				if a.Key == "1003" {
					a.SHA256 = stored[0].Assets[0].SHA256
				}
				batch = append(batch, frontier.Rendered{Task: a.Key, At: tasks[i].UpdatedAt, Assets: []frontier.Asset{a}})
			}
		}
	}
	lost, err := f.front.Render(f.Context(), f.ID, batch)
	f.check(err)
	if len(lost) > 0 {
		f.Fatal(lost)
	}
}

func (f *fixture) dupes(opts dataset.DupesOptions) (groups []string, report dataset.DupesReport) {
	f.Helper()
	report, err := f.Dupes(f.Context(), opts, func(group []dataset.DupeImage) error {
		line := ""
		for _, i := range group {
			line += " " + i.Key + "/" + i.Asset
		}
		groups = append(groups, line[1:])
		return nil
	})
	f.check(err)
	return groups, report
}

func (f *fixture) marks() map[string]string {
	f.Helper()
	out := map[string]string{}
	f.check(f.Frontier.Assets(f.Context(), f.ID, func(a frontier.Asset) error {
		if a.DuplicateOf != "" {
			out[a.Key+"/"+a.Name] = a.DuplicateOf
		}
		return nil
	}))
	return out
}

func TestDupes(t *testing.T) {
	each(t, func(f *fixture) {
		f.hashed()
		groups, report := f.dupes(dataset.DupesOptions{Distance: 1})
		if d := cmp.Diff([]string{"1000/front 1003/front"}, groups); d != "" {
			f.Errorf("distance 1 (-want +got):\n%s", d)
		}
		if want := (dataset.DupesReport{Images: 4, Exact: 1, Groups: 1}); report != want {
			f.Errorf("got %+v, want %+v", report, want)
		}
		groups, report = f.dupes(dataset.DupesOptions{Distance: 2, Mark: true})
		if d := cmp.Diff([]string{"1000/front 1001/front 1003/front"}, groups); d != "" {
			f.Errorf("distance 2 (-want +got):\n%s", d)
		}
		if want := (dataset.DupesReport{Images: 4, Exact: 1, Near: 1, Groups: 1, Marked: 2}); report != want {
			f.Errorf("got %+v, want %+v", report, want)
		}
		if d := cmp.Diff(map[string]string{"1001/front": "1000/front", "1003/front": "1000/front"}, f.marks()); d != "" {
			f.Errorf("marks (-want +got):\n%s", d)
		}
		if _, report = f.dupes(dataset.DupesOptions{Distance: 2, Mark: true}); report.Marked != 0 {
			f.Errorf("the same marks again change %d", report.Marked)
		}
		f.SkipDuplicates = true
		var out strings.Builder
		about, err := f.export(&out, dataset.ExportOptions{Format: dataset.JSONL})
		f.check(err)
		if about.Records != 2 || about.Duplicates != 2 || strings.Contains(out.String(), `"key":"1001"`) {
			f.Errorf("exported %d records, left %d out:\n%s", about.Records, about.Duplicates, out.String())
		}
		if _, report = f.dupes(dataset.DupesOptions{Distance: 1, Mark: true}); report.Marked != 1 {
			f.Errorf("a lower distance changes %d marks, want 1", report.Marked)
		}
	})
}

func TestGalleryEscapesAndIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, lite(t), true)
	f.scans(14, wide)
	f.gone("img/1003_front.png")
	var page, again strings.Builder
	report, err := f.Gallery(t.Context(), "title", &page)
	f.check(err)
	if want := (dataset.GalleryReport{Records: 14, Values: 1, Pictures: 12}); report != want {
		t.Errorf("got %+v, want %+v", report, want)
	}
	text := page.String()
	if !strings.Contains(text, `<h2>&lt;b&gt; &amp; &#34;é&#34; 1.50 <span>14 records</span></h2>`) || strings.Contains(text, "<b>") || strings.Contains(text, "<script") {
		t.Errorf("the value is not escaped:\n%.1500s", text)
	}
	if n := strings.Count(text, `<img src="data:image/jpeg;base64,`); n < 11 || n > 12 || n == 12 == strings.Contains(text, "not in the store") {
		t.Errorf("%d pictures", n)
	}
	_, err = f.Gallery(t.Context(), "title", &again)
	f.check(err)
	if again.String() != text {
		t.Error("the same records give another page")
	}
	var sheet dataset.Sheet
	for range 201 {
		sheet.Add([]dataset.DupeImage{{Key: "<i>", Asset: "front", Path: "img/1000_front.png"}, {Key: "1001", Path: "img/1001_front.png"}})
	}
	var out strings.Builder
	f.check(sheet.Write(t.Context(), &f.Set, &out))
	if n := strings.Count(out.String(), "<img"); n != 400 || strings.Contains(out.String(), "<i>") || !strings.Contains(out.String(), "201 groups; the first 200 are shown") {
		t.Errorf("a sheet with %d pictures:\n%.1000s", n, out.String())
	}
}
