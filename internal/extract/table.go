package extract

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/seinehq/seine/internal/markup"
)

// maxWide bounds colspan and maxTall rowspan (WHATWG HTML, section 4.9.11), maxColumns the width of
// a table, and maxCells its size.
const (
	maxWide    = 1000
	maxTall    = 65534
	maxColumns = 1000
	maxCells   = 1_000_000
)

// tableSource finds the cells under or beside the header cell with a text, in the tables that a
// selector matches. Inside a row it gives the cell of that row.
func tableSource(header, selector string) (source, error) {
	tables, err := selectorSource(selector)
	if err != nil {
		return nil, err
	}
	want := headerText(header)
	return func(r *reading, scope item, yield func(item) bool) error {
		if scope.node == nil {
			return nil
		}
		var inner error
		seen, more := 0, true
		within := func(it item) bool {
			table := it.node
			if table.DataAtom == atom.Dl {
				seen++
				more = r.terms(table, want, yield)
				return more
			}
			if table.DataAtom != atom.Table {
				if table = around(table, atom.Table); table == nil {
					return true
				}
			}
			seen++
			cells, err := r.under(table, want, scope.node)
			if err != nil {
				inner = err
				return false
			}
			for _, c := range cells {
				if more = yield(item{node: c}); !more {
					break
				}
			}
			return more && len(cells) == 0
		}
		if row := scope.node; row.DataAtom == atom.Tr {
			within(item{node: row})
		} else if err := tables(r, scope, within); err != nil {
			return err
		}
		if inner != nil {
			return inner
		}
		if seen == 0 {
			r.miss("the page has no table")
		} else {
			r.miss("no header %q in %s", header, count(seen, "table"))
		}
		return nil
	}, nil
}

// defaultTables are the tables and lists of terms of a page.
const defaultTables = "table, dl"

// headerText returns the form in which headers are compared.
func headerText(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.TrimRight(strings.TrimSpace(s), ":： ")), " "))
}

// around returns the element of a kind that an element stands in.
func around(n *html.Node, kind atom.Atom) *html.Node {
	for ; n != nil; n = n.Parent {
		if n.DataAtom == kind {
			return n
		}
	}
	return nil
}

// terms yields the descriptions of a term of a dl.
func (r *reading) terms(dl *html.Node, want string, yield func(item) bool) bool {
	in := false
	for n := markup.Next(dl, dl); n != nil; n = markup.Next(n, dl) {
		if around(n.Parent, atom.Dl) != dl {
			continue
		}
		switch n.DataAtom {
		case atom.Dt:
			in = headerText(r.text(n)) == want
		case atom.Dd:
			if in && !yield(item{node: n}) {
				return false
			}
		}
	}
	return true
}

// grid is a table whose cells of several rows or columns stand in each of them.
type grid struct {
	rows  []*html.Node
	cells [][]*html.Node
	heads int // the rows at the top that hold headers only
}

// under returns the cells that belong to a header. In a row that holds headers only, these are the
// cells below it, or the one cell of row if row is in the table. Else they are the cells to its
// right.
func (r *reading) under(table *html.Node, want string, row *html.Node) ([]*html.Node, error) {
	g, err := r.grid(table)
	if err != nil {
		return nil, err
	}
	only := slices.Index(g.rows, row)
	var out []*html.Node
	for y := range g.heads {
		x := g.column(r, y, want)
		if x < 0 {
			continue
		}
		wide := 1
		for x+wide < len(g.cells[y]) && g.cells[y][x+wide] == g.cells[y][x] {
			wide++
		}
		for i := g.heads; i < len(g.rows); i++ {
			if only >= 0 && i != only || x >= len(g.cells[i]) {
				continue
			}
			for j, c := range g.cells[i][x:min(x+wide, len(g.cells[i]))] {
				if c != nil && (j == 0 || c != g.cells[i][x+j-1]) {
					out = append(out, c)
				}
			}
		}
		return out, nil
	}
	for y := g.heads; y < len(g.rows); y++ {
		if only >= 0 && y != only {
			continue
		}
		x := g.column(r, y, want)
		if x < 0 || g.cells[y][x].DataAtom != atom.Th && x > 0 {
			continue
		}
		head := g.cells[y][x]
		for _, c := range g.cells[y][x+1:] {
			if c == nil || c == head || slices.Contains(out, c) {
				continue
			}
			if c.DataAtom == atom.Th {
				break // the next pair of the row
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// column returns the column of a header in a row, -1 if it has none.
func (g *grid) column(r *reading, y int, want string) int {
	for x, c := range g.cells[y] {
		if c != nil && (x == 0 || g.cells[y][x-1] != c) && headerText(r.text(c)) == want {
			return x
		}
	}
	return -1
}

// grid lays out the rows of a table, without tables inside it.
func (r *reading) grid(table *html.Node) (*grid, error) {
	if g, ok := r.grids[table]; ok {
		return g, nil
	}
	g := &grid{}
	below := map[int]reach{} // by column
	var section *html.Node
	heading, headed, laid := true, false, 0
	for n := markup.Next(table, table); n != nil; n = markup.Next(n, table) {
		if n.DataAtom != atom.Tr || around(n.Parent, atom.Table) != table {
			continue
		}
		if err := r.watch.tick(); err != nil {
			return nil, err
		}
		if n.Parent != section { // no cell reaches out of its section
			section = n.Parent
			clear(below)
		}
		row, heads := layRow(n, below)
		if laid += len(row); laid > maxCells {
			return nil, fmt.Errorf("a table has more than %d cells", maxCells)
		}
		if heading = heading && heads; heading {
			g.heads++
		}
		for _, c := range row {
			headed = headed || c != nil && c.DataAtom == atom.Th
		}
		g.rows, g.cells = append(g.rows, n), append(g.cells, row)
	}
	switch {
	case g.heads == len(g.rows):
		g.heads = min(g.heads, 1)
	case g.heads == 0 && !headed && len(g.cells[0]) > 2:
		g.heads = 1 // a table without th: of two columns it is a list of names and values
	}
	if r.grids == nil {
		r.grids = map[*html.Node]*grid{}
	}
	r.grids[table] = g
	return g, nil
}

// reach is a cell that reaches into the rows below.
type reach struct {
	cell *html.Node
	left int
}

// layRow returns the cells of a row by column, and whether all of them are headers.
func layRow(tr *html.Node, below map[int]reach) (row []*html.Node, heads bool) {
	heads = tr.Parent != nil && tr.Parent.DataAtom == atom.Thead
	cells, headers := 0, 0
	place := func(c *html.Node) {
		row = append(row, c)
	}
	fill := func() {
		for below[len(row)].left > 0 && len(row) < maxColumns {
			s := below[len(row)]
			below[len(row)] = reach{s.cell, s.left - 1}
			place(s.cell)
		}
	}
	for c := range children(tr) {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th {
			continue
		}
		if cells++; c.DataAtom == atom.Th {
			headers++
		}
		fill()
		wide, tall := spanOf(c, "colspan", maxWide), spanOf(c, "rowspan", maxTall)
		for range wide {
			if len(row) == maxColumns {
				break
			}
			if tall > 1 {
				below[len(row)] = reach{c, tall - 1}
			}
			place(c)
		}
	}
	fill()
	return row, heads || cells > 1 && headers == cells
}

// spanOf returns the number of columns or rows of a cell. A rowspan of 0 reaches to the end of the
// section.
func spanOf(c *html.Node, name string, most int) int {
	v, _ := attribute(c, name)
	n, err := strconv.Atoi(strings.TrimSpace(v))
	switch {
	case err == nil && n == 0 && name == "rowspan":
		return most
	case err != nil || n < 1:
		return 1
	}
	return min(n, most)
}
