package cli

import (
	"cmp"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// sheetRow is a row of a contact sheet: the pictures of one folder, by file.
type sheetRow struct {
	name  string
	files []string
}

// collectCards reads a folder of one folder a grade.
func collectCards(dir string) ([]sheetRow, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []sheetRow
	for _, e := range entries {
		fronts, err := filepath.Glob(filepath.Join(dir, e.Name(), "*_front.png"))
		if err != nil {
			return nil, err
		}
		if len(fronts) > 0 {
			slices.Sort(fronts)
			out = append(out, sheetRow{e.Name(), fronts})
		}
	}
	number := func(g sheetRow) int {
		n, err := strconv.Atoi(g.name)
		if err != nil {
			return 1 << 30
		}
		return n
	}
	slices.SortFunc(out, func(a, b sheetRow) int {
		return cmp.Or(cmp.Compare(number(a), number(b)), strings.Compare(a.name, b.name))
	})
	return out, nil
}

// A contact sheet has a row per grade, with at most this many cards.
const (
	sheetColumns = 9
	thumbWidth   = 96
	thumbHeight  = 138
	sheetGap     = 10
	minMargin    = 110
	labelWidth   = 12 // pixels of a letter
)

func writeSheet(path string, rows []sheetRow) error {
	columns, margin := 0, minMargin
	for _, r := range rows {
		margin = max(margin, 28+labelWidth*len(r.name))
		columns = max(columns, min(len(r.files), sheetColumns))
	}
	sheet := image.NewRGBA(image.Rect(0, 0, margin+columns*(thumbWidth+sheetGap)+sheetGap, len(rows)*(thumbHeight+sheetGap)+sheetGap))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(color.RGBA{250, 250, 248, 255}), image.Point{}, draw.Src)
	for i, r := range rows {
		y := sheetGap + i*(thumbHeight+sheetGap)
		label := r.name
		if _, err := strconv.Atoi(label); err == nil {
			label = "PSA " + label
		}
		if err := caption(sheet, 14, y+thumbHeight/2+7, label); err != nil {
			return err
		}
		for c, file := range r.files[:min(len(r.files), sheetColumns)] {
			img, err := readPNG(file)
			if err != nil {
				return err
			}
			x := margin + c*(thumbWidth+sheetGap)
			xdraw.ApproxBiLinear.Scale(sheet, image.Rect(x, y, x+thumbWidth, y+thumbHeight), img, img.Bounds(), draw.Src, nil)
		}
	}
	out, err := os.Create(path) //nolint:gosec // in the demo's own folder
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(out, sheet), out.Close())
}

func readPNG(path string) (image.Image, error) {
	f, err := os.Open(path) //nolint:gosec // listed in the demo's own folder
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return png.Decode(f)
}

func caption(img draw.Image, x, y int, s string) error {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return err
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 22, DPI: 72})
	if err != nil {
		return err
	}
	defer func() { _ = face.Close() }()
	d := font.Drawer{Dst: img, Src: image.NewUniform(color.RGBA{40, 40, 48, 255}), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(s)
	return nil
}
