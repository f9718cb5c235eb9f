package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/recording"
	"github.com/seinehq/seine/internal/wiring"
)

// exitExamples reports examples whose result is not the expected one.
const exitExamples = 14

// testCommand is `seine test`.
type testCommand struct {
	*app

	update bool
}

func newTest(a *app) *cobra.Command {
	x := &testCommand{app: a}
	c := &cobra.Command{
		Use: "test JOB [NAME…]", Short: "Apply the rules to the saved pages in testdata and compare the results", Args: cobra.MinimumNArgs(1),
		Long: `Applies the rules of a job file to the pages in testdata/*.txtar beside it, and compares
state, records, assets and links with those that each file expects. It makes no request.
"seine try JOB KEY --save NAME" writes such a file. -update writes the results of now
into the files.

Exit code 14 means that a result is not the expected one.

-o json prints a line for each page, {"name", "ok", "diff"}.`,
		Example: `  seine test shop.yaml
  seine test shop.yaml --update shoes`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args) },
	}
	c.Flags().BoolVar(&x.update, "update", false, "write the results of now into the files")
	return c
}

// exampleName is a name without a path.
var exampleName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// examplePath returns the file of an example of a job file.
func examplePath(job, name string) (string, error) {
	if !exampleName.MatchString(name) {
		return "", usagef("name %q: give at most 100 letters, digits, '.', '_' and '-', beginning with a letter or digit", name)
	}
	return filepath.Join(filepath.Dir(job), "testdata", strings.TrimSuffix(name, ".txtar")+".txtar"), nil
}

func (a *testCommand) run(ctx context.Context, args []string) error {
	job, _, err := a.load(args[0])
	if err != nil {
		return err
	}
	var paths []string
	for _, name := range args[1:] {
		path, err := examplePath(args[0], name)
		if err != nil {
			return err
		}
		paths = append(paths, path)
	}
	if len(paths) == 0 {
		if paths, err = filepath.Glob(filepath.Join(escapeGlob(filepath.Dir(args[0])), "testdata", "*.txtar")); err != nil {
			return err
		}
	}
	if len(paths) == 0 {
		return usagef("%s has no saved pages: `seine try %s KEY --save NAME` writes one", filepath.Join(filepath.Dir(args[0]), "testdata"), args[0])
	}
	failed := 0
	for _, path := range paths {
		ok, err := a.one(ctx, job, path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if !ok {
			failed++
		}
	}
	if failed > 0 {
		return coded{exitExamples, fmt.Errorf("%d of %s failed: change the rules, or run `seine test %s --update`", failed, counted(len(paths), "page"), args[0])}
	}
	if !a.json() {
		a.print("%s passed", counted(len(paths), "page"))
	}
	return nil
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// one tests a file.
func (a *testCommand) one(ctx context.Context, job *seine.Job, path string) (ok bool, err error) {
	text, err := os.ReadFile(path) //nolint:gosec // beside the job file
	if err != nil {
		return false, err
	}
	example, err := recording.ParseExample(text)
	if err != nil {
		return false, err
	}
	got, err := wiring.Judge(ctx, job, example)
	if err != nil {
		return false, err
	}
	name := strings.TrimSuffix(filepath.Base(path), ".txtar")
	change := ""
	switch ok = bytes.Equal(got, example.Expect); {
	case ok:
	case a.update:
		ok = true
		if err := writeExample(path, recording.WithExpect(text, got)); err != nil {
			return false, err
		}
	default:
		change = string(diff.Diff(name+" expected", example.Expect, name+" got", got))
	}
	if a.json() {
		return ok, a.printJSON(map[string]any{"name": name, "ok": ok, "diff": change})
	}
	if !ok {
		a.print("FAIL %s", name)
		a.print("%s", strings.TrimRight(change, "\n"))
	} else if a.verbose {
		a.print("ok   %s", name)
	}
	return ok, nil
}

// writeExample replaces a file as a whole.
func writeExample(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // beside the job file, as readable as it
		return err
	}
	to, err := dataset.ToFile(path)
	if err != nil {
		return err
	}
	defer to.Abort()
	if _, err := to.Write(text); err != nil {
		return err
	}
	return to.Commit()
}
