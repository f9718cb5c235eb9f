package seine

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

var fieldTypes = []FieldType{TypeString, TypeInt, TypeFloat, TypeDecimal, TypeBool, TypeTime, TypeObject, TypeAny}

// checkDeclared reports mistakes in declared fields.
func checkDeclared(fields []Field, path string, say func(format string, args ...any)) {
	seen := map[string]bool{}
	for _, f := range fields {
		at := path + f.Name
		switch {
		case !fieldName.MatchString(f.Name):
			say("field %q: a name is letters, digits and '_', not a digit first, at most 63", at)
		case seen[f.Name]:
			say("field %s is declared twice", at)
		case !slices.Contains(fieldTypes, f.Type):
			say("field %s has the unknown type %q", at, f.Type)
		case f.Type != TypeObject && len(f.Fields) > 0:
			say("field %s has the type %s and fields: only an object has fields", at, f.Type)
		}
		seen[f.Name] = true
		checkDeclared(f.Fields, at+".", say)
	}
}

// declared returns the fields of the records of a page kind.
func (j *Job) declared(page string) []Field {
	for _, k := range j.Pages {
		if k.Name == page && k.Fields != nil {
			return k.Fields
		}
	}
	return j.Fields
}

// checked returns the check of a job with declared fields: these come before the job's own check.
func (j *Job) checked() func(page string, r Record) *Violation {
	own, job := j.Check, *j
	if !slices.ContainsFunc(j.Pages, func(k PageKind) bool { return k.Fields != nil }) && j.Fields == nil {
		return own
	}
	return func(page string, r Record) *Violation {
		if fields := job.declared(page); fields != nil {
			if v := violation(fields, r.Fields, ""); v != nil {
				return v
			}
		}
		if own != nil {
			return own(page, r)
		}
		return nil
	}
}

// violation returns the first rule that an object breaks, or nil.
func violation(fields []Field, values map[string]any, path string) *Violation {
	for _, name := range sortedKeys(values) {
		if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			return &Violation{Field: path + "/" + name, Rule: "additionalProperties", Reason: "the job declares no such field"}
		}
	}
	for _, f := range fields {
		at := path + "/" + f.Name
		v := values[f.Name]
		if list, ok := v.([]any); v == nil || f.List && ok && len(list) == 0 {
			if f.Required {
				return &Violation{Field: at, Rule: "required", Reason: "the record has no value"}
			}
			if v == nil {
				continue
			}
		}
		if broken := f.violation(v, at); broken != nil {
			return broken
		}
	}
	return nil
}

func (f Field) violation(v any, at string) *Violation {
	if f.List {
		list, ok := v.([]any)
		if !ok {
			return f.mistyped(v, at, "a list")
		}
		one := f
		one.List = false
		for i, item := range list {
			if item == nil {
				continue
			}
			if broken := one.violation(item, at+"/"+strconv.Itoa(i)); broken != nil {
				return broken
			}
		}
		return nil
	}
	if f.Type == TypeObject {
		object, ok := v.(map[string]any)
		if !ok {
			return f.mistyped(v, at, "an object")
		}
		if len(f.Fields) == 0 {
			return nil
		}
		return violation(f.Fields, object, at)
	}
	if !f.Type.holds(v) {
		return f.mistyped(v, at, string(f.Type))
	}
	return nil
}

func (f Field) mistyped(v any, at, want string) *Violation {
	return &Violation{Field: at, Rule: "type", Reason: fmt.Sprintf("got %.60s, want %s", fmt.Sprint(v), want)}
}

// holds reports whether a value has the type.
func (t FieldType) holds(v any) bool {
	switch t {
	case TypeString:
		_, ok := v.(string)
		return ok
	case TypeBool:
		_, ok := v.(bool)
		return ok
	case TypeTime:
		text, ok := v.(string)
		_, err := time.Parse(time.RFC3339Nano, text)
		return ok && err == nil
	case TypeInt:
		return isNumber(v, true)
	case TypeFloat, TypeDecimal:
		return isNumber(v, false)
	case TypeObject, TypeAny:
	}
	return true
}

func isNumber(v any, whole bool) bool {
	if n, ok := v.(json.Number); ok {
		if len(n) > 1000 || strings.ContainsAny(n.String(), "/_xX") {
			return false
		}
		if !whole {
			_, err := strconv.ParseFloat(n.String(), 64)
			return err == nil
		}
		_, ok := new(big.Int).SetString(n.String(), 10)
		return ok
	}
	switch k := reflect.ValueOf(v); {
	case k.CanInt(), k.CanUint():
		return true
	case k.CanFloat():
		f := k.Float()
		return !whole || f == float64(int64(f))
	}
	return false
}
