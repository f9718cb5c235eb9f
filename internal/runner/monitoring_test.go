package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/runner"
	"github.com/seinehq/seine/internal/testkit"
)

// ofTarget are the labels that Prometheus adds to the series of a worker. It renames our job.
var ofTarget = []string{"namespace", "pod", "instance"}

var (
	seriesLine = regexp.MustCompile(`(?m)^(seine_[a-z_]+)(?:\{(.*)\})? `)
	labelPair  = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)
	selector   = regexp.MustCompile(`\b(seine_[a-z_]+)\b(?:\{([^}]*)\})?`)
	grouping   = regexp.MustCompile(`\b(?:by|on) \(([a-z_, ]+)\)`)
)

// series are the label sets of a scrape, by name.
type series map[string][]map[string]string

func seriesOf(text string) series {
	out := series{}
	for _, m := range seriesLine.FindAllStringSubmatch(text, -1) {
		labels := map[string]string{}
		for _, l := range labelPair.FindAllStringSubmatch(m[2], -1) {
			labels[strings.Replace(l[1], "job", "exported_job", 1)] = l[2]
		}
		out[m[1]] = append(out[m[1]], labels)
	}
	return out
}

// lacks tells which names, labels and values of an expression a scrape does not have.
func (s series) lacks(expr string) (out []string) {
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		of, ok := s[m[1]]
		if !ok {
			out = append(out, m[1])
			continue
		}
		for _, l := range labelPair.FindAllStringSubmatch(m[2], -1) {
			if !slices.ContainsFunc(of, func(labels map[string]string) bool { return labels[l[1]] == l[2] }) {
				out = append(out, m[1]+"{"+l[0]+"}")
			}
		}
		for _, g := range grouping.FindAllStringSubmatch(expr, -1) {
			for label := range strings.SplitSeq(g[1], ",") {
				label = strings.TrimSpace(label)
				if _, ok := of[0][label]; !ok && !slices.Contains(ofTarget, label) {
					out = append(out, m[1]+" by "+label)
				}
			}
		}
	}
	return out
}

// Each name, label and value in an alert rule or in the dashboard stands in the metrics of a run,
// and the check of deploy/ knows every metric.
func TestAlertsAndDashboardFitTheMetrics(t *testing.T) {
	t.Parallel()
	site := testkit.Serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "hello") })
	w, err := runner.Open(t.Context(), runner.Config{
		Frontier: "sqlite:" + t.TempDir() + "/seine.db", Store: "file:" + t.TempDir(), Migrate: true, UntilDone: true, HTTP: "127.0.0.1:0", Version: "v1",
		Jobs: []seine.Job{{
			Name: "cards", Seeds: seine.Seeds{URLs: []string{site.URL + "/a", site.URL + "/bad"}}, Retry: seine.Retries{Error: 1},
			Fetch: seine.Fetch{AllowPrivate: []seine.PrivateNet{seine.MustParsePrivateNet("127.0.0.0/8")}},
			Scraper: seine.ScraperFunc(func(_ context.Context, task seine.Task, _ *seine.Page) (seine.Result, error) {
				if strings.HasSuffix(task.URL, "/bad") {
					return seine.Result{}, errors.New("no such field")
				}
				return seine.Result{Records: []seine.Record{{Fields: map[string]any{"a": 1}}}}, nil
			}),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, text := ask(t, w, "/metrics")
	got := seriesOf(text)
	monitoring := filepath.Join("..", "..", "deploy", "monitoring")
	var board struct {
		Panels []struct {
			Targets []struct{ Expr string }
		}
	}
	raw, err := os.ReadFile(filepath.Join(monitoring, "dashboard.json"))
	if err == nil {
		err = json.Unmarshal(raw, &board)
	}
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Expr string }
		}
	}
	if raw, err = os.ReadFile(filepath.Join(monitoring, "rules.yaml")); err == nil {
		err = yaml.Unmarshal(raw, &rules)
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range board.Panels {
		for _, x := range p.Targets {
			all = append(all, x.Expr)
		}
	}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			all = append(all, r.Expr)
		}
	}
	if len(all) < 25 {
		t.Fatalf("%d expressions: %q", len(all), all)
	}
	for _, expr := range all {
		if lacks := got.lacks(expr); len(lacks) > 0 {
			t.Errorf("%s: no series has %q", expr, lacks)
		}
	}
	for expr, want := range map[string]string{
		"seine_none": "seine_none", `seine_tasks{state="lost"}`: `seine_tasks{state="lost"}`, "sum by (exported_job) (seine_workers)": "seine_workers by exported_job",
	} {
		if lacks := got.lacks(expr); !slices.Equal(lacks, []string{want}) {
			t.Errorf("of %s the check finds %q; want %q", expr, lacks, want)
		}
	}
	known, err := os.ReadFile(filepath.Join("..", "..", "deploy", "verify", "policy_fleet.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		for _, end := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, end)
		}
		if !strings.Contains(string(known), `"`+name+`"`) {
			t.Errorf("deploy/verify does not know %s", name)
		}
	}
}
