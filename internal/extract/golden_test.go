package extract

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v4"

	"github.com/seinehq/seine"
)

var update = flag.Bool("update", false, "write what is wanted anew")

// written are the rules of a golden file.
type written struct {
	Fields  []Field
	Verdict []struct{ State, When, Why string }
	Assets  []AssetRule
	Key     string
}

func (w written) rules(t *testing.T) Rules {
	t.Helper()
	rules := Rules{Fields: w.Fields, Assets: w.Assets, Key: w.Key}
	for _, v := range w.Verdict {
		i := slices.IndexFunc(seine.States, func(s seine.State) bool { return s.String() == v.State })
		if i < 0 {
			t.Fatalf("unknown state %q", v.State)
		}
		state := seine.States[i]
		rules.Verdict = append(rules.Verdict, VerdictRule{State: state, When: v.When, Why: v.Why})
	}
	return rules
}

// wanted is the expectation of a golden file for a page.
type wanted struct {
	State  string            `json:"state"`
	Reason string            `json:"reason,omitempty"`
	Rule   string            `json:"rule,omitempty"`
	Fields map[string]any    `json:"fields,omitempty"`
	Assets []seine.Asset     `json:"assets,omitempty"`
	From   map[string]string `json:"from,omitempty"`
	Error  string            `json:"error,omitempty"`
}

// Each file of testdata holds rules and pages. A page's first line is its status and type, and its
// expected result follows.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string][]byte{}
			for _, f := range archive.Files {
				parts[f.Name] = f.Data
			}
			var w written
			if err := yaml.Load(parts["rules.yaml"], &w, yaml.WithKnownFields()); err != nil {
				t.Fatal(err)
			}
			s, problems := Compile(w.rules(t))
			if problems != nil {
				t.Fatal(problems)
			}
			out := &txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				name, isPage := strings.CutPrefix(f.Name, "page ")
				if strings.HasPrefix(f.Name, "wanted ") {
					continue
				}
				out.Files = append(out.Files, f)
				if !isPage {
					continue
				}
				got := judged(t, s, name, f.Data)
				if diff := cmp.Diff(string(got), string(parts["wanted "+name])); diff != "" && !*update {
					t.Errorf("page %s (-got +want):\n%s", name, diff)
				}
				out.Files = append(out.Files, txtar.File{Name: "wanted " + name, Data: got})
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(out), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// judged returns the result of the rules on a page, as JSON. The page's first line is its status
// and type.
func judged(t *testing.T, s *Scraper, name string, data []byte) []byte {
	t.Helper()
	head, body, _ := bytes.Cut(data, []byte("\n"))
	words := strings.Fields(string(head))
	if len(words) != 2 {
		t.Fatalf("page %s begins with %q; want status and type", name, head)
	}
	status := 0
	if err := json.Unmarshal([]byte(words[0]), &status); err != nil {
		t.Fatal(err)
	}
	task := seine.Task{Key: "123", ID: "123", URL: "https://cards.example/cert/123/psa", Meta: map[string]any{"set": "base"}}
	page := &seine.Page{URL: task.URL, Status: status, Type: words[1], Body: body}
	result, trace, err := s.Explain(t.Context(), task, page)
	w := wanted{State: result.Verdict.State.String(), Reason: result.Verdict.Reason, Rule: result.Verdict.Rule, Assets: result.Assets}
	if err != nil {
		w.Error, w.State = err.Error(), ""
	}
	for _, r := range result.Records {
		w.Fields = r.Fields
	}
	for _, f := range trace.Fields {
		if f.From != "" {
			if w.From == nil {
				w.From = map[string]string{}
			}
			w.From[f.Name] = f.From
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(w); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
