package extract

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A header over several columns has them all, a cell counts in each of its rows, and a rowspan of 0
// reaches to the end of its section. Chromium lays the table out in the same way.
func TestCellsOfSeveralRowsAndColumns(t *testing.T) {
	t.Parallel()
	const table = `<table>
		<thead><tr><th rowspan=2>Name<th colspan=2>Size<th rowspan=2>Price<tr><th>W<th>H</thead>
		<tbody><tr><td rowspan=2>boat<td>1<td>2<td>9<tr><td colspan=2>3<td>8</tbody>
		<tbody><tr><td rowspan=0>kite<td>4<td>5<td>7<tr><td>6<td>6<td>6</tbody>
		<tbody><tr><td>ball<td>0<td>0<td rowspan=5>1</tbody>
		<tbody><tr><td>drum<td>2<td>2<td>3</tbody></table>`
	rules := Rules{Fields: []Field{
		{Name: "name", Structured: "table", Path: "Name", All: true}, {Name: "size", Structured: "table", Path: "Size", All: true},
		{Name: "w", Structured: "table", Path: "W", All: true}, {Name: "h", Structured: "table", Path: "H", All: true},
		{Name: "price", Structured: "table", Path: "Price", All: true},
	}}
	got, _ := fieldsOf(t, rules, page(table))
	want := map[string]any{
		"name": []any{"boat", "boat", "kite", "kite", "ball", "drum"}, "size": []any{"1", "2", "3", "4", "5", "6", "6", "0", "0", "2", "2"},
		"w": []any{"1", "3", "4", "6", "0", "2"}, "h": []any{"2", "3", "5", "6", "0", "2"}, "price": []any{"9", "8", "7", "6", "1", "3"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
