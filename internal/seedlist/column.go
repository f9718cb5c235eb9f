package seedlist

import (
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// column is a node of the schema of a Parquet file. It puts the values of a row together, by the
// levels of section "Nested Encoding" of the format's specification. The library's own
// reconstruction loses the sign bit, the digits of decimals and the contents of maps.
type column struct {
	name               string
	optional, repeated bool

	first, leaves int // of the columns below it
	fields        []*column
	leaf          func(parquet.Value) (any, error) // nil for a group

	list  bool // a group around a repeated field
	isMap bool // a group around a repeated field of key and value
	bare  bool // a group that only stands for its field
}

// cursor holds the values of a row by leaf.
type cursor struct{ values [][]parquet.Value }

func (at *cursor) peek(leaf int) (v parquet.Value, ok bool) {
	if len(at.values[leaf]) == 0 {
		return v, false
	}
	return at.values[leaf][0], true
}

func (at *cursor) pop(leaf int) parquet.Value {
	v := at.values[leaf][0]
	at.values[leaf] = at.values[leaf][1:]
	return v
}

// load takes the values of a row.
func (at *cursor) load(row parquet.Row) {
	row.Range(func(leaf int, values []parquet.Value) bool {
		at.values[leaf] = values
		return true
	})
}

// columnOf returns the column of a node, whose leaves begin at first, or the type that is not read.
func columnOf(n parquet.Node, name string, first int) (c *column, unread string) {
	c = &column{name: name, optional: n.Optional(), repeated: n.Repeated(), first: first}
	if n.Leaf() {
		c.leaves = 1
		c.leaf, unread = leafOf(n.Type())
		return c, unread
	}
	for _, f := range n.Fields() {
		field, unread := columnOf(f, f.Name(), first+c.leaves)
		if unread != "" {
			return nil, unread
		}
		c.fields = append(c.fields, field)
		c.leaves += field.leaves
	}
	if c.leaves == 0 {
		return nil, "no values"
	}
	t := n.Type().LogicalType()
	if t == nil || len(c.fields) != 1 || !c.fields[0].repeated {
		return c, ""
	}
	inner := c.fields[0]
	switch t.Value.(type) {
	case *format.MapType:
		c.isMap = len(inner.fields) == 2
	case *format.ListType:
		c.list = true
		// Older writers repeat the element itself.
		inner.bare = len(inner.fields) == 1 && inner.name != "array" && inner.name != name+"_tuple"
	}
	return c, ""
}

// read returns the next value. rep and def are the levels of the parent.
func (c *column) read(at *cursor, rep, def int) (any, error) {
	if c.optional || c.repeated {
		def++
	}
	if v, ok := at.peek(c.first); !ok {
		return nil, fmt.Errorf("the column %s ends within a row", c.name)
	} else if v.DefinitionLevel() < def {
		for leaf := c.first; leaf < c.first+c.leaves; leaf++ {
			at.pop(leaf)
		}
		if c.repeated {
			return []any{}, nil
		}
		return nil, nil //nolint:nilnil // a missing value
	}
	if !c.repeated {
		return c.item(at, rep, def)
	}
	rep++
	items := []any{}
	for {
		item, err := c.item(at, rep, def)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if v, ok := at.peek(c.first); !ok || v.RepetitionLevel() < rep {
			return items, nil
		}
	}
}

// item returns a value that is there.
func (c *column) item(at *cursor, rep, def int) (any, error) {
	switch {
	case c.leaf != nil:
		return c.leaf(at.pop(c.first))
	case c.list, c.bare:
		return c.fields[0].read(at, rep, def)
	}
	group := map[string]any{}
	for _, f := range c.fields {
		v, err := f.read(at, rep, def)
		if err != nil {
			return nil, err
		}
		group[f.name] = v
	}
	if !c.isMap {
		return group, nil
	}
	object := map[string]any{}
	entries, _ := group[c.fields[0].name].([]any)
	for _, entry := range entries {
		e, _ := entry.(map[string]any)
		key, value := c.fields[0].fields[0].name, c.fields[0].fields[1].name
		object[fmt.Sprint(e[key])] = e[value]
	}
	return object, nil
}
