package seedlist

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

// rowsAtOnce is how many rows are decoded at once.
const rowsAtOnce = 128

// readParquet gives the rows of a file to a list, in their order. Rows count as lines, from 1.
func readParquet(file *os.File, to *frontier.List) (err error) {
	defer func() {
		// The decoder is fed by strangers.
		if v := recover(); v != nil {
			err = unreadable(file.Name(), v)
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	f, err := parquet.OpenFile(file, info.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return unreadable(file.Name(), err)
	}
	var head []string
	for _, c := range f.Schema().Fields() {
		head = append(head, c.Name())
		if why := unknownType(c); why != "" {
			return fmt.Errorf("%s: the column %s holds %s, which is not read: leave it out, or convert it to a text", file.Name(), c.Name(), why)
		}
	}
	if err := to.Head(1, head); err != nil {
		return err
	}
	exact := decimals{}
	for i, path := range f.Schema().Columns() {
		leaf, _ := f.Schema().Lookup(path...)
		if t := decimalOf(leaf.Node); t != nil {
			if len(path) > 1 {
				return fmt.Errorf("%s: the column %s holds decimals inside of a group or list, which are not read: convert it to a text", file.Name(), path[0])
			}
			exact[i] = t
		}
	}
	line := 0
	for _, group := range f.RowGroups() {
		if err := readGroup(file.Name(), f.Schema(), exact, group, to, &line); err != nil {
			return err
		}
	}
	return nil
}

func readGroup(name string, schema *parquet.Schema, exact decimals, group parquet.RowGroup, to *frontier.List, line *int) error {
	rows := group.Rows()
	defer func() { _ = rows.Close() }()
	buffer := make([]parquet.Row, rowsAtOnce)
	for {
		n, end := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			*line++
			values := map[string]any{}
			if err := schema.Reconstruct(&values, row); err != nil {
				return unreadable(name, err)
			}
			for _, v := range row {
				if t := exact[v.Column()]; t != nil && !v.IsNull() {
					values[schema.Columns()[v.Column()][0]] = digits(t, v)
				}
			}
			for _, c := range schema.Fields() {
				if decimalOf(c) != nil {
					continue
				}
				v, err := converted(c, values[c.Name()])
				if err != nil {
					return fmt.Errorf("%s:%d: the column %s: %w", name, *line, c.Name(), err)
				}
				values[c.Name()] = v
			}
			if err := to.Row(*line, values); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(end, io.EOF):
			return nil
		case end != nil:
			return unreadable(name, end)
		}
	}
}

// unknownType describes a type whose values can't be converted; empty if they can.
func unknownType(n parquet.Node) string {
	if !n.Leaf() {
		for _, f := range n.Fields() {
			if why := unknownType(f); why != "" {
				return why
			}
		}
		return ""
	}
	if n.Type().Kind() == parquet.Int96 {
		return "times of an old form (INT96)"
	}
	switch t := n.Type().LogicalType(); {
	case t == nil, t.Value == nil:
		return ""
	default:
		switch t.Value.(type) {
		case *format.StringType, *format.JsonType, *format.EnumType, *format.IntType, *format.DateType, *format.TimestampType,
			*format.DecimalType, *format.ListType, *format.MapType:
			return ""
		}
		return t.String()
	}
}

var errBytes = errors.New("bytes that are no text in UTF-8")

// converted returns a value as JSON has it.
func converted(n parquet.Node, v any) (any, error) {
	if v == nil {
		return nil, nil //nolint:nilnil // a missing value
	}
	switch v := v.(type) {
	case map[string]any:
		for _, f := range n.Fields() {
			item, err := converted(f, v[f.Name()])
			if err != nil {
				return nil, err
			}
			v[f.Name()] = item
		}
		return v, nil
	case []any:
		return convertedList(n, v)
	}
	if !n.Leaf() {
		return v, nil
	}
	if t := n.Type().LogicalType(); t != nil {
		switch t := t.Value.(type) {
		case *format.DateType:
			if days, ok := v.(int32); ok {
				return time.Unix(int64(days)*24*60*60, 0).UTC().Format(time.DateOnly), nil
			}
		case *format.TimestampType:
			return moment(t, v)
		}
	}
	return scalar(v)
}

func convertedList(n parquet.Node, items []any) (any, error) {
	for !n.Leaf() && len(n.Fields()) == 1 {
		n = n.Fields()[0] // list and element
	}
	for i := range items {
		item, err := converted(n, items[i])
		if err != nil {
			return nil, err
		}
		items[i] = item
	}
	return items, nil
}

// scalar returns a value without a type of its own.
func scalar(v any) (any, error) {
	switch v := v.(type) {
	case []byte:
		if !utf8.Valid(v) {
			return nil, errBytes
		}
		return string(v), nil
	case string:
		if !utf8.ValidString(v) {
			return nil, errBytes
		}
	case int32:
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case uint64:
		return number.Value(json.Number(fmt.Sprint(v))), nil
	case float32:
		return number.Value(json.Number(fmt.Sprint(v))), nil
	}
	return v, nil
}

func moment(t *format.TimestampType, v any) (any, error) {
	n, ok := v.(int64)
	if !ok {
		if at, ok := v.(time.Time); ok {
			return at.UTC().Format(time.RFC3339Nano), nil
		}
		return nil, fmt.Errorf("a time as %T", v)
	}
	at := time.UnixMilli(n)
	switch {
	case t.Unit.Value == nil:
	default:
		switch t.Unit.Value.(type) {
		case *format.MicroSeconds:
			at = time.UnixMicro(n)
		case *format.NanoSeconds:
			at = time.Unix(0, n)
		}
	}
	return at.UTC().Format(time.RFC3339Nano), nil
}

// decimals are the columns of decimals by their number. The library makes floats of them, which
// lack digits, so their values are taken from the rows.
type decimals map[int]*format.DecimalType

func decimalOf(n parquet.Node) *format.DecimalType {
	if !n.Leaf() || n.Type().LogicalType() == nil {
		return nil
	}
	t, _ := n.Type().LogicalType().Value.(*format.DecimalType)
	return t
}

// digits returns a decimal with all digits.
func digits(t *format.DecimalType, v parquet.Value) any {
	n := new(big.Int)
	switch v.Kind() {
	case parquet.Int32:
		n.SetInt64(int64(v.Int32()))
	case parquet.Int64:
		n.SetInt64(v.Int64())
	default:
		n = bigEndian(v.ByteArray())
	}
	text := new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale)), nil)).FloatString(int(t.Scale))
	return number.Value(json.Number(text))
}

// bigEndian reads a number in two's complement.
func bigEndian(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}
