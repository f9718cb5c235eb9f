package extract

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// jq keeps the same values (`jq -c .`). Here a key stands where it occurs last.
func TestTheLastOfEqualKeysCounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{`{"a":1,"b":2}`, `{"a":1,"b":2}`},
		{`{"a":1,"a":2}`, `{"a":2}`},
		{`{"a":1,"b":3,"a":2}`, `{"b":3,"a":2}`},
		{`{"a":{"x":1,"x":2},"a":{"y":1,"y":[{"z":1,"z":2}]}}`, `{"a":{"y":[{"z":2}]}}`},
		{`{"price":12.50,"pr\u0069ce":12345678901234567890.10}`, `{"pr\u0069ce":12345678901234567890.10}`},
		{`[{"a":1,"a":2},{"a":[],"a":{}}]`, `[{"a":2},{"a":{}}]`},
		{` { "a" : 1 , "a" : "},{" } `, ` { "a" : "},{" } `},
		{`{"":1,"":2}`, `{"":2}`},
		{`{"a\"b":1,"a\"b":2}`, `{"a\"b":2}`},
	} {
		values, err := looseJSON([]byte(tt.text))
		if err != nil || len(values) != 1 || string(values[0]) != tt.want {
			t.Errorf("%s gives %s, %v; want %s", tt.text, values, err, tt.want)
		}
	}
}

// Random values with few distinct keys decode as encoding/json decodes them, which keeps the last.
func TestLastKeysAgreesWithAnotherDecoder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(16, 4))
	var value func(depth int) string
	value = func(depth int) string {
		switch n := r.IntN(6); {
		case depth > 0 && n < 3:
			var members []string
			for range r.IntN(20) {
				members = append(members, fmt.Sprintf("%q: %s", []string{"a", "b", "", "é", "a\n"}[r.IntN(5)], value(depth-1)))
			}
			return "{" + strings.Join(members, ",") + "}"
		case depth > 0 && n == 3:
			var items []string
			for range r.IntN(4) {
				items = append(items, value(depth-1))
			}
			return "[" + strings.Join(items, " , ") + "]"
		case n == 4:
			return `"}{\"\\,"`
		}
		return fmt.Sprint(r.IntN(100))
	}
	for i := range 2000 {
		text := value(4)
		var got, want any
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("%d: %s: %v", i, text, err)
		}
		out := lastKeys([]byte(text))
		if err := json.Unmarshal(out, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%d: %s gives %s, %v", i, text, out, err)
		}
		if again := lastKeys(out); len(again) != len(out) {
			t.Fatalf("%d: %s still repeats a key", i, out)
		}
	}
}
