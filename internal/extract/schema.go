package extract

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	failure "github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/seinehq/seine"
)

// RecordSchema is a compiled JSON Schema (draft 2020-12) of the records of a page kind. Numbers
// keep their digits when it checks them. It is safe for concurrent use.
type RecordSchema struct {
	schema *jsonschema.Schema
	text   any // its JSON
}

// SchemaError is a mistake in a schema.
type SchemaError struct {
	// Path is the position in the schema, as keys and indexes. It is empty for the whole schema.
	Path []string

	Message string
}

// Error returns the message.
func (e *SchemaError) Error() string { return e.Message }

// schemaURL is the address under which a schema is compiled. References to others fail.
const schemaURL = "seine:schema"

// errElsewhere rejects a reference to another document, because a check makes no request.
var errElsewhere = errors.New("a reference leads out of the schema")

type noLoader struct{}

func (noLoader) Load(string) (any, error) { return nil, errElsewhere }

// ParseSchema decodes a schema from JSON. Its numbers keep their digits.
func ParseSchema(text []byte) (any, error) {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("is not JSON: %w", err)
	}
	return v, nil
}

// CompileSchema compiles a schema from its decoded JSON. The error is a [*SchemaError].
func CompileSchema(v any) (*RecordSchema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(noLoader{})
	if err := c.AddResource(schemaURL, v); err != nil {
		return nil, schemaError(err)
	}
	schema, err := c.Compile(schemaURL)
	if err != nil {
		return nil, schemaError(err)
	}
	if rejectsObjects(v) {
		return nil, &SchemaError{Message: "rejects every record: describe the fields with properties and required"}
	}
	return &RecordSchema{schema, v}, nil
}

// Required lists the fields that every record must have.
func (s *RecordSchema) Required() []string { return slices.Clone(s.schema.Required) }

// Check returns the first rule that the fields of a record break, or nil. The order of rules is the
// order of the fields' pointers. decimals may be nil.
func (s *RecordSchema) Check(fields map[string]any, decimals Decimals) (out *seine.Violation) {
	defer func() {
		if v := recover(); v != nil { // the library computes with numbers that have no bound
			out = &seine.Violation{Rule: "number", Reason: "a number is too large to be checked"}
		}
	}()
	if fields == nil {
		fields = map[string]any{}
	}
	err := s.schema.Validate(fields)
	if err == nil {
		return nil
	}
	failed, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return &seine.Violation{Rule: "schema", Reason: err.Error()}
	}
	if texts, ok := decimals.asTexts(fields, failed); ok { // fewer numbers each time
		return s.Check(texts, decimals)
	}
	least := leastCause(failed)
	return &seine.Violation{Field: pointer(least.InstanceLocation), Rule: ruleOf(least), Reason: inEnglish(least.ErrorKind)}
}

// leastCause returns the innermost failure with the least pointer.
func leastCause(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	if len(e.Causes) == 0 || isChoice(e) {
		return e
	}
	var least *jsonschema.ValidationError
	for _, c := range e.Causes {
		inner := leastCause(c)
		if least == nil || slices.Compare(inner.InstanceLocation, least.InstanceLocation) < 0 ||
			slices.Equal(inner.InstanceLocation, least.InstanceLocation) && ruleOf(inner) < ruleOf(least) {
			least = inner
		}
	}
	return least
}

// isChoice reports whether a failure is of a choice, whose causes are all alternatives.
func isChoice(e *jsonschema.ValidationError) bool {
	path := e.ErrorKind.KeywordPath()
	return len(path) > 0 && (path[0] == "anyOf" || path[0] == "oneOf")
}

// ruleOf returns the keyword of a failure.
func ruleOf(e *jsonschema.ValidationError) string {
	if path := e.ErrorKind.KeywordPath(); len(path) > 0 {
		return path[0]
	}
	if _, ok := e.ErrorKind.(*failure.Not); ok {
		return "not"
	}
	return "false"
}

// inEnglish returns the text of a failure. The library shortens numbers, and here they keep their
// digits.
func inEnglish(failed jsonschema.ErrorKind) string {
	compared := func(got, want *big.Rat, than string) string {
		return "got " + digits(got) + ", want " + than + " " + digits(want)
	}
	switch k := failed.(type) {
	case *failure.Maximum:
		return compared(k.Got, k.Want, "at most")
	case *failure.Minimum:
		return compared(k.Got, k.Want, "at least")
	case *failure.ExclusiveMaximum:
		return compared(k.Got, k.Want, "less than")
	case *failure.ExclusiveMinimum:
		return compared(k.Got, k.Want, "more than")
	case *failure.MultipleOf:
		return compared(k.Got, k.Want, "a multiple of")
	}
	return failed.LocalizedString(message.NewPrinter(language.English))
}

// digits returns a number with all digits.
func digits(r *big.Rat) string {
	n, _ := r.FloatPrec()
	return r.FloatString(n)
}

// pointer returns a JSON pointer (RFC 6901).
func pointer(path []string) string {
	var b strings.Builder
	for _, p := range path {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(p))
	}
	return b.String()
}

// schemaError returns the mistake of a schema with its place.
func schemaError(err error) *SchemaError {
	if invalid, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		if cause, ok := errors.AsType[*jsonschema.ValidationError](invalid.Err); ok {
			least := leastCause(cause)
			text := inEnglish(least.ErrorKind)
			if isChoice(least) {
				text = "has a value that JSON Schema does not know; types are string, number, integer, boolean, object, array and null"
			}
			if last := len(least.InstanceLocation) - 1; last >= 0 {
				text = strconv.Quote(least.InstanceLocation[last]) + ": " + text
			}
			return &SchemaError{Path: least.InstanceLocation, Message: "is no JSON Schema: " + text}
		}
	}
	if _, ok := errors.AsType[*jsonschema.LoadURLError](err); ok {
		return &SchemaError{Message: "refers to another document: copy the part into $defs of this schema"}
	}
	return &SchemaError{Message: "is no JSON Schema: " + strings.ReplaceAll(err.Error(), schemaURL, "schema")}
}
