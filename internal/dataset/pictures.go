package dataset

import (
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"io"
	"runtime"

	"gocloud.dev/gcerrors"
	"golang.org/x/sync/errgroup"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/number"
)

const (
	// thumbSide is the longer side of a thumbnail in pixels. One takes at most about 8 KiB.
	thumbSide = 128

	// maxPictured is the largest file that becomes a thumbnail, in bytes.
	maxPictured = 64 << 20

	// maxCaption bounds the texts of a page, in characters.
	maxCaption = 200
)

// pictures is a page of thumbnails. The template escapes its texts.
type pictures struct {
	Title, Note string
	Rows        []pictureRow
}

type pictureRow struct {
	Name, Note string
	Pictures   []pictured
}

// pictured is one thumbnail, or the reason why there is none.
type pictured struct {
	Caption, Fault string
	Data           template.URL

	path string
}

//go:embed pictures.html
var picturesHTML string

var picturesTemplate = template.Must(template.New("pictures").Parse(picturesHTML))

// write reads the files and writes the page: one file without scripts, which loads nothing.
func (p *pictures) write(ctx context.Context, s *Set, to io.Writer) error {
	keeper := asset.New(nil, asset.Options{})
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(2 * runtime.GOMAXPROCS(0)) // they wait for the store too
	for i := range p.Rows {
		row := &p.Rows[i]
		row.Name = shortened(row.Name)
		for k := range row.Pictures {
			g.Go(func() error { return row.Pictures[k].read(within, s, keeper) })
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return picturesTemplate.Execute(to, p)
}

// read makes the thumbnail.
func (p *pictured) read(ctx context.Context, s *Set, keeper *asset.Keeper) error {
	p.Caption = shortened(p.Caption)
	var body []byte
	err := s.Store.read(ctx, p.path, func(from io.Reader) (err error) {
		body, err = io.ReadAll(io.LimitReader(from, maxPictured+1))
		return err
	})
	switch {
	case gcerrors.Code(err) == gcerrors.NotFound:
		p.Fault = "not in the store"
		return nil
	case err != nil:
		return storeError("read "+p.path, err)
	case len(body) > maxPictured:
		p.Fault = "too large"
		return nil
	}
	thumb, err := keeper.Thumbnail(ctx, body, thumbSide)
	var fault asset.Fault
	switch {
	case errors.As(err, &fault):
		p.Fault = string(fault)
		return nil
	case err != nil:
		return err
	}
	p.Data = template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(thumb)) //nolint:gosec // base64 of our own bytes
	return nil
}

func shortened(s string) string {
	if text := []rune(s); len(text) > maxCaption {
		return string(text[:maxCaption]) + "…"
	}
	return s
}

const (
	maxSheetGroups = 200
	maxSheetImages = 8
)

// A Sheet collects groups of duplicates for a page of thumbnails: the first 200 groups with at most
// 8 images each.
type Sheet struct {
	page   pictures
	groups int
}

// Add adds a group.
func (h *Sheet) Add(group []DupeImage) {
	h.groups++
	if len(h.page.Rows) == maxSheetGroups {
		return
	}
	row := pictureRow{Name: group[0].Key, Note: number.Counted(len(group), "image")}
	for _, i := range group[:min(len(group), maxSheetImages)] {
		row.Pictures = append(row.Pictures, pictured{Caption: i.Key + " " + i.Asset, path: i.Path})
	}
	h.page.Rows = append(h.page.Rows, row)
}

// Write writes the page.
func (h *Sheet) Write(ctx context.Context, s *Set, to io.Writer) error {
	h.page.Title = "Near duplicates of " + s.Job.Name
	h.page.Note = number.Counted(h.groups, "group")
	if h.groups > maxSheetGroups {
		h.page.Note += "; the first 200 are shown"
	}
	return h.page.write(ctx, s, to)
}
