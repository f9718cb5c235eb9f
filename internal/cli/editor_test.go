package cli_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seinehq/seine/internal/jobfile"
)

// editor speaks the Language Server Protocol 3.17 to the YAML language server, as an editor does.
type editor struct {
	*testing.T

	dir  string
	to   io.Writer
	from *textproto.Reader
	body io.Reader
	ids  int

	// diagnostics are the latest ones of each file.
	diagnostics map[string][]string
}

type message struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

// openEditor starts the server with its defaults, except for the list of schemas in the Internet.
func openEditor(t *testing.T, dir string) *editor {
	t.Helper()
	program := os.Getenv("SEINE_TEST_YAML_SERVER")
	if program == "" {
		t.Fatal("SEINE_TEST_YAML_SERVER is not set: run the tests by `make test`, or set it to the file that scripts/yaml-language-server prints")
	}
	c := exec.CommandContext(t.Context(), "node", program, "--stdio")
	c.Dir, c.Stderr = dir, os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	r := bufio.NewReader(out)
	e := &editor{T: t, dir: dir, to: in, from: textproto.NewReader(r), body: r, diagnostics: map[string][]string{}}
	e.ask("initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": e.uri(""),
		"capabilities": map[string]any{
			"workspace":    map[string]any{"configuration": true},
			"textDocument": map[string]any{"completion": map[string]any{"completionItem": map[string]any{"documentationFormat": []string{"markdown"}}}},
		},
	})
	e.tell("initialized", map[string]any{})
	return e
}

func (e *editor) uri(file string) string {
	return (&url.URL{Scheme: "file", Path: filepath.Join(e.dir, file)}).String()
}

func (e *editor) send(m map[string]any) {
	e.Helper()
	m["jsonrpc"] = "2.0"
	text, err := json.Marshal(m)
	if err == nil {
		_, err = fmt.Fprintf(e.to, "Content-Length: %d\r\n\r\n%s", len(text), text)
	}
	if err != nil {
		e.Fatal(err)
	}
}

func (e *editor) tell(method string, params any) {
	e.Helper()
	e.send(map[string]any{"method": method, "params": params})
}

// ask sends a request and returns its result.
func (e *editor) ask(method string, params any) json.RawMessage {
	e.Helper()
	e.ids++
	e.send(map[string]any{"id": e.ids, "method": method, "params": params})
	for {
		m := e.next()
		if m.Method != "" || string(m.ID) != strconv.Itoa(e.ids) {
			continue
		}
		if m.Error != nil {
			e.Fatalf("%s: %s", method, m.Error)
		}
		return m.Result
	}
}

// next reads a message. It answers the requests of the server and keeps its diagnostics.
func (e *editor) next() (m message) {
	e.Helper()
	head, err := e.from.ReadMIMEHeader()
	if err != nil {
		e.Fatalf("the language server ended: %v", err)
	}
	n, err := strconv.Atoi(head.Get("Content-Length"))
	if err != nil {
		e.Fatal(err)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(e.body, text); err != nil {
		e.Fatal(err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		e.Fatal(err)
	}
	switch {
	case m.Method == "workspace/configuration":
		var p struct{ Items []struct{ Section string } }
		if err := json.Unmarshal(m.Params, &p); err != nil {
			e.Fatal(err)
		}
		settings := make([]any, len(p.Items))
		for i, item := range p.Items {
			if item.Section == "yaml" {
				settings[i] = map[string]any{"schemaStore": map[string]any{"enable": false}, "validate": true, "completion": true, "hover": true}
			}
		}
		e.send(map[string]any{"id": m.ID, "result": settings})
	case m.Method == "textDocument/publishDiagnostics":
		var p struct {
			URI         string
			Diagnostics []struct {
				Message string
				Range   struct{ Start struct{ Line, Character int } }
			}
		}
		if err := json.Unmarshal(m.Params, &p); err != nil {
			e.Fatal(err)
		}
		list := []string{}
		for _, d := range p.Diagnostics {
			list = append(list, fmt.Sprintf("%d:%d %s", d.Range.Start.Line+1, d.Range.Start.Character+1, d.Message))
		}
		e.diagnostics[p.URI] = list
	case m.Method != "" && m.ID != nil:
		e.send(map[string]any{"id": m.ID, "result": nil})
	}
	return m
}

// open opens a file with a text and returns what the server says about it.
func (e *editor) open(file, text string) []string {
	e.Helper()
	delete(e.diagnostics, e.uri(file))
	e.tell("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": e.uri(file), "languageId": "yaml", "version": 1, "text": text}})
	for {
		e.next()
		if said, ok := e.diagnostics[e.uri(file)]; ok {
			return said
		}
	}
}

// at returns the parameters of a request about the place | in a text. It opens the file without it.
func (e *editor) at(file, text string) map[string]any {
	e.Helper()
	before, after, ok := strings.Cut(text, "|")
	if !ok {
		e.Fatalf("%q has no place", text)
	}
	e.open(file, before+after)
	return map[string]any{
		"textDocument": map[string]any{"uri": e.uri(file)},
		"position":     map[string]any{"line": strings.Count(before, "\n"), "character": len(before) - strings.LastIndexByte(before, '\n') - 1},
	}
}

// complete returns the labels at |.
func (e *editor) complete(file, text string) (labels []string) {
	e.Helper()
	var list struct{ Items []struct{ Label string } }
	if err := json.Unmarshal(e.ask("textDocument/completion", e.at(file, text)), &list); err != nil {
		e.Fatal(err)
	}
	for _, i := range list.Items {
		labels = append(labels, i.Label)
	}
	return labels
}

// The YAML language server finds the schema by the first line of a job file, completes keys and
// values, explains keys and marks mistakes. It finds none in the examples.
func TestAnEditorKnowsJobFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "seine.schema.json"), jobfile.Schema(), 0o600); err != nil {
		t.Fatal(err)
	}
	e := openEditor(t, dir)
	const first = "# yaml-language-server: $schema=seine.schema.json\n"
	const job = first + "job: shop\ncontact: data@example.org\nseeds: {urls: [\"https://shop.example/\"]}\n"

	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"right":       {job + "fields: {title: {css: h1}}\n", []string{}},
		"unknown key": {job + "fields: {title: {css: h1}}\ncolour: red\n", []string{"6:1 Property colour is not allowed."}},
		"nested":      {job + "fields: {title: {css: h1, atr: href}}\n", []string{"5:27 Property atr is not allowed."}},
		"no schema":   {strings.TrimPrefix(job, first) + "colour: red\n", []string{}},
	} {
		if d := cmp.Diff(tt.want, e.open(strings.ReplaceAll(name, " ", "-")+".yaml", tt.text)); d != "" {
			t.Errorf("%s: diagnostics (-want +got):\n%s", name, d)
		}
	}
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"keys":    {job + "|", []string{"fields", "pace", "pages", "verdict"}},
		"in pace": {job + "fields: {title: {css: h1}}\npace:\n  |", []string{"delay", "concurrency", "rest"}},
		"values":  {job + "fields: {title: {css: h1}}\nrobots: |", []string{"obey", "ignore"}},
	} {
		got := e.complete(strings.ReplaceAll(name, " ", "-")+".yaml", tt.text)
		for _, want := range tt.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s: completion gives %q; want %s among them", name, got, want)
			}
		}
	}
	hover := string(e.ask("textDocument/hover", e.at("hover.yaml", job+"fields: {title: {css: h1}}\nrecord_|pages: true\n")))
	if !strings.Contains(hover, "Stores the response of each attempt") {
		t.Errorf("hover over record_pages says %s; want its description", hover)
	}

	files, err := filepath.Glob(filepath.Join("..", "..", "examples", "*", "*.yaml"))
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if said := e.open(fmt.Sprintf("example-%d.yaml", i), first+string(text)); len(said) > 0 {
			t.Errorf("%s: the editor says %q; want nothing", file, said)
		}
	}
}
