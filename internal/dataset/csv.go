package dataset

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seinehq/seine/internal/extract"
)

// assetColumns are the columns of one asset, such as assets.front.path.
var assetColumns = []string{"path", "bytes", "sha256", "width", "height", "url"}

// csvWriter writes rows with the columns of the job's rules, so that the header is known before the
// first record. about.LeftOut lists the other fields of records.
func (s *Set) csvWriter(w io.Writer, about *About) (put func(record) error, end func() error, err error) {
	layout := s.Rules.Layout()
	fields, assets, lists := s.Rules.Columns(), layout.Assets(), layout.Lists()
	head := []string{"job", "key", "kind", "url", "fetched_at"}
	for _, f := range fields {
		head = append(head, "fields."+f)
	}
	for _, a := range assets {
		for _, c := range assetColumns {
			head = append(head, "assets."+a+"."+c)
		}
	}
	// The files of a list are one column of JSON: how many there are is not known yet.
	for _, list := range lists {
		head = append(head, "assets."+list)
	}
	fails := s.Rules.KeepsRecords()
	if fails {
		head = append(head, "failures")
	}
	goes := s.goes()
	if s.AllVersions {
		head = append(head, "version")
	}
	if goes {
		head = append(head, "gone_at")
	}
	head = append(head, lineageColumns...)
	out := rowWriter{out: bufio.NewWriter(w)}
	if err := out.row(head...); err != nil {
		return nil, nil, err
	}
	leave := func(name string) {
		if !slices.Contains(about.LeftOut, name) && len(about.LeftOut) < maxDigests {
			about.LeftOut = append(about.LeftOut, name)
		}
	}
	put = func(r record) error {
		out.cells(r.Job, r.Key, r.Kind, r.URL, r.FetchedAt.Format(time.RFC3339Nano))
		for _, f := range fields {
			if v := r.Fields[f]; v != nil {
				out.text(s.fieldCell(v))
			} else {
				out.cells("")
			}
		}
		for _, name := range assets {
			a, ok := r.Assets[name]
			if !ok {
				out.cells("", "", "", "", "", "")
				continue
			}
			out.cells(a.Path, strconv.FormatInt(a.Bytes, 10), a.SHA256, strconv.Itoa(a.Width), strconv.Itoa(a.Height), a.URL)
		}
		of := filesOf(layout, r)
		for _, list := range lists {
			cell, err := listCell(of[list])
			if err != nil {
				return err
			}
			out.cells(cell)
		}
		if fails {
			cell, err := failuresCell(r.Failures)
			if err != nil {
				return err
			}
			out.cells(cell)
		} else if len(r.Failures) > 0 {
			leave("failures")
		}
		if s.AllVersions {
			out.cells(strconv.Itoa(r.Version))
		}
		if goes {
			out.cells(goneCell(r.GoneAt))
		}
		cells, err := s.lineageCells(r.lineage)
		if err != nil {
			return err
		}
		for f := range r.Fields {
			if !slices.Contains(fields, f) && !r.states(f) {
				leave("fields." + f)
			}
		}
		for a := range r.Assets {
			if _, _, ok := layout.NumberOf(a); !ok && !slices.Contains(assets, a) {
				leave("assets." + a)
			}
		}
		return out.row(cells...)
	}
	return put, out.out.Flush, nil
}

// rowWriter writes CSV by RFC 4180. As PostgreSQL and DuckDB read it, an empty cell is no value and
// "" an empty text; encoding/csv writes both the same way. Errors come with the end of a row.
type rowWriter struct {
	out *bufio.Writer
	any bool // the row has a cell
}

// cells adds cells to a row. An empty one is no value.
func (w *rowWriter) cells(cells ...string) {
	for _, c := range cells {
		w.add(c, strings.ContainsAny(c, "\",\r\n") || strings.HasPrefix(c, " "))
	}
}

// text adds a cell with a value.
func (w *rowWriter) text(s string) {
	if s == "" {
		w.add(s, true)
		return
	}
	w.cells(s)
}

func (w *rowWriter) add(s string, quoted bool) {
	if w.any {
		_ = w.out.WriteByte(',')
	}
	w.any = true
	if quoted {
		s = `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	_, _ = w.out.WriteString(s)
}

// row adds the last cells of a row.
func (w *rowWriter) row(cells ...string) error {
	w.cells(cells...)
	w.any = false
	return w.out.WriteByte('\n')
}

// goneCell prints the time from which on a record is gone.
func goneCell(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}

// fieldCell prints a field, with lists and objects as JSON.
func (s *Set) fieldCell(v any) string {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	if s.KeepFormulas {
		return text(v)
	}
	return GuardFormula(text(v))
}

// numberText is a text that a spreadsheet reads as a number or keeps as text, also with a sign in
// front: -1,234.56, +49 30 1234.
var numberText = regexp.MustCompile(`^[+-] ?[\d.,][\d .,'\x{2019}\x{a0}\x{202f}]*%?$`)

// GuardFormula puts an apostrophe before a text that a spreadsheet would read as a formula. Such a
// text begins with = + - @, also in their full-width forms, a tab or a line break, and is not a
// number.
func GuardFormula(s string) string {
	if first, _ := utf8.DecodeRuneInString(s); s == "" || !strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) || numberText.MatchString(s) {
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return "'" + s
}

// listed is a file of a list in a cell of a CSV.
type listed struct {
	Name string `json:"name"`
	exported

	n int
}

// filesOf returns the files of each list of a record, by their numbers; an original follows its
// rendition.
func filesOf(layout *extract.Layout, r record) map[string][]listed {
	var of map[string][]listed
	for name, a := range r.Assets {
		list, n, ok := layout.NumberOf(name)
		if !ok {
			continue
		}
		if of == nil {
			of = map[string][]listed{}
		}
		of[list] = append(of[list], listed{name, a, n})
	}
	for _, files := range of {
		slices.SortFunc(files, func(a, b listed) int {
			return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(len(a.Name), len(b.Name)))
		})
	}
	return of
}

func listCell(files []listed) (string, error) {
	if len(files) == 0 {
		return "", nil
	}
	text, err := encodeJSON(files)
	return string(text), err
}

func failuresCell(failures map[string]failure) (string, error) {
	if len(failures) == 0 {
		return "", nil
	}
	text, err := encodeJSON(failures)
	return string(text), err
}
