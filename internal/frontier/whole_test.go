package frontier_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const home = "github.com/seinehq/seine/internal/frontier"

// openers are the packages that make whole frontiers: the drivers, and what opens them for tests.
var openers = []string{"internal/frontier/", "internal/cloudsql/", "internal/testkit/"}

// handsOn are the files that hand an opened frontier on, because its receiver chooses the roles.
var handsOn = map[string]string{
	"internal/runner/runner.go": "Config.Pages gets the frontier that Open opened",
	"internal/cli/run.go":       "sets Config.Pages",
}

// A package names the roles that it needs. The whole interface is only the result of a function
// that opens a frontier: no parameter, variable, field or embedded type.
func TestNoPackageTakesTheWholeFrontier(t *testing.T) {
	t.Parallel()
	const root = "../.."
	files, found := 0, map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
		switch {
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || name == "bench"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		for _, in := range openers {
			if strings.HasPrefix(name, in) {
				return nil
			}
		}
		files++
		for _, at := range wholes(t, path) {
			if found[name] = true; handsOn[name] == "" {
				t.Errorf("%s:%d takes the whole frontier; name the roles that it needs", name, at)
			}
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Fatalf("read %d files, %v; want the repository's", files, err)
	}
	for name := range handsOn {
		if !found[name] {
			t.Errorf("%s takes no whole frontier; it needs no exception", name)
		}
	}
}

// wholes returns the lines of a file at which the whole interface is not a result.
func wholes(t *testing.T, path string) (lines []int) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{} // under which the file imports the interface
	for _, i := range file.Imports {
		at, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if at != home && at != home+"/drivers" {
			continue
		}
		if name := filepath.Base(at); i.Name != nil {
			names[i.Name.Name] = true
		} else {
			names[name] = true
		}
	}
	results := map[ast.Node]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncType:
			if n.Results != nil {
				for _, r := range n.Results.List {
					results[r.Type] = true
				}
			}
		case *ast.SelectorExpr:
			if of, ok := n.X.(*ast.Ident); ok && names[of.Name] && n.Sel.Name == "Frontier" && !results[n] {
				lines = append(lines, set.Position(n.Pos()).Line)
			}
		}
		return true
	})
	return lines
}
