package redact

// Object returns a JSON object with its texts and names replaced, those inside of it too.
func Object(r *Replacer, in map[string]any) map[string]any {
	if in == nil {
		return nil
	}
	out := make(map[string]any, len(in))
	for k, v := range in {
		out[r.Replace(k)] = Value(r, v)
	}
	return out
}

// Value does the same with any JSON value. Numbers stay.
func Value(r *Replacer, in any) any {
	switch v := in.(type) {
	case string:
		return r.Replace(v)
	case []string:
		out := make([]string, len(v))
		for i := range v {
			out[i] = r.Replace(v[i])
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = Value(r, v[i])
		}
		return out
	case map[string]any:
		return Object(r, v)
	}
	return in
}
