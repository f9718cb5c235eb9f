package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seinehq/seine/examples"
	"github.com/seinehq/seine/internal/buckets"
	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/cli"
	"github.com/seinehq/seine/internal/cloudsql"
)

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

// asCommand makes the test binary be the command, for tests that signal it.
const asCommand = "SEINE_CLI_COMMAND"

// program is the seine command.
var program = cli.Program{CheckStore: buckets.Check}

func TestMain(m *testing.M) {
	cloudsql.Link()
	if os.Getenv(asCommand) != "" {
		os.Exit(cli.Main(program))
	}
	testscript.Main(m, map[string]func(){"seine": func() { os.Exit(cli.Main(program)) }})
}

// The manual's examples, run. Besides testscript's own commands:
//
//	exits CODE PROGRAM ARG…  runs it to its end and wants this exit code
//	serve [-plain] FROM TO   serves a registry without troubles; cards.yaml is its job
//	asked HOST N             wants N requests at "pages" or "images" so far
//	fill FILE…               puts the registry's addresses for PAGES and IMAGES
//	mask                     takes addresses, folders, sizes and durations out of the output
//	shape                    prints the keys of JSON output with their types
func TestScripts(t *testing.T) {
	t.Parallel()
	example, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("EXAMPLES", example)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "serve": serve, "asked": asked, "fill": fill, "mask": mask, "shape": shape,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d; want %d", got, want)
	}
}

// sites holds the registries of the scripts, by their folder.
var sites sync.Map

func siteOf(ts *testscript.TestScript) *cardsite.Served {
	s, ok := sites.Load(ts.Getenv("WORK"))
	if !ok {
		ts.Fatalf("no registry is served: serve FROM TO")
	}
	return s.(*cardsite.Served)
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	plain := len(args) > 0 && args[0] == "-plain"
	if plain {
		args = args[1:]
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve [-plain] FROM TO")
	}
	from, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	to, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	site, err := cardsite.New(cardsite.Config{From: from, To: to, Calm: true, Plain: plain})
	ts.Check(err)
	s, err := cardsite.Serve(context.Background(), site, "127.0.0.1:0", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = s.Close() })
	sites.Store(ts.Getenv("WORK"), s)
	ts.Setenv("PAGES", s.PagesURL)
	text := strings.NewReplacer(
		examples.CardsitePages, strings.TrimPrefix(s.PagesURL, "http://"),
		examples.CardsiteImages, strings.TrimPrefix(s.ImagesURL, "http://"),
		"from: 70000000", "from: "+args[0], "to: 70000199", "to: "+args[1],
	).Replace(examples.Cardsite)
	ts.Check(os.WriteFile(ts.MkAbs("cards.yaml"), []byte(text), 0o600))
}

func asked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: asked HOST N")
	}
	n := 0
	for _, e := range siteOf(ts).Journal() {
		if e.Host == args[0] {
			n++
		}
	}
	if got := fmt.Sprint(n); got != args[1] {
		ts.Fatalf("%s were asked %s times; want %s", args[0], got, args[1])
	}
}

func fill(ts *testscript.TestScript, _ bool, args []string) {
	s := siteOf(ts)
	for _, name := range args {
		text := strings.NewReplacer("PAGES", s.PagesURL, "IMAGES", s.ImagesURL).Replace(ts.ReadFile(name))
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

var (
	took    = regexp.MustCompile(`\b(took|in) ([0-9]+[hm])*[0-9.]+[µnm]?s\b`)
	elapsed = regexp.MustCompile(`"ms":\d+`)
	rate    = regexp.MustCompile(`  [0-9.]+ tasks/s by \d+ workers`)
	sizes   = regexp.MustCompile(`\b[0-9.]+ (B|KiB|MiB)\b`)
	says    = regexp.MustCompile(`says [0-9]+`)
	digests = regexp.MustCompile(`^[0-9a-f]{64}$`)
	blanks  = regexp.MustCompile(`(?m) +$`)
)

func mask(ts *testscript.TestScript, _ bool, _ []string) {
	pairs := []string{ts.Getenv("WORK"), "WORK"}
	if _, ok := sites.Load(ts.Getenv("WORK")); ok {
		s := siteOf(ts)
		pairs = append(pairs, s.PagesURL, "PAGES", s.ImagesURL, "IMAGES", strings.TrimPrefix(s.PagesURL, "http://"), "PAGES_HOST")
	}
	replace := strings.NewReplacer(pairs...)
	for name, w := range map[string]io.Writer{"stdout": ts.Stdout(), "stderr": ts.Stderr()} {
		text := replace.Replace(ts.ReadFile(name))
		text = elapsed.ReplaceAllString(took.ReplaceAllString(text, "$1 TIME"), `"ms":0`)
		text = says.ReplaceAllString(sizes.ReplaceAllString(text, "SIZE"), "says N")
		text = blanks.ReplaceAllString(rate.ReplaceAllString(text, ""), "")
		_, err := io.WriteString(w, text)
		ts.Check(err)
	}
}

// shape prints each path of JSON output once, with the types that stand there. It leaves out the
// values by the given names, which depend on the draws of a run.
func shape(ts *testscript.TestScript, _ bool, without []string) {
	paths := map[string]map[string]bool{}
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	for {
		var v any
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			break
		}
		ts.Check(err)
		collect(paths, "", v)
	}
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		if name, _, _ := strings.Cut(p, "."); slices.Contains(without, name) {
			continue
		}
		_, err := fmt.Fprintf(ts.Stdout(), "%s %s\n", p, strings.Join(slices.Sorted(maps.Keys(paths[p])), "|"))
		ts.Check(err)
	}
}

func collect(paths map[string]map[string]bool, at string, v any) {
	note := func(kind string) {
		if paths[at] == nil {
			paths[at] = map[string]bool{}
		}
		paths[at][kind] = true
	}
	switch v := v.(type) {
	case map[string]any:
		if at != "" {
			note("object")
		}
		for k, x := range v {
			k = digests.ReplaceAllString(k, "DIGEST") // of a job whose site has another port each time
			collect(paths, strings.TrimPrefix(at+"."+k, "."), x)
		}
	case []any:
		note("list")
		for _, x := range v {
			collect(paths, at+"[]", x)
		}
	case string:
		note("string")
	case float64:
		note("number")
	case bool:
		note("bool")
	case nil:
		note("null")
	}
}
