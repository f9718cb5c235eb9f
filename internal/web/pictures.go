package web

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/frontier"
)

type picturesData struct {
	Files []fileJSON `json:"files"`
	Next  string     `json:"next,omitempty"`

	field, value string
}

// Field and Value are the filter of the page.
func (d picturesData) Field() string { return d.field }
func (d picturesData) Value() string { return d.value }

// More returns the query of the next page, encoded.
func (d picturesData) More() template.URL {
	q := url.Values{"before": {d.Next}}
	if d.field != "" {
		q.Set("field", d.field)
		q.Set("value", d.value)
	}
	return template.URL(q.Encode()) //nolint:gosec // encoded
}

// picturesData lists the newest pictures, or of these the ones of records with a field value.
func (s *Server) picturesData(r *http.Request, job frontier.JobInfo) (any, error) {
	q := r.URL.Query()
	before, err := fileBefore(q.Get("before"))
	if err != nil {
		return nil, err
	}
	out := picturesData{Files: []fileJSON{}, field: q.Get("field"), value: q.Get("value")}
	var (
		list []frontier.StoredFile
		next frontier.StoredFile
	)
	switch {
	case out.field != "":
		by := frontier.FieldValue{Field: frontier.Clean(out.field), Value: frontier.Clean(out.value)}
		list, next, err = s.cfg.Frontier.NewestWith(r.Context(), job.ID, by, before, picturePage)
	case out.value != "":
		return nil, errors.New("name the field of the value")
	default:
		if list, err = s.cfg.Frontier.Newest(r.Context(), job.ID, before, picturePage+1); len(list) > picturePage {
			list, next = list[:picturePage], list[picturePage-1]
		}
	}
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		j := fileOf("", f.Asset)
		j.StoredAt = f.StoredAt
		out.Files = append(out.Files, j)
	}
	if !next.StoredAt.IsZero() {
		out.Next = strconv.FormatInt(next.StoredAt.UnixMicro(), 10) + "|" + next.Name + "|" + next.Key
	}
	return out, nil
}

// fileBefore reads the next of a list.
func fileBefore(text string) (f frontier.StoredFile, err error) {
	if text == "" {
		return f, nil
	}
	at, rest, _ := strings.Cut(text, "|")
	name, key, found := strings.Cut(rest, "|")
	us, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !found {
		return f, errors.New("before is the next of another list")
	}
	f.StoredAt, f.Name, f.Key = time.UnixMicro(us), name, key
	return f, nil
}
