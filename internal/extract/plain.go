package extract

import (
	"github.com/tidwall/gjson"

	"github.com/seinehq/seine/internal/number"
)

// plain returns a JSON value as a record holds it; a whole number that fits is
// an int64.
func plain(v gjson.Result) any {
	switch v.Type {
	case gjson.True, gjson.False:
		return v.Bool()
	case gjson.Number:
		if n, ok := number.Parse(v.Raw); ok {
			return n
		}
		return clean(v.Raw)
	case gjson.String:
		return clean(v.Str)
	case gjson.JSON:
		if v.IsArray() {
			list := []any{}
			for _, each := range v.Array() {
				list = append(list, plain(each))
			}
			return list
		}
		object := map[string]any{}
		for key, each := range v.Map() {
			object[clean(key)] = plain(each)
		}
		return object
	default:
		return nil
	}
}

// size returns about the bytes that a value takes.
func size(v any) int {
	switch v := v.(type) {
	case nil:
		return 0
	case string:
		return len(v)
	case []any:
		n := 8
		for _, each := range v {
			n += size(each)
		}
		return n
	case map[string]any:
		n := 8
		for key, each := range v {
			n += len(key) + size(each)
		}
		return n
	default:
		return 8
	}
}
