package dataset

import (
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/tidwall/gjson"

	"github.com/seinehq/seine/internal/columns"
	"github.com/seinehq/seine/internal/number"
)

const (
	// rowGroupBytes bounds the values of a row group, which is kept in memory until it is written.
	rowGroupBytes = 16 << 20

	// rowBatch is how many rows are handed over at once.
	rowBatch = 256
)

// errMisfit reports that a column's type does not hold a value.
var errMisfit = errors.New("a value does not fit its column")

// parquetFile writes records as the rows of a Parquet file, in the shape of a line of JSONL. Each
// column is optional. Equal records and types give equal bytes.
type parquetFile struct {
	out    *parquet.GenericWriter[any]
	table  table
	root   *column
	leaves [][]parquet.Value
	rows   []parquet.Row
	bytes  int64

	text   []byte         // the texts of rows
	values []gjson.Result // of the objects that are being written
}

// newParquet returns a file with the columns of a table.
func newParquet(w io.Writer, t table) *parquetFile {
	root := t.root()
	p := &parquetFile{table: t.clone(), root: root}
	p.leaves = make([][]parquet.Value, root.number(0))
	p.out = parquet.NewGenericWriter[any](w,
		parquet.NewSchema("record", root.node()), parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.CreatedBy("seine", "1", ""),
		parquet.MaxRowsPerRowGroup(1<<20),
	)
	return p
}

func (p *parquetFile) put(r record) error {
	if !p.table.holds(r) {
		return errMisfit
	}
	for i := range p.leaves {
		p.leaves[i] = p.leaves[i][:0]
	}
	for _, c := range p.root.fields {
		if err := p.emit(c, c.of(&r), 0, 0); err != nil {
			return err
		}
	}
	if len(p.rows) < cap(p.rows) {
		p.rows = p.rows[:len(p.rows)+1] // with the memory of a row before
	} else {
		p.rows = append(p.rows, nil)
	}
	row := &p.rows[len(p.rows)-1]
	*row = (*row)[:0]
	for _, values := range p.leaves {
		*row = append(*row, values...)
	}
	p.bytes += int64(len(r.raw)) + 64
	if len(p.rows) < rowBatch {
		return nil
	}
	return p.hand()
}

// hand writes the collected rows, and the row group if it is large.
func (p *parquetFile) hand() error {
	if _, err := p.out.WriteRows(p.rows); err != nil {
		return err
	}
	p.rows, p.text = p.rows[:0], p.text[:0]
	if cap(p.text) > rowGroupBytes {
		p.text = nil
	}
	if p.bytes < rowGroupBytes {
		return nil
	}
	p.bytes = 0
	return p.out.Flush()
}

func (p *parquetFile) end() error {
	if err := p.hand(); err != nil {
		return err
	}
	return p.out.Close()
}

// emit adds a value with its repetition and definition level (Dremel's record shredding). It fails
// with errMisfit.
func (p *parquetFile) emit(c *column, v gjson.Result, rep, def int) error {
	if v.Type == gjson.Null {
		p.none(c, rep, def)
		return nil
	}
	switch c.kind {
	case columns.Object:
		return p.object(c, v, rep, def+1)
	case columns.List:
		return p.list(c, v, rep, def+1)
	default:
		x, ok := p.scalar(c, v)
		if !ok {
			return errMisfit
		}
		p.leaves[c.leaf] = append(p.leaves[c.leaf], x.Level(rep, def+1, c.leaf))
		return nil
	}
}

func (p *parquetFile) object(c *column, v gjson.Result, rep, def int) error {
	if !v.IsObject() {
		return errMisfit
	}
	begin := len(p.values)
	p.values = append(p.values, make([]gjson.Result, len(c.fields))...)
	values := p.values[begin:]
	defer func() { p.values = p.values[:begin] }()
	known := true
	v.ForEach(func(name, item gjson.Result) bool {
		var i int
		if i, known = c.index[name.Str]; known {
			values[i] = item
		}
		return known
	})
	if !known {
		return errMisfit
	}
	for i, f := range c.fields {
		if err := p.emit(f, values[i], rep, def); err != nil {
			return err
		}
	}
	return nil
}

func (p *parquetFile) list(c *column, v gjson.Result, rep, def int) (err error) {
	if !v.IsArray() {
		return errMisfit
	}
	none := true
	v.ForEach(func(_, item gjson.Result) bool {
		err = p.emit(c.elem, item, rep, def+1)
		none, rep = false, c.depth
		return err == nil
	})
	if none {
		p.none(c.elem, rep, def)
	}
	return err
}

// none adds the missing value of each leaf of a column.
func (p *parquetFile) none(c *column, rep, def int) {
	switch c.kind {
	case columns.Object:
		for _, f := range c.fields {
			p.none(f, rep, def)
		}
	case columns.List:
		p.none(c.elem, rep, def)
	default:
		p.leaves[c.leaf] = append(p.leaves[c.leaf], parquet.NullValue().Level(rep, def, c.leaf))
	}
}

// column is a column of a table, or a group of them.
type column struct {
	name   string
	kind   columns.Kind
	moment bool // an int of microseconds since 1970
	empty  bool // nothing but null
	fields []*column
	index  map[string]int // of fields, by name
	elem   *column

	leaf  int // number of a leaf, in the order of the schema
	depth int // of a list: lists around it, and itself

	of func(*record) gjson.Result // of the columns of a record
}

// columnOf returns the column of a type. Without a value there is nothing but null.
func columnOf(name string, t *columns.Type) *column {
	c := &column{name: name}
	if t == nil {
		c.kind, c.empty = columns.Text, true
		return c
	}
	switch c.kind = t.Kind; c.kind {
	case columns.Unknown:
		c.kind, c.empty = columns.Text, true
	case columns.List:
		c.elem = columnOf("element", t.Elem)
	case columns.Object:
		for _, f := range t.Fields {
			c.fields = append(c.fields, columnOf(f.Name, f.Type))
		}
		if len(c.fields) == 0 { // a group has at least one column
			c.kind = columns.JSON
		}
	case columns.Bool, columns.Int, columns.Float, columns.Digits, columns.Text, columns.JSON:
	}
	return c
}

// number numbers the leaves and lists of a column, and returns the number of its leaves.
func (c *column) number(depth int) int { n := 0; c.count(&n, depth); return n }

func (c *column) count(n *int, depth int) {
	switch c.kind {
	case columns.Object:
		c.index = map[string]int{}
		for i, f := range c.fields {
			c.index[f.name] = i
			f.count(n, depth)
		}
	case columns.List:
		c.depth = depth + 1
		c.elem.count(n, depth+1)
	default:
		c.leaf = *n
		*n++
	}
}

// node returns the column's part of the schema.
func (c *column) node() parquet.Node {
	var n parquet.Node
	switch c.kind {
	case columns.Object:
		group, order := parquet.Group{}, []string{}
		for _, f := range c.fields {
			group[f.name] = f.node()
			order = append(order, f.name)
		}
		n = ordered{group, order}
		if c.name == "" {
			return n
		}
	case columns.List:
		n = parquet.List(c.elem.node())
	case columns.Bool:
		n = parquet.Leaf(parquet.BooleanType)
	case columns.Int:
		n = parquet.Int(64)
		if c.moment {
			n = parquet.Timestamp(parquet.Microsecond)
		}
	case columns.Float:
		n = parquet.Leaf(parquet.DoubleType)
	default:
		n = parquet.String()
	}
	return parquet.Optional(n)
}

// ordered is a group with an order of its fields. The library sorts them by name.
type ordered struct {
	parquet.Group
	order []string
}

// Fields lists the fields in their order.
func (o ordered) Fields() []parquet.Field {
	fields := o.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int { return slices.Index(o.order, a.Name()) - slices.Index(o.order, b.Name()) })
	return fields
}

// scalar returns the value of a leaf. ok is false if the leaf cannot hold it.
func (p *parquetFile) scalar(c *column, v gjson.Result) (x parquet.Value, ok bool) {
	switch c.kind {
	case columns.Bool:
		return parquet.BooleanValue(v.Type == gjson.True), v.IsBool()
	case columns.Int:
		n, err := strconv.ParseInt(v.Raw, 10, 64)
		return parquet.Int64Value(n), err == nil
	case columns.Float:
		if v.Type != gjson.Number {
			return x, false
		}
		f, ok := columns.Exact(v.Raw)
		return parquet.DoubleValue(f), ok
	case columns.JSON:
		text, err := canonical(v.Raw)
		return p.byteArray(text), err == nil
	case columns.Digits, columns.Text:
		if v.Type == gjson.String {
			return p.byteArray(v.Str), c.kind == columns.Text && !c.empty
		}
		return p.byteArray(v.Raw), v.Type != gjson.JSON && !c.empty && (c.kind == columns.Text || v.Type == gjson.Number)
	default:
		return x, false
	}
}

// byteArray returns a text, which is valid until the rows are handed over.
func (p *parquetFile) byteArray(s string) parquet.Value {
	begin := len(p.text)
	p.text = append(p.text, s...)
	return parquet.ByteArrayValue(p.text[begin:])
}

// canonical returns a JSON text in the form that is equal for equal values.
func canonical(text string) (string, error) {
	var v any
	if err := number.Unmarshal([]byte(text), &v); err != nil {
		return "", err
	}
	out, err := number.Marshal(v)
	return string(out), err
}
