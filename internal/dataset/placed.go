package dataset

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seinehq/seine/internal/extract"
	"github.com/seinehq/seine/internal/frontier"
)

// placedSchema keeps files by their id. folder holds the other values of their paths.
const placedSchema = `create table placed (id text, folder text, asset text, path text, bytes integer, written integer, owned integer, value text)`

// insertPlaced adds a file.
const insertPlaced = `insert into placed values (?, ?, ?, ?, ?, ?, ?, ?)`

// placed is one file of an id.
type placed struct {
	object
	folder, asset, value string

	// owned reports that a record names the file.
	owned bool
}

// folderOf identifies a place of an ID by the values of the template's fields, in its order. No
// value holds a slash.
func folderOf(l *extract.Layout, p extract.Place) string {
	fields := l.Fields()
	values := make([]string, len(fields))
	for i, f := range fields {
		values[i] = p.Values[f]
	}
	return strings.Join(values, "/")
}

// group is the files of one ID in a store.
type group struct {
	id    string
	files []placed
}

// maxGroup bounds the inspected files of one ID. An ID usually has a handful.
const maxGroup = 10_000

// eachGroup calls each for every id, with its files in the order of their
// folders and names.
func (s *spill) eachGroup(ctx context.Context, each func(group) error) error {
	var g group
	err := s.each(ctx, `select id, folder, asset, path, bytes, written, owned, value from placed order by id, folder, asset, path`, nil, func(r *sql.Rows) error {
		var (
			id      string
			p       placed
			written int64
		)
		if err := r.Scan(&id, &p.folder, &p.asset, &p.path, &p.bytes, &written, &p.owned, &p.value); err != nil {
			return err
		}
		p.written = time.UnixMicro(written)
		if id != g.id && len(g.files) > 0 {
			if err := each(g); err != nil {
				return err
			}
			g.files = g.files[:0]
		}
		if g.id = id; len(g.files) < maxGroup {
			g.files = append(g.files, p)
		}
		return nil
	})
	if err == nil && len(g.files) > 0 {
		err = each(g)
	}
	return err
}

// have lists the assets that are there, in any folder.
func (g group) have() []string {
	var names []string
	for _, f := range g.files {
		names = append(names, f.asset)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// folders lists the folders, sorted.
func (g group) folders() []string {
	var out []string
	for _, f := range g.files {
		out = append(out, f.folder)
	}
	return slices.Compact(out)
}

// complete lists the values of the folders that have all of required.
func (g group) complete(required []string) []string {
	var values []string
	for _, folder := range g.folders() {
		in, value := group{}, ""
		for _, f := range g.files {
			if f.folder == folder {
				in.files, value = append(in.files, f), f.value
			}
		}
		if lacks(in.have(), required) == nil {
			values = append(values, value)
		}
	}
	return values
}

// youngest is when the last of its files was written.
func (g group) youngest() time.Time {
	var t time.Time
	for _, f := range g.files {
		if f.written.After(t) {
			t = f.written
		}
	}
	return t
}

// lacks lists the required items that are missing, or returns nil.
func lacks(have, required []string) []string {
	var out []string
	for _, r := range required {
		if !slices.Contains(have, r) {
			out = append(out, r)
		}
	}
	return out
}

// Strangers are files below the template's folder that it can't have made.
type Strangers struct {
	Number int64

	// Example is the path of one of them.
	Example string
}

// layout returns how to read paths: as the template makes them, or, in a bucket that Seine did not
// fill, with any text in place of a field.
func (s *Set) layout() *extract.Layout {
	if s.Frontier == nil {
		return s.Rules.Layout().Foreign()
	}
	return s.Rules.Layout()
}

// place lists into placed the store's files that fit the key template. value returns the counted
// value of a path.
func (s *Set) place(ctx context.Context, sp *spill, value func(extract.Place) string) (files int64, others Strangers, err error) {
	return s.placeFrom(ctx, sp, s.Store, s.layout(), value)
}

// placeFrom is place for any store and layout.
func (s *Set) placeFrom(ctx context.Context, sp *spill, store Store, layout *extract.Layout, value func(extract.Place) string) (files int64, others Strangers, err error) {
	err = store.list(ctx, layout.Prefix(), func(o object) error {
		place, ok := layout.Parse(o.path)
		if !ok {
			// A partial file of a writer is left to an audit.
			if of, half := leftover(o.path); half {
				if _, ours := layout.Parse(of); ours {
					return nil
				}
			}
			if others.Number++; others.Example == "" || o.path < others.Example {
				others.Example = o.path
			}
			return nil
		}
		files++
		s.progress("files", files)
		return sp.exec(ctx, insertPlaced, place.ID, folderOf(layout, place), place.Asset, o.path, o.bytes, o.written.UnixMicro(), false, value(place))
	})
	return files, others, err
}

// markOwned marks the files that a record of any job owns, because jobs may share a store.
func (s *Set) markOwned(ctx context.Context, sp *spill) error {
	if s.Frontier == nil {
		return nil
	}
	if err := sp.exec(ctx, `create table owner (path text)`); err != nil {
		return err
	}
	jobs, err := s.Frontier.Jobs(ctx)
	if err != nil {
		return err
	}
	n := int64(0)
	for _, j := range jobs {
		if err := s.Frontier.Assets(ctx, j.ID, func(a frontier.Asset) error {
			n++
			s.progress("assets", n)
			return sp.exec(ctx, `insert into owner values (?)`, a.Path)
		}); err != nil {
			return fmt.Errorf("assets of job %s: %w", j.Name, err)
		}
	}
	if err := sp.exec(ctx, `create index owner_path on owner (path)`); err != nil {
		return err
	}
	return sp.exec(ctx, `update placed set owned = exists (select 1 from owner where owner.path = placed.path)`)
}
