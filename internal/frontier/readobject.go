package frontier

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seinehq/seine/internal/number"
)

// objects reads the objects of one line. A mistake rejects the whole line.
func (l *list) objects(n int, line []byte) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	var seeds []Seed
	for {
		s, row, err := l.decode(dec)
		if errors.Is(err, io.EOF) {
			break
		}
		if row != nil {
			if err := l.Row(n, row); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return l.reject(n, "%s: %s", mistakeOf(err), lineForm)
		}
		seeds = append(seeds, s)
	}
	for _, s := range seeds {
		if err := l.take(n, s); err != nil {
			return err
		}
	}
	return nil
}

// decode reads one key or object, or one row.
func (l *list) decode(dec *json.Decoder) (s Seed, row map[string]any, err error) {
	dec.UseNumber()
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return s, nil, err
	}
	if !utf8.Valid(raw) {
		return s, nil, errors.New(notUTF8(raw))
	}
	if name, ok := twice(json.NewDecoder(bytes.NewReader(raw))); ok {
		return s, nil, fmt.Errorf("the object has the member %.40q twice", name)
	}
	if row, err := l.rowOf(raw); row != nil || err != nil {
		return s, row, err
	}
	s, err = decodeSeed(raw)
	return s, nil, err
}

// rowOf returns an object that is a row: the job names its columns, or it has no key but an id or a
// url.
func (l *list) rowOf(raw json.RawMessage) (row map[string]any, err error) {
	if raw[0] != '{' {
		return nil, nil
	}
	one := json.NewDecoder(bytes.NewReader(raw))
	one.UseNumber()
	if err := one.Decode(&row); err != nil {
		return nil, err
	}
	_, key := row["key"]
	if i, _ := l.columns.keyIn(slices.Sorted(maps.Keys(row))); len(l.columns) == 0 && (key || i < 0) {
		return nil, nil
	}
	return row, nil
}

// decodeSeed reads one key or object.
func decodeSeed(raw json.RawMessage) (Seed, error) {
	switch raw[0] {
	case '{':
		var s Seed
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			return Seed{}, err
		}
		names := map[string]bool{} // encoding/json takes KEY for key
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if lower := strings.ToLower(name); names[lower] {
				return Seed{}, fmt.Errorf("the object has the member %.40q twice, in upper and lower case", name)
			} else {
				names[lower] = true
			}
		}
		one := json.NewDecoder(bytes.NewReader(raw))
		one.UseNumber()
		one.DisallowUnknownFields()
		if err := one.Decode(&s); err != nil {
			return Seed{}, err
		}
		if s.Key == "" {
			return Seed{}, errors.New(`the object has no "key"`)
		}
		return s, nil
	case '"':
		var key string
		err := json.Unmarshal(raw, &key)
		return Seed{Key: key}, err
	}
	if text, ok := number.Canonical(string(raw)); ok {
		return Seed{Key: text}, nil
	}
	return Seed{}, fmt.Errorf("%.40s is neither a key nor an object", raw)
}

// twice returns a member's name that an object of a valid value has more than once. encoding/json
// takes the last such member, and nobody knows which is meant.
func twice(dec *json.Decoder) (name string, ok bool) {
	t, err := dec.Token()
	if delim, open := t.(json.Delim); err != nil || !open {
		return "", false
	} else if delim == '{' {
		seen := map[string]bool{}
		for dec.More() {
			t, _ := dec.Token()
			name, _ := t.(string)
			if seen[name] {
				return name, true
			}
			seen[name] = true
			if name, ok := twice(dec); ok {
				return name, true
			}
		}
	} else {
		for dec.More() {
			if name, ok := twice(dec); ok {
				return name, true
			}
		}
	}
	_, _ = dec.Token()
	return "", false
}
