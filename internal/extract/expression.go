package extract

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// maxSource is the most bytes of one selector, pattern, path or expression; the
// parsers of some of them recurse.
const maxSource = 8 << 10

// reserved are the names that are not a field's.
var reserved = map[string]bool{
	"id": true, "url": true, "status": true, "meta": true, "key": true, "asset": true, "ext": true,
}

// keywords are the words that an expression reads as its own.
var keywords = []string{
	"and", "contains", "else", "endsWith", "false", "if", "in", "let", "matches", "nil", "not", "or", "startsWith", "true",
}

// scope holds the names that the expressions of a job may use.
type scope struct {
	// strict has the fields with their types, to find mistakes. loose has them as any type, to run,
	// because a typed comparison would fail on a missing field.
	strict, loose types.Map
	names         []string
	lists         map[string]bool // of the fields: is it a list
	fields        []*field
	late          []string // fields that have no value yet when expressions run
}

func newScope(fields []*field) *scope {
	s := &scope{strict: types.Map{}, loose: types.Map{}, lists: map[string]bool{}, fields: fields}
	for name, t := range map[string]types.Type{
		"id": types.String, "key": types.String, "url": types.String, "status": types.Int,
		"meta": types.TypeOf(map[string]any{}),
	} {
		s.strict[name], s.loose[name] = t, t
		s.names = append(s.names, name)
	}
	for _, f := range fields {
		if f.late != nil {
			s.late = append(s.late, f.name)
			continue
		}
		s.strict[f.name], s.loose[f.name] = f.exprType(), types.Any
		s.names = append(s.names, f.name)
		s.lists[f.name] = f.all || len(f.first) > 0 && f.first[0].all
	}
	slices.Sort(s.names)
	return s
}

// exprType returns the type of the field's values, as far as it is known.
func (f *field) exprType() types.Type {
	t := f.itemType()
	if f.or != nil && !f.all && !sameType(t, types.TypeOf(f.or)) {
		return types.Any
	}
	if f.all {
		return types.Array(t)
	}
	return t
}

func (f *field) itemType() types.Type {
	switch {
	case f.first != nil:
		t := f.first[0].exprType()
		for _, other := range f.first[1:] {
			if !sameType(t, other.exprType()) {
				return types.Any
			}
		}
		return t
	case f.nested != nil:
		object := types.Map{}
		for _, inner := range f.nested {
			object[inner.name] = inner.exprType()
		}
		return object
	case f.typ == "int":
		return types.Int64
	case f.typ == "float", f.typ == "decimal":
		return types.Float64
	case f.typ == "bool":
		return types.Bool
	case f.typ == "price":
		return types.Map{priceAmount: types.Float64, priceCurrency: types.String, priceNote: types.String}
	case f.typ == "string", f.typ == "date", !f.json, f.match != nil:
		return types.String
	}
	return types.Any
}

// sameType compares two types. The library's Equal takes any for every type.
func sameType(a, b types.Type) bool {
	return (a == types.Any) == (b == types.Any) && a.Equal(b)
}

// expression is a compiled expression.
type expression struct {
	src      string
	program  *vm.Program
	mentions []string // the names it uses, in order
	untyped  []string // the fields among them whose type is known only with their value
}

// mistake is why an expression does not compile.
type mistake struct{ message, near string }

// compile checks src and compiles it. want is the kind of its result.
func (s *scope) compile(src string, want reflect.Kind) (*expression, []mistake) {
	one := func(format string, args ...any) (*expression, []mistake) {
		return nil, []mistake{{message: fmt.Sprintf(format, args...)}}
	}
	switch {
	case strings.TrimSpace(src) == "":
		return one("the expression is empty")
	case len(src) > maxSource:
		return one("the expression has %d bytes; at most %d", len(src), maxSource)
	}
	exactSource := quoteLiterals(src)
	tree, err := parser.Parse(exactSource)
	if err != nil {
		return one("does not compile: %s", explain(err))
	}
	v := &visitor{}
	ast.Walk(&tree.Node, v)
	var mistakes []mistake
	for _, name := range v.names {
		if slices.Contains(v.bound, name) || slices.Contains(s.names, name) || name == literalFunc {
			continue
		}
		if slices.Contains(builtin.Names, name) {
			mistakes = append(mistakes, mistake{message: fmt.Sprintf("%s is a function: write %s(…)", name, name)})
			continue
		}
		if slices.Contains(s.late, name) {
			mistakes = append(mistakes, mistake{message: fmt.Sprintf("%s is known only when its asset is stored, and expressions come before that", name)})
			continue
		}
		known := s.names
		if slices.Contains(v.called, name) {
			known = builtin.Names
		}
		if meant := otherWords[name]; meant != "" && !slices.Contains(v.called, name) {
			mistakes = append(mistakes, mistake{message: fmt.Sprintf("unknown name %q in the expression: write %s", name, meant)})
			continue
		}
		mistakes = append(mistakes, mistake{
			message: fmt.Sprintf("unknown name %q in the expression", name), near: Nearest(name, known),
		})
	}
	for _, name := range v.indexed {
		if list, field := s.lists[name]; field && !list && s.strict[name] != types.Any {
			mistakes = append(mistakes, mistake{message: fmt.Sprintf("%s is not a list: give the field all: true", name)})
		}
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	if err := s.check(exactSource, s.strict, want); err != nil {
		if why := s.texts(exactSource, v.names, want); why != "" {
			return one("%s%s", why, character(err))
		}
		return one("does not compile: %s", explain(err))
	}
	env := maps.Clone(s.loose)
	env[clockName] = types.Any
	program, err := expr.Compile(exactSource, append(slices.Concat(exactOptions(), tickOptions(), matchOptions()), expr.Env(env))...)
	if err != nil {
		return one("does not compile: %s", explain(err))
	}
	e := &expression{src: src, program: program, mentions: v.names}
	for _, name := range v.names {
		if _, field := s.lists[name]; field && s.strict[name] == types.Any {
			e.untyped = append(e.untyped, name)
		}
	}
	return e, nil
}

// visitor notes the names of an expression.
type visitor struct{ names, bound, called, indexed []string }

// Visit is called for a node after its children.
func (v *visitor) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if !slices.Contains(v.names, n.Value) {
			v.names = append(v.names, n.Value)
		}
	case *ast.VariableDeclaratorNode:
		v.bound = append(v.bound, n.Name)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			v.called = append(v.called, callee.Value)
		}
	case *ast.MemberNode:
		if of, ok := n.Node.(*ast.IdentifierNode); ok {
			if _, named := n.Property.(*ast.StringNode); !named {
				v.indexed = append(v.indexed, of.Value)
			}
		}
	}
}

// goTypes are the words of the library for what we call otherwise.
var goTypes = strings.NewReplacer("[]interface {}", "list", "map[string]interface {}", "object", "interface {}", "any", "<nil>", "nil")

// otherWords are the words of other languages for the values of expressions.
var otherWords = map[string]string{
	"null": "nil", "NULL": "nil", "None": "nil", "undefined": "nil", "True": "true", "False": "false",
}

// otherSigns are the remedies for signs of other languages, by the library's message.
var otherSigns = map[string]string{
	`unexpected token Operator("=")`:    "two values are equal with ==",
	`unexpected token Identifier("is")`: "compare with ==, for example price == nil",
	"memory budget exceeded":            "an expression makes at most a million values",
}

// explain returns an error of the library on one line.
func explain(err error) string {
	if e, ok := errors.AsType[*file.Error](err); ok {
		if remedy := otherSigns[e.Message]; remedy != "" {
			return e.Message + character(err) + ": " + remedy
		}
		return goTypes.Replace(e.Message) + character(err)
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return goTypes.Replace(line)
}

// character returns the position of an error in the expression, in characters, or an empty string
// if it is unknown.
func character(err error) string {
	if e, ok := errors.AsType[*file.Error](err); ok && e.Column > 0 {
		return fmt.Sprintf(" (character %d)", e.Column+1)
	}
	return ""
}

// run evaluates the expression. If a missing field is the reason, the error names it.
func (e *expression) run(env map[string]any) (any, error) {
	v, err := expr.Run(e.program, env)
	if err == nil {
		return v, nil
	}
	if name := e.missing(env); name != "" {
		return nil, &missingError{name}
	}
	why := explain(err)
	if name := e.textual(env); name != "" && strings.Contains(why, "string") {
		why = fmt.Sprintf("%s is a text: add type: float to the field (%s)", name, why)
	}
	return nil, errors.New(cut(why, 200))
}

// textual returns the first field of the expression whose value is a text although its type was
// not known. It returns an empty text if there is none.
func (e *expression) textual(env map[string]any) string {
	for _, name := range e.mentions {
		if _, is := env[name].(string); is && slices.Contains(e.untyped, name) {
			return name
		}
	}
	return ""
}

// missing returns the first name of the expression that has no value.
func (e *expression) missing(env map[string]any) string {
	for _, name := range e.mentions {
		if v, ok := env[name]; ok && v == nil {
			return name
		}
	}
	return ""
}

// missingError reports that an expression needs a value that is missing.
type missingError struct{ name string }

func (e *missingError) Error() string { return e.name + ": missing" }
