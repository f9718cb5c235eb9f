package propose

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	// maxNesting is the number of names in a path into a record or an answer of an API.
	maxNesting = 3

	// maxSample bounds the records that are compared.
	maxSample = 100
)

// simple are names that stand for themselves in a path.
var simple = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// JSON proposes how records are read from a JSON body. ok is false if it holds no list of objects.
func JSON(at string, body []byte) (list List, ok bool) {
	var whole any
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if d.Decode(&whole) != nil {
		return list, false
	}
	path, items := objects(whole, "", 0)
	if len(items) == 0 {
		return list, false
	}
	sample := items[:min(len(items), maxSample)]
	leaves, left := leavesOf(sample)
	var f fields
	paths := map[string]string{}
	for _, l := range leaves {
		before := len(f.list)
		f.add(strings.ReplaceAll(l.path, ".", "_"), l.rule())
		if len(f.list) == before {
			left = append(left, l.path)
			continue
		}
		paths[f.list[before].Name] = l.path
	}
	list = List{Source: rule(pair{"json", text(path)}), Each: pair{"json", text(path)}.line(), Fields: f.list, Items: len(items), Left: left}
	list.Key = uniqueKey(items, f.list, paths)
	around := surroundings(whole)
	if list.Next = cursor(at, around); list.Next == "" {
		var note string
		if list.Common, list.Next, note = pages(at, around, len(items)); note != "" {
			list.Notes = append(list.Notes, note)
		}
	}
	return list, list.Key != ""
}

func (p pair) line() string { return p.key + ": " + p.value }

// leaf is a value of records at a path.
type leaf struct {
	path string
	all  bool // a list of values
	typ  string
}

func (l leaf) rule() string {
	pairs := []pair{{"json", text(l.path)}}
	if l.all {
		pairs = append(pairs, pair{"all", "true"})
	} else if l.typ != "" {
		pairs = append(pairs, pair{"type", l.typ})
	}
	return rule(pairs...)
}

// leavesOf returns the values of objects, those of nested objects after the ones around them, and
// the paths that it leaves out.
func leavesOf(items []map[string]any) (out []leaf, left []string) {
	type group struct {
		prefix string
		of     []map[string]any
	}
	for level := []group{{"", items}}; len(level) > 0; {
		var next []group
		for _, g := range level {
			for _, name := range namesOf(g.of) {
				l, inner, ok := leafAt(g.prefix+name, name, g.of)
				switch {
				case len(inner) > 0 && strings.Count(l.path, ".")+1 < maxNesting && simple.MatchString(name):
					next = append(next, group{l.path + ".", inner})
				case !simple.MatchString(name) || len(inner) > 0 || l.all && !ok:
					left = append(left, l.path)
				case ok:
					out = append(out, l)
				}
			}
		}
		level = next
	}
	return out, left
}

// namesOf returns the names in some of the objects, sorted.
func namesOf(of []map[string]any) []string {
	names := map[string]bool{}
	for _, o := range of {
		for name := range o {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// leafAt returns the value of a name in objects, or the objects under it. ok is false if no object
// has a value, or one that is no plain value.
func leafAt(path, name string, of []map[string]any) (l leaf, inner []map[string]any, ok bool) {
	l = leaf{path: path}
	for i := range of {
		values, isList := of[i][name].([]any)
		if !isList {
			values = []any{of[i][name]}
		}
		l.all = l.all || isList && len(values) > 0
		for _, v := range values {
			switch v := v.(type) {
			case nil:
			case map[string]any:
				if isList {
					return leaf{path: path, all: true}, nil, false
				}
				inner = append(inner, v)
			case []any:
				return leaf{path: path, all: true}, nil, false
			default:
				typ := typeOf(path, plainValue(v))
				if ok {
					typ = commonType(l.typ, typ)
				}
				l.typ, ok = typ, true
			}
		}
	}
	if ok && len(inner) > 0 { // an object here and a plain value there
		return leaf{path: path, all: true}, nil, false
	}
	return l, inner, ok
}

// commonType returns the type that holds values of both types.
func commonType(a, b string) string {
	switch {
	case a == b:
		return a
	case a == "int" && b == "decimal", a == "decimal" && b == "int":
		return "decimal"
	}
	return ""
}

// plainValue returns a number as text that typeOf sees as a number.
func plainValue(v any) any {
	if n, ok := v.(json.Number); ok {
		return numeral(n)
	}
	return v
}

// numeral is a number that is printed with its digits.
type numeral json.Number

func (n numeral) String() string { return string(n) }

// objects finds the longest list of objects.
func objects(v any, path string, depth int) (at string, items []map[string]any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if one, ok := x.(map[string]any); ok {
				items = append(items, one)
			}
		}
		if path == "" {
			path = "@this"
		}
		return path, items
	case map[string]any:
		if depth > maxAround {
			return "", nil
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if !simple.MatchString(name) {
				continue
			}
			if p, found := objects(v[name], strings.TrimPrefix(path+"."+name, "."), depth+1); len(found) > len(items) {
				at, items = p, found
			}
		}
	}
	return at, items
}

var (
	keyName   = regexp.MustCompile(`^(item_)?(id|sku|uuid|slug|key|code)$`)
	keySuffix = regexp.MustCompile(`_(id|sku|uuid|slug|key|code)$`)
)

// uniqueKey returns the template of a field that differs from object to object, one that is called
// a key before others.
func uniqueKey(items []map[string]any, list []Field, paths map[string]string) string {
	best, most := "", 0
	for _, f := range list {
		path := paths[f.Name]
		rank := 1
		switch nested := strings.Contains(path, "."); {
		case keyName.MatchString(f.Name):
			rank = 4
		case nested && keySuffix.MatchString(f.Name):
			rank = 2
		case !nested:
			rank = 3
		}
		if rank > most && distinctAt(items, path) {
			best, most = "{"+f.Name+"}", rank
		}
	}
	return best
}

// distinctAt reports whether each object has another text or number at a path.
func distinctAt(items []map[string]any, path string) bool {
	seen := map[string]bool{}
	for _, x := range items {
		v := any(x)
		for name := range strings.SplitSeq(path, ".") {
			inner, _ := v.(map[string]any)
			v = inner[name]
		}
		switch v.(type) {
		case string, json.Number:
		default:
			return false
		}
		value := fmt.Sprint(v)
		if value == "" || seen[value] {
			return false
		}
		seen[value] = true
	}
	return true
}
