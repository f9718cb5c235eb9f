package internal_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateAPI = flag.Bool("update-api", false, "write the public API into api.txt")

// public are the packages that programs of users import.
var public = []string{"", "html", "seinetest", "worker"}

// The public API changes on purpose only. `go test ./internal -run API -update-api` writes api.txt,
// and `make api` tells which changes break programs.
func TestAPI(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for _, dir := range public {
		b.WriteString("package " + filepath.ToSlash(filepath.Join(module, dir)) + "\n\n")
		for _, d := range exported(t, dir) {
			b.WriteString(d + "\n\n")
		}
	}
	if *updateAPI {
		if err := os.WriteFile("../api.txt", b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("../api.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the API differs from api.txt; if that is meant, run `go test ./internal -run API -update-api` (-api.txt +code):\n%s", diff)
	}
}

// exported returns the exported declarations of a package without comments and bodies, sorted.
func exported(t *testing.T, dir string) (out []string) {
	t.Helper()
	files := token.NewFileSet()
	names, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(f)
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				d.Body = nil
			case *ast.GenDecl:
				if d.Tok == token.IMPORT {
					continue
				}
			}
			var b bytes.Buffer
			if err := (&printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 4}).Fprint(&b, token.NewFileSet(), d); err != nil {
				t.Fatal(err)
			}
			out = append(out, b.String())
		}
	}
	slices.Sort(out)
	return out
}

// Each exported name of the public packages has a comment that begins with it.
func TestPublicNamesHaveComments(t *testing.T) {
	t.Parallel()
	for _, dir := range public {
		names, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				for _, missing := range undocumented(d) {
					t.Errorf("%s: %s has no comment", name, missing)
				}
			}
		}
	}
}

// undocumented returns the exported names of a declaration that have no comment.
func undocumented(d ast.Decl) (out []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || ast.IsExported(strings.TrimPrefix(typeName(d.Recv.List[0].Type), "*"))) {
			out = append(out, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
					out = append(out, s.Name.Name)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					out = append(out, s.Names[0].Name)
				}
			}
		}
	}
	return out
}
