package number

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Unmarshal decodes one JSON value. [Parse] defines the types of its numbers.
func Unmarshal(data []byte, v *any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the JSON value")
	}
	*v = Value(*v)
	return nil
}

// Marshal encodes v as JSON with canonical numbers and without escaping characters for HTML. A
// number without a canonical text becomes a JSON string with its digits.
func Marshal(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return CanonicalJSON(bytes.TrimSpace(b.Bytes())), nil
}

// CanonicalJSON returns valid JSON with each number in its canonical text, and everything else
// unchanged. A number without a canonical text becomes a JSON string with its digits.
func CanonicalJSON(data []byte) []byte {
	var out []byte // nil until something changes
	copied := 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(data) && bytes.IndexByte([]byte("0123456789+-.eE"), data[end]) >= 0 {
				end++
			}
			text := string(data[i:end])
			canonical, ok := Canonical(text)
			if !ok {
				canonical = `"` + text + `"`
			}
			if canonical != text {
				out = append(append(out, data[copied:i]...), canonical...)
				copied = end
			}
			i = end - 1
		}
	}
	if copied == 0 {
		return data
	}
	return append(out, data[copied:]...)
}
