package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seinehq/seine/internal/dataset"
	"github.com/seinehq/seine/internal/terminal"
)

// countCommand is `seine count`.
type countCommand struct {
	*app

	by         string
	bucketOnly bool
}

func newCount(a *app) *cobra.Command {
	x := &countCommand{app: a}
	c := &cobra.Command{
		Use: "count JOB", Short: "Count complete tasks per value of a field", Args: cobra.ExactArgs(1),
		Long: `Counts complete tasks, which have every asset that the job's rules require, per
value of a field of their records. It lists incomplete tasks and tasks with two
values. A task with two values counts under both, and once in the total.

--bucket-only needs no frontier. It counts IDs by a field of store.key, even in a
bucket that Seine did not fill, with each value as the path spells it. Standard
error lists other files in the folder of store.key.

-o csv prints only the values, and the rest goes to standard error.`,
		Example: `  seine count cards.yaml --by grade
  seine count cards.yaml --by grade --bucket-only -o csv`,
		RunE: func(c *cobra.Command, args []string) error { return x.run(c.Context(), args[0]) },
	}
	f := c.Flags()
	f.StringVar(&x.by, "by", "", "field to count by (default: the only one of store.key)")
	f.BoolVar(&x.bucketOnly, "bucket-only", false, "use the paths alone, without a frontier")
	a.outputs(c, "table", "json", "csv")
	return c
}

func (a *countCommand) run(ctx context.Context, arg string) (err error) {
	by, bucketOnly := a.by, a.bucketOnly
	set, done, err := a.dataSet(ctx, arg, wants{frontier: !bucketOnly, store: bucketOnly})
	if err != nil {
		return err
	}
	defer done()
	n, err := set.Count(ctx, by)
	if err != nil {
		return datasetError(err)
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	a.sayStrangers(set, n.Strangers)
	switch a.output {
	case "json":
		return countJSON(ctx, a.data(), n)
	case "csv":
		return a.countCSV(n)
	}
	return a.countTable(ctx, n, set.Rules.Layout().RequiredWith)
}

// countJSON writes the shape of `count -o json`, a contract:
// {"by", "values": [{"value", "complete"}], "total", "incomplete": [{"key",
// "have"}], "double": [{"key", "values"}]}. Its lists may be long, so they are
// written as they are read.
func countJSON(ctx context.Context, w io.Writer, n *dataset.Count) error {
	values := n.Values
	if values == nil {
		values = []dataset.ValueCount{}
	}
	head, err := json.Marshal(struct {
		By     string               `json:"by"`
		Values []dataset.ValueCount `json:"values"`
		Total  int64                `json:"total"`
	}{n.By, values, n.Total})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, `%s,"incomplete":[`, strings.TrimSuffix(string(head), "}")); err != nil {
		return err
	}
	first := true
	item := func(v any) error {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if !first {
			text = append([]byte(","), text...)
		}
		first = false
		_, err = w.Write(text)
		return err
	}
	if err := n.Incomplete(ctx, func(i dataset.Incomplete) error { return item(i) }); err != nil {
		return err
	}
	if _, err := io.WriteString(w, `],"double":[`); err != nil {
		return err
	}
	first = true
	if err := n.Double(ctx, func(d dataset.Double) error { return item(d) }); err != nil {
		return err
	}
	_, err = io.WriteString(w, "]}\n")
	return err
}

func (a *countCommand) countCSV(n *dataset.Count) error {
	w := csv.NewWriter(a.data())
	rows := [][]string{{n.By, "complete"}}
	for _, v := range n.Values {
		rows = append(rows, []string{dataset.GuardFormula(v.Value), strconv.FormatInt(v.Complete, 10)})
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	a.note("seine: total %d, incomplete %d, under two values %d", n.Total, n.IncompleteTotal, n.DoubleTotal)
	return nil
}

// maxNamed is how many incomplete and double tasks a table names.
const maxNamed = 20

var errEnough = errors.New("enough")

func (a *countCommand) countTable(ctx context.Context, n *dataset.Count, required func(have []string) []string) error {
	t := a.table()
	_, _ = fmt.Fprintf(t, "%s\tcomplete\n", n.By)
	for _, v := range n.Values {
		value := v.Value
		if value == "" {
			value = "(none)"
		}
		_, _ = fmt.Fprintf(t, "%s\t%d\n", terminal.Escape(value), v.Complete)
	}
	_, _ = fmt.Fprintf(t, "total\t%d\n", n.Total)
	_ = t.Flush()
	named := func(title string, total int64, list func(line func(key, what string) error) error) error {
		if total == 0 {
			return nil
		}
		a.print("")
		a.print("%s: %d", title, total)
		shown := int64(0)
		err := list(func(key, what string) error {
			if shown == maxNamed {
				return errEnough
			}
			shown++
			a.print("  %s  %s", key, what)
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if total > shown {
			a.print("  and %d more: -o json lists them", total-shown)
		}
		return nil
	}
	if err := named("incomplete", n.IncompleteTotal, func(line func(key, what string) error) error {
		return n.Incomplete(ctx, func(i dataset.Incomplete) error {
			return line(i.Key, hasWhat(i.Have, required(i.Have)))
		})
	}); err != nil {
		return err
	}
	return named("under two values", n.DoubleTotal, func(line func(key, what string) error) error {
		return n.Double(ctx, func(d dataset.Double) error { return line(d.Key, strings.Join(d.Values, ", ")) })
	})
}

// hasWhat describes the files of an incomplete task.
func hasWhat(have, required []string) string {
	some := "has " + strings.Join(have, ", ")
	switch lacking := slices.ContainsFunc(required, func(name string) bool { return !slices.Contains(have, name) }); {
	case len(have) == 0:
		return "has none of its files"
	case !lacking:
		return some + ", split over two folders"
	}
	return some + " alone"
}
