package extract

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"
)

// check reports why an expression does not fit the types of its names.
func (s *scope) check(source string, names types.Map, want reflect.Kind) error {
	_, err := expr.Compile(source, expr.Env(names), expr.AsKind(want), literalOption())
	return err
}

// texts returns a message about the mentioned texts that the expression uses as numbers. A text is
// at fault if the expression compiles with a number in its place. The message is empty if none is.
func (s *scope) texts(source string, mentioned []string, want reflect.Kind) string {
	found := s.numeric(mentioned)
	for _, n := range found {
		names := maps.Clone(s.strict)
		names[n.name] = n.as
		if s.check(source, names, want) == nil {
			return n.remedy()
		}
	}
	// An operation can join several texts, as in price + postage > 10.
	names, remedies := maps.Clone(s.strict), []string{}
	for _, n := range found {
		if n.path == n.name {
			names[n.name] = n.as
			remedies = append(remedies, n.remedy())
		}
	}
	if len(remedies) < 2 || s.check(source, names, want) != nil {
		return ""
	}
	return strings.Join(remedies, "; ")
}

// numeric is a name of an expression with a number in place of one text.
type numeric struct {
	name, path    string
	as            types.Type
	builtin, list bool
}

// remedy returns the message that asks for a number.
func (n numeric) remedy() string {
	if n.builtin {
		return fmt.Sprintf("%s is a text: write float(%s)", n.path, n.path)
	}
	is := "is a text"
	if n.list {
		is = "is a list of texts"
	}
	return fmt.Sprintf("%s %s: add type: float to the field", n.path, is)
}

// numeric lists the texts among the mentioned names, also those inside of objects.
func (s *scope) numeric(mentioned []string) []numeric {
	var out []numeric
	for _, name := range mentioned {
		i := slices.IndexFunc(s.fields, func(f *field) bool { return f.name == name })
		if i < 0 {
			if s.strict[name] == types.String {
				out = append(out, numeric{name: name, path: name, as: types.Float64, builtin: true})
			}
			continue
		}
		for _, v := range s.fields[i].numbers() {
			out = append(out, numeric{name: name, path: v.path, as: v.field.exprType(), list: s.lists[name] && v.path == name})
		}
	}
	return out
}

// numberVariant is a field with one text in it made a number; path names that text.
type numberVariant struct {
	path  string
	field *field
}

func (f *field) numbers() []numberVariant {
	var out []numberVariant
	switch {
	case f.first != nil:
		variant := *f
		variant.first = nil
		for _, one := range f.first {
			as := one.numbers()
			if len(as) != 1 {
				return nil
			}
			variant.first = append(variant.first, as[0].field)
		}
		out = append(out, numberVariant{f.name, &variant})
	case f.nested != nil:
		for i, inner := range f.nested {
			for _, v := range inner.numbers() {
				variant := *f
				variant.nested = slices.Clone(f.nested)
				variant.nested[i] = v.field
				out = append(out, numberVariant{f.name + "." + v.path, &variant})
			}
		}
	case f.itemType() == types.String:
		variant := *f
		variant.typ = "float"
		out = append(out, numberVariant{f.name, &variant})
	}
	return out
}
