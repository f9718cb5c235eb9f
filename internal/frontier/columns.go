package frontier

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Columns maps the names under which a job knows the columns of a list to the columns' own names.
// key, id or url is the key of a row. Other columns keep their names, and the case of a name does
// not count.
//
// If Columns names the key, the list may have columns key, id and url of its own: they are values
// like others. A column has every name that Columns gives it. A column whose own name is given to
// another column is not read.
type Columns map[string]string

// keyNames are the names of the column of the key.
var keyNames = []string{"key", "id", "url"}

// naming are the entries of Columns in the order of their names.
type naming []struct{ name, column string }

func (c Columns) naming() (n naming) {
	for _, name := range slices.Sorted(maps.Keys(c)) {
		n = append(n, struct{ name, column string }{name, c[name]})
	}
	return n
}

// of returns the names under which a job knows a column.
func (n naming) of(column string) (names []string) {
	for _, e := range n {
		if strings.EqualFold(e.column, column) {
			names = append(names, e.name)
		}
	}
	if names == nil && !n.names(column) {
		names = []string{column}
	}
	return names
}

// names reports whether an entry gives a column this name.
func (n naming) names(name string) bool {
	for _, e := range n {
		if strings.EqualFold(e.name, name) {
			return true
		}
	}
	return false
}

// keyIn returns the column of the key, and its name for the job; -1 without one.
func (n naming) keyIn(head []string) (i int, name string) {
	given := slices.ContainsFunc(keyNames, n.names)
	for _, want := range keyNames {
		if given && !n.names(want) {
			continue
		}
		for i, column := range head {
			for _, name := range n.of(strings.TrimSpace(column)) {
				if strings.EqualFold(name, want) {
					return i, name
				}
			}
		}
	}
	return -1, ""
}

// keyless says why a row has no key.
func (n naming) keyless() string {
	for _, want := range keyNames {
		for _, e := range n {
			if strings.EqualFold(e.name, want) {
				return fmt.Sprintf("the column %s is missing or null", e.column)
			}
		}
	}
	return "the row has no key, id or url"
}

// missing returns the first column that a list does not have, or an empty text.
func (n naming) missing(head []string) string {
	for _, e := range n {
		if !slices.ContainsFunc(head, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), e.column) }) {
			return e.column
		}
	}
	return ""
}
