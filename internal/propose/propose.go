// Package propose reads a page and proposes the rules of a job file for it. Fields come from
// JSON-LD, microdata, meta elements, tables and headings. Links come from lists and pagination.
//
// A proposal is a guess that a person reads. So every field is applied to the page by the rules
// themselves, and a field without a value is left out.
package propose

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
)

// Field is a field of a job file.
type Field struct {
	// Name is the name in the record, and Rule the flow mapping after it: {css: h1}.
	Name, Rule string

	// Plain is the rule of the field as a text. It is taken if Rule, a guess of a type, gives no
	// value.
	Plain string

	// Comment follows the rule in the job file.
	Comment string

	// Value is the value on the page, and Why the reason why it can't be read. See [Check].
	Value any
	Why   string
}

// maxFields bounds the fields of a proposal.
const maxFields = 24

// fields collects fields with different names.
type fields struct {
	list  []Field
	names map[string]bool

	lang  string   // of the page, or empty
	over  []string // the names above maxFields
	notes []string // about values that are there and not proposed, and about doubts
}

// add adds a field, unless there are enough or its name is taken.
func (f *fields) add(name, rule string) {
	f.put(Field{Name: identifier(name), Rule: rule})
}

// typed adds a field of a guessed type, which is a text where the guess fails.
func (f *fields) typed(name string, source []pair, types ...pair) {
	if len(types) == 0 {
		f.add(name, rule(source...))
		return
	}
	f.put(Field{Name: identifier(name), Rule: rule(slices.Concat(source, types)...), Plain: rule(source...)})
}

func (f *fields) put(field Field) {
	if f.names == nil {
		f.names = map[string]bool{}
	}
	switch {
	case field.Name == "" || f.names[field.Name]:
	case len(f.list) >= maxFields:
		f.over = append(f.over, field.Name)
	default:
		f.names[field.Name] = true
		f.list = append(f.list, field)
	}
}

func (f *fields) note(format string, args ...any) {
	f.notes = append(f.notes, fmt.Sprintf(format, args...))
}

// pair is a key of a flow mapping with its value.
type pair struct{ key, value string }

// rule returns a flow mapping.
func rule(pairs ...pair) string {
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.key + ": " + p.value)
	}
	return "{" + b.String() + "}"
}

var plain = regexp.MustCompile(`^[A-Za-z/.][A-Za-z0-9_./ -]*$`)

// isWord reports whether a plain scalar is no text in some version of YAML.
func isWord(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		return true
	}
	return false
}

// text returns a text as YAML.
func text(s string) string {
	if isWord(s) {
		return strconv.Quote(s)
	}
	if plain.MatchString(s) && !strings.HasSuffix(s, " ") {
		return s
	}
	if !strings.ContainsAny(s, "'\n\r\t") && strconv.Quote(s) == `"`+strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`)+`"` {
		return "'" + s + "'"
	}
	return strconv.Quote(s)
}

// Check returns the fields that have a value on the page, with their values. It applies each by the
// rules of a job file. left are the others that are rules, with the reason. A field that is read as
// a text, because the guess of its type fails, is in both.
func Check(ctx context.Context, page *seine.Page, list []Field) (out, left []Field, err error) {
	for _, f := range list {
		v, why, err := valueOf(ctx, page, f.Rule)
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		switch {
		case err != nil: // the guess is no rule
		case v != nil:
			f.Value = v
			out = append(out, f)
		case f.Plain != "":
			guess := f.Rule
			f.Rule, f.Plain = f.Plain, ""
			if f.Value, _, err = valueOf(ctx, page, f.Rule); err != nil || f.Value == nil {
				continue
			}
			out = append(out, f)
			f.Rule, f.Why = guess, why
			left = append(left, f)
		case why != "":
			f.Why = why
			left = append(left, f)
		}
	}
	return out, left, nil
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case []string:
		return len(v) == 0
	}
	return false
}

// Text returns a text as a scalar of YAML in a flow mapping.
func Text(s string) string { return text(s) }
