package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// names are the exported names of the repository: "Name", "package.Name", "Type.Member", the
// packages, and the tables and views of the migrations.
func names(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	if err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			out[filepath.ToSlash(strings.TrimPrefix(path, "../"))] = true
			out[d.Name()] = true
		case strings.HasSuffix(path, ".sql"):
			text, err := os.ReadFile(path)
			for _, m := range regexp.MustCompile(`(?i)create (?:or replace )?(?:table|view) (?:seine\.)?(\w+)`).FindAllStringSubmatch(string(text), -1) {
				out[strings.ToLower(m[1])] = true
			}
			return err
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			note(out, file)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func note(out map[string]bool, file *ast.File) {
	add := func(owner, name string) {
		if ast.IsExported(name) {
			out[owner+"."+name], out[name] = true, true
		}
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			owner := file.Name.Name
			if d.Recv != nil {
				owner = strings.TrimPrefix(typeName(d.Recv.List[0].Type), "*")
			}
			add(owner, d.Name.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.ValueSpec:
					for _, name := range s.Names {
						add(file.Name.Name, name.Name)
					}
				case *ast.TypeSpec:
					add(file.Name.Name, s.Name.Name)
					for _, member := range members(s.Type) {
						add(s.Name.Name, member)
					}
				}
			}
		}
	}
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func members(e ast.Expr) []string {
	var list *ast.FieldList
	switch e := e.(type) {
	case *ast.StructType:
		list = e.Fields
	case *ast.InterfaceType:
		list = e.Methods
	default:
		return nil
	}
	var out []string
	for _, f := range list.List {
		for _, n := range f.Names {
			out = append(out, n.Name)
		}
	}
	return out
}

// Each code name of the glossary exists. Flags and commands are checked by the tests of package
// cli.
func TestGlossaryNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	known, checked := names(t), 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || strings.HasPrefix(cells[1], "---") {
			continue
		}
		code := cells[3]
		if len(cells) == 5 { // term, meaning, not
			code = cells[2]
		}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(code, -1) {
			name := m[1]
			if strings.HasPrefix(name, "-") || strings.HasPrefix(name, "seine ") || name == "http" || name == "chrome" {
				continue
			}
			checked++
			if !known[name] {
				t.Errorf("docs/glossary.md names %s, which is not there", name)
			}
		}
	}
	if checked < 30 {
		t.Errorf("%d names were checked; want at least 30", checked)
	}
}
