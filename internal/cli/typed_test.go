package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/testkit"
)

// shoe is the record of a job made in Go. No page has a weight.
type shoe struct {
	Sku    int64       `seine:"sku,key"`
	Name   string      `seine:"name,required"`
	Price  json.Number `seine:"price"`
	Weight *float64    `seine:"weight"`
	Sizes  []struct {
		EU int  `seine:"eu"`
		In bool `seine:"in"`
	} `seine:"sizes"`
	More map[string]any `seine:"more"`
}

// The struct of a job made in Go gives the columns of its exports, by the name of the job alone. A
// record that breaks a rule of the struct is quarantined.
func TestTypedRecords(t *testing.T) {
	t.Parallel()
	testkit.DSNs(t, func(t *testing.T, frontier string) {
		dir := t.TempDir()
		site := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "hello") })
		job := seine.Job{
			Name: "shoes", Fields: seine.FieldsOf[shoe](),
			Seeds: seine.Seeds{URLs: []string{site.URL + "/1", site.URL + "/2", site.URL + "/3"}},
			Scraper: seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
				n := task.URL[len(task.URL)-1] - '0'
				s := shoe{Sku: int64(n), Name: fmt.Sprintf("Shoe %d", n), Price: "59.90", More: map[string]any{"a": 1}}
				if n == 3 {
					s.Name = ""
				}
				return seine.Result{Records: []seine.Record{seine.RecordOf(s)}}, nil
			}),
			Pace:  seine.Pace{Delay: seine.NoDelay},
			Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
			Store: seine.Store{URL: "file:" + filepath.Join(dir, "files")},
		}
		if err := runner.Run(t.Context(), runner.Config{Jobs: []seine.Job{job}, Frontier: frontier, Migrate: true, UntilDone: true}); err != nil {
			t.Fatal(err)
		}
		seine := func(args ...string) string {
			t.Helper()
			out, code := call(t, dir, append(args, "--frontier", frontier)...)
			if code != 0 {
				t.Fatalf("%v: exit %d\n%s", args, code, out)
			}
			return out
		}
		seine("export", "shoes", "-o", "shoes.parquet")
		path := filepath.Join(dir, "shoes.parquet")
		var got []string
		for _, row := range testkit.DuckDB(t, `select unnest(fields, recursive := false), from '`+path+`' order by key`) {
			text, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(text))
		}
		want := []string{
			`{"more":"{\"a\":1}","name":"Shoe 1","price":"59.90","sizes":[],"sku":"1","weight":null}`,
			`{"more":"{\"a\":1}","name":"Shoe 2","price":"59.90","sizes":[],"sku":"2","weight":null}`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		types := testkit.DuckDB(t, `select typeof(fields) as t from '`+path+`' limit 1`)
		if diff := cmp.Diff(`STRUCT(more VARCHAR, "name" VARCHAR, price VARCHAR, sizes STRUCT(eu BIGINT, "in" BOOLEAN)[], sku BIGINT, weight DOUBLE)`, types[0]["t"]); diff != "" {
			t.Errorf("types (-want +got):\n%s", diff)
		}
		if head, _, _ := strings.Cut(seine("export", "shoes", "-o", "-", "--format", "csv"), "\n"); !strings.HasPrefix(head, "job,key,kind,url,fetched_at,fields.sku,fields.name,fields.price,fields.weight,fields.sizes,fields.more") {
			t.Errorf("columns %s", head)
		}
		if out := seine("quarantine", "shoes"); !strings.Contains(out, "/name") || !strings.Contains(out, "the record has no value") {
			t.Error(out)
		}
		if out := seine("tasks", "shoes", "--state", "error"); !strings.Contains(out, "/name: required") {
			t.Error(out)
		}
	})
}
