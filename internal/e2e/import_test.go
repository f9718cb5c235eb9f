package e2e

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

// importJob is the job of the Python scraper's site, of which no page exists: an import makes no
// request.
const importJob = `job: cards
contact: data@example.org
seeds: {ids: {from: 100, to: 400}, url: "https://cards.invalid/cert/{id}/psa"}
fields: {cert: {css: h1}, grade: {css: .grade}, seller: {css: .seller}}
assets:
  front: {url: "grade", image: {to: png}}
  back: {url: "grade", image: {to: png}}
store: {key: "png/{grade}/{id}_{asset}.png"}
explore: {strategy: off}
`

// pythonRows are rows of the queue, each with the files that the bucket has for it.
var pythonRows = []struct {
	id, status string
	files      []string

	became, why string // why is empty for a row that agrees with its files
}{
	{"101", "done", []string{"10/101_front", "10/101_back"}, "done", ""},
	{"102", "done", []string{"9/102_front", "9/102_back"}, "done", ""},
	{"103", "done", []string{"9/103_front"}, "pending", "done, and it has front; lacks back"},
	{"104", "done", nil, "pending", "done, and it has no files"},
	{"105", "done", []string{"9/105_front", "9/105_back", "8/105_front", "8/105_back"}, "pending", "done, and it is complete in 8 and 9"},
	{"106", "done", []string{"9/106_front", "9/106_back", "8/106_front"}, "done", "files of it lie in 8 too"},
	{"107", "done", []string{"9/107_front", "8/107_back"}, "pending", "done, and its files are split over 8 and 9"},
	{"108", "done", []string{"9/108_front", "9/108_back!broken"}, "pending", "png/9/108_back.png: image is cut short"},
	{"109", "done", []string{"GEM MT 10/109_front", "GEM MT 10/109_back"}, "done", ""},
	{"110", "pending", nil, "pending", ""},
	{"111", "in_progress", nil, "pending", ""},
	{"112", "in_progress", []string{"7/112_front", "7/112_back"}, "done", "in_progress, and its files are complete"},
	{"113", "in_progress", []string{"7/113_front"}, "pending", "in_progress, and it has front; lacks back"},
	{"114", "error", nil, "error", ""},
	{"115", "stale", nil, "stale", ""},
	{"116", "skipped", nil, "skipped", ""},
	{"117", "skipped", []string{"7/117_front", "7/117_back"}, "skipped", "skipped, and its files are complete: they stay without a record"},
	{"118", "doing", nil, "pending", `status "doing" is unknown`},
	{"119", "error", []string{"7/119_front", "7/119_back"}, "done", "error, and its files are complete"},
	{"", "", []string{"6/120_front", "6/120_back"}, "done", "no row, and its files are complete"},
	{"", "", []string{"6/121_back"}, "pending", "no row, and it has back; lacks front"},
}

// python fills a table work_queue and a folder, as the Python scraper left them.
func python(t *testing.T, dsn, folder string, rows func(id, status string) string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(t.Context()) }()
	exec := func(sql string) {
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec(rows("", ""))
	for i, r := range pythonRows {
		if r.id != "" {
			exec(rows(r.id, r.status))
		}
		for j, f := range r.files {
			name, broken := strings.CutSuffix(f, "!broken")
			body := picture(t, uint8(16*i+j))
			if broken {
				body = body[:len(body)-40]
			}
			path := filepath.Join(folder, "png", name+".png")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, body, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func picture(t *testing.T, tone uint8) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 30, 40))
	for y := range 40 {
		for x := range 30 {
			img.Set(x, y, color.RGBA{R: tone, G: uint8(6 * y), B: uint8(8 * x), A: 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The two forms of the table.
func cardTable(id, status string) string {
	if id == "" {
		return `create table work_queue (cert_id bigint primary key, status varchar(20) not null, worker_id text, updated_at timestamptz default '2025-03-01 12:00:00Z')`
	}
	if id == "102" { // a time that is none
		return `insert into work_queue(cert_id, status, updated_at) values (102, 'done', 'infinity')`
	}
	return `insert into work_queue(cert_id, status) values (` + id + `, '` + status + `')`
}

func genericTable(id, status string) string {
	if id == "" {
		return `create table work_queue (task_id varchar(255) primary key, status varchar(20), worker_id varchar(255), priority int not null default 0, metadata jsonb, updated_at timestamp default '2025-03-01 12:00:00')`
	}
	return `insert into work_queue(task_id, status, priority, metadata) values ('` + id + `', '` + status + `', 5, '{"source": "list"}')`
}

// imported is the output of an import as JSON.
type imported struct {
	mismatches map[string]string
	summary    struct {
		Rows, Files, Known, Adopted, Copied, Mismatches int64
		LeftOut                                         int64 `json:"left_out"`
		States                                          map[string]int64
	}
}

func readImport(t *testing.T, text string) (out imported) {
	t.Helper()
	out.mismatches = map[string]string{}
	for line := range strings.Lines(text) {
		var m struct {
			Key, Became, Reason string
			Summary             json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if m.Summary == nil {
			out.mismatches[m.Key] = m.Became + ": " + m.Reason
		} else if err := json.Unmarshal(m.Summary, &out.summary); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestTheOriginalsQueueIsImportedIntoSQLite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testImport(t, dir, "sqlite:"+filepath.Join(dir, "seine.db"), pgtest.Empty(t), cardTable)
}

func TestTheOriginalsQueueIsImportedIntoItsDatabase(t *testing.T) {
	t.Parallel()
	at := pgtest.Empty(t)
	testImport(t, t.TempDir(), at, at, genericTable)
}

func testImport(t *testing.T, dir, at, source string, table func(id, status string) string) {
	folder := filepath.Join(dir, "old")
	python(t, source, folder, table)
	job := filepath.Join(dir, "cards.yaml")
	if err := os.WriteFile(job, []byte(importJob), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{job, "--frontier", at, "--store", "file:" + folder, "-o", "json"}
	if source != at {
		args = append(args, "--from", source)
	}
	wrong, states := map[string]string{}, map[string]int64{}
	var adopted int64
	for _, r := range pythonRows {
		id := r.id
		if id == "" {
			id = r.files[0][2:5]
		}
		states[r.became]++
		if r.became == "done" {
			adopted += 2
		}
		if r.why != "" {
			wrong[id] = r.became + ": " + r.why
		}
	}

	// A dry run tells the same and stores nothing.
	before := readFiles(t, folder)
	dry := readImport(t, run(t, dir, 0, append([]string{"import", "--dry-run"}, args...)...))
	if strings.HasPrefix(at, "sqlite:") {
		if _, err := os.Stat(filepath.Join(dir, "seine.db")); !os.IsNotExist(err) {
			t.Errorf("a dry run made the frontier: %v", err)
		}
	}
	first := readImport(t, run(t, dir, 0, append([]string{"import"}, args...)...))
	if d := cmp.Diff(wrong, first.mismatches); d != "" {
		t.Errorf("mismatches (-want +got):\n%s", d)
	}
	if d := cmp.Diff(states, first.summary.States); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
	if s := first.summary; s.Rows != 19 || s.Adopted != adopted || s.Copied != 2 || s.Known != 0 || s.LeftOut != 0 {
		t.Errorf("summary %+v; want 19 rows and %d files, 2 of them copied", s, adopted)
	}
	if d := cmp.Diff(first, dry, cmp.AllowUnexported(imported{})); d != "" {
		t.Errorf("the dry run tells another thing (-import +dry run):\n%s", d)
	}

	// Nothing is lost in the folder.
	after := readFiles(t, folder)
	for path, body := range before {
		if !bytes.Equal(after[path], body) {
			t.Errorf("%s changed", path)
		}
	}
	if len(after) != len(before)+2 {
		t.Errorf("%d files; want the %d and two copies below the job's own name", len(after), len(before))
	}

	// Status, records and files agree with each other.
	got := readStatus(t, dir, at, "cards").States
	for state, n := range states {
		if got[state] != n {
			t.Errorf("%d tasks are %s; want %d", got[state], state, n)
		}
	}
	audit := runWith(t, dir, nil, 10, "audit", job, "--deep", "--grace", "0s", "--frontier", at, "--store", "file:"+folder, "-o", "json")
	for line := range strings.Lines(audit) {
		var f struct{ Kind, Key string }
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		if f.Kind == "missing" || f.Kind == "broken" {
			t.Errorf("audit of an imported task: %s", line)
		}
	}
	var counts struct {
		Total  int64
		Values []struct {
			Value    string
			Complete int64
		}
	}
	if err := json.Unmarshal([]byte(run(t, dir, 0, "count", job, "--by", "grade", "--frontier", at, "--store", "file:"+folder, "-o", "json")), &counts); err != nil {
		t.Fatal(err)
	}
	byGrade := map[string]int64{}
	for _, v := range counts.Values {
		byGrade[v.Value] = v.Complete
	}
	if d := cmp.Diff(map[string]int64{"10": 1, "9": 2, "GEM MT 10": 1, "7": 2, "6": 1}, byGrade); d != "" || counts.Total != states["done"] {
		t.Errorf("count says %d of %v (-want +got):\n%s", counts.Total, byGrade, d)
	}
	export := run(t, dir, 0, "export", job, "-o", "-", "--frontier", at, "--store", "file:"+folder)
	for _, want := range []string{`"key":"101"`, `"grade":"10"`, `"seller":null`, `2025-03-01T12:00:00Z`, `https://cards.invalid/cert/101/psa`} {
		if !strings.Contains(export, want) {
			t.Errorf("the export has no %s:\n%s", want, export)
		}
	}

	// The second import changes nothing.
	second := readImport(t, run(t, dir, 0, append([]string{"import"}, args...)...))
	if s := second.summary; len(s.States) != 0 || s.Adopted != 0 || s.Copied != 0 {
		t.Errorf("the second import: %+v; want no new task and no file", s)
	}
	if again := readStatus(t, dir, at, "cards").States; !cmp.Equal(got, again) {
		t.Errorf("states after the second import %v; want %v", again, got)
	}
	if d := cmp.Diff(after, readFiles(t, folder)); d != "" {
		t.Error("the second import changed the folder")
	}
}

// readFiles reads a folder.
func readFiles(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Files of another layout are copied under the job's own.
func TestTheOriginalsFilesAreCopied(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source, folder, at := pgtest.Empty(t), filepath.Join(dir, "old"), "sqlite:"+filepath.Join(dir, "seine.db")
	python(t, source, folder, cardTable)
	job := filepath.Join(dir, "cards.yaml")
	text := strings.Replace(importJob, `"png/{grade}/{id}_{asset}.png"`, `"cards/{id}/{asset}.{ext}"`, 1)
	if err := os.WriteFile(job, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "own")
	if err := os.MkdirAll(filepath.Join(own, "cards", "102"), 0o755); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(own, "cards", "102", "back.png")
	if err := os.WriteFile(other, []byte("another file"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := readImport(t, run(t, dir, 0, "import", job, "--frontier", at, "--from", source, "--store", "file:"+own,
		"--files", "file:"+folder, "--files-key", "png/{grade}/{id}_{asset}.png", "-o", "json"))
	if why := got.mismatches["102"]; why != "pending: another file is at cards/102/back.png" {
		t.Errorf("102: %q; want that no file is replaced", why)
	}
	if s := got.summary; s.Adopted != s.Copied || s.Adopted != 12 {
		t.Errorf("summary %+v; want 12 files, all copied", s)
	}
	was, err := os.ReadFile(filepath.Join(folder, "png", "10", "101_front.png"))
	if err != nil {
		t.Fatal(err)
	}
	if is, err := os.ReadFile(filepath.Join(own, "cards", "101", "front.png")); err != nil || !bytes.Equal(is, was) {
		t.Errorf("the copy has %d bytes, %v; want the %d of the original", len(is), err, len(was))
	}
	if kept, err := os.ReadFile(other); err != nil || string(kept) != "another file" {
		t.Errorf("%s was replaced: %q, %v", other, kept, err)
	}
	run(t, dir, 2, "import", job, "--frontier", at, "--from", source, "--files", "file:"+folder, "--files-key", "{bad")
}

// With the variables of the original no flag is needed, and its bucket is Google's.
func TestTheOriginalsVariablesNameTheImport(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), pgtest.Empty(t)
	folder := filepath.Join(dir, "old")
	python(t, at, folder, cardTable)
	g := fakeGoogle(t)
	for path, body := range readFiles(t, folder) {
		name, err := filepath.Rel(folder, path)
		if err != nil {
			t.Fatal(err)
		}
		g.CreateObject(fakestorage.Object{ObjectAttrs: fakestorage.ObjectAttrs{BucketName: "cards", Name: filepath.ToSlash(name)}, Content: body})
	}
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	env := g.use([]string{"DB_HOST=" + u.Hostname(), "DB_PORT=" + u.Port(), "DB_USER=" + u.User.Username(), "DB_NAME=" + strings.TrimPrefix(u.Path, "/"), "PGSSLMODE=disable"})
	job := filepath.Join(dir, "cards.yaml")
	text := strings.Replace(importJob, "explore: {strategy: off}", "explore: {strategy: forager}", 1)
	if err := os.WriteFile(job, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := readImport(t, runWith(t, dir, env, 0, "import", job, "-o", "json"))
	if s := got.summary; s.Rows != 19 || s.States["done"] != 7 || s.Adopted != 14 || s.Copied != 2 {
		t.Errorf("summary %+v; want 19 rows, 7 of them done with 14 files", s)
	}
	for _, name := range []string{"png/10/101_front.png", "png/GEM MT 10/109_front.png"} {
		if g.files(t)[name] == nil {
			t.Errorf("%s is gone", name)
		}
	}
	// The forager knows the imported hits.
	var space struct{ Answered, Wanted, Errors int64 }
	if err := json.Unmarshal([]byte(runWith(t, dir, env, 0, "status", job, "--space", "-o", "json")), &space); err != nil {
		t.Fatal(err)
	}
	if space.Answered != 9 || space.Wanted != 7 || space.Errors != 1 {
		t.Errorf("the space has %+v; want 9 answers, 7 of them wanted, and 1 error", space)
	}
}
