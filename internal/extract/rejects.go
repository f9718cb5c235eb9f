package extract

import "slices"

// rejectsAll reports whether a part of a schema rejects each value. It finds what people write by
// mistake, and says no if it is not sure.
func rejectsAll(part any) bool {
	object, ok := part.(map[string]any)
	if !ok {
		return part == false
	}
	if not, ok := object["not"]; ok {
		empty, isObject := not.(map[string]any)
		if not == true || isObject && len(empty) == 0 {
			return true
		}
	}
	if values, ok := object["enum"].([]any); ok && len(values) == 0 {
		return true
	}
	all, _ := object["allOf"].([]any)
	return slices.ContainsFunc(all, rejectsAll) || everyChoice(object, rejectsAll)
}

// rejectsObjects reports whether a schema rejects each object, as a record is one.
func rejectsObjects(part any) bool {
	object, ok := part.(map[string]any)
	if !ok || rejectsAll(part) {
		return part == false || ok
	}
	switch types := object["type"].(type) {
	case string:
		if types != "object" {
			return true
		}
	case []any:
		if !slices.Contains(types, any("object")) {
			return true
		}
	}
	isObject := func(v any) bool { _, ok := v.(map[string]any); return ok }
	if only, ok := object["const"]; ok && !isObject(only) {
		return true
	}
	if values, ok := object["enum"].([]any); ok && !slices.ContainsFunc(values, isObject) {
		return true
	}
	properties, _ := object["properties"].(map[string]any)
	required, _ := object["required"].([]any)
	if slices.ContainsFunc(required, func(name any) bool { text, _ := name.(string); return rejectsAll(properties[text]) }) {
		return true
	}
	all, _ := object["allOf"].([]any)
	return slices.ContainsFunc(all, rejectsObjects) || everyChoice(object, rejectsObjects)
}

// everyChoice reports whether each part of anyOf or oneOf rejects.
func everyChoice(object map[string]any, rejects func(any) bool) bool {
	for _, key := range []string{"anyOf", "oneOf"} {
		parts, ok := object[key].([]any)
		if ok && !slices.ContainsFunc(parts, func(part any) bool { return !rejects(part) }) {
			return true
		}
	}
	return false
}

// Refuses reports whether the schema rejects each record that has the field, whatever its value.
// undescribed reports that it does because it permits no field that it does not describe.
func (s *RecordSchema) Refuses(name string) (refuses, undescribed bool) {
	object, _ := s.text.(map[string]any)
	properties, _ := object["properties"].(map[string]any)
	if part, ok := properties[name]; ok {
		return rejectsAll(part), false
	}
	patterns, _ := object["patternProperties"].(map[string]any)
	if rest, ok := object["additionalProperties"]; ok && len(patterns) == 0 && rejectsAll(rest) {
		return true, true
	}
	return false, false
}
