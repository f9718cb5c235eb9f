package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/assetfile"
)

// decide gives a row its state, from the table and from the files. open means that the job has
// queued its task already.
func (im *importer) decide(ctx context.Context, t *importing, open bool) error {
	status := strings.ToLower(strings.TrimSpace(t.row.Status))
	final := map[string]string{"error": whyImportedError, "stale": whyImportedStale, "skipped": whyImportedSkipped}[status]
	folder, lack := im.folder(t)
	switch {
	case status == "stale" || status == "skipped":
		if folder != nil {
			t.mismatch(status + ", and its files are complete: they stay without a record")
		}
	case folder != nil:
		fault, err := im.take(ctx, t, folder)
		if err != nil {
			return err
		}
		if fault == "" {
			t.state = seine.Done
			if status != "done" {
				t.mismatch(cond(t.hasRow, cond(status == "", "no status", status), "no row") + ", and its files are complete")
			}
			return nil
		}
		t.mismatch(fault)
	case status == "done" || !t.hasRow || status == "error" && len(t.files) > 0:
		t.mismatch(cond(t.hasRow, status, "no row") + ", and " + lack)
	case len(t.files) > 0:
		t.mismatch(status + ", and " + lack)
	}
	switch status {
	case "done", "pending", "in_progress":
	case "error", "stale", "skipped":
		if !open { // the job may try it again
			t.reason = final
			t.state = map[string]seine.State{"error": seine.Error, "stale": seine.Stale, "skipped": seine.Skipped}[status]
		}
	default:
		if t.hasRow {
			t.mismatch(fmt.Sprintf("status %.40q is unknown", t.row.Status))
		}
	}
	return nil
}

func cond(is bool, then, or string) string {
	if is {
		return then
	}
	return or
}

// mismatch adds a reason.
func (t *importing) mismatch(why string) {
	if t.why != "" {
		why = t.why + "; " + why
	}
	t.why = why
}

// folder returns the files of the only folder that has every required asset, or why there is none.
func (im *importer) folder(t *importing) (files []placed, lack string) {
	all := group{files: t.files}
	have := all.have()
	required := im.layout.RequiredWith(have)
	in := func(name string) group {
		return group{files: slices.DeleteFunc(slices.Clone(t.files), func(p placed) bool { return p.folder != name })}
	}
	var complete []string
	for _, name := range all.folders() {
		if lacks(in(name).have(), required) == nil {
			complete = append(complete, name)
		}
	}
	folders := all.folders()
	if copies := im.copies(t, complete); len(copies) < len(complete) {
		isCopy := func(name string) bool { return slices.Contains(copies, name) }
		complete, folders = slices.DeleteFunc(complete, isCopy), slices.DeleteFunc(folders, isCopy)
	}
	if len(complete) == 1 {
		files = in(complete[0]).files
	}
	switch missing := lacks(have, required); {
	case len(have) == 0:
		return nil, "it has no files"
	case len(complete) > 1:
		return nil, "it is complete in " + strings.Join(complete, " and ")
	case len(complete) == 1 && len(folders) > 1:
		t.mismatch("files of it lie in " + strings.Join(slices.DeleteFunc(folders, func(f string) bool { return f == complete[0] }), " and ") + " too")
		return files, ""
	case len(complete) == 1:
		return files, ""
	case missing == nil:
		return nil, "its files are split over " + strings.Join(all.folders(), " and ")
	default:
		return nil, "it " + incomplete(have, missing)
	}
}

// copies returns the folders that hold only copies of the files of another one. An import that was
// interrupted leaves them.
func (im *importer) copies(t *importing, folders []string) (out []string) {
	if im.opts.From != im.Store || len(folders) < 2 {
		return nil
	}
	copied := map[string]bool{}
	for _, p := range t.files {
		place, _ := im.from.Parse(p.path)
		if to, err := im.layout.Path(t.task.Key, p.asset, place.Values); err == nil && to != p.path {
			copied[to] = true
		}
	}
	for _, name := range folders {
		if !slices.ContainsFunc(t.files, func(p placed) bool { return p.folder == name && !copied[p.path] }) {
			out = append(out, name)
		}
	}
	return out
}

// take reads the files of a folder and checks them. It returns the reason why one can't be taken
// over.
func (im *importer) take(ctx context.Context, t *importing, files []placed) (fault string, err error) {
	need := int64(0)
	for _, p := range files {
		need += p.bytes
	}
	need = min(need, bodyMemory)
	if err := im.bodies.Acquire(ctx, need); err != nil {
		return "", err
	}
	defer im.bodies.Release(need)
	place, _ := im.from.Parse(files[0].path)
	t.values = place.Values
	read := make([]asset.Remade, len(files))
	for i, p := range files {
		path, err := im.layout.Path(t.task.Key, p.asset, t.values)
		if err != nil {
			return err.Error(), nil
		}
		body, err := im.body(ctx, p)
		if err != nil {
			return "", err
		}
		rule := im.rules.AssetRule(t.task.Page, p.asset)
		read[i], err = im.keeper.Adopt(ctx, p.asset, path, body, rule.Image != nil, rule.Types)
		var f asset.Fault
		if errors.As(err, &f) {
			return fmt.Sprintf("%s: %s", p.path, f), nil
		}
		if err != nil {
			return "", err
		}
	}
	var stored []assetfile.Stored
	for i, one := range read {
		stored = append(stored, one.Stored)
		if im.opts.From == im.Store && one.Path == files[i].path {
			continue
		}
		if fault, err := im.copy(ctx, one); err != nil || fault != "" {
			return fault, err
		}
		t.copied++
	}
	t.stored = stored
	return "", nil
}

// copy writes a file into the job's store. It replaces no file.
func (im *importer) copy(ctx context.Context, one asset.Remade) (fault string, err error) {
	if im.opts.DryRun {
		return "", nil
	}
	var taken errTaken
	err = im.keeper.Store(ctx, one, asset.Hold{Owned: func(context.Context) error { return errTaken(one.Path) }})
	switch {
	case errors.As(err, &taken):
		return taken.Error(), nil
	case err == nil, errors.Is(err, asset.ErrDiskFull):
		return "", err
	}
	return "", storeError("write "+one.Path, err)
}

// errTaken reports another file at a path.
type errTaken string

func (e errTaken) Error() string { return "another file is at " + string(e) }

// body reads a file.
func (im *importer) body(ctx context.Context, p placed) ([]byte, error) {
	var b bytes.Buffer
	err := im.opts.From.read(ctx, p.path, func(r io.Reader) error {
		_, err := io.Copy(&b, r)
		return err
	})
	if err != nil {
		return nil, storeError("read "+p.path, err)
	}
	return b.Bytes(), nil
}
