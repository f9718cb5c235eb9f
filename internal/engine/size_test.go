package engine

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A type with more fields, or with methods in more files, probably contains two types.
const (
	maxFields      = 15
	maxMethodFiles = 3
)

func TestTypesAreSmall(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{".", "../discovery", "../hosts", "../outage"} {
		fields, files := map[string]int{}, map[string]map[string]bool{}
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %v", dir, names, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.TypeSpec:
					if s, ok := n.Type.(*ast.StructType); ok {
						for _, f := range s.Fields.List {
							fields[n.Name.Name] += max(1, len(f.Names))
						}
					}
				case *ast.FuncDecl:
					if of := receiver(n); of != "" {
						if files[of] == nil {
							files[of] = map[string]bool{}
						}
						files[of][name] = true
					}
				}
				return true
			})
		}
		for name, n := range fields {
			if n > maxFields {
				t.Errorf("%s: %s has %d fields; at most %d", dir, name, n, maxFields)
			}
		}
		for name, in := range files {
			if len(in) > maxMethodFiles {
				t.Errorf("%s: %s has methods in %d files; at most %d", dir, name, len(in), maxMethodFiles)
			}
		}
		if len(fields) == 0 || len(files) == 0 {
			t.Errorf("%s: %d structs, %d types with methods", dir, len(fields), len(files))
		}
	}
}

// maxProcess is the largest number of lines of process.go, the place to start reading.
const maxProcess = 120

func TestProcessIsShort(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("process.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n > maxProcess {
		t.Errorf("process.go has %d lines; at most %d", n, maxProcess)
	}
}

// receiver returns the name of a method's type.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	e := f.Recv.List[0].Type
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if name, ok := e.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}
