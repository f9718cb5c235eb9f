package frontier

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/seinehq/seine/internal/number"
)

// maxReason is the largest reason in bytes. It keeps the counters by reason small.
const maxReason = 200

// Clean replaces NUL and invalid UTF-8 by U+FFFD, so that both databases store the same text.
func Clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

// CleanReason is Clean for a reason, cut to maxReason.
func CleanReason(s string) string {
	return cutText(Clean(s), maxReason)
}

// cutText cuts a valid text to a number of bytes.
func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	s = s[:most]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}

// CleanJSON is Clean for a JSON text. It also replaces escaped NULs and unpaired surrogates.
// Numbers get their canonical text, which jsonb does not change: see package number.
func CleanJSON(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	if utf8.Valid(raw) && !bytes.Contains(raw, []byte(`\u`)) {
		return number.CanonicalJSON(raw)
	}
	// The decoder replaces invalid UTF-8 and unpaired surrogates.
	valid := bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	dec := json.NewDecoder(bytes.NewReader(valid))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil || dec.InputOffset() < int64(len(bytes.TrimRight(valid, " \t\r\n"))) {
		return raw // the database reports the mistake
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
