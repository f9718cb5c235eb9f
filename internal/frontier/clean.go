package frontier

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/seinehq/seine/internal/number"
)

// maxReason keeps the counters by reason small.
const maxReason = 200

// Clean makes a text one that both databases keep alike: NUL and invalid UTF-8
// become U+FFFD.
func Clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

// CleanReason is Clean for a reason, cut to what the counters keep.
func CleanReason(s string) string {
	s = Clean(s)
	if len(s) <= maxReason {
		return s
	}
	s = s[:maxReason]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}

// CleanJSON is Clean for a JSON text, in which NUL stands as an escape and an
// unpaired surrogate is no text either. Numbers get their canonical text, which
// jsonb writes back unchanged: see package number.
func CleanJSON(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	if utf8.Valid(raw) && !bytes.Contains(raw, []byte(`\u`)) {
		return number.CanonicalJSON(raw)
	}
	// Decoding replaces what is not UTF-8 and what is half a pair.
	valid := bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	dec := json.NewDecoder(bytes.NewReader(valid))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil || dec.InputOffset() < int64(len(bytes.TrimRight(valid, " \t\r\n"))) {
		return raw // the database says what is wrong with it
	}
	out, err := json.Marshal(cleanValue(v))
	if err != nil {
		return raw
	}
	return number.CanonicalJSON(out)
}

func cleanValue(v any) any {
	switch v := v.(type) {
	case string:
		return Clean(v)
	case []any:
		for i := range v {
			v[i] = cleanValue(v[i])
		}
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[Clean(k)] = cleanValue(x)
		}
		return out
	}
	return v
}
