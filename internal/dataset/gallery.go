package dataset

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

const (
	// galleryValues and gallerySamples bound a gallery: about 10 MiB of thumbnails.
	galleryValues  = 100
	gallerySamples = 12

	// galleryCounted bounds the values that are counted. Further ones are counted together.
	galleryCounted = 10_000
)

// GalleryReport sums a gallery up.
type GalleryReport struct {
	Records  int64 `json:"records"`
	Values   int   `json:"values"`
	Pictures int   `json:"pictures"`

	// Without counts the records without a picture.
	Without int64 `json:"without"`
}

// valued are the samples of one value of a field: the pictures whose keys have the least SHA-256.
type valued struct {
	name    string
	n       int64
	samples []sample
}

type sample struct {
	order     [sha256.Size]byte
	key, path string
}

// Gallery writes one HTML file with sample pictures per value of a field. The samples are drawn by
// the keys, so equal records give an equal file.
func (s *Set) Gallery(ctx context.Context, field string, to io.Writer) (report GalleryReport, err error) {
	if field, err = s.by(field); err != nil {
		return report, err
	}
	values, others := map[string]*valued{}, &valued{name: "(further values)"}
	if err := s.Frontier.Records(ctx, s.ID, func(r frontier.Stored) error {
		path := pictureOf(r)
		if path == "" {
			report.Without++
			return nil
		}
		report.Records++
		s.progress("records", report.Records)
		fields, err := decodeFields(r.Fields)
		if err != nil {
			return fmt.Errorf("record %s: %w", r.Key, err)
		}
		name := text(fields[field])
		v := values[name]
		switch {
		case v != nil:
		case len(values) == galleryCounted:
			v = others
		default:
			v = &valued{name: name}
			values[name] = v
		}
		v.add(r.Key, path)
		return nil
	}); err != nil {
		return report, err
	}
	report.Values = len(values)
	page := pictures{Title: s.Job.Name + " by " + field}
	page.Note = fmt.Sprintf("%s with %s of %s", number.Counted(report.Records, "record"), number.Counted(report.Values, "value"), field)
	if len(values) > galleryValues {
		page.Note += fmt.Sprintf("; the %d most frequent are shown", galleryValues)
	}
	for _, v := range mostFrequent(values, others) {
		row := pictureRow{Name: cmp.Or(v.name, "(empty)"), Note: number.Counted(v.n, "record")}
		for _, x := range v.samples {
			row.Pictures = append(row.Pictures, pictured{Caption: x.key, path: x.path})
		}
		report.Pictures += len(row.Pictures)
		page.Rows = append(page.Rows, row)
	}
	return report, page.write(ctx, s, to)
}

// mostFrequent returns the values with most records, and of equal numbers in their own order.
func mostFrequent(values map[string]*valued, others *valued) (all []*valued) {
	for _, v := range values {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b *valued) int { return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.name, b.name)) })
	all = all[:min(len(all), galleryValues)]
	if others.n > 0 {
		all = append(all, others)
	}
	return all
}

// pictureOf returns the path of a record's first image that is no original.
func pictureOf(r frontier.Stored) string {
	for _, a := range r.Assets {
		if a.Width > 0 && !strings.HasSuffix(a.Name, assetfile.OriginalSuffix) {
			return a.Path
		}
	}
	return ""
}

func (v *valued) add(key, path string) {
	v.n++
	x := sample{sha256.Sum256([]byte(key)), key, path}
	at, _ := slices.BinarySearchFunc(v.samples, x, func(a, b sample) int { return slices.Compare(a.order[:], b.order[:]) })
	if at < gallerySamples {
		v.samples = slices.Insert(v.samples, at, x)
		v.samples = v.samples[:min(len(v.samples), gallerySamples)]
	}
}
