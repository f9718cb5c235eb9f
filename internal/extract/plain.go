package extract

import (
	"github.com/tidwall/gjson"

	"github.com/seinehq/seine/internal/number"
)

// tooLong stands for a value of more than maxField bytes, which was not made to its end.
type tooLong struct{}

// plain returns a JSON value as a record holds it; a whole number that fits is an int64.
func plain(v gjson.Result) any {
	p := plainer{left: maxField}
	if out := p.value(v); p.left >= 0 {
		return out
	}
	return tooLong{}
}

// plainer makes values until they take too much. A text of JSON can take twenty times its length as
// lists and objects.
type plainer struct{ left int }

func (p *plainer) value(v gjson.Result) any {
	switch v.Type {
	case gjson.True, gjson.False:
		p.left -= 8
		return v.Bool()
	case gjson.Number:
		p.left -= 8
		if n, ok := number.Parse(v.Raw); ok {
			return n
		}
		return clean(v.Raw)
	case gjson.String:
		p.left -= len(v.Str)
		return clean(v.Str)
	case gjson.JSON:
		p.left -= 8
		if v.IsArray() {
			list := []any{}
			v.ForEach(func(_, each gjson.Result) bool {
				p.left--
				list = append(list, p.value(each))
				return p.left >= 0
			})
			return list
		}
		object := map[string]any{}
		v.ForEach(func(key, each gjson.Result) bool {
			p.left -= 1 + len(key.Str)
			name := clean(key.Str)
			if _, twice := object[name]; !twice {
				object[name] = p.value(each)
			}
			return p.left >= 0
		})
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
	case tooLong:
		return maxField + 1
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
