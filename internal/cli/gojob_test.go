package cli_test

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/testkit"
)

// A job made in Go has no job file. By its name, export, count, audit, retry and status work with
// the definition that its program registered.
func TestJobsMadeInGo(t *testing.T) {
	t.Parallel()
	testkit.DSNs(t, func(t *testing.T, frontier string) {
		dir := t.TempDir()
		runInGo(t, frontier, dir)
		seine := func(want int, args ...string) string {
			t.Helper()
			out, code := call(t, dir, append(args, "--frontier", frontier)...)
			if code != want {
				t.Errorf("%v: exit %d; want %d\n%s", args, code, want, out)
			}
			return out
		}
		has := func(out string, wants ...string) {
			t.Helper()
			for _, want := range wants {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing in\n%s", want, out)
				}
			}
		}
		has(seine(0, "status", "shop"), "done  4")
		has(seine(0, "export", "shop", "-o", "-"), `"key":"2","kind":"record"`, `"color":"red"`, `"front":{"path":"pics/1.png"`, "permission: by mail", "4 records of job shop")
		has(seine(0, "export", "shop", "-o", "-", "--format", "csv"),
			"job,key,kind,url,fetched_at,fields.color,fields.n,assets.front.path,assets.front.bytes")
		has(seine(0, "export", "shop", "-o", "shop.csv.gz"), "4 records of job shop in shop.csv.gz")
		has(seine(0, "count", "shop", "--by", "color", "-o", "csv"), "blue,2\nred,2\n", "total 4, incomplete 0")
		has(seine(0, "audit", "shop", "--deep"), "4 files", "4 assets of 4 records", "(the job's program)")
		has(seine(0, "clean", "shop"), "4 ids, 0 incomplete")

		// If a file is missing, audit reports it and requeues its task. retry requeues another
		// task.
		if err := os.Remove(filepath.Join(dir, "files", "pics", "3.png")); err != nil {
			t.Fatal(err)
		}
		has(seine(10, "audit", "shop"), "missing         1", "1 fault: `seine audit shop --fix` requeues tasks")
		has(seine(10, "audit", "shop", "--fix"), "1 task was sent back")
		has(seine(0, "retry", "shop", "1"), "1 task sent back")
		has(seine(0, "tasks", "shop", "--state", "pending"), "1 ", "3 ")
		has(seine(2, "retry", "shop", "7"), "no such task: 7")
		has(seine(2, "recount", "shop"), "its rules are code of its program")
		runInGo(t, frontier, dir)
		has(seine(0, "audit", "shop"), "4 assets of 4 records")
	})
}

// runInGo runs a job of four ids whose rules are Go code.
func runInGo(t *testing.T, frontier, dir string) {
	t.Helper()
	site := testkit.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".png") {
			_ = png.Encode(w, image.NewGray(image.Rect(0, 0, 4, 4)))
			return
		}
		_, _ = fmt.Fprint(w, "hello")
	})
	job := seine.Job{
		Name: "shop", Permission: "by mail",
		Seeds: seine.Seeds{IDs: []seine.IDSpace{{From: 1, To: 4}}, URL: site.URL + "/{id}"},
		Scraper: seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
			color := map[bool]string{true: "red", false: "blue"}[task.ID < "3"]
			return seine.Result{
				Records: []seine.Record{{Fields: map[string]any{"n": 1, "color": color}}},
				Assets:  []seine.Asset{{Name: "front", URL: site.URL + "/" + task.ID + ".png", Path: "pics/" + task.ID + ".png"}},
			}, nil
		}),
		Explore: seine.Explore{Strategy: seine.StrategyOff},
		Pace:    seine.Pace{Delay: seine.Span{Min: seine.None, Max: seine.None}},
		Fetch:   seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
		Store:   seine.Store{URL: "file:" + filepath.Join(dir, "files"), Key: "pics/{id}.{ext}"},
	}
	err := runner.Run(t.Context(), runner.Config{Jobs: []seine.Job{job}, Frontier: frontier, Migrate: true, UntilDone: true, AcceptChanges: true})
	if err != nil {
		t.Fatal(err)
	}
}
